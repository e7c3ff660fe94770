//! An archive that cannot be written, and a feed that does not reach back to the beginning.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use machi_archive::memory::MemoryArchive;
use machi_archive::retention::{Retained, Retention};
use machi_archive::{Archive, ArchiveError, Delivery, Snapshot};
use machi_face::AsOf;
use machi_history::collections::AMENDMENTS;
use machi_history::config::Config;
use machi_store::altered::{Alteration, AlteredStore};
use machi_store::memory::MemoryStore;
use machi_store::{Answer, Entry, Filter, Find, Position, Store, StoreError};
use machi_types::{FixedClock, Language, TenantId, Text};
use serde_json::json;

use crate::city::{City, EVOLUTIONS, all, at, collections};

const ROOM: &str = "urn:ngsi-ld:Room:1";

/// An archive that takes nothing while its disk is full or somebody holds it up, or takes what comes and ends before it
/// says so.
#[derive(Debug, Default)]
struct Full {
    memory: MemoryArchive,
    refuses: AtomicBool,
    ends: AtomicBool,
    is_held_up: AtomicBool,
}

impl Archive for Full {
    fn open(&self, tenant: &TenantId) -> Result<Arc<dyn Snapshot>, ArchiveError> {
        self.memory.open(tenant)
    }

    fn take(&self, tenant: &TenantId, delivery: Delivery<'_>) -> Result<(), ArchiveError> {
        if self.refuses.load(Ordering::SeqCst) {
            return Err(ArchiveError::Unreachable {
                place: "here".into(),
                what: "written",
                reason: Text::both("it is full", "満杯です"),
            });
        }
        while self.is_held_up.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.memory.take(tenant, delivery)?;
        if self.ends.load(Ordering::SeqCst) {
            return Err(ArchiveError::Unreachable {
                place: "here".into(),
                what: "written",
                reason: Text::both("it ended", "終わりました"),
            });
        }
        Ok(())
    }

    fn retain(&self, tenant: &TenantId, retention: &Retention) -> Result<Retained, ArchiveError> {
        self.memory.retain(tenant, retention)
    }

    fn erase(&self, tenant: &TenantId) -> Result<(), ArchiveError> {
        self.memory.erase(tenant)
    }
}

/// A feed that has forgotten its beginning.
#[derive(Debug)]
struct Forgetful {
    has_forgotten: AtomicBool,
}

impl Alteration for Forgetful {
    fn feed<'a>(
        &'a self,
        memory: &'a MemoryStore,
        after: &Position,
        limit: usize,
    ) -> Answer<'a, (Vec<Arc<Entry>>, Position)> {
        if *after == Position::default() && self.has_forgotten.load(Ordering::SeqCst) {
            let gone = StoreError::PositionGone(after.to_string());
            return Box::pin(async move { Err(gone) });
        }
        memory.feed(after, limit)
    }
}

fn memory_store(clock: &Arc<FixedClock>) -> MemoryStore {
    MemoryStore::new(collections(), clock.clone())
}

async fn write(city: &City, hour: u32) {
    city.write(&[json!({"id": ROOM, "type": "Room", "scope": "/A", "a": at(hour, hour)})]).await;
}

// An acknowledged write is in the past at once, also while the archive takes nothing.
#[tokio::test]
async fn what_cannot_be_archived_is_told_all_the_same_and_archived_later() {
    let clock = Arc::new(FixedClock::new("2026-11-22T10:00:00Z".parse().unwrap()));
    let archive = Arc::new(Full::default());
    let config = Config { memory: 3000, archive_after: Duration::from_hours(1), ..Config::default() };
    let city = City::over(Arc::new(memory_store(&clock)), archive.clone(), clock, config);
    write(&city, 0).await;
    city.history.archive_now().await.unwrap();
    archive.refuses.store(true, Ordering::SeqCst);
    for hour in 1..20 {
        write(&city, hour).await;
        assert_eq!(city.said(ROOM, "a").await.len(), hour as usize + 1);
    }
    let trouble = city.history.trouble().expect("an operator is told");
    assert!(
        trouble.in_language(Language::English).contains("here cannot be written: it is full; history does not go on"),
        "{trouble:?}"
    );
    assert!(trouble.in_language(Language::Japanese).contains("満杯です。解消するまで"), "{trouble:?}");
    let told = json!({"id": ROOM, "type": "Room", "a": at(0, "corrected")});
    city.done("POST", EVOLUTIONS, &told).await;
    assert!(city.history.archive_now().await.is_err());
    let before = all(&*city.past().await, ROOM);
    archive.refuses.store(false, Ordering::SeqCst);
    city.history.archive_now().await.unwrap();
    assert_eq!(all(&*city.past().await, ROOM), before);
    let archived = archive.open(&TenantId::default_tenant()).unwrap();
    assert_eq!(all(&*archived, ROOM), before);
    assert_eq!(city.history.trouble(), None);
    // Nothing is kept any longer for what could not be archived the first time.
    assert_eq!(amendments(&city).await, 0);
    assert!(city.store.cursor("history").await.unwrap().unwrap().reaches(&archived.position()));
}

