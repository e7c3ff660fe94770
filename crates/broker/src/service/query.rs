//! Query Entities (ETSI GS CIM 009 §5.7.2): one page of the entities that a selection finds.

use machi_face::{AsOf, Criteria, FaceError, PageStart};
use machi_model::query::OrderBy;
use machi_store::{Cursor, Filter, Find, Found, Row, Seen};
use machi_types::Caller;

use super::order::Ordering;
use super::select::Sight;
use crate::Broker;

/// Which entities are asked for, and which page of them.
#[derive(Clone, Debug)]
pub(crate) struct EntityQuery {
    pub(crate) criteria: Criteria,
    pub(crate) order: Option<OrderBy>,
    /// The most entities; 0 where just their number is asked for.
    pub(crate) limit: usize,
    pub(crate) start: PageStart,
    /// Whether the number of all matches is wanted.
    pub(crate) is_counted: bool,
    /// When the entities are asked about; none is now.
    pub(crate) as_of: Option<AsOf>,
    /// Whether what earlier readers left beside the entities is as good as the entities.
    pub(crate) takes_notes: bool,
}

/// A page of entities.
#[derive(Debug)]
pub(crate) struct EntityPage {
    pub(crate) sight: Sight,
    /// The entities found; one that expired a moment ago may still be among them.
    pub(crate) rows: Vec<Seen>,
    pub(crate) previous: Option<PageStart>,
    pub(crate) next: Option<PageStart>,
    pub(crate) count: Option<u64>,
}

/// Rows with where to go on behind each, and whether there are more.
pub(super) struct Rows {
    pub(super) rows: Vec<(Seen, Cursor)>,
    pub(super) more: bool,
}

/// How many bytes the stored entities of one page may have; a page that would have more is shorter (§5.5.9.1).
const PAGE_BYTES: usize = 64 << 20;

impl Rows {
    /// As many of the rows as one answer takes, at least one.
    pub(super) fn cut(mut self) -> Self {
        let mut bytes = 0;
        let fitting = self.rows.iter().take_while(|(seen, _)| {
            bytes += seen.size();
            bytes <= PAGE_BYTES
        });
        let fitting = fitting.count().max(1);
        self.more |= fitting < self.rows.len();
        self.rows.truncate(fitting);
        self
    }
}

impl Broker {
    /// A page of the entities that are asked for.
    pub(crate) async fn query_entities(&self, caller: &Caller, query: EntityQuery) -> Result<EntityPage, FaceError> {
        self.face.check_tenant(caller).await?;
        let EntityQuery { criteria, order, limit, start, is_counted, as_of, takes_notes } = query;
        let sight = self.sight_as_of(caller.tenant(), as_of.as_ref()).await?;
        let filter = self.select(&sight, criteria).await?;
        let count = match is_counted {
            true => Some(sight.view.count(self.entity_find(&sight, filter.clone())).await?),
            false => None,
        };
        if limit == 0 {
            return Ok(EntityPage { sight, rows: Vec::new(), previous: None, next: None, count });
        }
        let ordering = self.ordering(&sight, &filter, order, start.after.as_ref()).await?;
        let found = self.rows(&sight, (&filter, &ordering), &start, limit, takes_notes).await?;
        let last = found.rows.last().map(|(_, cursor)| cursor.clone());
        let next = last.filter(|_| found.more).map(|last| start.next(found.rows.len() as u64, last));
        let end = self.end_before(&sight, filter, &start, &found, count).await?;
        let previous = end.as_ref().unwrap_or(&start).previous(limit as u64, self.face.config.limits.offset_max as u64);
        let rows = found.rows.into_iter().map(|(seen, _)| seen).collect();
        Ok(EntityPage { sight, rows, previous, next, count })
    }

    /// The end of the matches, where an offset lies beyond it: from there the page before is found.
    async fn end_before(
        &self,
        sight: &Sight,
        filter: Filter,
        start: &PageStart,
        found: &Rows,
        count: Option<u64>,
    ) -> Result<Option<PageStart>, FaceError> {
        let is_beyond = found.rows.is_empty() && start.after.is_none() && start.passed > 0;
        if !is_beyond {
            return Ok(None);
        }
        let count = match count {
            Some(count) => count,
            None => sight.view.count(self.entity_find(sight, filter)).await?,
        };
        Ok(Some(PageStart::at(count.min(start.passed))))
    }

    async fn rows(
        &self,
        sight: &Sight,
        (filter, ordering): (&Filter, &Ordering),
        start: &PageStart,
        limit: usize,
        takes_notes: bool,
    ) -> Result<Rows, FaceError> {
        let order = match ordering {
            Ordering::ByIndex(order) => order.clone(),
            Ordering::ByReading(order) => return self.sorted_rows(sight, filter, order, start, limit).await,
        };
        let offset = if start.after.is_some() { 0 } else { usize::try_from(start.passed).unwrap_or(usize::MAX) };
        let find = Find { order, after: start.after.clone(), offset, limit, ..self.entity_find(sight, filter.clone()) };
        let Found { rows, more } = match takes_notes {
            true => sight.view.find_noted(find).await?,
            false => sight.view.find(find).await?.whole(),
        };
        let rows = rows.into_iter().map(|Row { document, cursor }| (document, cursor)).collect();
        Ok(Rows { rows, more }.cut())
    }
}
