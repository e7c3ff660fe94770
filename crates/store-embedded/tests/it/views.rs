//! A view goes on seeing its instant, whatever is written, flushed and merged meanwhile.

use std::sync::Arc;

use machi_store::conformance::{THINGS, collections};
use machi_store::{Commit, Position, Store};
use machi_store_embedded::{EmbeddedStore, Options};
use machi_types::{SystemClock, TenantId};

use crate::things::set;

fn open(folder: &std::path::Path) -> EmbeddedStore {
    let options =
        Options { segment_bytes: 1 << 13, checkpoint_bytes: 1 << 12, feed_bytes: 1 << 14, ..Options::default() };
    EmbeddedStore::open(folder, collections(), Arc::new(SystemClock), options).unwrap()
}

#[tokio::test]
async fn what_a_consumer_has_yet_to_read_is_kept_from_the_opening_on() {
    let folder = tempfile::tempdir().unwrap();
    let tenant: TenantId = "one".parse().unwrap();
    let store = open(folder.path());
    set(&store, "one", 1, 1).await.unwrap();
    let cursor = store.view().position().await.unwrap();
    let mut commit = Commit::new(tenant.clone());
    commit.cursors = vec![("reader".into(), cursor.clone())];
    store.commit(commit).await.unwrap();
    store.pin("reader", Some(&cursor)).await.unwrap();
    for n in 0..200 {
        set(&store, "one", 1, 100 + n).await.unwrap();
    }
    drop(store);
    // The consumer has not come back yet, while others write and much is cleared away.
    let store = open(folder.path());
    for n in 0..2000 {
        set(&store, "one", 1, 1000 + n).await.unwrap();
    }
    let view = store.view_at(&store.cursor("reader").await.unwrap().unwrap()).await.unwrap();
    let document = view.document(&tenant, THINGS, "urn:thing:1").await.unwrap().unwrap();
    assert_eq!(&*document.sections[0].body, b"n 1\nt thing number 1");
    let (mut entries, mut after): (usize, Position) = (0, cursor);
    loop {
        let (more, last) = store.feed(&after, 500).await.unwrap();
        if more.is_empty() {
            break;
        }
        (entries, after) = (entries + more.len(), last);
    }
    assert_eq!(entries, 2200);
}

#[tokio::test]
async fn an_open_view_sees_what_was_after_tables_were_written_and_merged() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { segment_bytes: 1 << 13, checkpoint_bytes: 1 << 12, ..Options::default() };
    let store = EmbeddedStore::open(folder.path(), collections(), Arc::new(SystemClock), options).unwrap();
    for id in 0..20 {
        set(&store, "one", id, id).await.unwrap();
    }
    // Far more commits than are kept for readers by position.
    for n in 0..200 {
        set(&store, "one", 1000, n).await.unwrap();
    }
    let view = store.view();
    view.position().await.unwrap();
    for n in 0..2000 {
        set(&store, "one", n % 20, 5000 + n).await.unwrap();
    }
    let tenant: TenantId = "one".parse().unwrap();
    for id in 0..20 {
        let document = view.document(&tenant, THINGS, &format!("urn:thing:{id}")).await.unwrap();
        let body = document.map(|document| String::from_utf8_lossy(&document.sections[0].body).into_owned());
        assert_eq!(body, Some(format!("n {id}\nt thing number {id}")));
    }
}
