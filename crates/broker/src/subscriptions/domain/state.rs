//! An entity as of one commit, as conditions ask for it (ETSI GS CIM 009 §4.9, §4.10, §4.19).

use std::sync::{Arc, OnceLock};

use machi_model::entity::{
    Corrupt, HeadRef, InstanceRef, Kind, NameRef, Observed, Section, iris_of, string_of, value_of,
};
use machi_model::query::{Facts, Link, Member, ScopePath, Step, Target};
use machi_store::{Document, Names};
use machi_types::geo::Geometry;
use machi_types::{Json, Name, Timestamp};

use crate::domain::reading::Reading;

/// How deep stored sub-attributes may nest; the edge takes less.
const DEPTH: usize = 64;

/// An entity without what had expired.
pub(crate) struct EntityState {
    document: Arc<Document>,
    pub(crate) reading: Arc<Reading>,
    pub(crate) types: Vec<Name>,
    scope_texts: Vec<Name>,
    scopes: Vec<ScopePath>,
    expires_at: Option<Timestamp>,
    geometries: OnceLock<Vec<(Name, Geometry)>>,
}

impl EntityState {
    /// The entity as it is at this time; nothing if it has expired.
    pub(crate) fn of(stored: Arc<Document>, names: &dyn Names, time: Timestamp) -> Result<Option<Self>, Corrupt> {
        let Some(reading) = Reading::of(Arc::clone(&stored), names, time)? else { return Ok(None) };
        let head = HeadRef::read(&stored.head)?;
        let scope_texts: Vec<Name> = head.scopes().map(Name::from).collect();
        Ok(Some(Self {
            reading: Arc::new(reading),
            types: head.types().map(NameRef::to_name).collect(),
            scopes: scope_texts.iter().filter_map(|scope| scope.parse().ok()).collect(),
            scope_texts,
            expires_at: head.expires_at(),
            geometries: OnceLock::new(),
            document: stored,
        }))
    }

    /// The document behind it.
    pub(crate) fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// The scopes.
    pub(crate) fn scopes(&self) -> &[ScopePath] {
        &self.scopes
    }

    /// The places that its attributes hold, with the names of those.
    pub(crate) fn geometries(&self) -> &[(Name, Geometry)] {
        self.geometries.get_or_init(|| {
            let sections = self.reading.sections();
            let read = |section: &Section<'_>| {
                let instance = section.instance().ok().filter(|instance| instance.kind() == Kind::GeoProperty)?;
                let json = value_of(instance.value()).ok()?;
                Some((Name::from(section.name), Geometry::from_json(&json).ok()?))
            };
            sections.iter().filter_map(read).collect()
        })
    }

    /// Calls `each` with every entity that an attribute links to.
    pub(crate) fn each_target(&self, attribute: &str, each: &mut dyn FnMut(&str)) {
        for section in self.reading.sections().iter().filter(|section| section.name == attribute) {
            if let Ok(instance) = section.instance()
                && instance.kind().is_link()
            {
                iris_of(instance.value()).for_each(&mut *each);
            }
        }
    }
}

/// An entity and those that it links to, as far as a query asks for them.
pub(crate) struct Linked<'l> {
    pub(crate) state: &'l EntityState,
    /// The entities that were read ahead.
    pub(crate) known: &'l dyn Fn(&str) -> Option<&'l EntityState>,
}

impl Facts for Linked<'_> {
    fn any_target(&self, path: &[Step], test: &mut dyn FnMut(Target<'_>) -> bool) -> bool {
        match path.split_first() {
            Some((Step::Member(member), [])) => self.any_of_entity(*member, test),
            None | Some((Step::Member(_), _)) => false,
            Some((Step::Attribute(name), rest)) => {
                let sections = self.state.reading.sections();
                let mut named = sections.iter().filter(|section| *section.name == **name);
                named.any(|section| {
                    let Ok(instance) = section.instance() else { return false };
                    let times = (section.created_at, section.modified_at);
                    any_of_instance(&instance, Around { dataset_id: section.dataset_id, times }, rest, test, DEPTH)
                })
            }
        }
    }

    fn any_linked(&self, link: &Link, test: &mut dyn FnMut(&dyn Facts) -> bool) -> bool {
        let Step::Attribute(relationship) = &link.relationship else { return false };
        let mut is_found = false;
        self.state.each_target(relationship, &mut |target| {
            let Some(state) = (self.known)(target).filter(|_| !is_found) else { return };
            let is_of_type = link.types.is_empty() || link.types.iter().any(|name| state.types.contains(name));
            is_found = is_of_type && test(&Linked { state, known: self.known });
        });
        is_found
    }
}

