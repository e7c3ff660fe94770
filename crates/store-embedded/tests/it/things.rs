//! A small store of counted things, for tests of what an engine promises beyond the port.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use machi_store::conformance::{THINGS, collections};
use machi_store::{
    Change, Commit, Decision, Document, Filter, Find, NameNo, Receipt, Refusal, SectionKey, SetSection, Stamp, Store,
    StoreError,
};
use machi_store_embedded::{EmbeddedStore, Options};
use machi_types::{Name, SystemClock, TenantId};

pub(crate) fn open(folder: &Path) -> Result<EmbeddedStore, StoreError> {
    let own_consumers = &["history"];
    let options = Options { segment_bytes: 1 << 16, checkpoint_bytes: 1 << 18, own_consumers, ..Options::default() };
    EmbeddedStore::open(folder, collections(), Arc::new(SystemClock), options)
}

/// Sets the number of a thing.
pub(crate) async fn set(store: &dyn Store, tenant: &str, id: u64, number: u64) -> Result<Receipt, StoreError> {
    let key = SectionKey::new(store.names().intern("count"), NameNo::NONE);
    let decide = move |_: Option<&Document>| -> Result<Decision, Refusal> {
        let body = Bytes::from(format!("n {number}\nt thing number {number}"));
        let set = vec![SetSection { key, body, created: Stamp::Keep }];
        Ok(Decision::Change(Change { head: Some(Bytes::from_static(b"room")), set, ..Change::default() }))
    };
    let tenant: TenantId = tenant.parse().expect("the tests' tenants are well named");
    store.commit(Commit::new(tenant).with(THINGS, Name::from(format!("urn:thing:{id}")), decide)).await
}

/// The ids and bodies of all things.
pub(crate) async fn all(store: &dyn Store, tenant: &str) -> Vec<(String, String)> {
    served(store, tenant).await.expect("found")
}

/// The ids and bodies of all things, where they can be read.
pub(crate) async fn served(store: &dyn Store, tenant: &str) -> Result<Vec<(String, String)>, StoreError> {
    let tenant: TenantId = tenant.parse().expect("the tests' tenants are well named");
    let mut find = Find::new(tenant, THINGS, Filter::All);
    find.limit = usize::MAX - 1;
    let found = store.view().find(find).await?;
    let row = |document: &Document| {
        let body = document.sections.first().map(|section| String::from_utf8_lossy(&section.body).into_owned());
        (document.id.to_string(), body.unwrap_or_default())
    };
    Ok(found.rows.iter().map(|row_| row(&row_.document)).collect())
}
