//! Queries on the city as it was. Of all entities that there ever were, those are read that may have met the filter then:
//! those that ever touched its area, or those that were written since, beside what the indexes of now tell of the rest;
//! where neither are few, all of them, one after the other.

use std::sync::Arc;

use machi_archive::{Head, WantedEvolutions};
use machi_store::evaluate::{self, OwnedFacet, Place, SortKey};
use machi_store::{Document, DocumentNo, Filter, Find, Found, Order, OrderBy, Row, StoreError};
use machi_types::Name;

use super::changed::Changed;
use super::entities::{head_at, heads_at};
use super::view::{Then, of_history};
use crate::blocking;
use crate::error::HistoryError;

/// How many entities are read from the past at a time, at most.
const AT_ONCE: usize = 1000;
/// So many for each row that is wanted are read at first, and each time twice as many.
const FIRST: usize = 8;
/// Of how many at a time it is asked what they were.
const HEADS_AT_ONCE: usize = 10_000;

/// Which entities are read.
enum Candidates {
    /// These: no other one met the filter.
    These(Vec<Name>),
    /// Of those that were written since, these; all others are as they are now.
    Written(Arc<Changed>, Vec<Name>),
    /// All.
    All,
}

impl Then {
    /// Rows in the order of the find and, where that tells no difference, of their ids.
    pub(super) async fn find_then(&self, mut find: Find) -> Result<Found, StoreError> {
        find.order.push(Order { by: OrderBy::Id, descending: false, texts: None });
        let mut rows = Rows::new(&find)?;
        match self.candidates(&find.filter).await? {
            Candidates::These(ids) => self.read_met(&ids, &mut rows).await?,
            Candidates::Written(changed, ids) => {
                self.read_met(&ids, &mut rows).await?;
                self.unchanged(&changed, &mut rows).await?;
            }
            Candidates::All => self.walk(&mut rows).await?,
        }
        Ok(rows.found())
    }

    pub(super) async fn count_then(&self, find: Find) -> Result<u64, StoreError> {
        let mut rows = Rows::counting(&find);
        let mut unchanged = 0;
        match self.candidates(&find.filter).await? {
            Candidates::These(ids) => self.read_met(&ids, &mut rows).await?,
            Candidates::Written(changed, ids) => {
                self.read_met(&ids, &mut rows).await?;
                let written = Filter::Ids(changed.ids.iter().cloned().collect());
                let written = Find { filter: find.filter.clone().and(written), ..find.clone() };
                unchanged = self.now.count(find.clone()).await?.saturating_sub(self.now.count(written).await?);
            }
            Candidates::All => self.walk(&mut rows).await?,
        }
        Ok(unchanged + rows.count)
    }

    async fn candidates(&self, filter: &Filter) -> Result<Candidates, StoreError> {
        let touching = self.touching(filter).await?;
        if let Some(ids) = touching.as_ref().filter(|ids| ids.len() <= self.lists.few) {
            return Ok(Candidates::These(ids.clone()));
        }
        let Some(changed) = self.changed().await? else {
            return Ok(touching.map_or(Candidates::All, Candidates::These));
        };
        let mut ids = may_meet(&changed, filter)?;
        if let Some(touching) = &touching {
            ids.retain(|id| touching.binary_search(id).is_ok());
        }
        Ok(Candidates::Written(changed, ids))
    }

    /// The entities that ever touched the area of a filter, where it has one that is not too large.
    async fn touching(&self, filter: &Filter) -> Result<Option<Vec<Name>>, StoreError> {
        let Some((name, area)) = filter.area() else { return Ok(None) };
        let (past, attribute, many) = (Arc::clone(&self.past), self.store.names().text(name), self.lists.many);
        let work = move || -> Result<_, HistoryError> {
            let mut ids = past.touching(&attribute, &area, many)?;
            // Where these were the past does not tell any more.
            ids.extend(past.forgotten()?.into_iter().map(|(id, _)| id));
            ids.sort_unstable();
            ids.dedup();
            Ok(ids)
        };
        let found = blocking(work).await.and_then(|found| found).map_err(of_history)?;
        Ok(Some(found).filter(|ids| ids.len() < many))
    }

