//! Whatever the embedded engine finds, counts and orders by its indexes, added ones included, is what the plain
//! evaluator says of each entity.

use std::sync::Arc;

use machi_broker::{collections, conformance};
use machi_store_embedded::{EmbeddedStore, Options};
use machi_types::SystemClock;

#[test]
fn the_embedded_engine_obeys_the_law_of_queries() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for seed in 1..=6 {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(folder.path(), collections::specs(), Arc::new(SystemClock), Options::default());
        let store = Arc::new(store.unwrap());
        runtime.block_on(conformance::run(Arc::clone(&store) as _, seed, 400));
        store.verify().unwrap();
    }
}
