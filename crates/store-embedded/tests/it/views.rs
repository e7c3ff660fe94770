//! A view goes on seeing its instant, whatever is written, flushed and merged meanwhile.

use std::sync::Arc;

use machi_store::Store;
use machi_store::conformance::{THINGS, collections};
use machi_store_embedded::{EmbeddedStore, Options};
use machi_types::{SystemClock, TenantId};

use crate::things::set;

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
    let _ = view.position();
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