    /// What was written since; none where that is too much.
    async fn changed(&self) -> Result<Option<Arc<Changed>>, StoreError> {
        self.changed.get_or_try_init(|| self.find_changed()).await.cloned()
    }

    async fn find_changed(&self) -> Result<Option<Arc<Changed>>, StoreError> {
        let (past, at, many) = (Arc::clone(&self.past), self.at, self.lists.many);
        let (since, mut changed) = self.remembered.get(&self.tenant, at).unwrap_or_else(|| (at, Arc::default()));
        let known = Arc::clone(&changed);
        let work = move || -> Result<_, HistoryError> {
            let mut ids = past.written_after(since, many)?;
            ids.retain(|id| !known.ids.contains(id));
            if ids.len() + known.ids.len() >= many {
                return Ok(None);
            }
            let heads = ids.chunks(HEADS_AT_ONCE).map(|ids| heads_at(&*past, ids, at));
            let heads: Vec<Vec<Option<Head>>> = heads.collect::<Result<_, _>>()?;
            Ok(Some((ids, heads.concat())))
        };
        let found = blocking(work).await.and_then(|found| found).map_err(of_history)?;
        let Some((ids, heads)) = found else { return Ok(None) };
        if !ids.is_empty() {
            Arc::make_mut(&mut changed).add(ids, heads, |types| self.facets_of(types));
        }
        let (until, erased) = self.reaches;
        self.remembered.put(&self.tenant, at, until.max(since), &changed, erased);
        Ok(Some(changed))
    }

    /// Reads entities, whose ids ascend, and adds those that met the filter.
    async fn read_met(&self, ids: &[Name], rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let mut left = rows.behind(ids);
        let mut at_once = FIRST.saturating_mul(rows.wanted).clamp(FIRST, AT_ONCE);
        while !left.is_empty() && !rows.is_complete() {
            let (some, rest) = left.split_at(left.len().min(at_once));
            for document in self.read(some).await?.into_iter().flatten() {
                let facets = evaluate::facets(&document, &*self.derive, self.store.names());
                if evaluate::meets(&rows.find.filter, &document, &facets)? {
                    rows.add(document, &facets)?;
                }
            }
            (left, at_once) = (rest, AT_ONCE.min(2 * at_once));
        }
        Ok(())
    }

