//! What the store keeps: a document is a head and sections, each opaque bytes with their times.

use std::fmt;

use bytes::Bytes;
use machi_types::{Name, Timestamp};

use crate::NameNo;

/// The dense number of an id within its tenant and collection; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentNo(pub u32);

/// Names a section: an attribute and which of its instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SectionKey {
    /// The attribute.
    pub name: NameNo,
    /// The instance (datasetId); [`NameNo::NONE`] for the default one.
    pub instance: NameNo,
}

impl SectionKey {
    /// The section of one instance of an attribute.
    pub const fn new(name: NameNo, instance: NameNo) -> Self {
        Self { name, instance }
    }
}

/// One section of a document.
#[derive(Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub key: SectionKey,
    /// When it was first set, since it was last removed.
    pub created: Timestamp,
    /// When it was last set.
    pub modified: Timestamp,
    /// Its content, opaque to the store.
    pub body: Bytes,
}

/// A document as of one commit. Cloning is cheap: bodies are shared.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// The number of its id.
    pub number: DocumentNo,
    /// Its id.
    pub id: Name,
    /// The commit that changed it last, as a number that only grows: its version.
    pub version: u64,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
    /// What belongs to no section; opaque to the store.
    pub head: Bytes,
    /// The sections, in the order in which they were first set.
    pub sections: Vec<Section>,
}

impl Document {
    /// The section of this key.
    pub fn section(&self, key: SectionKey) -> Option<&Section> {
        self.sections.iter().find(|section| section.key == key)
    }

    /// How many bytes the content has.
    pub fn size(&self) -> usize {
        self.head.len() + self.id.len() + self.sections.iter().map(|section| section.body.len() + 24).sum::<usize>()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("id", &self.id)
            .field("number", &self.number.0)
            .field("version", &self.version)
            .field("sections", &self.sections)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Section({}.{}, {} bytes)", self.key.name.number(), self.key.instance.number(), self.body.len())
    }
}
