//! The machine's clock may be wrong: the times of commits go on from the last one, and a jump far ahead is not
//! believed until somebody confirms it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use machi_store::StoreError;
use machi_store::conformance::collections;
use machi_store_embedded::{EmbeddedStore, Options};
use machi_types::{Clock, FixedClock, Timestamp};

use crate::things::{all, set};

const HOUR: i64 = 3_600;
const TEN_YEARS: i64 = 10 * 365 * 24 * HOUR;

fn open(folder: &Path, clock: &Arc<FixedClock>) -> EmbeddedStore {
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    EmbeddedStore::open(folder, collections(), clock, Options::default()).unwrap()
}

fn noon() -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000)
}

fn after(time: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_micros(time.micros() + seconds * 1_000_000)
}

#[tokio::test]
async fn a_clock_set_back_by_an_hour_keeps_counting_from_the_last_commit() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock::new(noon()));
    let store = open(folder.path(), &clock);
    let first = set(&store, "one", 1, 1).await.unwrap();
    assert_eq!((first.time, store.clock_lag()), (noon(), Duration::ZERO));
    clock.set(after(noon(), -HOUR));
    assert_eq!(store.clock_lag(), Duration::from_hours(1));
    let second = set(&store, "one", 1, 2).await.unwrap();
    assert_eq!(second.time.micros(), first.time.micros() + 1);
    drop(store);
    let store = open(folder.path(), &clock);
    let third = set(&store, "one", 1, 3).await.unwrap();
    assert_eq!(third.time.micros(), first.time.micros() + 2);
    // Set right again, it is believed: what was true once is no jump.
    clock.set(after(noon(), 10));
    assert_eq!(set(&store, "one", 1, 4).await.unwrap().time, after(noon(), 10));
    store.verify().unwrap();
}

#[tokio::test]
async fn a_clock_set_ahead_by_ten_years_is_believed_only_once_it_is_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock::new(noon()));
    let store = open(folder.path(), &clock);
    set(&store, "one", 1, 1).await.unwrap();
    clock.set(after(noon(), TEN_YEARS));
    let refused = set(&store, "one", 1, 2).await.unwrap_err();
    assert!(matches!(&refused, StoreError::ReadOnly { .. }), "{refused}");
    assert!(refused.to_string().contains("machi clock accept"), "{refused}");
    assert_eq!(all(&store, "one").await.len(), 1, "reads go on");
    clock.set(after(noon(), 1));
    assert_eq!(set(&store, "one", 1, 3).await.unwrap().time, after(noon(), 1));
    clock.set(after(noon(), TEN_YEARS));
    assert!(set(&store, "one", 1, 4).await.is_err());
    store.accept_clock().unwrap();
    assert_eq!(set(&store, "one", 1, 5).await.unwrap().time, after(noon(), TEN_YEARS));
    // Confirmed in error: from there on time goes on by the smallest step, and never back.
    clock.set(after(noon(), 2));
    assert_eq!(set(&store, "one", 1, 6).await.unwrap().time.micros(), after(noon(), TEN_YEARS).micros() + 1);
    drop(store);
    let store = open(folder.path(), &clock);
    assert_eq!(set(&store, "one", 1, 7).await.unwrap().time.micros(), after(noon(), TEN_YEARS).micros() + 2);
    store.verify().unwrap();
}
