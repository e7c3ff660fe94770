//! What a batch of commits has decided so far, on top of what is visible: later commits of it see the earlier ones.

use std::sync::Arc;

use machi_store::{Document, DocumentNo};
use machi_types::Name;
use rustc_hash::FxHashMap;

use super::Decided;
use crate::spaces::Space;

/// What a batch has decided so far, on top of what is visible.
#[derive(Default)]
pub(super) struct Overlay {
    pub(super) documents: FxHashMap<(u32, u64), Vec<Overlaid>>,
    pub(super) next_numbers: FxHashMap<u32, DocumentNo>,
    pub(super) new_spaces: Vec<Arc<Space>>,
}

/// A document as the batch has left it.
#[derive(Clone)]
pub(super) struct Overlaid {
    pub(super) id: Name,
    pub(super) number: DocumentNo,
    pub(super) document: Option<Arc<Document>>,
}

impl Overlay {
    /// A space comes into being with its first change: only then does the journal tell of it.
    pub(super) fn forget_unused_spaces(&mut self, decided: &[Decided]) {
        let changes = || decided.iter().flat_map(|decided| &decided.changes);
        self.new_spaces.retain(|space| changes().any(|ready| ready.space.number == space.number));
    }

    /// The document as the batch has left it, where it has touched it.
    pub(super) fn find(&self, space: &Space, hash: u64, id: &str) -> Option<&Overlaid> {
        self.documents.get(&(space.number, hash))?.iter().find(|overlaid| *overlaid.id == *id)
    }

    /// Takes note of what a commit made of a document.
    pub(super) fn put(&mut self, space: &Space, hash: u64, overlaid: Overlaid) {
        let list = self.documents.entry((space.number, hash)).or_default();
        match list.iter_mut().find(|other| other.id == overlaid.id) {
            Some(other) => *other = overlaid,
            None => list.push(overlaid),
        }
    }

    /// The number of the next new document of a space.
    pub(super) fn take_number(&mut self, space: &Space) -> DocumentNo {
        let next = self.next_numbers.entry(space.number).or_insert_with(|| space.ids.read().next());
        let number = *next;
        next.0 += 1;
        number
    }
}
