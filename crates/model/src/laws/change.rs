//! What a law decides: sections to write and to remove, and what could not be done.

use std::collections::HashMap;

use machi_types::geo::InvalidGeometry;
use machi_types::{JsonError, Name, Phrase};

use crate::entity::codec::Corrupt;
use crate::entity::{Document, Head, Instance, Kind, MOST_NAMES, Section, encode_instance};

/// What is to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The new head, where it differs.
    pub head: Option<Head>,
    /// Sections to write.
    pub set: Vec<SetSection>,
    /// Sections to remove.
    pub remove: Vec<SectionKey>,
    /// Attributes of which an instance was written or removed.
    pub updated: Vec<Name>,
    /// Attributes of which an instance was left as it was.
    pub not_updated: Vec<NotUpdated>,
}

/// Which attribute instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SectionKey {
    /// The expanded name.
    pub name: Name,
    /// The dataset; none for the default instance.
    pub dataset_id: Option<Name>,
}

/// A section to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetSection {
    /// Which instance.
    pub key: SectionKey,
    /// The encoded instance.
    pub bytes: Vec<u8>,
    /// Whether there was none before: its `createdAt` is the commit's time, otherwise it stays.
    pub fresh: bool,
    /// Whether anything is different from before (§5.8.6); its `modifiedAt` is the commit's time in any case.
    pub changed: bool,
}

/// An attribute that was left as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct NotUpdated {
    /// The expanded name.
    pub name: Name,
    /// Why.
    pub reason: Reason,
}

/// Why an attribute was left as it was.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Reason {
    /// §5.6.3: overwriting was forbidden.
    #[error("the attribute exists already and noOverwrite was asked for")]
    AlreadyExists,
    /// §5.6.2: a scope is replaced, and not added.
    #[error("the entity has no scope that could be replaced; append it, or merge it")]
    NoScope,
    /// There is nothing to merge with, and the fragment has no value.
    #[error("there is no such attribute, and a new one needs a value")]
    NoValue,
    /// The new value cannot be one of the attribute's kind.
    #[error("the attribute is a {}, which takes no such value", .0.as_str())]
    OtherValue(Kind),
    /// The type of an attribute cannot be changed.
    #[error("the attribute is a {}, and its type cannot be changed to {}", before.as_str(), after.as_str())]
    OtherKind {
        /// What it is.
        before: Kind,
        /// What the request says.
        after: Kind,
    },
    /// A member that attributes of this kind never have (§4.5.2.2 to §4.5.24.2).
    #[error("the attribute is a {}, which has no member \"{member}\"", kind.as_str())]
    Prohibited {
        /// The member.
        member: &'static str,
        /// What it is.
        kind: Kind,
    },
    /// The datatype of texts in languages is fixed (Table 5.2.32-1).
    #[error("the attribute is a LanguageProperty, whose valueType is langString, and no other")]
    NotLangString,
    /// A plain text for several languages.
    #[error("the attribute is a LanguageProperty: give a languageMap, or say the language of the text by lang")]
    NoLanguage,
    /// The merged geometry is none.
    #[error("the value would be no GeoJSON geometry: {0}")]
    Geometry(Box<InvalidGeometry>),
    /// The merged value would nest too deeply.
    #[error("the value would be no JSON that can be stored: {0}")]
    Json(JsonError),
    /// The stored attribute cannot be read.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

/// Why nothing is done at all.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The target attribute instance does not exist.
    #[error(
        "the entity has no attribute {name}{}",
        dataset_id.as_deref().map(|id| format!(" with the datasetId {id}")).unwrap_or_default()
    )]
    NoSuchAttribute {
        /// The expanded name.
        name: Name,
        /// The dataset that was asked for.
        dataset_id: Option<Name>,
    },
    /// The attribute cannot take the change.
    #[error("{name}: {reason}")]
    Attribute {
        /// The expanded name.
        name: Name,
        /// Why not.
        reason: Reason,
    },
    /// More types or scopes than an entity may have.
    #[error("the entity would have {count} {}; {MOST_NAMES} are the most", what.en)]
    TooMany {
        /// Of what there are too many.
        what: Phrase,
        /// How many there would be.
        count: usize,
    },
    /// The stored entity cannot be read.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

impl Changes {
    /// Whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.head.is_none() && self.set.is_empty() && self.remove.is_empty()
    }

    pub(super) fn note_updated(&mut self, name: &Name) {
        // The instances of one attribute come one after the other.
        if self.updated.last() != Some(name) {
            self.updated.push(name.clone());
        }
    }

    pub(super) fn note_not_updated(&mut self, name: &Name, reason: Reason) {
        if self.not_updated.last().is_none_or(|last| last.name != *name) {
            self.not_updated.push(NotUpdated { name: name.clone(), reason });
        }
    }

    /// Writes an instance over what was there.
    pub(super) fn set(&mut self, name: &Name, instance: &Instance, before: Option<&Section<'_>>) {
        let bytes = encode_instance(instance);
        self.set.push(SetSection {
            key: SectionKey { name: name.clone(), dataset_id: instance.dataset_id.clone() },
            changed: before.is_none_or(|section| differs_from(section, &bytes, instance)),
            bytes,
            fresh: before.is_none(),
        });
        self.note_updated(name);
    }

    pub(super) fn remove(&mut self, section: &Section<'_>) {
        let name = Name::from(section.name);
        self.note_updated(&name);
        self.remove.push(SectionKey { name, dataset_id: section.dataset_id.map(Name::from) });
    }
}

/// Whether an instance says anything else than a section, times of sub-attributes apart.
pub(super) fn differs(section: &Section<'_>, instance: &Instance) -> bool {
    differs_from(section, &encode_instance(instance), instance)
}

fn differs_from(section: &Section<'_>, bytes: &[u8], instance: &Instance) -> bool {
    if section.bytes == bytes {
        return false;
    }
    let Ok(before) = section.instance() else { return true };
    if !before.has_attributes() || instance.attributes.is_empty() {
        return true;
    }
    match before.to_instance(instance.dataset_id.clone(), None, None) {
        Ok(before) => before.without_times() != instance.clone().without_times(),
        Err(_) => true,
    }
}

/// The sections of a document by their keys.
pub(super) struct Sections<'d> {
    document: &'d Document<'d>,
    index: Option<HashMap<(&'d str, Option<&'d str>), &'d Section<'d>>>,
}

impl<'d> Sections<'d> {
    /// Up to here looking through all is faster.
    const FEW: usize = 16;

    pub(super) fn of(document: &'d Document<'d>) -> Self {
        let key = |section: &'d Section<'d>| ((section.name, section.dataset_id), section);
        let index = (document.sections.len() > Self::FEW).then(|| document.sections.iter().map(key).collect());
        Self { document, index }
    }

    pub(super) fn find(&self, name: &str, dataset_id: Option<&str>) -> Option<&'d Section<'d>> {
        match &self.index {
            Some(index) => index.get(&(name, dataset_id)).copied(),
            None => self.document.section(name, dataset_id),
        }
    }
}
