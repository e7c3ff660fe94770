//! What the store finds by facets is what the plain evaluator says.

use std::sync::Arc;

use machi_store::memory::MemoryStore;
use machi_types::SystemClock;

use crate::collections::specs;
use crate::conformance;

#[tokio::test]
async fn random_questions_are_answered_as_the_plain_evaluator_does() {
    for seed in 1..=2 {
        let store = Arc::new(MemoryStore::new(specs(), Arc::new(SystemClock)));
        conformance::run(store, seed, 500).await;
    }
}
