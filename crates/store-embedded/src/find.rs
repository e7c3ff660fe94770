//! Finding documents: a plan is tested page by page, and only what it leaves open is read.
//!
//! A search can stop between two pages and go on in another thread: what takes long must not hold up the
//! threads that serve requests.

mod plan;
mod ranking;
pub(crate) mod survey;

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use machi_store::evaluate::{self, Place};
use machi_store::{Document, DocumentNo, Find, Found, Row, Seen, StoreError};
use machi_types::Text;

use crate::engine::{Engine, Root};
use crate::index::column::document;
use crate::index::page::Mask;
use crate::index::space::SpaceIndex;
use crate::spaces::Space;
use plan::{ENTRIES, Plan, Planner, Verdicts, start_after};
use ranking::{KeySource, Ranking};

/// More documents of a page than this are not read in a thread that serves requests.
const READ_AT_ONCE: u32 = 32;

/// A search on its way from page to page.
pub(crate) struct Scan<D = Arc<Document>> {
    search: Search,
    work: Work<D>,
    /// How many pages have been tested.
    tested: u32,
}

/// What a search has gathered.
enum Work<D> {
    Natural { found: Found<D>, to_skip: usize, first: u32, within: Mask },
    Ranked { ranking: Ranking, keys: KeySource },
    Counted(u64),
}

/// One question to the index of one position.
pub(crate) struct Search {
    engine: Arc<Engine>,
    find: Find,
    at: u64,
    /// `None`: there is nothing of this tenant and collection.
    place: Option<(Arc<Space>, Arc<SpaceIndex>)>,
    plan: Plan,
    started: Instant,
    leaves: u64,
    scanned: Cell<u64>,
    read: Cell<u64>,
}

/// What a search gives for a document that it found.
pub(crate) trait Give: Sized {
    /// What is given of a document that the search need not read.
    fn unread(search: &Search, space: &Space, number: DocumentNo) -> Result<Self, StoreError>;
    /// What is given of a document that the search has read.
    fn read(document: Arc<Document>) -> Self;
}

impl Give for Arc<Document> {
    fn unread(search: &Search, space: &Space, number: DocumentNo) -> Result<Self, StoreError> {
        search.document(space, number)
    }

    fn read(document: Arc<Document>) -> Self {
        document
    }
}

impl Give for Seen {
    fn unread(search: &Search, space: &Space, number: DocumentNo) -> Result<Self, StoreError> {
        match search.engine.documents.note(space.number, number, search.at) {
            Some(note) => Ok(Self::Noted(note)),
            None => search.document(space, number).map(Self::Whole),
        }
    }

    fn read(document: Arc<Document>) -> Self {
        Self::Whole(document)
    }
}

impl<D: Give> Scan<D> {
    /// Looks for the rows of a page.
    pub(crate) fn find(engine: &Arc<Engine>, root: &Root, find: Find) -> Result<Self, StoreError> {
        let after = find.after.as_ref().map(|cursor| Place::from_cursor(cursor, find.order.len())).transpose()?;
        let search = Search::new(engine, root, find);
        let find = &search.find;
        let work = match &search.place {
            Some((_, index)) if !find.order.is_empty() => {
                let wanted = find.offset.saturating_add(find.limit).saturating_add(1);
                let keys = KeySource::new(&find.order, index);
                Work::Ranked { ranking: Ranking::new(find.order.clone(), after, wanted), keys }
            }
            _ => {
                let (first, within) = start_after(after.map(|place| place.number));
                Work::Natural { found: Found { rows: Vec::new(), more: false }, to_skip: find.offset, first, within }
            }
        };
        Ok(Self { search, work, tested: 0 })
    }

    /// Counts all that is asked for.
    pub(crate) fn count(engine: &Arc<Engine>, root: &Root, find: Find) -> Self {
        Self { search: Search::new(engine, root, find), work: Work::Counted(0), tested: 0 }
    }

    /// Whether its rows are so few that they may be read where requests are served.
    pub(crate) fn has_few_rows(&self) -> bool {
        self.search.find.offset.saturating_add(self.search.find.limit) <= 200 || matches!(self.work, Work::Counted(_))
    }

