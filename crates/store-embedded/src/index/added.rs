//! Added indexes of a space: what each derives, and up to which document it has come.

use std::sync::Arc;

use machi_store::{DeriveAdded, DocumentNo, Names, SectionKey};
use machi_types::Name;

use super::space::SpaceIndex;

/// An added index.
#[derive(Clone, Debug)]
pub(crate) struct Added {
    /// The text that defines it.
    pub(crate) definition: Name,
    pub(crate) derive: Arc<dyn DeriveAdded>,
    /// Documents with smaller numbers are in it, and kept up to date.
    pub(crate) upto: u32,
}

impl Added {
    /// One that has yet to be built.
    pub(crate) fn new(definition: Name, derive: Arc<dyn DeriveAdded>) -> Self {
        Self { definition, derive, upto: 0 }
    }

    /// Whether every document is in it, those that are still to come included.
    pub(crate) fn is_complete(&self) -> bool {
        self.upto == u32::MAX
    }
}

impl SpaceIndex {
    /// Whether an added index answers conditions.
    pub(crate) fn has_complete(&self, definition: &str) -> bool {
        self.added.iter().any(|added| *added.definition == *definition && added.is_complete())
    }

    /// Adds or removes what the added indexes keep of a section.
    pub(crate) fn update_added(
        &mut self,
        names: &dyn Names,
        number: DocumentNo,
        (key, body): (SectionKey, &[u8]),
        seed: Option<u64>,
    ) {
        let indexes = std::mem::take(&mut self.added);
        for added in indexes.iter().filter(|added| number.0 < added.upto && added.derive.reads() == key.name) {
            added.derive.section(names, key, body, &mut |facet| match seed {
                Some(seed) => self.add(number, &facet, seed),
                None => self.remove(number, &facet),
            });
        }
        self.added = indexes;
    }

    /// Drops an added index with its facets.
    pub(crate) fn drop_added(&mut self, definition: &str) {
        let Some(at) = self.added.iter().position(|added| *added.definition == *definition) else { return };
        let added = self.added.remove(at);
        let is_other = |name| !added.derive.names().contains(&name);
        self.attributes.retain(|(name, _), _| is_other(*name));
        self.instances.retain(|name, _| is_other(*name));
        self.tags.retain(|tag, _| is_other(tag.name));
    }
}
