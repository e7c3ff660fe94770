//! Reads the members of an entity (ETSI GS CIM 009 §5.2.4).

use std::collections::HashSet;
use std::sync::Arc;

use machi_types::json::Members;
use machi_types::{Json, Name};

use super::Parser;
use super::fault::{Fault, InvalidEntity, shortened};
use super::member::{Member, member_of};
use super::path::Path;
use super::scalar::{datetime, expansion, form, iri, scopes};
use crate::entity::entity::Entity;
use crate::entity::fragment::{AttributeFragment, Fragment};
use crate::entity::terms::{CORE, Terms};

impl Parser<'_> {
    pub(super) fn entity(self, json: &Json<'_>) -> Result<Entity, InvalidEntity> {
        let root = Path::ROOT;
        let fragment = self.fragment(json)?;
        let missing = if fragment.id.is_none() { "id" } else { "type" };
        fragment.into_entity().ok_or_else(|| root.fault(Fault::Missing(missing)))
    }

    pub(super) fn fragment(self, json: &Json<'_>) -> Result<Fragment, InvalidEntity> {
        let root = Path::ROOT;
        let Json::Object(members) = json else {
            return Err(form(json, ("an object", "オブジェクト"), &root));
        };
        let scoped = self.terms_for_types(members, &root)?;
        let inner = Parser { terms: scoped.as_deref().unwrap_or(self.terms), ..self };
        let mut fragment = Fragment { attributes: Vec::with_capacity(members.len()), ..Fragment::default() };
        let mut names = Names::default();
        for (key, value) in members {
            let path = root.member(key);
            match member_of(key) {
                Some(member) => self.entity_member(member, (key, value), &mut fragment, &path)?,
                None => fragment.attributes.push(inner.attribute((key, value), &mut names, &path)?),
            }
        }
        Ok(fragment)
    }

    /// The context that the entity's types open for its attributes (JSON-LD 1.1 §4.1.8).
    pub(super) fn terms_for_types(
        self,
        members: &Members<'_>,
        path: &Path<'_>,
    ) -> Result<Option<Arc<dyn Terms>>, InvalidEntity> {
        let Some((key, types)) = members.iter().find(|(key, _)| member_of(key) == Some(Member::Type)) else {
            return Ok(None);
        };
        let types: Vec<&str> = match types {
            Json::Array(items) => items.iter().filter_map(Json::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        self.terms.for_types(&types).map_err(|reason| expansion(key, reason, &path.member(key)))
    }

    fn entity_member(
        self,
        member: Member,
        (key, value): (&str, &Json<'_>),
        fragment: &mut Fragment,
        path: &Path<'_>,
    ) -> Result<(), InvalidEntity> {
        match member {
            Member::Id => {
                set_once(&mut fragment.id, iri(value, path)?.into(), path)?;
            }
            Member::Type if fragment.types.is_empty() => fragment.types = self.types(value, path)?,
            Member::Scope if fragment.scopes.is_keep() => fragment.scopes = self.change(value, path, scopes)?,
            Member::ExpiresAt if fragment.expires_at.is_keep() => {
                fragment.expires_at = self.change(value, path, datetime)?;
            }
            Member::Type | Member::Scope | Member::ExpiresAt => return Err(twice(member, path)),
            // The edge has read the @context before; Table 5.2.4-1 leaves the system's times to answers.
            Member::Context | Member::SystemTime => {}
            _ => return Err(path.fault(Fault::Reserved(shortened(key)))),
        }
        Ok(())
    }

    /// The attribute that a member of an entity or attribute gives.
    pub(super) fn attribute(
        self,
        (key, value): (&str, &Json<'_>),
        names: &mut Names,
        path: &Path<'_>,
    ) -> Result<AttributeFragment, InvalidEntity> {
        let name = self.attribute_name(key, names, path)?;
        let instances = self.inside(key, path, |inner| inner.instances(&name, value, path))?;
        Ok(AttributeFragment { name, instances })
    }

    /// The full name of an attribute that the object has only once.
    pub(super) fn attribute_name(self, key: &str, names: &mut Names, path: &Path<'_>) -> Result<Name, InvalidEntity> {
        let name = self.name(key, path)?;
        // An @context may lead a term of the user to a word of the standard.
        if member_of(&name).is_some() && (name.starts_with(CORE) || name.starts_with('@')) {
            return Err(path.fault(Fault::Reserved(shortened(key))));
        }
        names.add(&name, path)?;
        Ok(name)
    }

    /// Reads what an attribute holds, by the context that its name opens.
    pub(super) fn inside<R>(
        self,
        key: &str,
        path: &Path<'_>,
        read: impl FnOnce(Parser<'_>) -> Result<R, InvalidEntity>,
    ) -> Result<R, InvalidEntity> {
        let scoped = self.terms.for_attribute(key).map_err(|reason| expansion(key, reason, path))?;
        let depth = self.depth.checked_sub(1).ok_or_else(|| path.fault(Fault::Depth))?;
        read(Parser { terms: scoped.as_deref().unwrap_or(self.terms), depth, ..self })
    }
}

/// The error that a member came by two of its names, such as `id` and `@id`.
fn twice(member: Member, path: &Path<'_>) -> InvalidEntity {
    path.fault(Fault::SameName(member.term().to_owned()))
}

fn set_once(slot: &mut Option<Name>, value: Name, path: &Path<'_>) -> Result<(), InvalidEntity> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(twice(Member::Id, path)),
    }
}

/// The expanded names that one object has used.
#[derive(Default)]
pub(super) struct Names {
    few: Vec<Name>,
    many: HashSet<Name>,
}

impl Names {
    const FEW: usize = 16;

    pub(super) fn add(&mut self, name: &Name, path: &Path<'_>) -> Result<(), InvalidEntity> {
        let is_new = if self.few.len() < Self::FEW {
            let is_new = !self.few.contains(name);
            self.few.push(name.clone());
            is_new
        } else {
            !self.few.contains(name) && self.many.insert(name.clone())
        };
        if is_new { Ok(()) } else { Err(path.fault(Fault::SameName(shortened(name)))) }
    }
}