    /// Reads all entities that there were, in the order of their ids.
    async fn walk(&self, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let mut after = rows.first_id();
        while !rows.is_complete() {
            let (past, at) = (Arc::clone(&self.past), self.at);
            let work = move || {
                past.evolutions(&WantedEvolutions::After { after: after.as_deref(), limit: AT_ONCE, types: None })
            };
            let evolutions = blocking(work).await.map_err(of_history)?;
            let evolutions = evolutions.map_err(|error| of_history(error.into()))?;
            let ids: Vec<Name> = evolutions.iter().map(|one| one.entity.clone()).collect();
            let heads = evolutions.into_iter().map(|one| head_at(one, at)).collect();
            after = ids.last().cloned();
            let is_last = ids.len() < AT_ONCE;
            let mut some = Changed::default();
            some.add(ids, heads, |types| self.facets_of(types));
            self.read_met(&may_meet(&some, &rows.find.filter)?, rows).await?;
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// Adds the first of what meets the filter now and is as it was.
    async fn unchanged(&self, changed: &Changed, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let wanted = rows.wanted;
        let mut count = 0;
        let mut next = Find { offset: 0, limit: wanted.max(AT_ONCE), ..rows.find.clone() };
        // A place among what was is none of now: what lies before it is passed over.
        next.after = None;
        loop {
            let found = self.now.find(next.clone()).await?;
            for row in found.rows {
                if !changed.ids.contains(&row.document.id) {
                    let facets = evaluate::facets(&row.document, &*self.derive, self.store.names());
                    count += usize::from(rows.add(row.document, &facets)?);
                }
                next.after = Some(row.cursor);
            }
            if !found.more || count >= wanted {
                return Ok(());
            }
        }
    }
}

/// Those of which types and ids do not tell that they did not meet the filter; ascending.
fn may_meet(changed: &Changed, filter: &Filter) -> Result<Vec<Name>, StoreError> {
    let mut ids = Vec::new();
    for (id, facets) in changed.there() {
        if evaluate::meets_so_far(filter, id, facets)? != Some(false) {
            ids.push(id.clone());
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

/// The first of what met a filter.
struct Rows<'f> {
    find: &'f Find,
    /// Behind which place they lie.
    after: Option<Place>,
    /// How many are wanted, and one more; none where they are only counted.
    wanted: usize,
    met: Vec<(Place, Arc<Document>)>,
    /// How many there were.
    count: u64,
    is_counting: bool,
}

impl<'f> Rows<'f> {
    fn new(find: &'f Find) -> Result<Self, StoreError> {
        let after = find.after.as_ref().map(|after| Place::from_cursor(after, find.order.len())).transpose()?;
        let wanted = find.offset.saturating_add(find.limit).saturating_add(1);
        Ok(Self { find, after, wanted, met: Vec::new(), count: 0, is_counting: false })
    }

    fn counting(find: &'f Find) -> Self {
        Self { find, after: None, wanted: 0, met: Vec::new(), count: 0, is_counting: true }
    }

    /// Whether rows come in the order that is wanted where they are read by their ids.
    fn is_by_id(&self) -> bool {
        self.find.order.len() == 1
    }

    /// The id behind which rows lie, where they are ordered by it.
    fn first_id(&self) -> Option<Name> {
        match self.after.as_ref().filter(|_| self.is_by_id())?.keys.first()? {
            SortKey::Text(text) => Some(Name::from(&**text)),
            _ => None,
        }
    }

    /// Those of these ids, which ascend, whose rows may be wanted.
    fn behind<'i>(&self, ids: &'i [Name]) -> &'i [Name] {
        let start = self.first_id().map_or(0, |first| ids.partition_point(|id| *id <= first));
        ids.get(start..).unwrap_or_default()
    }

    /// Whether no later id changes anything.
    fn is_complete(&self) -> bool {
        !self.is_counting && self.is_by_id() && self.met.len() >= self.wanted
    }

    /// Adds what met the filter; says whether it lies behind the place.
    fn add(&mut self, document: Arc<Document>, facets: &[OwnedFacet]) -> Result<bool, StoreError> {
        self.count += 1;
        if self.is_counting {
            return Ok(true);
        }
        let order = &self.find.order;
        let place = Place { keys: evaluate::sort_keys(order, &document, facets)?, number: DocumentNo(0) };
        let is_behind = self.after.as_ref().is_none_or(|after| place.compare(after, order).is_gt());
        if is_behind {
            self.met.push((place, document));
            // What cannot be among the first any more takes no room.
            if self.met.len() >= self.wanted.saturating_mul(2).max(AT_ONCE) {
                self.sort();
                self.met.truncate(self.wanted);
            }
        }
        Ok(is_behind)
    }

    fn sort(&mut self) {
        self.met.sort_by(|(one, _), (other, _)| one.compare(other, &self.find.order));
    }

    fn found(mut self) -> Found {
        self.sort();
        let more = self.met.len() >= self.wanted;
        let rows = self.met.into_iter().skip(self.find.offset).take(self.find.limit);
        Found { rows: rows.map(|(place, document)| Row { cursor: place.to_cursor(), document }).collect(), more }
    }
}