    /// Tests page after page, for so long where a time is given. Whether all is done.
    pub(crate) fn run(&mut self, patience: Option<Duration>) -> Result<bool, StoreError> {
        let Some((space, index)) = self.search.place.clone() else { return Ok(true) };
        let until = patience.map(|patience| Instant::now() + patience);
        while let Some((page, within)) = self.next_page(&index) {
            let now = self.search.check_time()?;
            if until.is_some_and(|until| now >= until) {
                return Ok(false);
            }
            let verdicts = self.search.test(&index, page, within)?;
            if until.is_some() && verdicts.perhaps.count() > READ_AT_ONCE {
                return Ok(false);
            }
            self.tested += 1;
            if self.take(&space, page, &verdicts)?.is_break() {
                return Ok(true);
            }
        }
        Ok(true)
    }

    /// The rows.
    pub(crate) fn found(self) -> Result<Found<D>, StoreError> {
        let Self { search, work, .. } = self;
        match work {
            Work::Natural { found, .. } => Ok(found),
            Work::Ranked { ranking, .. } => search.rows(ranking),
            Work::Counted(_) => Ok(Found { rows: Vec::new(), more: false }),
        }
    }

    /// How many there are.
    pub(crate) fn counted(self) -> u64 {
        match self.work {
            Work::Counted(count) => count,
            _ => 0,
        }
    }

    /// The next page, and which of its documents matter.
    fn next_page(&self, index: &SpaceIndex) -> Option<(u32, Mask)> {
        let rest = index.page_count().checked_sub(self.tested)?;
        match &self.work {
            Work::Natural { first, within, .. } => {
                let page = first.checked_add(self.tested).filter(|page| *page < index.page_count())?;
                Some((page, if self.tested == 0 { *within } else { Mask::ALL }))
            }
            // What was made last is often the largest: the end is a good place to look for large values first.
            Work::Ranked { ranking, .. } if ranking.is_descending() => Some((rest.checked_sub(1)?, Mask::ALL)),
            Work::Ranked { .. } | Work::Counted(_) => (rest > 0).then_some((self.tested, Mask::ALL)),
        }
    }

    /// Takes from a page what is wanted of it.
    fn take(&mut self, space: &Space, page: u32, verdicts: &Verdicts) -> Result<ControlFlow<()>, StoreError> {
        let search = &self.search;
        match &mut self.work {
            Work::Natural { found, to_skip, .. } => search.take_rows(space, page, verdicts, found, to_skip),
            Work::Ranked { ranking, keys } => {
                search.rank(space, page, verdicts, ranking, keys)?;
                Ok(ControlFlow::Continue(()))
            }
            Work::Counted(count) => {
                *count += u64::from(verdicts.yes.count());
                for slot in verdicts.perhaps.slots() {
                    *count += u64::from(search.recheck(space, document(page, slot))?.is_some());
                }
                Ok(ControlFlow::Continue(()))
            }
        }
    }
}

impl Search {
    fn new(engine: &Arc<Engine>, root: &Root, find: Find) -> Self {
        let space = engine.space(&find.tenant, find.collection);
        let place = space.and_then(|space| {
            let index = root.spaces.get(&space.number)?;
            Some((space, Arc::clone(index)))
        });
        let plan = match &place {
            Some((space, index)) => {
                let number_of = |id: &str| engine.number_of(space, id, root.position);
                Planner { index, seed: engine.seed, number_of: &number_of }.plan(&find.filter)
            }
            None => Plan::Nothing,
        };
        Self {
            engine: Arc::clone(engine),
            at: root.position,
            place,
            leaves: plan.leaves(),
            plan,
            started: Instant::now(),
            scanned: Cell::new(0),
            read: Cell::new(0),
            find,
        }
    }

    fn take_rows<D: Give>(
        &self,
        space: &Space,
        page: u32,
        verdicts: &Verdicts,
        found: &mut Found<D>,
        to_skip: &mut usize,
    ) -> Result<ControlFlow<()>, StoreError> {
        for slot in verdicts.any().slots() {
            let number = document(page, slot);
            let is_sure = verdicts.yes.has(slot);
            let checked = if is_sure { None } else { self.recheck(space, number)? };
            if !is_sure && checked.is_none() {
                continue;
            }
            if *to_skip > 0 {
                *to_skip -= 1;
                continue;
            }
            if found.rows.len() == self.find.limit {
                found.more = true;
                return Ok(ControlFlow::Break(()));
            }
            let document = match checked {
                Some(document) => D::read(document),
                None => D::unread(self, space, number)?,
            };
            let cursor = Place { keys: Vec::new(), number }.to_cursor();
            found.rows.push(Row { document, cursor });
        }
        Ok(ControlFlow::Continue(()))
    }

