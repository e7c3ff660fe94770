//! How a subscription lies in the store: its definition in one section, its numbers in another, so that counting
//! neither rewrites the definition nor changes when it was last modified.

use std::sync::Arc;

use bytes::Bytes;
use machi_store::{
    Change, Collection, Decision, Document, Entry, NameNo, Names, Section, SectionChange, SectionKey, SetSection, Stamp,
};
use machi_types::{Json, JsonError, Timestamp, json};

use super::domain::counters::Figures;

/// Subscriptions.
pub const SUBSCRIPTIONS: Collection = Collection("subscriptions");

const DEFINITION: &str = "@definition";
const FIGURES: &str = "@figures";
const DEPTH: usize = 128;

/// The section that holds what a subscriber said.
pub(crate) fn definition_key(names: &dyn Names) -> SectionKey {
    SectionKey::new(names.intern(DEFINITION), NameNo::NONE)
}

fn figures_key(names: &dyn Names) -> SectionKey {
    SectionKey::new(names.intern(FIGURES), NameNo::NONE)
}

/// Whether sections hold a subscription.
pub(crate) fn is_subscription(sections: &[Section], names: &dyn Names) -> bool {
    let definition = sections.iter().find(|section| section.key == definition_key(names));
    let json = definition.map(|section| json::parse(&section.body, DEPTH));
    matches!(json, Some(Ok(Json::Object(_))))
}

/// A kept subscription, read.
#[derive(Debug)]
pub(crate) struct StoredSubscription {
    document: Arc<Document>,
    definition: Bytes,
    pub(crate) modified_at: Timestamp,
    pub(crate) figures: Figures,
}

impl StoredSubscription {
    /// Reads a document; nothing where it holds no definition.
    pub(crate) fn read(document: Arc<Document>, names: &dyn Names) -> Option<Self> {
        let section = document.section(definition_key(names))?;
        let (definition, modified_at) = (section.body.clone(), section.modified);
        let figures = document.section(figures_key(names)).map(|section| Figures::decode(&section.body));
        Some(Self { definition, modified_at, figures: figures.unwrap_or_default(), document })
    }

    /// The definition.
    pub(crate) fn json(&self) -> Result<Json<'_>, JsonError> {
        json::parse(&self.definition, DEPTH)
    }

    /// When it came to be.
    pub(crate) fn created_at(&self) -> Timestamp {
        self.document.created
    }

    /// The definition's text.
    pub(crate) fn definition(&self) -> &[u8] {
        &self.definition
    }
}

/// Sets the definition; a new subscription's numbers start from nothing.
pub(crate) fn define(definition: &Json<'_>, names: &dyn Names) -> Decision {
    set(definition_key(names), definition.to_text().into())
}

/// Writes the numbers down, where the subscription is still there.
pub(crate) fn count(current: Option<&Document>, figures: &Figures, names: &dyn Names) -> Decision {
    match current {
        Some(_) => set(figures_key(names), figures.encode().into()),
        None => Decision::Keep,
    }
}

fn set(key: SectionKey, body: Bytes) -> Decision {
    let section = SetSection { key, body, created: Stamp::Keep };
    Decision::Change(Change { set: vec![section], ..Change::default() })
}

/// The numbers that come with a definition: those of a subscription that was restored.
pub(crate) fn figures_of(entry: &Entry, names: &dyn Names) -> Figures {
    let key = figures_key(names);
    let figures = entry.sections.iter().filter_map(|change| change.new.as_ref()).find(|section| section.key == key);
    figures.map(|section| Figures::decode(&section.body)).unwrap_or_default()
}

/// What an entry of the feed says of a definition: its new text and time, or nothing where it was not touched.
pub(crate) fn redefinition<'e>(entry: &'e Entry, names: &dyn Names) -> Option<&'e SectionChange> {
    let key = definition_key(names);
    let is_definition =
        |change: &&SectionChange| change.new.as_ref().or(change.old.as_ref()).is_some_and(|section| section.key == key);
    entry.sections.iter().find(is_definition)
}
