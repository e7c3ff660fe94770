//! Finding documents: a plan is tested page by page, and only what it leaves open is read.

mod plan;
mod ranking;

use std::sync::Arc;
use std::time::Instant;

use machi_store::evaluate::{self, Place};
use machi_store::{Derive, Document, DocumentNo, Find, Found, Order, Row, StoreError};

use crate::engine::{Engine, Root};
use crate::index::column::document;
use crate::index::page::Mask;
use crate::index::space::SpaceIndex;
use crate::spaces::Space;
use plan::{ENTRIES, Plan, Planner, Verdicts, start_after};
use ranking::{KeySource, Ranking};

/// How many pages are tested between two looks at the clock.
const PAGES_BETWEEN_LOOKS: u32 = 64;

/// One question on its way through the index.
pub(crate) struct Search<'a> {
    engine: &'a Engine,
    find: &'a Find,
    at: u64,
    derive: &'a dyn Derive,
    /// `None`: there is nothing of this tenant and collection.
    place: Option<(Arc<Space>, &'a SpaceIndex)>,
    plan: Plan,
    after: Option<Place>,
    started: Instant,
    leaves: u64,
    scanned: std::cell::Cell<u64>,
    read: std::cell::Cell<u64>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(engine: &'a Engine, root: &'a Root, find: &'a Find) -> Result<Self, StoreError> {
        let after = find.after.as_ref().map(|cursor| Place::from_cursor(cursor, find.order.len())).transpose()?;
        let space = engine.space(&find.tenant, find.collection);
        let place = space.and_then(|space| {
            let index = root.spaces.get(&space.number)?;
            Some((space, &**index))
        });
        let plan = match &place {
            Some((space, index)) => {
                let number_of = |id: &str| engine.number_of(space, id, root.position);
                Planner { index, seed: engine.seed, number_of: &number_of }.plan(&find.filter)
            }
            None => Plan::Nothing,
        };
        Ok(Self {
            engine,
            find,
            at: root.position,
            derive: engine.derive(find.collection),
            place,
            leaves: plan.leaves(),
            plan,
            after,
            started: Instant::now(),
            scanned: std::cell::Cell::new(0),
            read: std::cell::Cell::new(0),
        })
    }

    pub(crate) fn find(&self) -> Result<Found, StoreError> {
        match self.find.order.as_slice() {
            [] => self.find_in_natural_order(),
            order => self.find_in_order(order),
        }
    }

    pub(crate) fn count(&self) -> Result<u64, StoreError> {
        let Some((_, index)) = &self.place else { return Ok(0) };
        let mut count = 0;
        for page in 0..index.page_count() {
            let verdicts = self.test(index, page, Mask::ALL)?;
            count += u64::from(verdicts.yes.count());
            for slot in verdicts.perhaps.slots() {
                count += u64::from(self.recheck(document(page, slot))?.is_some());
            }
        }
        Ok(count)
    }

    fn find_in_natural_order(&self) -> Result<Found, StoreError> {
        let mut found = Found { rows: Vec::new(), more: false };
        let Some((space, index)) = &self.place else { return Ok(found) };
        let (first, mut within) = start_after(self.after.as_ref().map(|place| place.number));
        let mut to_skip = self.find.offset;
        for page in first..index.page_count() {
            let verdicts = self.test(index, page, within)?;
            within = Mask::ALL;
            for slot in verdicts.any().slots() {
                let number = document(page, slot);
                let is_sure = verdicts.yes.has(slot);
                let checked = if is_sure { None } else { self.recheck(number)? };
                if !is_sure && checked.is_none() {
                    continue;
                }
                if to_skip > 0 {
                    to_skip -= 1;
                    continue;
                }
                if found.rows.len() == self.find.limit {
                    found.more = true;
                    return Ok(found);
                }
                let document = match checked {
                    Some(document) => document,
                    None => self.document(space, number)?,
                };
                let cursor = Place { keys: Vec::new(), number }.to_cursor();
                found.rows.push(Row { document, cursor });
            }
        }
        Ok(found)
    }

    fn find_in_order(&self, order: &[Order]) -> Result<Found, StoreError> {
        let Some((space, index)) = &self.place else { return Ok(Found { rows: Vec::new(), more: false }) };
        let wanted = self.find.offset.saturating_add(self.find.limit).saturating_add(1);
        let mut ranking = Ranking::new(order, self.after.clone(), wanted);
        let keys = KeySource::new(order, index);
        for page in 0..index.page_count() {
            let verdicts = self.test(index, page, Mask::ALL)?;
            let candidates = skip_unwanted(&verdicts, &ranking, &keys, page);
            for slot in candidates.slots() {
                self.rank(space, &keys, page, slot, verdicts.yes.has(slot), &mut ranking)?;
            }
        }
        let places = ranking.finish();
        let more = places.len() == wanted;
        let rows = places
            .into_iter()
            .skip(self.find.offset)
            .take(self.find.limit)
            .map(|place| Ok(Row { document: self.document(space, place.number)?, cursor: place.to_cursor() }));
        Ok(Found { rows: rows.collect::<Result<_, StoreError>>()?, more })
    }

    fn rank(
        &self,
        space: &Space,
        keys: &KeySource<'_>,
        page: u32,
        slot: u16,
        is_sure: bool,
        ranking: &mut Ranking<'_>,
    ) -> Result<(), StoreError> {
        let number = document(page, slot);
        let place = match keys.place(number, page, slot) {
            Some(place) => place,
            None => self.place_from_document(space, number)?,
        };
        if ranking.wants(&place) && (is_sure || self.recheck(number)?.is_some()) {
            ranking.keep(place);
        }
        Ok(())
    }

    fn place_from_document(&self, space: &Space, number: DocumentNo) -> Result<Place, StoreError> {
        self.count_read()?;
        let document = self.document(space, number)?;
        let facets = evaluate::facets(&document, self.derive, &self.engine.names);
        Ok(Place { keys: evaluate::sort_keys(&self.find.order, &document, &facets)?, number })
    }

    /// Tests a page, within the budget.
    fn test(&self, index: &SpaceIndex, page: u32, within: Mask) -> Result<Verdicts, StoreError> {
        let alive = index.alive.mask(page).and(&within);
        self.scanned.set(self.scanned.get() + ENTRIES * self.leaves);
        if self.scanned.get() > self.find.budget.scanned {
            return Err(StoreError::TooComplex(format!("more than {} index entries", self.find.budget.scanned)));
        }
        if page.is_multiple_of(PAGES_BETWEEN_LOOKS) {
            self.check_time()?;
        }
        if alive.is_empty() {
            return Ok(Verdicts { yes: Mask::NONE, perhaps: Mask::NONE });
        }
        Ok(self.plan.test(page, &alive))
    }

    fn check_time(&self) -> Result<(), StoreError> {
        if self.started.elapsed() > self.find.budget.time {
            return Err(StoreError::TooComplex(format!("more than {:?}", self.find.budget.time)));
        }
        Ok(())
    }

    fn count_read(&self) -> Result<(), StoreError> {
        self.read.set(self.read.get() + 1);
        if self.read.get() > self.find.budget.documents {
            return Err(StoreError::TooComplex(format!("more than {} documents read", self.find.budget.documents)));
        }
        if self.read.get().is_multiple_of(256) { self.check_time() } else { Ok(()) }
    }

    /// The document, where reading it shows that it meets the filter.
    fn recheck(&self, number: DocumentNo) -> Result<Option<Arc<Document>>, StoreError> {
        let Some((space, _)) = &self.place else { return Ok(None) };
        self.count_read()?;
        let document = self.document(space, number)?;
        let facets = evaluate::facets(&document, self.derive, &self.engine.names);
        Ok(evaluate::meets(&self.find.filter, &document, &facets)?.then_some(document))
    }

    /// A document that the index says is there.
    fn document(&self, space: &Space, number: DocumentNo) -> Result<Arc<Document>, StoreError> {
        let document = self.engine.documents.read(space.number, number, self.at)?;
        document.ok_or_else(|| StoreError::Damaged {
            file: "the tables of documents".to_owned(),
            detail: format!("document {} of space {} is in the index but not there", number.0, space.number),
        })
    }
}

/// Drops the candidates whose only key shows at a glance that they come too late.
fn skip_unwanted(verdicts: &Verdicts, ranking: &Ranking<'_>, keys: &KeySource<'_>, page: u32) -> Mask {
    let candidates = verdicts.any();
    let in_time = ranking.limit().and_then(|limit| keys.in_time(page, limit));
    in_time.map_or(candidates, |in_time| candidates.and(&in_time))
}