// Whoever waits for the archive may go away: what was on its way is handed over by the next one.
#[tokio::test]
async fn what_was_on_its_way_when_somebody_went_away_is_handed_over() {
    let clock = Arc::new(FixedClock::new("2026-11-22T10:00:00Z".parse().unwrap()));
    let archive = Arc::new(Full::default());
    let city = City::over(Arc::new(memory_store(&clock)), archive.clone(), clock, Config::default());
    write(&city, 1).await;
    city.done("POST", EVOLUTIONS, &json!({"id": ROOM, "type": "Room", "a": at(0, 5)})).await;
    let before = all(&*city.past().await, ROOM);
    assert_eq!(amendments(&city).await, 1);
    archive.is_held_up.store(true, Ordering::SeqCst);
    tokio::select! {
        biased;
        archived = city.history.archive_now() => panic!("it waits for the archive: {archived:?}"),
        () = std::future::ready(()) => {}
    }
    archive.is_held_up.store(false, Ordering::SeqCst);
    city.history.archive_now().await.unwrap();
    assert_eq!(all(&*city.past().await, ROOM), before);
    assert_eq!(amendments(&city).await, 0);
    assert!(
        city.store
            .cursor("history")
            .await
            .unwrap()
            .unwrap()
            .reaches(&archive.open(&TenantId::default_tenant()).unwrap().position())
    );
}

/// How many amendments still lie in the store.
async fn amendments(city: &City) -> usize {
    let find = Find::new(TenantId::default_tenant(), AMENDMENTS, Filter::All);
    city.store.view().find(find).await.unwrap().rows.len()
}

// A city that had no history before begins with what it is.
#[tokio::test]
async fn history_begins_with_the_city_as_it_is_where_the_feed_does_not_reach_back() {
    let clock = Arc::new(FixedClock::new("2026-11-22T10:00:00Z".parse().unwrap()));
    let alteration = Forgetful { has_forgotten: AtomicBool::new(true) };
    let store = Arc::new(AlteredStore { memory: memory_store(&clock), alteration });
    let config = Config { memory: 10_000, archive_after: Duration::from_hours(1), ..Config::default() };
    let city = City::over(store, Arc::new(MemoryArchive::default()), clock, config);
    for number in 0..200 {
        let thing = json!({"id": format!("urn:ngsi-ld:Thing:{number}"), "type": "Thing", "a": at(1, number)});
        city.write(&[thing]).await;
    }
    write(&city, 1).await;
    write(&city, 2).await;
    let before = all(&*city.past().await, ROOM);
    // Of the changes before only what came of them is known.
    let values: Vec<_> =
        before.iter().map(|(series, _)| series.attribute.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(values, ["a", "scope"]);
    assert!(city.evolution("urn:ngsi-ld:Thing:199").await.is_some());
    write(&city, 3).await;
    assert_eq!(city.said(ROOM, "a").await.len(), 2);
    assert_eq!(city.restarted().said(ROOM, "a").await, city.said(ROOM, "a").await);
    assert_eq!(city.restarted().instances("urn:ngsi-ld:Thing:7", "a").await.len(), 1);
    // Before that nothing is known, and not that there was nothing.
    let earlier = AsOf::parse("asOf", "2026-11-22T09:00:00Z").unwrap();
    let refused = city.face().view(&TenantId::default_tenant(), Some(&earlier)).await.unwrap_err();
    assert!(refused.to_string().contains("begins"), "{refused}");
}

// What was archived by a process that ended before it could save its place is not taken twice.
#[tokio::test]
async fn a_delivery_without_its_receipt_is_taken_once() {
    let clock = Arc::new(FixedClock::new("2026-11-22T10:00:00Z".parse().unwrap()));
    let archive = Arc::new(Full::default());
    let city = City::over(Arc::new(memory_store(&clock)), archive.clone(), clock, Config::default());
    write(&city, 1).await;
    city.history.archive_now().await.unwrap();
    write(&city, 2).await;
    let told = json!({"id": ROOM, "type": "Room", "a": [at(1, "corrected"), {"value": 5}]});
    city.done("POST", EVOLUTIONS, &told).await;
    archive.ends.store(true, Ordering::SeqCst);
    let before = all(&*city.past().await, ROOM);
    assert!(city.history.archive_now().await.is_err());
    archive.ends.store(false, Ordering::SeqCst);
    let other = city.restarted();
    assert_eq!(all(&*other.past().await, ROOM), before);
    write(&other, 3).await;
    assert_eq!(all(&*other.past().await, ROOM).len(), before.len() + 1);
    other.history.archive_now().await.unwrap();
    assert_eq!(all(&*other.restarted().past().await, ROOM).len(), before.len() + 1);
}
