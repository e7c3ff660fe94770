//! The in-memory reference against the suite: the laws, and itself.

use std::sync::Arc;

use machi_store::conformance::{self, Open};
use machi_store::memory::MemoryStore;
use machi_store::{CollectionSpec, Store};
use machi_types::Clock;

struct Memory;

impl Open for Memory {
    async fn open(&self, collections: Vec<CollectionSpec>, clock: Arc<dyn Clock>) -> Arc<dyn Store> {
        Arc::new(MemoryStore::new(collections, clock))
    }
}

#[tokio::test]
async fn the_reference_passes_its_own_suite() {
    conformance::run(&Memory).await;
}
