//! Writes an attribute instance as a section; [`section`](super::section) tells the layout.

use machi_types::Timestamp;

use super::VERSION;
use super::bytes::{put_number, put_text, put_time};
use super::prefix::put_name;
use super::section::{
    DIGITS, EXPIRES, MARK_CREATED, MARK_DATASET, MARK_MODIFIED, OBJECT_TYPES, OBSERVED, SEALED, SEALED_ID, SEALED_TYPE,
    SUBS, UNIT, VALUE_TYPE,
};
use crate::entity::entity::{Attribute, Instance};
use crate::entity::kind::Kind;
use crate::entity::observed::Observed;

/// What a section holds, for those who keep it in parts elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'p> {
    /// What kind of attribute it is.
    pub kind: Kind,
    /// The value as JSON text.
    pub value: &'p str,
    /// When the value was observed.
    pub observed_at: Option<Observed>,
    /// When the instance is to vanish.
    pub expires_at: Option<Timestamp>,
    /// The unit of measurement.
    pub unit_code: Option<&'p str>,
    /// The expanded datatype.
    pub value_type: Option<&'p str>,
    /// The expanded types of a link's targets.
    pub object_types: &'p [String],
    /// The id and the expanded type that a proof seals.
    pub sealed: (Option<&'p str>, Option<&'p str>),
    /// What [`InstanceRef::stored_attributes`](super::InstanceRef::stored_attributes) gave.
    pub attributes: Option<&'p [u8]>,
}

impl Parts<'_> {
    /// The section that they make.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(24 + self.value.len());
        out.extend([VERSION, self.kind as u8, self.flags()]);
        put_text(self.value, &mut out);
        if let Some(observed) = self.observed_at {
            put_time(observed.time(), &mut out);
            out.extend(observed.own_digits());
        }
        if let Some(time) = self.expires_at {
            put_time(time, &mut out);
        }
        if let Some(unit) = self.unit_code {
            put_text(unit, &mut out);
        }
        if let Some(value_type) = self.value_type {
            put_name(value_type, &mut out);
        }
        if !self.object_types.is_empty() {
            put_number(self.object_types.len() as u64, &mut out);
            self.object_types.iter().for_each(|name| put_name(name, &mut out));
        }
        if self.is_sealed() {
            put_sealed(self.sealed, &mut out);
        }
        out.extend_from_slice(self.attributes.unwrap_or_default());
        out
    }

    fn is_sealed(&self) -> bool {
        self.sealed.0.is_some() || self.sealed.1.is_some()
    }

    fn flags(&self) -> u8 {
        let flag = |present: bool, flag: u8| if present { flag } else { 0 };
        flag(self.observed_at.is_some(), OBSERVED)
            | flag(self.observed_at.is_some_and(|observed| observed.own_digits().is_some()), DIGITS)
            | flag(self.expires_at.is_some(), EXPIRES)
            | flag(self.unit_code.is_some(), UNIT)
            | flag(self.value_type.is_some(), VALUE_TYPE)
            | flag(!self.object_types.is_empty(), OBJECT_TYPES)
            | flag(self.is_sealed(), SEALED)
            | flag(self.attributes.is_some(), SUBS)
    }
}

/// The stored form of an instance. Its name, dataset and own times are not in it.
///
/// A sub-attribute without times gets those of the change that writes the section.
pub fn encode_instance(instance: &Instance) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + instance.value.as_str().len());
    out.push(VERSION);
    put_body(instance, &mut out);
    out
}

fn put_body(instance: &Instance, out: &mut Vec<u8>) {
    out.push(instance.kind as u8);
    out.push(flags_of(instance));
    put_text(instance.value.as_str(), out);
    if let Some(observed) = instance.observed_at {
        put_time(observed.time(), out);
        out.extend(observed.own_digits());
    }
    if let Some(time) = instance.expires_at {
        put_time(time, out);
    }
    if let Some(unit) = &instance.unit_code {
        put_text(unit, out);
    }
    if let Some(value_type) = &instance.value_type {
        put_name(value_type, out);
    }
    if !instance.object_types.is_empty() {
        put_number(instance.object_types.len() as u64, out);
        for name in &instance.object_types {
            put_name(name, out);
        }
    }
    if let Some(sealed) = &instance.sealed {
        put_sealed((sealed.id.as_deref(), sealed.entity_type.as_deref()), out);
    }
    if !instance.attributes.is_empty() {
        put_subs(&instance.attributes, out);
    }
}

fn flags_of(instance: &Instance) -> u8 {
    let flag = |present: bool, flag: u8| if present { flag } else { 0 };
    flag(instance.observed_at.is_some(), OBSERVED)
        | flag(instance.observed_at.is_some_and(|observed| observed.own_digits().is_some()), DIGITS)
        | flag(instance.expires_at.is_some(), EXPIRES)
        | flag(instance.unit_code.is_some(), UNIT)
        | flag(instance.value_type.is_some(), VALUE_TYPE)
        | flag(!instance.object_types.is_empty(), OBJECT_TYPES)
        | flag(instance.sealed.is_some(), SEALED)
        | flag(!instance.attributes.is_empty(), SUBS)
}

fn put_sealed((id, entity_type): (Option<&str>, Option<&str>), out: &mut Vec<u8>) {
    let id_mark = if id.is_some() { SEALED_ID } else { 0 };
    let type_mark = if entity_type.is_some() { SEALED_TYPE } else { 0 };
    out.push(id_mark | type_mark);
    if let Some(id) = id {
        put_text(id, out);
    }
    if let Some(entity_type) = entity_type {
        put_name(entity_type, out);
    }
}

fn put_subs(attributes: &[Attribute], out: &mut Vec<u8>) {
    let with_instances = || attributes.iter().filter(|attribute| !attribute.instances.is_empty());
    put_number(with_instances().count() as u64, out);
    let mut body = Vec::new();
    for attribute in with_instances() {
        put_name(&attribute.name, out);
        put_number(attribute.instances.len() as u64, out);
        for instance in &attribute.instances {
            put_marks(instance.dataset_id.as_deref(), instance.created_at, instance.modified_at, out);
            body.clear();
            put_body(instance, &mut body);
            put_number(body.len() as u64, out);
            out.extend_from_slice(&body);
        }
    }
}

fn put_marks(
    dataset_id: Option<&str>,
    created_at: Option<Timestamp>,
    modified_at: Option<Timestamp>,
    out: &mut Vec<u8>,
) {
    let dataset_mark = if dataset_id.is_some() { MARK_DATASET } else { 0 };
    let created_mark = if created_at.is_some() { MARK_CREATED } else { 0 };
    let modified_mark = if modified_at.is_some() { MARK_MODIFIED } else { 0 };
    out.push(dataset_mark | created_mark | modified_mark);
    if let Some(dataset_id) = dataset_id {
        put_text(dataset_id, out);
    }
    for time in [created_at, modified_at].into_iter().flatten() {
        put_time(time, out);
    }
}
