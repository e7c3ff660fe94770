//! Names of sections keep their numbers over crashes, in whatever order callers and facets came by others; and what
//! nothing uses is not on disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use machi_store::conformance::THINGS;
use machi_store::{
    Change, CollectionSpec, Commit, Decision, Derive, Document, Facet, FacetValue, NameNo, Names, Receipt, Refusal,
    SectionKey, SetSection, Stamp, Store, StoreError,
};
use machi_store_embedded::{EmbeddedStore, Options};
use machi_types::{Name, SystemClock, TenantId};

use crate::crash::process::{copy, copy_at_work};
use crate::things::set;

/// A tag per head; a caller comes by a name of its own in the same moment.
#[derive(Debug)]
struct Interrupted {
    /// What the caller has just read.
    beside: Option<&'static str>,
}

impl Derive for Interrupted {
    fn head(&self, names: &dyn Names, head: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        if let Some(beside) = self.beside {
            names.intern(beside);
        }
        let tag = FacetValue::Tag(names.intern(std::str::from_utf8(head).unwrap_or_default()));
        facet(Facet { name: names.intern("@tag"), instance: NameNo::NONE, value: tag });
    }

    fn section(&self, _: &dyn Names, _: SectionKey, _: &[u8], _: &mut dyn FnMut(Facet<'_>)) {}
}

fn open(folder: &Path, beside: Option<&'static str>) -> EmbeddedStore {
    let derive = Arc::new(Interrupted { beside });
    let collections = vec![CollectionSpec { collection: THINGS, derive }];
    EmbeddedStore::open(folder, collections, Arc::new(SystemClock), Options::default()).unwrap()
}

fn number(store: &EmbeddedStore, name: &str) -> Option<u32> {
    store.names().lookup(name).map(NameNo::number)
}

/// Sets a section of a thing under names of its own.
async fn set_named(store: &EmbeddedStore, tenant: &str, name: &str, instance: &str) -> Result<Receipt, StoreError> {
    let key = SectionKey::new(store.names().intern(name), store.names().intern(instance));
    let decide = move |_: Option<&Document>| -> Result<Decision, Refusal> {
        let set = vec![SetSection { key, body: Bytes::from_static(b"n 1"), created: Stamp::Keep }];
        Ok(Decision::Change(Change { head: Some(Bytes::from_static(b"room")), set, ..Change::default() }))
    };
    let tenant: TenantId = tenant.parse().unwrap();
    store.commit(Commit::new(tenant).with(THINGS, Name::from("urn:thing:1"), decide)).await
}

/// The name of the only section of a thing.
async fn name_of_section(store: &EmbeddedStore, tenant: &str) -> String {
    let tenant: TenantId = tenant.parse().unwrap();
    let document = store.view().document(&tenant, THINGS, "urn:thing:1").await.unwrap().unwrap();
    store.names().text(document.sections[0].key.name).to_string()
}

/// The files of a folder, at any depth, that hold a text.
fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes())) {
            found.push(path);
        }
    }
    found
}

/// Waits until a condition holds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn names_of_sections_keep_their_numbers_whatever_facets_and_callers_came_by() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second, third) = (folder.path().join("1"), folder.path().join("2"), folder.path().join("3"));
    let store = open(&first, Some("beside"));
    set(&store, "one", 1, 1).await.unwrap();
    set_named(&store, "two", "height", "").await.unwrap();
    let numbers = ["count", "height"].map(|name| number(&store, name));
    copy(&first, &second);
    let replayed = open(&second, None);
    assert_eq!(["count", "height"].map(|name| number(&replayed, name)), numbers);
    assert_eq!(number(&replayed, "beside"), None, "nothing uses it");
    replayed.verify().unwrap();
    replayed.names().intern("only asked for");
    set_named(&replayed, "two", "width", "").await.unwrap();
    let width = number(&replayed, "width");
    copy(&second, &third);
    let again = open(&third, Some("beside"));
    assert_eq!(number(&again, "width"), width);
    assert_eq!(number(&again, "only asked for"), None);
    assert_eq!(name_of_section(&again, "two").await, "height");
    again.verify().unwrap();
}

