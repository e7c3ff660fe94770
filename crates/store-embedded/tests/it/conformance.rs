//! The suite of the port, on fresh folders.

use std::cell::Cell;
use std::sync::Arc;

use machi_store::conformance::{self, Open};
use machi_store::{CollectionSpec, Store};
use machi_store_embedded::{EmbeddedStore, Options};
use machi_types::{Clock, FixedClock, Timestamp};
use tempfile::TempDir;

/// Opens stores in folders that live as long as this does.
struct Folders {
    parent: TempDir,
    opened: Cell<u32>,
    options: Options,
    restarts: bool,
}

impl Folders {
    fn new(options: Options, restarts: bool) -> Self {
        Self { parent: tempfile::tempdir().unwrap(), opened: Cell::new(0), options, restarts }
    }

    fn open_newest(&self, collections: Vec<CollectionSpec>, clock: Arc<dyn Clock>) -> Arc<dyn Store> {
        let folder = self.parent.path().join(self.opened.get().to_string());
        Arc::new(EmbeddedStore::open(&folder, collections, clock, self.options).expect("the folder opens"))
    }
}

impl Open for Folders {
    async fn open(&self, collections: Vec<CollectionSpec>, clock: Arc<dyn Clock>) -> Arc<dyn Store> {
        self.opened.set(self.opened.get() + 1);
        self.open_newest(collections, clock)
    }

    async fn restart(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        if !self.restarts {
            return store;
        }
        drop(store);
        let clock = FixedClock::new(Timestamp::from_micros(1_000_000));
        self.open_newest(conformance::collections(), Arc::new(clock))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_engine_passes_the_suite() {
    conformance::run(&Folders::new(Options::default(), false)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_passes_with_restarts_and_everything_small() {
    let options = Options {
        document_cache_bytes: 1 << 16,
        note_bytes: 1 << 16,
        block_cache_bytes: 1 << 16,
        segment_bytes: 1 << 14,
        checkpoint_bytes: 1 << 15,
        tail_bytes: 1 << 13,
        ..Options::default()
    };
    conformance::run(&Folders::new(options, true)).await;
}
