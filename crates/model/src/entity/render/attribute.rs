//! Writes attributes in the normalized and the concise representation (ETSI GS CIM 009 §4.5.2, §4.5.3, §4.5.18 to §4.5.24).

use std::fmt::Display;

use machi_types::Timestamp;

use super::evolution::SUPERSEDED_AT;
use super::value::{InLanguage, is_plain};
use super::writer::Object;
use super::{DEPTH, Format, Renderer};
use crate::entity::codec::{Corrupt, InstanceRef, SubInstance};
use crate::entity::document::Section;
use crate::entity::geometry::has_geometry_type;
use crate::entity::json_text::{iris_of, value_of};
use crate::entity::kind::Kind;
use crate::query::TimeProperty;

/// An instance with what surrounds it.
#[derive(Clone, Copy)]
pub(super) struct Surrounded<'a> {
    pub(super) instance: InstanceRef<'a>,
    pub(super) dataset_id: Option<&'a str>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) modified_at: Option<Timestamp>,
    /// The instance before a change.
    pub(super) previous: Option<InstanceRef<'a>>,
    /// The section's `modifiedAt`, for sub-attributes without a time.
    pub(super) written_at: Option<Timestamp>,
    /// What tells it from the others of its series, where it is one of several in time.
    pub(super) instance_id: Option<&'a dyn Display>,
    /// Since when another one is in force in its place, where it is one of several in time.
    pub(super) superseded_at: Option<Timestamp>,
    /// The name of the attribute, where it is one of the entity's own.
    pub(super) attribute: Option<&'a str>,
    /// Whether the attribute has other instances beside it.
    pub(super) is_one_of_many: bool,
    /// How deep sub-attributes may still nest.
    pub(super) depth: usize,
}

impl<'a> Surrounded<'a> {
    pub(super) fn of(section: &Section<'a>) -> Result<Self, Corrupt> {
        Ok(Self {
            instance: section.instance()?,
            dataset_id: section.dataset_id,
            created_at: section.created_at,
            modified_at: section.modified_at,
            previous: section.previous.map(InstanceRef::read).transpose()?,
            written_at: section.modified_at,
            instance_id: None,
            superseded_at: None,
            attribute: Some(section.name),
            is_one_of_many: false,
            depth: DEPTH,
        })
    }
}

