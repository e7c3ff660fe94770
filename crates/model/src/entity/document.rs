//! A stored entity as a reader sees it: a head and one section per attribute instance, borrowed from the store.

use std::collections::HashMap;

use machi_types::{Name, Timestamp};

use super::codec::{Corrupt, Head, InstanceRef, encode_instance};
use super::entity::{Attribute, Entity};

/// An entity as it lies in the store.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// The id.
    pub id: &'a str,
    /// The encoded head.
    pub head: &'a [u8],
    /// When the entity came.
    pub created_at: Option<Timestamp>,
    /// When anything of it last changed.
    pub modified_at: Option<Timestamp>,
    /// When it was deleted; only in notifications.
    pub deleted_at: Option<Timestamp>,
    /// The instances that were read; those of one attribute stand together (see [`group`]).
    pub sections: &'a [Section<'a>],
}

/// One attribute instance as it lies in the store.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// The expanded name of the attribute.
    pub name: &'a str,
    /// The dataset; none for the default instance.
    pub dataset_id: Option<&'a str>,
    /// When the instance came.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub modified_at: Option<Timestamp>,
    /// When it was deleted; only in notifications. The bytes are then the last ones.
    pub deleted_at: Option<Timestamp>,
    /// The bytes before the change that is told of; only in notifications with showChanges.
    pub previous: Option<&'a [u8]>,
    /// The encoded instance.
    pub bytes: &'a [u8],
}

impl<'a> Section<'a> {
    /// A living section.
    pub const fn new(name: &'a str, dataset_id: Option<&'a str>, bytes: &'a [u8]) -> Self {
        Self { name, dataset_id, created_at: None, modified_at: None, deleted_at: None, previous: None, bytes }
    }

    /// Reads the bytes.
    pub fn instance(&self) -> Result<InstanceRef<'a>, Corrupt> {
        InstanceRef::read(self.bytes)
    }
}

impl<'a> Document<'a> {
    /// A living document without times.
    pub const fn new(id: &'a str, head: &'a [u8], sections: &'a [Section<'a>]) -> Self {
        Self { id, head, created_at: None, modified_at: None, deleted_at: None, sections }
    }

    /// The section of this instance.
    pub fn section(&self, name: &str, dataset_id: Option<&str>) -> Option<&'a Section<'a>> {
        self.sections.iter().find(|section| section.name == name && section.dataset_id == dataset_id)
    }

    /// All sections of an attribute.
    pub fn sections_of(&self, name: &str) -> impl Iterator<Item = &'a Section<'a>> {
        self.sections.iter().filter(move |section| section.name == name)
    }

    /// The entity as owned values.
    pub fn to_entity(self) -> Result<Entity, Corrupt> {
        let head = Head::decode(self.head)?;
        let mut entity = Entity::new(self.id, head.types);
        entity.scopes = head.scopes;
        entity.expires_at = head.expires_at;
        entity.created_at = self.created_at;
        entity.modified_at = self.modified_at;
        for section in self.sections {
            let dataset_id = section.dataset_id.map(Name::from);
            let instance = section.instance()?.to_instance(dataset_id, section.created_at, section.modified_at)?;
            match entity.attributes.iter_mut().find(|attribute| &*attribute.name == section.name) {
                Some(attribute) => attribute.instances.push(instance),
                None => entity.attributes.push(Attribute { name: section.name.into(), instances: vec![instance] }),
            }
        }
        Ok(entity)
    }
}

/// Brings the sections of each attribute together, at the place of the first of them.
pub fn group(sections: &mut [Section<'_>]) {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (index, section) in sections.iter().enumerate() {
        first.entry(section.name).or_insert(index);
    }
    if first.len() < sections.len() {
        sections.sort_by_key(|section| first.get(section.name).copied());
    }
}

/// An entity in its stored form, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    id: Name,
    head: Vec<u8>,
    times: (Option<Timestamp>, Option<Timestamp>),
    sections: Vec<EncodedSection>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct EncodedSection {
    name: Name,
    dataset_id: Option<Name>,
    times: (Option<Timestamp>, Option<Timestamp>),
    bytes: Vec<u8>,
}

impl Encoded {
    /// The stored form of an entity.
    pub fn of(entity: &Entity) -> Self {
        let section = |(name, instance): (&Name, &super::Instance)| EncodedSection {
            name: name.clone(),
            dataset_id: instance.dataset_id.clone(),
            times: (instance.created_at, instance.modified_at),
            bytes: encode_instance(instance),
        };
        Self {
            id: entity.id.clone(),
            head: Head::of(entity).encode(),
            times: (entity.created_at, entity.modified_at),
            sections: entity.instances().map(section).collect(),
        }
    }

    /// The sections, borrowed.
    pub fn sections(&self) -> Vec<Section<'_>> {
        self.sections.iter().map(EncodedSection::borrow).collect()
    }

    /// The document over borrowed sections.
    pub fn document<'a>(&'a self, sections: &'a [Section<'a>]) -> Document<'a> {
        let mut document = Document::new(&self.id, &self.head, sections);
        (document.created_at, document.modified_at) = self.times;
        document
    }
}

impl EncodedSection {
    fn borrow(&self) -> Section<'_> {
        let mut section = Section::new(&self.name, self.dataset_id.as_deref(), &self.bytes);
        (section.created_at, section.modified_at) = self.times;
        section
    }
}
