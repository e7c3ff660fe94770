//! Added indexes: facets that a block derives only where somebody has asked for them.
//!
//! A block defines an index by a text of its own, and declares to the store which ones a collection of a
//! tenant shall have; the store builds what is new in the background, keeps it up to date, and drops what is
//! no longer declared. Conditions use it by [`Filter::Indexed`](crate::Filter::Indexed).

use std::fmt::Debug;

use machi_types::Name;

use crate::{Facet, Filter, NameNo, Names, SectionKey};

/// Tells the facets that one added index keeps; a pure function of its input.
pub trait DeriveAdded: Debug + Send + Sync {
    /// The name of the sections that it reads.
    fn reads(&self) -> NameNo;
    /// The names that its facets carry, and no others do.
    fn names(&self) -> &[NameNo];
    /// Hands the facets of a section to `facet`.
    fn section(&self, names: &dyn Names, key: SectionKey, body: &[u8], facet: &mut dyn FnMut(Facet<'_>));
}

/// A condition that an added index may answer.
#[derive(Clone, Debug)]
pub struct Indexed {
    /// The text that defines the index.
    pub definition: Name,
    /// The condition, told by the index's facets.
    pub indexed: Filter,
    /// The same without them: what it means, and what is asked where the index is not complete.
    pub otherwise: Filter,
}

/// How far an added index is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexStatus {
    /// The text that defines it.
    pub definition: Name,
    /// How many documents are in it.
    pub documents: u64,
    /// How many there are.
    pub of: u64,
    /// Whether it answers conditions.
    pub is_complete: bool,
}