impl Renderer<'_> {
    /// An attribute with those of its instances that are shown.
    pub(super) fn attribute(
        &mut self,
        sections: &[Section<'_>],
        object: &mut Object,
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        let output = self.output;
        let sections = self.told_of(sections);
        let count = sections.iter().filter(|section| output.shows(section)).count();
        let Some(first) = sections.iter().find(|section| output.shows(section)) else { return Ok(()) };
        object.name(first.name, output.terms, out);
        match (output.format, count) {
            (Format::Simplified, 1) => self.simplified(first, out),
            (Format::Simplified, _) => self.simplified_datasets(sections, out),
            (_, 1) => self.section(first, false, out),
            _ => {
                out.push(b'[');
                let start = out.len();
                for section in sections {
                    if output.shows(section) {
                        separate(start, out);
                        self.section(section, true, out)?;
                    }
                }
                out.push(b']');
                Ok(())
            }
        }
    }

    /// §5.8.6: of an attribute that is gone with all its instances the name is enough, unless more is to be told of them.
    fn told_of<'s, 'd>(&self, sections: &'s [Section<'d>]) -> &'s [Section<'d>] {
        let is_bare = |section: &Section<'_>| section.deleted_at.is_some() && section.previous.is_none();
        let is_gone = !self.output.sys_attrs && sections.iter().all(is_bare);
        let is_default = |section: &Section<'_>| section.dataset_id.is_none() && self.output.shows(section);
        match sections.iter().position(is_default) {
            Some(default) if is_gone => sections.get(default..=default).unwrap_or(sections),
            _ => sections,
        }
    }

    fn section(&mut self, section: &Section<'_>, is_one_of_many: bool, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        if section.deleted_at.is_some() {
            return self.deleted(section, is_one_of_many, out);
        }
        self.instance(&Surrounded { is_one_of_many, ..Surrounded::of(section)? }, out)
    }

    pub(super) fn instance(&mut self, surrounded: &Surrounded<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        let instance = &surrounded.instance;
        let is_concise = self.output.format == Format::Concise;
        if is_concise && self.is_value_only(surrounded) {
            out.extend_from_slice(instance.value().as_bytes());
            return Ok(());
        }
        let in_language = self.in_language(instance);
        let mut object = Object::open(out);
        let kind = if in_language.is_some() { Kind::Property } else { instance.kind() };
        if !is_concise || (kind == Kind::Property && is_geometry(instance.value())) {
            object.text("type", kind.as_str(), out);
        }
        self.value_member(instance, in_language, &mut object, out);
        self.other_members(surrounded, &mut object, out);
        self.linked_entities(surrounded, &mut object, out);
        self.times(surrounded, &mut object, out);
        self.sub_attributes(surrounded, &mut object, out)?;
        object.close(out);
        Ok(())
    }

    /// §4.5.2.3: a Property or GeoProperty with nothing beside its value is just the value.
    fn is_value_only(&self, surrounded: &Surrounded<'_>) -> bool {
        let instance = &surrounded.instance;
        let has_times =
            surrounded.created_at.is_some() || surrounded.modified_at.is_some() || surrounded.written_at.is_some();
        let is_bare = instance.is_bare_but_expiry()
            && surrounded.dataset_id.is_none()
            && surrounded.previous.is_none()
            && !surrounded.is_one_of_many
            && !(self.output.sys_attrs && (has_times || instance.expires_at().is_some()));
        match instance.kind() {
            Kind::GeoProperty => is_bare,
            Kind::Property => is_bare && is_plain(instance.value()),
            _ => false,
        }
    }

    fn value_member(
        &mut self,
        instance: &InstanceRef<'_>,
        in_language: Option<InLanguage>,
        object: &mut Object,
        out: &mut Vec<u8>,
    ) {
        match in_language {
            None => {
                object.key(instance.kind().member(), out);
                self.value(instance, out);
            }
            // §4.15: one text, with its language beside it.
            Some(chosen) => {
                object.key("value", out);
                out.extend_from_slice(chosen.text.as_bytes());
                object.text("lang", &chosen.tag, out);
            }
        }
    }

    fn other_members(&mut self, surrounded: &Surrounded<'_>, object: &mut Object, out: &mut Vec<u8>) {
        let instance = &surrounded.instance;
        if let Some(previous) = &surrounded.previous {
            object.key(previous.kind().previous_member(), out);
            self.value(previous, out);
        }
        if let Some(unit) = instance.unit_code() {
            object.text("unitCode", unit, out);
        }
        if let Some(value_type) = instance.value_type() {
            object.key("valueType", out);
            self.output.terms.write_compact(value_type.read_into(&mut self.scratch), out);
        }
        if instance.object_types().len() > 0 {
            object.key("objectType", out);
            self.names(instance.object_types(), out);
        }
        if let Some(id) = instance.sealed_id() {
            object.text("entityIdSealed", id, out);
        }
        if let Some(entity_type) = instance.sealed_type() {
            object.key("entityTypeSealed", out);
            self.output.terms.write_name(entity_type.read_into(&mut self.scratch), out);
        }
        if let Some(dataset_id) = surrounded.dataset_id {
            object.text("datasetId", dataset_id, out);
        }
        if let Some(instance_id) = surrounded.instance_id {
            object.text("instanceId", &instance_id.to_string(), out);
        }
    }

    pub(super) fn times(&self, surrounded: &Surrounded<'_>, object: &mut Object, out: &mut Vec<u8>) {
        if let Some(observed) = surrounded.instance.observed_at() {
            object.key("observedAt", out);
            out.push(b'"');
            observed.write(out);
            out.push(b'"');
        }
        // The time by which an instance was asked for is told of it, though not of what it holds.
        let is_told = |property| {
            self.output.sys_attrs || (surrounded.instance_id.is_some() && self.output.time_property == Some(property))
        };
        if is_told(TimeProperty::CreatedAt) {
            object.time("createdAt", surrounded.created_at.or(surrounded.written_at), out);
        }
        if is_told(TimeProperty::ModifiedAt) {
            object.time("modifiedAt", surrounded.modified_at.or(surrounded.written_at), out);
        }
        if self.output.sys_attrs {
            object.time("expiresAt", surrounded.instance.expires_at(), out);
        }
        object.time(SUPERSEDED_AT, surrounded.superseded_at, out);
    }

    /// §4.5.23.2: the targets that can be shown, in `entity` or `entityList`.
    fn linked_entities(&self, surrounded: &Surrounded<'_>, object: &mut Object, out: &mut Vec<u8>) {
        let (Some(links), Some(attribute)) = (self.output.links, surrounded.attribute) else { return };
        let instance = &surrounded.instance;
        if !instance.kind().is_link() {
            return;
        }
        let mut entities = Vec::new();
        let mut count = 0;
        for target in iris_of(instance.value()) {
            let length = entities.len();
            if count > 0 {
                entities.push(b',');
            }
            if links.write_entity(attribute, target, &mut entities) {
                count += 1;
            } else {
                entities.truncate(length);
            }
        }
        if count == 0 {
            return;
        }
        let is_list = instance.kind() == Kind::ListRelationship;
        let is_array = is_list || instance.value().starts_with('[');
        object.key(if is_list { "entityList" } else { "entity" }, out);
        out.extend_from_slice(if is_array { b"[" } else { b"" });
        out.extend_from_slice(&entities);
        out.extend_from_slice(if is_array { b"]" } else { b"" });
    }

    fn sub_attributes(
        &mut self,
        surrounded: &Surrounded<'_>,
        object: &mut Object,
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        let subs = || surrounded.instance.attributes();
        let has_expired =
            |sub: Result<SubInstance<'_>, Corrupt>| sub.is_ok_and(|sub| !self.output.lives(sub.instance.expires_at()));
        if self.output.now.is_none() || !subs().any(has_expired) {
            for sub in subs() {
                self.sub_attribute(&sub?, surrounded, object, out)?;
            }
            return Ok(());
        }
        let mut living = subs().collect::<Result<Vec<_>, _>>()?;
        living.retain(|sub| self.output.lives(sub.instance.expires_at()));
        for instances in living.chunk_by(|one, next| one.name.parts() == next.name.parts()) {
            for (index, sub) in instances.iter().enumerate() {
                let sub = SubInstance { instances: instances.len(), index, ..*sub };
                self.sub_attribute(&sub, surrounded, object, out)?;
            }
        }
        Ok(())
    }

    /// An instance of a sub-attribute, with the name before the first and brackets around several.
    fn sub_attribute(
        &mut self,
        sub: &SubInstance<'_>,
        surrounded: &Surrounded<'_>,
        object: &mut Object,
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        let depth = surrounded.depth.checked_sub(1).ok_or(Corrupt::Depth)?;
        if sub.index == 0 {
            object.name(sub.name.read_into(&mut self.scratch), self.output.terms, out);
        }
        let is_one_of_many = sub.instances > 1;
        if is_one_of_many {
            out.push(if sub.index == 0 { b'[' } else { b',' });
        }
        let inner = Surrounded {
            instance: sub.instance,
            dataset_id: sub.dataset_id,
            created_at: sub.created_at,
            modified_at: sub.modified_at,
            previous: None,
            written_at: surrounded.written_at,
            instance_id: None,
            superseded_at: None,
            attribute: None,
            is_one_of_many,
            depth,
        };
        self.instance(&inner, out)?;
        if is_one_of_many && sub.index + 1 == sub.instances {
            out.push(b']');
        }
        Ok(())
    }
}

/// Puts a comma before everything in an array but the first item.
fn separate(start: usize, out: &mut Vec<u8>) {
    if out.len() > start {
        out.push(b',');
    }
}

/// Whether the text of a Property's value would be taken for a GeoProperty's.
fn is_geometry(value: &str) -> bool {
    value.starts_with('{')
        && memchr::memmem::find(value.as_bytes(), b"\"coordinates\":").is_some()
        && value_of(value).as_ref().is_ok_and(has_geometry_type)
}
