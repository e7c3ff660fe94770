//! The suite of the port, on fresh databases.

use std::sync::Arc;

use machi_store::conformance::{self, Open};
use machi_store::{CollectionSpec, Store};
use machi_store_postgres::{Options, PostgresStore};
use machi_testkit::Postgres;
use machi_types::Clock;
use parking_lot::Mutex;

/// Opens stores in databases of one server.
struct Databases {
    server: Postgres,
    newest: Mutex<Option<Opened>>,
    restarts: bool,
}

/// How the newest store was opened.
struct Opened {
    url: String,
    collections: Vec<CollectionSpec>,
    clock: Arc<dyn Clock>,
}

impl Databases {
    async fn store(&self) -> Arc<PostgresStore> {
        let (options, collections, clock) = {
            let newest = self.newest.lock();
            let opened = newest.as_ref().unwrap();
            (Options::new(&opened.url), opened.collections.clone(), Arc::clone(&opened.clock))
        };
        Arc::new(PostgresStore::open(&options, collections, clock).await.unwrap())
    }
}

impl Open for Databases {
    async fn open(&self, collections: Vec<CollectionSpec>, clock: Arc<dyn Clock>) -> Arc<dyn Store> {
        *self.newest.lock() = Some(Opened { url: self.server.database(), collections, clock });
        self.store().await
    }

    /// What another process would know: nothing but the database.
    async fn restart(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        let other = self.store().await;
        other.verify().await.unwrap();
        if self.restarts { other } else { store }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_passes_the_suite() {
    let server = Postgres::start();
    conformance::run(&Databases { server, newest: Mutex::default(), restarts: false }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_goes_on_where_one_was() {
    let server = Postgres::start();
    conformance::run(&Databases { server, newest: Mutex::default(), restarts: true }).await;
}