    fn rank(
        &self,
        space: &Space,
        page: u32,
        verdicts: &Verdicts,
        ranking: &mut Ranking,
        keys: &KeySource,
    ) -> Result<(), StoreError> {
        let candidates = verdicts.any();
        let in_time = keys.in_time(page, ranking).map_or(candidates, |in_time| candidates.and(&in_time));
        for slot in in_time.slots() {
            let number = document(page, slot);
            let place = match keys.place(number, page, slot) {
                Some(place) => place,
                None => self.place_from_document(space, number)?,
            };
            let is_sure = verdicts.yes.has(slot);
            if ranking.wants(&place) && (is_sure || self.recheck(space, number)?.is_some()) {
                ranking.keep(place);
            }
        }
        Ok(())
    }

    fn rows<D: Give>(&self, ranking: Ranking) -> Result<Found<D>, StoreError> {
        let wanted = ranking.wanted();
        let places = ranking.finish();
        let more = places.len() == wanted;
        let Some((space, _)) = &self.place else { return Ok(Found { rows: Vec::new(), more: false }) };
        let rows = places
            .into_iter()
            .skip(self.find.offset)
            .take(self.find.limit)
            .map(|place| Ok(Row { document: D::unread(self, space, place.number)?, cursor: place.to_cursor() }));
        Ok(Found { rows: rows.collect::<Result<_, StoreError>>()?, more })
    }

    fn place_from_document(&self, space: &Space, number: DocumentNo) -> Result<Place, StoreError> {
        self.count_read()?;
        let document = self.document(space, number)?;
        let facets = evaluate::facets(&document, self.engine.derive(self.find.collection), &self.engine.names);
        Ok(Place { keys: evaluate::sort_keys(&self.find.order, &document, &facets)?, number })
    }

    /// Tests a page, within the budget.
    fn test(&self, index: &SpaceIndex, page: u32, within: Mask) -> Result<Verdicts, StoreError> {
        let alive = index.alive.mask(page).and(&within);
        self.count_scanned(ENTRIES * self.leaves)?;
        if alive.is_empty() {
            return Ok(Verdicts { yes: Mask::NONE, perhaps: Mask::NONE });
        }
        Ok(self.plan.test(page, &alive))
    }

    fn count_scanned(&self, entries: u64) -> Result<(), StoreError> {
        self.scanned.set(self.scanned.get() + entries);
        if self.scanned.get() > self.find.budget.scanned {
            let most = self.find.budget.scanned;
            return Err(StoreError::TooComplex(Text::both(
                format!("more than {most} index entries"),
                format!("索引の項目が{most}個を超えています"),
            )));
        }
        Ok(())
    }

    /// The time, unless it is up.
    fn check_time(&self) -> Result<Instant, StoreError> {
        let now = Instant::now();
        if now.duration_since(self.started) > self.find.budget.time {
            return Err(StoreError::too_slow(self.find.budget.time));
        }
        Ok(now)
    }

    fn count_read(&self) -> Result<(), StoreError> {
        self.read.set(self.read.get() + 1);
        if self.read.get() > self.find.budget.documents {
            let most = self.find.budget.documents;
            return Err(StoreError::TooComplex(Text::both(
                format!("more than {most} documents read"),
                format!("読み取る文書が{most}件を超えています"),
            )));
        }
        if self.read.get().is_multiple_of(256) {
            self.check_time()?;
        }
        Ok(())
    }

    /// The document, where reading it shows that it meets the filter.
    fn recheck(&self, space: &Space, number: DocumentNo) -> Result<Option<Arc<Document>>, StoreError> {
        self.count_read()?;
        let document = self.document(space, number)?;
        let facets = evaluate::facets(&document, self.engine.derive(self.find.collection), &self.engine.names);
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