impl Linked<'_> {
    fn any_of_entity(&self, member: Member, test: &mut dyn FnMut(Target<'_>) -> bool) -> bool {
        let state = self.state;
        let texts = |names: &[Name], test: &mut dyn FnMut(Target<'_>) -> bool| {
            let texts: Vec<&str> = names.iter().map(Name::as_str).collect();
            !texts.is_empty() && test(Target::Texts(&texts))
        };
        match member {
            Member::Id => test(Target::Texts(&[state.reading.id().as_str()])),
            Member::Type => texts(&state.types, test),
            Member::Scope => texts(&state.scope_texts, test),
            Member::CreatedAt => test(Target::Time(state.document.created)),
            Member::ModifiedAt => test(Target::Time(state.document.modified)),
            Member::ExpiresAt => state.expires_at.is_some_and(|time| test(Target::Time(time))),
            _ => false,
        }
    }
}

/// What an instance does not say itself.
#[derive(Clone, Copy)]
struct Around<'a> {
    dataset_id: Option<&'a str>,
    times: (Option<Timestamp>, Option<Timestamp>),
}

fn any_of_instance(
    instance: &InstanceRef<'_>,
    around: Around<'_>,
    path: &[Step],
    test: &mut dyn FnMut(Target<'_>) -> bool,
    depth: usize,
) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match path.split_first() {
        None => with_value(instance, test),
        Some((Step::Member(member), [])) => any_of_member(instance, around, *member, test),
        Some((Step::Member(_), _)) => false,
        Some((Step::Attribute(name), rest)) => instance.attributes().filter_map(Result::ok).any(|sub| {
            let mut scratch = String::new();
            if sub.name.read_into(&mut scratch) != name.as_str() {
                return false;
            }
            let times = (sub.created_at.or(around.times.1), sub.modified_at.or(around.times.1));
            any_of_instance(&sub.instance, Around { dataset_id: sub.dataset_id, times }, rest, test, depth)
        }),
    }
}

/// The target element of an instance itself.
fn with_value(instance: &InstanceRef<'_>, test: &mut dyn FnMut(Target<'_>) -> bool) -> bool {
    let value = instance.value();
    match instance.kind() {
        Kind::Relationship | Kind::ListRelationship => {
            let objects: Vec<&str> = iris_of(value).collect();
            test(Target::Objects(&objects))
        }
        Kind::VocabProperty => {
            if let Some(term) = string_of(value) {
                return test(Target::Vocab(&[&*term]));
            }
            let Ok(json) = value_of(value) else { return false };
            let terms: Vec<&str> = json.as_array().unwrap_or_default().iter().filter_map(Json::as_str).collect();
            test(Target::Vocab(&terms))
        }
        Kind::LanguageProperty => value_of(value).is_ok_and(|json| test(Target::Languages(&json))),
        _ => value_of(value).is_ok_and(|json| test(Target::Value(&json))),
    }
}

fn any_of_member(
    instance: &InstanceRef<'_>,
    around: Around<'_>,
    member: Member,
    test: &mut dyn FnMut(Target<'_>) -> bool,
) -> bool {
    let time =
        |time: Option<Timestamp>, test: &mut dyn FnMut(Target<'_>) -> bool| time.is_some_and(|t| test(Target::Time(t)));
    match member {
        Member::ObservedAt => time(instance.observed_at().map(Observed::time), test),
        Member::CreatedAt => time(around.times.0, test),
        Member::ModifiedAt => time(around.times.1, test),
        Member::ExpiresAt => time(instance.expires_at(), test),
        Member::DatasetId => around.dataset_id.is_some_and(|id| test(Target::Texts(&[id]))),
        Member::UnitCode => instance.unit_code().is_some_and(|unit| test(Target::Texts(&[unit]))),
        Member::Type => test(Target::Texts(&[instance.kind().as_str()])),
        Member::ValueType => {
            let name = instance.value_type().map(NameRef::to_name);
            name.is_some_and(|name| test(Target::Texts(&[name.as_str()])))
        }
        Member::ObjectType => {
            let names: Vec<Name> = instance.object_types().map(NameRef::to_name).collect();
            let texts: Vec<&str> = names.iter().map(Name::as_str).collect();
            !texts.is_empty() && test(Target::Texts(&texts))
        }
        _ => false,
    }
}

impl std::fmt::Debug for EntityState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EntityState").field("id", self.reading.id()).finish_non_exhaustive()
    }
}
