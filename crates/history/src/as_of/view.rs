//! A view of the store as of an instant: what has not been written since is as it is now, all else is read from the past.

use std::fmt;
use std::sync::Arc;

use machi_archive::{Head, Snapshot};
use machi_face::ENTITIES;
use machi_model::entity;
use machi_store::evaluate::{self, OwnedFacet, Place};
use machi_store::{
    Answer, Collection, Derive, Document, DocumentNo, Filter, Find, Found, Order, OrderBy, Position, Row, Store,
    StoreError, Survey, Surveyed, Term, View,
};
use machi_types::geo::BoundingBox;
use machi_types::{Name, TenantId, Text, Timestamp};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::OnceCell;

use super::changed::{Changed, Remembered};
use super::entities::{entities_at, heads_at};
use crate::blocking;
use crate::error::HistoryError;

/// How many entities are read from the past at a time.
const AT_ONCE: usize = 1000;
/// Of how many at a time it is asked what they were.
const HEADS_AT_ONCE: usize = 10_000;

/// The entities of a tenant as they were at an instant.
pub(super) struct Then {
    store: Arc<dyn Store>,
    /// Tells what filters ask of an entity.
    derive: Arc<dyn Derive>,
    /// The past up to the same position as the view of now.
    past: Arc<dyn Snapshot>,
    now: Arc<dyn View>,
    tenant: TenantId,
    at: Timestamp,
    /// What was written since; found out when it is first asked for.
    changed: OnceCell<Arc<Changed>>,
    remembered: Arc<Remembered>,
    /// Up to which commit the past reaches at least, and how often something had been erased before.
    reaches: (Timestamp, u64),
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
        tenant: TenantId,
        at: Timestamp,
    ) -> Self {
        let (changed, read) = (OnceCell::new(), Mutex::default());
        Self { store, derive, past, now, tenant, at, changed, remembered, reaches, read }
    }

    /// Entities as they were, in the order of the ids.
    async fn read(&self, ids: &[Name]) -> Result<Vec<Option<Arc<Document>>>, StoreError> {
        let mut unread: Vec<Name> = {
            let read = self.read.lock();
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
        let now = self.now.documents(&self.tenant, ENTITIES, ids).await?;
        let now: Vec<Option<Document>> = now.into_iter().map(|one| one.map(|one| (*one).clone())).collect();
        let (past, store, at, asked) = (Arc::clone(&self.past), Arc::clone(&self.store), self.at, ids.to_vec());
        let work = move || entities_at(&*past, store.names(), &asked, &now, at);
        let found = blocking(work).await.and_then(|found| found).map_err(of_history)?;
        Ok(found.into_iter().map(|one| one.map(Arc::new)).collect())
    }

    async fn changed(&self) -> Result<&Changed, StoreError> {
        Ok(self.changed.get_or_try_init(|| self.find_changed()).await?)
    }

    async fn find_changed(&self) -> Result<Arc<Changed>, StoreError> {
        let (past, at) = (Arc::clone(&self.past), self.at);
        let (since, mut changed) = self.remembered.get(&self.tenant, at).unwrap_or_else(|| (at, Arc::default()));
        let known = Arc::clone(&changed);
        let work = move || -> Result<_, HistoryError> {
            let mut ids = past.written_after(since)?;
            ids.retain(|id| !known.ids.contains(id));
            let heads = ids.chunks(HEADS_AT_ONCE).map(|ids| heads_at(&*past, ids, at));
            let heads: Vec<Vec<Option<Head>>> = heads.collect::<Result<_, _>>()?;
            Ok((ids, heads.concat()))
        };
        let (ids, heads) = blocking(work).await.and_then(|found| found).map_err(of_history)?;
        if !ids.is_empty() {
            Arc::make_mut(&mut changed).add(ids, heads, |types| self.facets_of(types));
        }
        let (until, erased) = self.reaches;
        self.remembered.put(&self.tenant, at, until.max(since), &changed, erased);
        Ok(changed)
    }

    /// What follows for an entity from its types.
    fn facets_of(&self, types: &[Name]) -> Vec<OwnedFacet> {
        let head = entity::Head { types: types.to_vec(), scopes: Vec::new(), expires_at: None }.encode();
        evaluate::facets_of_head(&head, &*self.derive, self.store.names())
    }

    /// Of what was written since, what met the filter then, with its place in the order.
    async fn met(&self, changed: &Changed, find: &Find) -> Result<Vec<(Place, Arc<Document>)>, StoreError> {
        let mut ids = Vec::new();
        for (id, facets) in changed.there() {
            if evaluate::meets_so_far(&find.filter, id, facets)? != Some(false) {
                ids.push(id.clone());
            }
        }
        let mut met = Vec::new();
        for document in self.read(&ids).await?.into_iter().flatten() {
            let facets = evaluate::facets(&document, &*self.derive, self.store.names());
            if evaluate::meets(&find.filter, &document, &facets)? {
                met.push((place(&find.order, &document, &facets)?, document));
            }
        }
        Ok(met)
    }

    /// Rows in the order of the find and, where that tells no difference, of their ids.
    async fn find_then(&self, mut find: Find) -> Result<Found, StoreError> {
        find.order.push(Order { by: OrderBy::Id, descending: false, texts: None });
        let changed = self.changed().await?;
        let mut rows = self.met(changed, &find).await?;
        let wanted = find.offset.saturating_add(find.limit).saturating_add(1);
        self.unchanged(&find, changed, wanted, &mut rows).await?;
        if let Some(after) = &find.after {
            let after = Place::from_cursor(after, find.order.len())?;
            rows.retain(|(place, _)| place.compare(&after, &find.order).is_gt());
        }
        rows.sort_by(|(one, _), (other, _)| one.compare(other, &find.order));
        let more = rows.len() >= wanted;
        let rows = rows.into_iter().skip(find.offset).take(find.limit);
        Ok(Found { rows: rows.map(|(place, document)| Row { cursor: place.to_cursor(), document }).collect(), more })
    }

    /// Adds the first of what meets the filter now and is as it was.
    async fn unchanged(
        &self,
        find: &Find,
        changed: &Changed,
        wanted: usize,
        rows: &mut Vec<(Place, Arc<Document>)>,
    ) -> Result<(), StoreError> {
        let mut count = 0;
        let mut next = Find { offset: 0, limit: wanted.max(AT_ONCE), ..find.clone() };
        // A place among what was is none of now: what lies before it is passed over.
        next.after = None;
        let after = find.after.as_ref().map(|after| Place::from_cursor(after, find.order.len())).transpose()?;
        loop {
            let found = self.now.find(next.clone()).await?;
            for row in &found.rows {
                if changed.ids.contains(&row.document.id) {
                    continue;
                }
                let facets = evaluate::facets(&row.document, &*self.derive, self.store.names());
                let place = place(&find.order, &row.document, &facets)?;
                if after.as_ref().is_none_or(|after| place.compare(after, &find.order).is_gt()) {
                    count += 1;
                    rows.push((place, Arc::clone(&row.document)));
                }
            }
            next.after = found.rows.last().map(|row| row.cursor.clone());
            if !found.more || count >= wanted {
                return Ok(());
            }
        }
    }

    async fn count_then(&self, find: Find) -> Result<u64, StoreError> {
        let changed = self.changed().await?;
        let met = self.met(changed, &find).await?.len() as u64;
        let now = self.now.count(find.clone()).await?;
        let ids = Filter::Ids(changed.ids.iter().cloned().collect());
        let changed_now = self.now.count(Find { filter: find.filter.and(ids), ..find }).await?;
        Ok(now.saturating_sub(changed_now) + met)
    }
}

impl View for Then {
    fn position(&self) -> Position {
        self.past.position()
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

fn place(order: &[Order], document: &Document, facets: &[OwnedFacet]) -> Result<Place, StoreError> {
    Ok(Place { keys: evaluate::sort_keys(order, document, facets)?, number: DocumentNo(0) })
}

/// Tiles and lists of types come from indexes, which know the present alone.
fn only_entities() -> StoreError {
    StoreError::TooComplex(Text::both(
        "of the past, entities can be asked for, and no tiles or lists of types",
        "過去については、エンティティだけを検索できます",
    ))
}

fn of_history(error: HistoryError) -> StoreError {
    match error {
        HistoryError::Store(error) => error,
        other => StoreError::Io { context: "reading the past".to_owned(), source: std::io::Error::other(other) },
    }
}
