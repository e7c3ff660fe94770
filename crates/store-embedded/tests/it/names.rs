//! Numbers of names stay the same over crashes, in whatever order callers and facets came by them.

use std::path::Path;
use std::sync::Arc;

use machi_store::conformance::THINGS;
use machi_store::{CollectionSpec, Derive, Facet, FacetValue, NameNo, Names, SectionKey, Store};
use machi_store_embedded::{EmbeddedStore, Options};
use machi_types::SystemClock;

use crate::crash::process::copy;
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

#[tokio::test]
async fn names_that_facets_and_callers_came_by_at_once_keep_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second, third) = (folder.path().join("1"), folder.path().join("2"), folder.path().join("3"));
    let store = open(&first, Some("beside"));
    set(&store, "one", 1, 1).await.unwrap();
    set(&store, "one", 2, 2).await.unwrap();
    let numbers = ["beside", "room", "@tag"].map(|name| number(&store, name));
    copy(&first, &second);
    let replayed = open(&second, None);
    assert_eq!(["beside", "room", "@tag"].map(|name| number(&replayed, name)), numbers);
    replayed.verify().unwrap();
    replayed.names().intern("later");
    set(&replayed, "one", 3, 3).await.unwrap();
    copy(&second, &third);
    let again = open(&third, Some("later"));
    assert_eq!(number(&again, "later"), number(&replayed, "later"));
    again.verify().unwrap();
}

#[tokio::test]
async fn a_name_that_only_facets_knew_before_a_crash_is_written_with_the_next_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second, third) = (folder.path().join("1"), folder.path().join("2"), folder.path().join("3"));
    let store = open(&first, None);
    set(&store, "one", 1, 1).await.unwrap();
    copy(&first, &second);
    // The tag became known after the only batch: the journal has not heard of it.
    let replayed = open(&second, None);
    replayed.names().intern("later");
    set(&replayed, "one", 2, 2).await.unwrap();
    let numbers = ["room", "@tag", "later"].map(|name| number(&replayed, name));
    copy(&second, &third);
    let again = open(&third, Some("later"));
    assert_eq!(["room", "@tag", "later"].map(|name| number(&again, name)), numbers);
    again.verify().unwrap();
}
