//! Folders whose indexes were derived by an earlier version open with those of this one, as if they had been written so.

use std::path::Path;
use std::sync::Arc;

use machi_store::conformance::{THINGS, collections};
use machi_store::{
    CollectionSpec, Condition, Derive, DeriveAdded, Facet, FacetValue, Filter, Find, Instances, NameNo, Names,
    SectionKey, Store, Test,
};
use machi_store_embedded::{EmbeddedStore, Options};
use machi_types::{SystemClock, TenantId};

use crate::things::{all, set};

/// The facets of the suite, and of a later version one more: how long a section is.
#[derive(Debug)]
struct Lengths(Arc<dyn Derive>);

impl Derive for Lengths {
    fn version(&self) -> u32 {
        self.0.version() + 1
    }

    fn added(&self, names: &dyn Names, definition: &str) -> Option<Arc<dyn DeriveAdded>> {
        self.0.added(names, definition)
    }

    fn head(&self, names: &dyn Names, head: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        self.0.head(names, head, facet);
    }

    fn section(&self, names: &dyn Names, key: SectionKey, body: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        self.0.section(names, key, body, facet);
        let value = FacetValue::Tag(names.intern(&format!("@length:{}", body.len())));
        facet(Facet { name: names.intern("@length"), instance: NameNo::NONE, value });
    }
}

fn later() -> Vec<CollectionSpec> {
    let spec = |spec: CollectionSpec| CollectionSpec { derive: Arc::new(Lengths(spec.derive)), ..spec };
    collections().into_iter().map(spec).collect()
}

fn open(folder: &Path, collections: Vec<CollectionSpec>) -> EmbeddedStore {
    // What is written goes to tables soon, so that not all is in the journal.
    let options = Options { segment_bytes: 1 << 13, checkpoint_bytes: 1 << 12, ..Options::default() };
    EmbeddedStore::open(folder, collections, Arc::new(SystemClock), options).unwrap()
}

/// How many things are tagged with the length of this body.
async fn tagged(store: &EmbeddedStore, body: &str) -> usize {
    let names = store.names();
    let condition = Condition::Tag(names.intern(&format!("@length:{}", body.len())));
    let test = Test { name: names.intern("@length"), instances: Instances::Only(NameNo::NONE), condition };
    let mut find = Find::new("one".parse::<TenantId>().unwrap(), THINGS, Filter::Test(test));
    find.limit = 10_000;
    store.view().find(find).await.unwrap().rows.len()
}

#[tokio::test]
async fn a_folder_of_an_earlier_version_gets_its_indexes_afresh() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), collections());
    for id in 0..300 {
        set(&store, "one", id, 10).await.unwrap();
    }
    let body = "n 10\nt thing number 10";
    assert_eq!(tagged(&store, body).await, 0);
    let before = all(&store, "one").await;
    drop(store);
    let store = open(folder.path(), later());
    assert_eq!(all(&store, "one").await, before);
    assert_eq!(tagged(&store, body).await, 300);
    store.verify().unwrap();
    // It goes on from there, and what is replaced is known no longer.
    for id in 0..100 {
        set(&store, "one", id, 1234).await.unwrap();
    }
    assert_eq!(tagged(&store, body).await, 200);
    drop(store);
    let store = open(folder.path(), later());
    assert_eq!((tagged(&store, body).await, tagged(&store, "n 1234\nt thing number 1234").await), (200, 100));
    store.verify().unwrap();
    drop(store);
    // The earlier version does not know of the tags; what it writes is not believed later.
    let store = open(folder.path(), collections());
    for id in 100..200 {
        set(&store, "one", id, 1234).await.unwrap();
    }
    drop(store);
    let store = open(folder.path(), later());
    assert_eq!((tagged(&store, body).await, tagged(&store, "n 1234\nt thing number 1234").await), (100, 200));
    store.verify().unwrap();
}
