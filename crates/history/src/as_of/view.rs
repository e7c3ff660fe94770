//! A view of the store as of an instant: what has not been written since is as it is now, all else is read from the past.

use std::fmt;
use std::sync::Arc;

use machi_archive::Snapshot;
use machi_face::ENTITIES;
use machi_model::entity;
use machi_store::evaluate::{self, OwnedFacet};
use machi_store::{
    Answer, Collection, Derive, Document, Find, Found, Position, Store, StoreError, Survey, Surveyed, Term, View,
    at_once,
};
use machi_types::geo::BoundingBox;
use machi_types::{Name, TenantId, Text, Timestamp};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::OnceCell;

use super::changed::{Changed, Remembered};
use super::entities::entities_at;
use crate::blocking;
use crate::config::Lists;
use crate::error::HistoryError;

/// How many entities are read from the past at a time.
const AT_ONCE: usize = 1000;
/// So many are read on one processor.
const FEW: usize = 32;
/// How many of them are kept for who asks for them again.
const KEPT: usize = 10_000;

/// The entities of a tenant as they were at an instant.
pub(super) struct Then {
    pub(super) store: Arc<dyn Store>,
    /// Tells what filters ask of an entity.
    pub(super) derive: Arc<dyn Derive>,
    /// The past up to the same position as the view of now.
    pub(super) past: Arc<dyn Snapshot>,
    pub(super) now: Arc<dyn View>,
    pub(super) tenant: TenantId,
    pub(super) lists: Lists,
    pub(super) at: Timestamp,
    /// What was written since, where that is not too much; found out when it is first asked for.
    pub(super) changed: OnceCell<Option<Arc<Changed>>>,
    pub(super) remembered: Arc<Remembered>,
    /// Up to which commit the past reaches at least, and how often something had been erased before.
    pub(super) reaches: (Timestamp, u64),
    /// What was read of it.
    read: Mutex<FxHashMap<Name, Option<Arc<Document>>>>,
}

impl fmt::Debug for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Then").field("tenant", &self.tenant).field("at", &self.at).finish_non_exhaustive()
    }
}

impl Then {
    pub(super) fn new(
        (store, derive): (Arc<dyn Store>, Arc<dyn Derive>),
        (past, now): (Arc<dyn Snapshot>, Arc<dyn View>),
        (remembered, reaches): (Arc<Remembered>, (Timestamp, u64)),
        (tenant, lists): (TenantId, Lists),
        at: Timestamp,
    ) -> Self {
        let (changed, read) = (OnceCell::new(), Mutex::default());
        Self { store, derive, past, now, tenant, lists, at, changed, remembered, reaches, read }
    }

    /// Entities as they were, in the order of the ids.
    pub(super) async fn read(&self, ids: &[Name]) -> Result<Vec<Option<Arc<Document>>>, StoreError> {
        let mut unread: Vec<Name> = {
            let mut read = self.read.lock();
            if read.len() > KEPT {
                read.clear();
            }
            ids.iter().filter(|id| !read.contains_key(*id)).cloned().collect()
        };
        unread.sort_unstable();
        unread.dedup();
        for ids in unread.chunks(AT_ONCE) {
            let found = self.read_past(ids).await?;
            self.read.lock().extend(ids.iter().cloned().zip(found));
        }
        let read = self.read.lock();
        Ok(ids.iter().map(|id| read.get(id).cloned().flatten()).collect())
    }

    /// Entities as they were; the ids ascend.
    async fn read_past(&self, ids: &[Name]) -> Result<Vec<Option<Arc<Document>>>, StoreError> {
        let mut now = self.now.documents(&self.tenant, ENTITIES, ids).await?;
        if ids.len() < FEW {
            return self.read_past_of(ids, now).await;
        }
        // Neighbours lie in the same pages, so that each half has its own to unpack.
        let (first, second) = ids.split_at(ids.len() / 2);
        let now_second = now.split_off(first.len());
        let found = tokio::try_join!(self.read_past_of(first, now), self.read_past_of(second, now_second))?;
        Ok([found.0, found.1].concat())
    }

    async fn read_past_of(
        &self,
        ids: &[Name],
        now: Vec<Option<Arc<Document>>>,
    ) -> Result<Vec<Option<Arc<Document>>>, StoreError> {
        let (past, store, at, asked) = (Arc::clone(&self.past), Arc::clone(&self.store), self.at, ids.to_vec());
        let work = move || entities_at(&*past, store.names(), &asked, &now, at);
        blocking(work).await.and_then(|found| found).map_err(of_history)
    }

    /// What follows for an entity from its types.
    pub(super) fn facets_of(&self, types: &[Name]) -> Vec<OwnedFacet> {
        let head = entity::Head { types: types.to_vec(), scopes: Vec::new(), expires_at: None }.encode();
        evaluate::facets_of_head(&head, &*self.derive, self.store.names())
    }
}

impl View for Then {
    fn position(&self) -> Answer<'_, Position> {
        at_once(Ok(self.past.position()))
    }

    fn documents<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        ids: &'a [Name],
    ) -> Answer<'a, Vec<Option<Arc<Document>>>> {
        if collection != ENTITIES || *tenant != self.tenant {
            return self.now.documents(tenant, collection, ids);
        }
        Box::pin(self.read(ids))
    }

    fn document<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        id: &'a str,
    ) -> Answer<'a, Option<Arc<Document>>> {
        if collection != ENTITIES || *tenant != self.tenant {
            return self.now.document(tenant, collection, id);
        }
        Box::pin(async move { Ok(self.read(&[Name::from(id)]).await?.pop().flatten()) })
    }

    fn find(&self, find: Find) -> Answer<'_, Found> {
        if find.collection != ENTITIES || find.tenant != self.tenant {
            return self.now.find(find);
        }
        Box::pin(self.find_then(find))
    }

    fn count(&self, find: Find) -> Answer<'_, u64> {
        if find.collection != ENTITIES || find.tenant != self.tenant {
            return self.now.count(find);
        }
        Box::pin(self.count_then(find))
    }

    fn survey(&self, _: Survey) -> Answer<'_, Surveyed> {
        Box::pin(async { Err(only_entities()) })
    }

    fn extent(&self, _: Survey) -> Answer<'_, Option<BoundingBox>> {
        Box::pin(async { Err(only_entities()) })
    }

    fn terms<'a>(&'a self, _: &'a TenantId, _: Collection) -> Answer<'a, Vec<Term>> {
        Box::pin(async { Err(only_entities()) })
    }
}

/// Tiles and lists of types come from indexes, which know the present alone.
fn only_entities() -> StoreError {
    StoreError::TooComplex(Text::both(
        "of the past, entities can be asked for, and no tiles or lists of types",
        "過去については、エンティティだけを検索できます",
    ))
}

pub(super) fn of_history(error: HistoryError) -> StoreError {
    match error {
        HistoryError::Store(error) => error,
        other => StoreError::Io { context: "reading the past".to_owned(), source: std::io::Error::other(other) },
    }
}
