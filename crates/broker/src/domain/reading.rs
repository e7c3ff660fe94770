//! A stored entity as readers see it: with the names behind its numbers, and without what has expired
//! (ETSI GS CIM 009 §4.22).

use std::sync::Arc;

use machi_model::entity::{Corrupt, Document, HeadRef, InstanceRef, Section, group};
use machi_store::{Document as Stored, NameNo, Names};
use machi_types::{Name, Timestamp};

use super::expiry::{self, is_past};

/// An entity that is being read.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    stored: Arc<Stored>,
    parts: Vec<Part>,
}

/// A living instance.
#[derive(Clone, Debug)]
struct Part {
    /// Its place among the stored sections.
    at: usize,
    name: Name,
    dataset_id: Option<Name>,
    /// The instance without those of its parts that have expired, where there are any.
    cleaned: Option<Vec<u8>>,
}

impl Reading {
    /// The entity as it is at this time; nothing if it has expired.
    pub(crate) fn of(stored: Arc<Stored>, names: &dyn Names, now: Timestamp) -> Result<Option<Self>, Corrupt> {
        if is_past(HeadRef::read(&stored.head)?.expires_at(), now) {
            return Ok(None);
        }
        let mut parts = Vec::with_capacity(stored.sections.len());
        for (at, section) in stored.sections.iter().enumerate() {
            let instance = InstanceRef::read(&section.body)?;
            if is_past(instance.expires_at(), now) {
                continue;
            }
            let cleaned = expiry::cleaned(&instance, now)?;
            let dataset_id = (section.key.instance != NameNo::NONE).then(|| names.text(section.key.instance));
            parts.push(Part { at, name: names.text(section.key.name), dataset_id, cleaned });
        }
        Ok(Some(Self { stored, parts }))
    }

    /// The id.
    pub(crate) fn id(&self) -> &Name {
        &self.stored.id
    }

    /// The document that is read.
    pub(crate) fn stored(&self) -> &Stored {
        &self.stored
    }

    /// Whether the entity will read the same at any later time: nothing of it expires or has expired.
    pub(crate) fn lasts(&self) -> Result<bool, Corrupt> {
        if HeadRef::read(&self.stored.head)?.expires_at().is_some() {
            return Ok(false);
        }
        for section in &self.stored.sections {
            if expiry::expires(&InstanceRef::read(&section.body)?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The encoded head.
    pub(crate) fn head(&self) -> &[u8] {
        &self.stored.head
    }

    /// Whether there is a living instance of an attribute.
    pub(crate) fn has(&self, attribute: &str) -> bool {
        self.parts.iter().any(|part| &*part.name == attribute)
    }

    /// How many instances live.
    pub(crate) fn instances(&self) -> usize {
        self.parts.len()
    }

    /// The version.
    pub(crate) fn version(&self) -> u64 {
        self.stored.version
    }

    /// The sections, those of one attribute together.
    pub(crate) fn sections(&self) -> Vec<Section<'_>> {
        let mut sections: Vec<Section<'_>> = self.parts.iter().filter_map(|part| self.section(part)).collect();
        if self.parts.iter().any(|part| part.dataset_id.is_some()) {
            group(&mut sections);
        }
        sections
    }

    fn section<'a>(&'a self, part: &'a Part) -> Option<Section<'a>> {
        let stored = self.stored.sections.get(part.at)?;
        let bytes = part.cleaned.as_deref().unwrap_or(&stored.body);
        Some(Section {
            created_at: Some(stored.created),
            modified_at: Some(stored.modified),
            ..Section::new(&part.name, part.dataset_id.as_deref(), bytes)
        })
    }

    /// The entity over its sections, as the model reads it.
    pub(crate) fn document<'a>(&'a self, sections: &'a [Section<'a>]) -> Document<'a> {
        Document {
            created_at: Some(self.stored.created),
            modified_at: Some(self.stored.modified),
            ..Document::new(&self.stored.id, &self.stored.head, sections)
        }
    }
}
