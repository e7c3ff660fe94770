//! Commits that a test stages.

use std::fmt;

use machi_store::altered::Alteration;
use machi_store::memory::MemoryStore;
use machi_store::{Answer, Commit, Receipt};

/// How a commit is made.
pub(crate) type Committing = for<'a> fn(&'a MemoryStore, Commit) -> Answer<'a, Receipt>;

/// Commits are made by a function.
pub(crate) struct Staged(pub(crate) Committing);

impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Staged")
    }
}

impl Alteration for Staged {
    fn commit<'a>(&'a self, memory: &'a MemoryStore, commit: Commit) -> Answer<'a, Receipt> {
        (self.0)(memory, commit)
    }
}
