//! The collections in which this block keeps its documents, and what derives their facets.

use std::sync::Arc;

pub use machi_face::ENTITIES;
use machi_face::contexts::{CONTEXT_TEXTS, CONTEXTS};
pub use machi_face::once::ANSWERS;
use machi_store::{Collection, CollectionSpec, NoFacets};

use crate::domain::facets::DeriveEntities;
pub(crate) use crate::service::indexes::INDEXES;
use crate::subscriptions::parked::DeriveParked;
pub use crate::subscriptions::parked::{DEAD_LETTERS, DELIVERIES};
pub use crate::subscriptions::stored::SUBSCRIPTIONS;
use machi_face::once::DeriveAnswers;

/// Tenants that are being restored; a row is there just as long as that takes.
pub const RESTORES: Collection = Collection("restores");

/// What goes along when a tenant is exported; subscriptions last, so that nothing that comes back notifies anybody.
pub(crate) const EXPORTED: [Collection; 8] =
    [CONTEXTS, CONTEXT_TEXTS, INDEXES, ENTITIES, ANSWERS, DELIVERIES, DEAD_LETTERS, SUBSCRIPTIONS];

/// What a store must know of the collections when it is opened.
pub fn specs() -> Vec<CollectionSpec> {
    vec![
        CollectionSpec { collection: ENTITIES, derive: Arc::new(DeriveEntities) },
        CollectionSpec { collection: CONTEXTS, derive: Arc::new(NoFacets) },
        CollectionSpec { collection: CONTEXT_TEXTS, derive: Arc::new(NoFacets) },
        CollectionSpec { collection: ANSWERS, derive: Arc::new(DeriveAnswers) },
        CollectionSpec { collection: SUBSCRIPTIONS, derive: Arc::new(NoFacets) },
        CollectionSpec { collection: DELIVERIES, derive: Arc::new(DeriveParked) },
        CollectionSpec { collection: DEAD_LETTERS, derive: Arc::new(DeriveParked) },
        CollectionSpec { collection: RESTORES, derive: Arc::new(NoFacets) },
        CollectionSpec { collection: INDEXES, derive: Arc::new(NoFacets) },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_export_holds_stands_in_the_api_design() {
        let design = include_str!("../../../docs/api-design.md");
        let told = design.lines().find(|line| line.starts_with("The collections come in this order:")).unwrap();
        let others = EXPORTED.iter().filter(|collection| **collection != ENTITIES);
        let places: Vec<_> = others.map(|collection| told.find(&format!("`{}`", collection.0))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in {told}");
    }
}
