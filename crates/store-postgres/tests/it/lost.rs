//! Connections that break off while a commit is on its way.

use std::sync::Arc;

use machi_store::{
    Change, Collection, CollectionSpec, Commit, Decision, Document, NoFacets, Outcome, Store, StoreError,
};
use machi_store_postgres::{Options, PostgresStore};
use machi_testkit::{Cut, Postgres, Wire};
use machi_types::{SystemClock, TenantId};

const THINGS: Collection = Collection("things");

struct City {
    wire: Wire,
    store: PostgresStore,
    /// The same city, reached without the wire.
    other: PostgresStore,
}

async fn open(address: &str) -> PostgresStore {
    let things = CollectionSpec { collection: THINGS, derive: Arc::new(NoFacets) };
    PostgresStore::open(&Options::new(address), vec![things], Arc::new(SystemClock)).await.unwrap()
}

async fn city(server: &Postgres) -> City {
    let address = server.database();
    let name = address.rsplit('=').next().unwrap();
    let wire = Wire::to(server.folder());
    let store = open(&Postgres::address_in(wire.folder(), name)).await;
    City { wire, store, other: open(&address).await }
}

/// Makes a document, or finds it there.
fn create(id: &str) -> Commit {
    let decide = |current: Option<&Document>| {
        let change = || Change { head: Some("{}".into()), ..Change::default() };
        Ok(if current.is_some() { Decision::Keep } else { Decision::Change(change()) })
    };
    Commit::new(TenantId::default_tenant()).with(THINGS, id.into(), decide)
}

impl City {
    /// What came of making a document, and whether it is there.
    async fn created(&self, id: &str) -> (Result<Outcome, StoreError>, bool) {
        let receipt = self.store.commit(create(id)).await;
        assert!(self.wire.is_cut());
        let there = self.other.view().document(&TenantId::default_tenant(), THINGS, id).await.unwrap();
        (receipt.map(|receipt| receipt.outcomes.into_iter().next().unwrap()), there.is_some())
    }
}

// Whoever waits is told what came of it, once: nothing is decided a second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_was_lost_is_answered_as_what_it_is() {
    let server = Postgres::start();
    let city = city(&server).await;
    assert!(matches!(city.created("a").await, (Ok(Outcome::Created { .. }), true)));
    city.wire.cut(Cut::AfterCommit);
    let (outcome, is_there) = city.created("b").await;
    assert!(matches!(outcome, Ok(Outcome::Created { .. })) && is_there, "{outcome:?}");
    city.wire.cut(Cut::BeforeCommit);
    let (outcome, is_there) = city.created("c").await;
    assert!(matches!(outcome, Err(StoreError::Away(_))) && !is_there, "{outcome:?}");
    let (outcome, is_there) = city.created("c").await;
    assert!(matches!(outcome, Ok(Outcome::Created { .. })) && is_there, "{outcome:?}");
    assert!(matches!(city.created("b").await, (Ok(Outcome::Kept), true)));
}

// Where nobody can say what came of it, that is what is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_database_stays_away_what_came_of_a_commit_is_uncertain() {
    let server = Postgres::start();
    let city = city(&server).await;
    city.wire.cut(Cut::ForGood);
    let (outcome, is_there) = city.created("a").await;
    assert!(matches!(outcome, Err(StoreError::Uncertain(_))) && is_there, "{outcome:?}");
    let (outcome, is_there) = city.created("b").await;
    assert!(matches!(outcome, Err(StoreError::Away(_))) && !is_there, "{outcome:?}");
}
