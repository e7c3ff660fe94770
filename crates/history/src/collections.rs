//! The collections in which this block keeps its documents.

use std::sync::Arc;

use machi_store::{Collection, CollectionSpec, NoFacets};

pub use crate::amendment::AMENDMENTS;

/// What history remembers of itself.
pub const MARKS: Collection = Collection("history");

/// What a store must know of the collections when it is opened.
pub fn specs() -> Vec<CollectionSpec> {
    [AMENDMENTS, MARKS].map(|collection| CollectionSpec { collection, derive: Arc::new(NoFacets) }).into()
}
