//! The collections in which this block keeps its documents.

use std::sync::Arc;

use machi_store::{CollectionSpec, NoFacets};

pub use crate::account::ACCOUNTS;

/// What a store must know of the collections when it is opened.
pub fn specs() -> Vec<CollectionSpec> {
    vec![CollectionSpec { collection: ACCOUNTS, derive: Arc::new(NoFacets) }]
}
