//! Of several processes one serves a city.

use std::sync::Arc;
use std::time::Duration;

use machi_store::{Commit, Decision, Store, StoreError};
use machi_store_postgres::{Options, PostgresStore};
use machi_testkit::Postgres;
use machi_types::{Language, SystemClock, TenantId};

async fn open(options: &Options) -> PostgresStore {
    PostgresStore::open(options, Vec::new(), Arc::new(SystemClock)).await.unwrap()
}

fn nothing() -> Commit {
    let things = machi_store::Collection("things");
    Commit::new(TenantId::default_tenant()).with(things, "a".into(), |_: Option<&_>| Ok(Decision::Keep))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_serves_a_city_and_none_that_has_lost_its_claim() {
    let server = Postgres::start();
    let options = Options::new(&server.database());
    let (one, other) = (open(&options).await, open(&options).await);
    let claim = one.claim(&options).await.unwrap();
    assert!(matches!(other.claim(&options).await, Err(StoreError::Served)));
    drop(claim);
    let claim = other.claim(&options).await.unwrap();
    other.commit(nothing()).await.unwrap();
    // The connection is lost, and another process is faster.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'; \
               SELECT pg_advisory_lock(LOCK), pg_sleep(2)"
        .replace("LOCK", &0x006d_6163_6869_0001_i64.to_string());
    let mut usurper = server.client("psql");
    let name = options.url.rsplit('=').next().unwrap();
    let mut usurper = usurper.args(["-q", "-d", name, "-c", &end]).stdout(std::process::Stdio::null()).spawn().unwrap();
    let refused = async {
        while other.commit(nothing()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        other.commit(nothing()).await
    };
    let refused = tokio::time::timeout(Duration::from_secs(10), refused).await.unwrap();
    assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
    let trouble = other.trouble().unwrap();
    assert!(trouble.in_language(Language::English).contains("another process"), "{trouble:?}");
    assert!(usurper.wait().unwrap().success());
    let taken = async {
        while other.commit(nothing()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), taken).await.unwrap();
    drop(claim);
}
