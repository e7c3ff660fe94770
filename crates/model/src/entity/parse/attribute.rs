//! Reads the instances of an attribute and their members (ETSI GS CIM 009 §4.5.2 to §4.5.5).

use std::collections::HashSet;

use machi_types::json::Members;
use machi_types::{Json, Name};

use super::classify::{Form, form_of, is_instance};
use super::entity::Names;
use super::fault::{Fault, InvalidEntity, shortened};
use super::member::{Member, member_of};
use super::path::Path;
use super::scalar::{datetime, form, iri, observed, text};
use super::{Parser, Values};
use crate::entity::fragment::{Change, InstanceFragment, ValueChange};
use crate::entity::geometry::has_geometry_type;
use crate::entity::kind::Kind;
use crate::entity::terms::CORE;

impl Parser<'_> {
    /// The instances that a member gives.
    pub(super) fn instances(
        self,
        name: &Name,
        json: &Json<'_>,
        path: &Path<'_>,
    ) -> Result<Vec<InstanceFragment>, InvalidEntity> {
        match json {
            Json::Array(items) if items.iter().any(|item| is_instance(item, self.input)) => {
                self.instance_array(name, items, path)
            }
            Json::Object(members) => match form_of(members, json, self.input) {
                Form::Datasets => self.datasets(name, members, path),
                form => Ok(vec![self.object(name, (json, members), form, path)?]),
            },
            json => Ok(vec![self.bare(name, json, path)?]),
        }
    }

    fn instance_array(
        self,
        name: &Name,
        items: &[Json<'_>],
        path: &Path<'_>,
    ) -> Result<Vec<InstanceFragment>, InvalidEntity> {
        let mut instances = Vec::with_capacity(items.len());
        let mut datasets = HashSet::new();
        for (index, item) in items.iter().enumerate() {
            let path = path.item(index);
            if !is_instance(item, self.input) {
                return Err(path.fault(Fault::MixedInstances));
            }
            let instance = self.instance(name, item, &path)?;
            if !datasets.insert(instance.dataset_id.clone()) {
                return Err(path.fault(match &instance.dataset_id {
                    Some(dataset) => Fault::SameDataset(shortened(dataset)),
                    None => Fault::SecondDefault,
                }));
            }
            instances.push(instance);
        }
        Ok(instances)
    }

    /// §4.5.4: `{"dataset": {"@none": value, "urn:…": value}}`.
    fn datasets(
        self,
        name: &Name,
        members: &Members<'_>,
        path: &Path<'_>,
    ) -> Result<Vec<InstanceFragment>, InvalidEntity> {
        let Some((key, Json::Object(by_dataset))) = members.first() else {
            return Err(path.fault(Fault::NoValue));
        };
        let path = path.member(key);
        let mut instances = Vec::with_capacity(by_dataset.len());
        for (dataset, value) in by_dataset {
            let path = path.member(dataset);
            let mut instance = self.instance(name, value, &path)?;
            if instance.dataset_id.is_some() {
                return Err(path.fault(Fault::Reserved("datasetId".to_owned())));
            }
            instance.dataset_id = dataset_id(&Json::from(&**dataset), &path)?;
            instances.push(instance);
        }
        Ok(instances)
    }

    /// One instance, by whichever representation.
    pub(super) fn instance(
        self,
        name: &Name,
        json: &Json<'_>,
        path: &Path<'_>,
    ) -> Result<InstanceFragment, InvalidEntity> {
        match json {
            Json::Object(members) => self.object(name, (json, members), form_of(members, json, self.input), path),
            json => self.bare(name, json, path),
        }
    }

    fn object(
        self,
        name: &Name,
        (json, members): (&Json<'_>, &Members<'_>),
        form: Form,
        path: &Path<'_>,
    ) -> Result<InstanceFragment, InvalidEntity> {
        match form {
            Form::Attribute => self.members(name, members, path),
            Form::UnknownKind => Err(unknown_kind(members, path)),
            Form::Datasets => Err(path.member("dataset").fault(Fault::Reserved("dataset".to_owned()))),
            Form::Value => self.bare(name, json, path),
        }
    }

    /// A default instance of which only the value is given.
    fn bare(self, name: &Name, json: &Json<'_>, path: &Path<'_>) -> Result<InstanceFragment, InvalidEntity> {
        let value = self.bare_value(name, json, path)?;
        let instance = InstanceFragment { value, ..InstanceFragment::default() };
        check_kind(name, &instance, path)?;
        Ok(instance)
    }

    /// The one instance that a request to an attribute's own resource gives.
    pub(super) fn single_instance(self, json: &Json<'_>, name: &Name) -> Result<InstanceFragment, InvalidEntity> {
        let path = Path::ROOT;
        match json {
            // §6.3.5: the whole document is the attribute, and the edge has read its @context before.
            Json::Object(members) if members.iter().any(|(key, _)| key == "@context") => {
                let others = members.iter().filter(|(key, _)| key != "@context").cloned().collect();
                self.single_instance(&Json::Object(others), name)
            }
            Json::Object(members) if self.input.values == Values::Optional => {
                match form_of(members, json, self.input) {
                    Form::UnknownKind => Err(unknown_kind(members, &path)),
                    Form::Value if has_geometry_type(json) => self.instance(name, json, &path),
                    _ => self.members(name, members, &path),
                }
            }
            // §5.6.4.2, §5.6.19.2: one instance is given; which one, its datasetId tells.
            Json::Array(items) if items.iter().any(|item| is_instance(item, self.input)) => {
                Err(path.fault(Fault::SeveralInstances))
            }
            json => self.instance(name, json, &path),
        }
    }

    /// An attribute object.
    fn members(self, name: &Name, members: &Members<'_>, path: &Path<'_>) -> Result<InstanceFragment, InvalidEntity> {
        let mut instance = InstanceFragment::default();
        let mut found = Found::default();
        let mut names = Names::default();
        for (key, value) in members {
            let path = path.member(key);
            match member_of(key) {
                Some(Member::Value(kind)) => found.value(kind, (key, value), &path)?,
                Some(member) => self.member(member, (key, value), &mut instance, &mut found, &path)?,
                None => instance.attributes.push(self.attribute((key, value), &mut names, &path)?),
            }
        }
        self.value_of(name, &found, &mut instance, path)?;
        found.check(&instance, name, path)?;
        check_kind(name, &instance, path)?;
        Ok(instance)
    }

    fn member<'j>(
        self,
        member: Member,
        (key, value): (&str, &'j Json<'j>),
        instance: &mut InstanceFragment,
        found: &mut Found<'j>,
        path: &Path<'_>,
    ) -> Result<(), InvalidEntity> {
        found.note(member, path)?;
        match member {
            Member::Type => instance.declared_kind = Some(kind_of(value, path)?),
            Member::DatasetId => instance.dataset_id = dataset_id(value, path)?,
            Member::ObservedAt => instance.observed_at = self.change(value, path, observed)?,
            Member::ExpiresAt => instance.expires_at = self.change(value, path, datetime)?,
            Member::UnitCode => {
                instance.unit_code = self.change(value, path, |json, path| text(json, path).map(Name::from))?;
            }
            Member::ValueType => {
                instance.value_type = self.change(value, path, |json, path| self.expand(text(json, path)?, path))?;
            }
            Member::ObjectType => {
                instance.object_types = self.change(value, path, |json, path| self.types(json, path))?;
            }
            Member::SealedId => instance.sealed.get_or_insert_default().id = Some(text(value, path)?.into()),
            Member::SealedType => {
                instance.sealed.get_or_insert_default().entity_type = Some(self.name(text(value, path)?, path)?);
            }
            Member::Context => return Err(path.fault(Fault::EmbeddedContext)),
            Member::Id | Member::Scope | Member::Reserved => return Err(path.fault(Fault::Reserved(shortened(key)))),
            Member::Value(_) | Member::Previous(_) | Member::Linked(_) | Member::SystemTime | Member::OutputOnly => {}
        }
        Ok(())
    }

    /// Reads the member that holds the value, once all members are known.
    fn value_of(
        self,
        name: &str,
        found: &Found<'_>,
        instance: &mut InstanceFragment,
        path: &Path<'_>,
    ) -> Result<(), InvalidEntity> {
        let Some((member_kind, key, value)) = found.value else {
            return if self.input.values == Values::Needed { Err(path.fault(Fault::NoValue)) } else { Ok(()) };
        };
        let path = path.member(key);
        let holds = |kind: Kind| kind.member() == member_kind.member();
        if let Some(kind) = instance.declared_kind.filter(|kind| !holds(*kind)) {
            return Err(path.fault(Fault::Prohibited { member: member_kind.member(), kind }));
        }
        instance.value = self.value(name, (instance.declared_kind, member_kind), value, &path)?;
        Ok(())
    }
}