#[tokio::test]
async fn names_that_nothing_uses_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let city = folder.path().join("city");
    let store = open(&city, None);
    set(&store, "one", 1, 1).await.unwrap();
    let before = store.journal_written();
    for n in 0..600 {
        store.names().intern(&format!("asked for {n} {}", "x".repeat(50_000)));
    }
    set(&store, "one", 1, 2).await.unwrap();
    assert!(store.journal_written() - before < 1000, "{} bytes", store.journal_written() - before);
    store.close();
    drop(store);
    assert_eq!(files_with(&city, "asked for"), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn one_commit_brings_so_many_bytes_of_names_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("city"), None);
    set_named(&store, "one", &"x".repeat(10 << 20), "").await.unwrap();
    let error = set_named(&store, "one", &"y".repeat(10 << 20), &"z".repeat(10 << 20)).await.unwrap_err();
    assert!(matches!(error, StoreError::TooManyNames { .. }), "{error}");
    set_named(&store, "one", &"x".repeat(10 << 20), &"z".repeat(10 << 20)).await.unwrap();
}

#[tokio::test]
async fn names_of_an_erased_tenant_leave_the_disk() {
    const SECRETS: [&str; 3] = ["himitsunamaeabc", "urn:person:tanaka-taro-1234", "a secret tag"];
    let folder = tempfile::tempdir().unwrap();
    let city = folder.path().join("city");
    let mut store = open(&city, None);
    let is_gone = |city: &Path| SECRETS.iter().all(|text| files_with(city, text).is_empty());
    for is_restarted in [false, true] {
        set_named(&store, "other", "height", "").await.unwrap();
        set_named(&store, "one", SECRETS[0], SECRETS[1]).await.unwrap();
        let tag = |_: Option<&Document>| -> Result<Decision, Refusal> {
            let head = Some(Bytes::from(SECRETS[2]));
            Ok(Decision::Change(Change { head, ..Change::default() }))
        };
        let one: TenantId = "one".parse().unwrap();
        store.commit(Commit::new(one.clone()).with(THINGS, Name::from("urn:thing:1"), tag)).await.unwrap();
        if is_restarted {
            store.close();
            drop(store);
            assert!(!is_gone(&city));
            store = open(&city, None);
        }
        store.erase(&one, &[]).await.unwrap();
        until("the names are still on disk", || is_gone(&city)).await;
        let backup = folder.path().join(format!("backup {is_restarted}"));
        store.backup(&backup).unwrap();
        assert!(is_gone(&backup));
        // They may be used again.
        set_named(&store, "one", SECRETS[0], SECRETS[1]).await.unwrap();
        store.close();
        drop(store);
        store = open(&city, None);
        assert_eq!(name_of_section(&store, "one").await, SECRETS[0]);
        assert_eq!(name_of_section(&store, "other").await, "height");
        store.verify().unwrap();
        store.erase(&one, &[]).await.unwrap();
        until("the names are on disk again", || is_gone(&city)).await;
    }
}

#[tokio::test]
async fn an_erasure_that_a_crash_breaks_off_goes_on_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1"), folder.path().join("2"));
    let store = open(&first, None);
    set_named(&store, "one", "himitsunamaeabc", "").await.unwrap();
    store.close();
    drop(store);
    let store = open(&first, None);
    store.erase(&"one".parse().unwrap(), &[]).await.unwrap();
    copy_at_work(&first, &second);
    drop(store);
    let again = open(&second, None);
    set(&again, "other", 1, 1).await.unwrap();
    until("the name is still on disk", || files_with(&second, "himitsunamaeabc").is_empty()).await;
    again.verify().unwrap();
}

#[tokio::test]
async fn a_city_that_rests_after_an_erasure_keeps_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), None);
    set(&store, "other", 1, 1).await.unwrap();
    set_named(&store, "one", "himitsunamaeabc", "").await.unwrap();
    store.close();
    drop(store);
    let held = files_with(folder.path(), "himitsunamaeabc");
    assert!(held.iter().any(|path| path.starts_with(folder.path().join("indexes"))), "{held:?}");
    let store = open(folder.path(), None);
    store.erase(&"one".parse().unwrap(), &[]).await.unwrap();
    store.close();
    drop(store);
    assert_eq!(files_with(folder.path(), "himitsunamaeabc"), Vec::<PathBuf>::new());
    assert!(!folder.path().join("erasing").exists());
}