/// What an attribute object was found to have, to be judged by its kind.
#[derive(Default)]
struct Found<'j> {
    value: Option<(Kind, &'j str, &'j Json<'j>)>,
    members: Vec<Member>,
}

impl<'j> Found<'j> {
    fn value(
        &mut self,
        kind: Kind,
        (key, json): (&'j str, &'j Json<'j>),
        path: &Path<'_>,
    ) -> Result<(), InvalidEntity> {
        match self.value.replace((kind, key, json)) {
            None => Ok(()),
            Some((other, ..)) => Err(path.fault(Fault::Prohibited { member: kind.member(), kind: other })),
        }
    }

    fn note(&mut self, member: Member, path: &Path<'_>) -> Result<(), InvalidEntity> {
        if self.members.contains(&member) && !matches!(member, Member::SystemTime | Member::OutputOnly) {
            return Err(path.fault(Fault::SameName(member.term().to_owned())));
        }
        self.members.push(member);
        Ok(())
    }

    /// The prohibited members of §4.5.2.2 to §4.5.24.2.
    ///
    /// Where a fragment tells no kind, the law that knows the target judges what depends on it.
    fn check(&self, instance: &InstanceFragment, name: &Name, path: &Path<'_>) -> Result<(), InvalidEntity> {
        let known = instance.kind();
        let kind = known.unwrap_or(Kind::Property);
        let is_proof = kind == Kind::Property && name.strip_prefix(CORE) == Some("ngsildproof");
        for member in &self.members {
            let is_allowed = match member {
                Member::SealedId | Member::SealedType => is_proof,
                _ if known.is_none() => true,
                // §5.2.5: What only notifications tell is ignored where the kind has it, so that they can be sent on.
                Member::Previous(of) => kind.previous_member() == of.previous_member(),
                Member::UnitCode => kind.has_unit(),
                Member::ValueType => !kind.is_link(),
                Member::ObjectType => kind.is_link(),
                Member::Linked(linked) => kind == *linked,
                _ => true,
            };
            if !is_allowed {
                return Err(path.member(member.term()).fault(Fault::Prohibited { member: member.term(), kind }));
            }
        }
        match &instance.value_type {
            Change::Set(datatype) if known.is_some_and(|kind| !kind.takes_value_type(datatype)) => {
                Err(path.member("valueType").fault(Fault::NotLangString))
            }
            _ => Ok(()),
        }
    }
}

/// The dataset of an instance; `@none` is the default one. A null cannot delete it (§5.5.8).
fn dataset_id(json: &Json<'_>, path: &Path<'_>) -> Result<Option<Name>, InvalidEntity> {
    if json.as_str() == Some("@none") {
        return Ok(None);
    }
    iri(json, path).map(|text| Some(text.into()))
}

fn kind_of(value: &Json<'_>, path: &Path<'_>) -> Result<Kind, InvalidEntity> {
    let text = text(value, path)?;
    Kind::from_type(text).ok_or_else(|| path.fault(Fault::UnknownKind(shortened(text))))
}

fn unknown_kind(members: &Members<'_>, path: &Path<'_>) -> InvalidEntity {
    let found = members.iter().find(|(key, _)| member_of(key) == Some(Member::Type));
    let Some((key, value)) = found else { return path.fault(Fault::NoValue) };
    let path = path.member(key);
    match value.as_str() {
        Some(text) => path.fault(Fault::UnknownKind(shortened(text))),
        None => form(value, ("a string", "文字列"), &path),
    }
}

/// Table 5.2.4-1 wants three attributes to be geometries, §4.5.2.2 an object in every proof.
fn check_kind(name: &Name, instance: &InstanceFragment, path: &Path<'_>) -> Result<(), InvalidEntity> {
    let (Some(term), Some(kind)) = (name.strip_prefix(CORE), instance.kind()) else { return Ok(()) };
    match term {
        "location" | "observationSpace" | "operationSpace" if kind != Kind::GeoProperty => {
            Err(path.fault(Fault::NeedsGeoProperty(term.to_owned())))
        }
        "ngsildproof" => match &instance.value {
            ValueChange::Set(Kind::Property, value) if value.as_str().starts_with('{') => Ok(()),
            ValueChange::Keep | ValueChange::Remove => Ok(()),
            _ => Err(path.member("value").fault(Fault::Form {
                found: "another value",
                expected: ("an object with a proof", "証明(proof)を持つオブジェクト").into(),
            })),
        },
        _ => Ok(()),
    }
}
