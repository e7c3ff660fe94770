//! Pages of evolutions in the order of their ids, found batch by batch within the budget of one request.

use std::time::{Duration, Instant};

use machi_archive::{Evolution, Snapshot, WantedEvolutions};
use machi_face::config::LimitsConfig;
use machi_face::{FaceError, PageStart};
use machi_http::Text;
use machi_store::{Cursor, StoreError};
use machi_types::Name;

use super::judge::{Judge, Selected};
use crate::error::failed;

/// How many evolutions are judged at once, at first and at most.
const BATCH: usize = 16;
const LARGEST_BATCH: usize = 4096;

/// Which page is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) start: PageStart,
    /// The most evolutions; 0 where just their number is asked for.
    pub(crate) limit: usize,
    /// Whether the number of all matches is wanted.
    pub(crate) is_counted: bool,
    /// Whether the largest id comes first.
    pub(crate) descends: bool,
}

/// A page of evolutions.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) rows: Vec<Selected>,
    pub(super) next: Option<PageStart>,
    pub(super) previous: Option<PageStart>,
    pub(super) count: Option<u64>,
}

/// Where evolutions come from.
#[derive(Debug)]
pub(super) struct Source<'s> {
    pub(super) past: &'s dyn Snapshot,
    /// Those of these ids alone.
    pub(super) ids: Option<Vec<Name>>,
    /// Those that ever had one of these types.
    pub(super) types: Option<Vec<Name>>,
}

/// How much may still be read.
#[derive(Debug)]
pub(super) struct Purse {
    until: Instant,
    reads: u64,
}

impl Purse {
    pub(super) fn of(limits: &LimitsConfig) -> Self {
        Self { until: Instant::now() + Duration::from_secs(limits.query_seconds), reads: limits.query_documents }
    }

    /// Refuses to go on where the time is over, or this many evolutions were read for nothing.
    fn spend(&mut self, reads: usize) -> Result<(), FaceError> {
        let Some(left) = self.reads.checked_sub(reads as u64) else {
            return Err(too_complex(
                "too many evolutions were read that are not asked for",
                "読み取った履歴が多すぎます",
            ));
        };
        self.reads = left;
        if Instant::now() > self.until {
            return Err(too_complex("it takes too long", "処理に時間がかかりすぎています"));
        }
        Ok(())
    }
}

fn too_complex(en: &'static str, ja: &'static str) -> FaceError {
    StoreError::TooComplex(Text::both(en, ja)).into()
}

/// The evolutions that were found, as far as a page needs them.
struct Found<'w> {
    wanted: &'w Wanted,
    rows: Vec<Selected>,
    /// How many match, before the page, too.
    matches: u64,
}

impl Found<'_> {
    fn take(&mut self, selected: Selected) {
        let is_before = match &self.wanted.start.after {
            Some(after) => !self.wanted.descends && selected.evolution.entity.as_bytes() <= &*after.0,
            None => !self.wanted.descends && self.matches < self.wanted.start.passed,
        };
        self.matches += 1;
        if !is_before && (self.wanted.descends || self.rows.len() <= self.wanted.limit) {
            self.rows.push(selected);
        }
    }

    /// Whether the page is full, and it is known that there is another one.
    fn is_done(&self) -> bool {
        !self.wanted.is_counted && !self.wanted.descends && self.rows.len() > self.wanted.limit
    }

    /// The rows from the last one on, where they were all gathered.
    fn turn(&mut self) {
        self.rows.reverse();
        let is_behind = |selected: &Selected| match &self.wanted.start.after {
            Some(after) => selected.evolution.entity.as_bytes() < &*after.0,
            None => true,
        };
        self.rows.retain(is_behind);
        if self.wanted.start.after.is_none() {
            let passed = usize::try_from(self.wanted.start.passed).unwrap_or(usize::MAX);
            self.rows.drain(..passed.min(self.rows.len()));
        }
    }
}

/// The page that is wanted of what a judge lets through.
pub(super) fn find(
    mut source: Source<'_>,
    judge: &Judge<'_>,
    wanted: &Wanted,
    limits: &LimitsConfig,
) -> Result<Page, FaceError> {
    let mut purse = Purse::of(limits);
    let mut found = Found { wanted, rows: Vec::new(), matches: 0 };
    let from_start = wanted.is_counted || wanted.descends;
    let first = wanted.start.after.as_ref().filter(|_| !from_start);
    let mut after = first.and_then(|after| str::from_utf8(&after.0).ok()).map(Name::from);
    let mut size = BATCH.max(wanted.limit + 1).min(LARGEST_BATCH);
    while !found.is_done() {
        let evolutions = source.batch(&mut after, size)?;
        if evolutions.is_empty() {
            break;
        }
        let read = evolutions.len();
        let selected = judge.judge(evolutions)?;
        purse.spend(read - selected.len().min(read))?;
        selected.into_iter().for_each(|one| found.take(one));
        size = (size * 2).min(LARGEST_BATCH);
    }
    if wanted.descends {
        found.turn();
    }
    Ok(page(found, limits))
}

fn page(found: Found<'_>, limits: &LimitsConfig) -> Page {
    let Found { wanted, mut rows, matches } = found;
    let count = wanted.is_counted.then_some(matches);
    if wanted.limit == 0 {
        return Page { rows: Vec::new(), next: None, previous: None, count };
    }
    let is_more = rows.len() > wanted.limit;
    rows.truncate(wanted.limit);
    let last = rows.last().filter(|_| is_more).map(|row| Cursor(row.evolution.entity.as_bytes().to_vec()));
    let next = last.map(|last| wanted.start.next(rows.len() as u64, last));
    // From an offset beyond the end, the page before is the last one.
    let is_beyond = rows.is_empty() && wanted.start.after.is_none();
    let here = if is_beyond { PageStart::at(matches.min(wanted.start.passed)) } else { wanted.start.clone() };
    let previous = here.previous(wanted.limit as u64, limits.offset_max as u64);
    Page { rows, next, previous, count }
}

impl Source<'_> {
    /// The next evolutions behind an id, which becomes that of the last one.
    fn batch(&mut self, after: &mut Option<Name>, size: usize) -> Result<Vec<Evolution>, FaceError> {
        let Some(ids) = &mut self.ids else {
            let wanted = WantedEvolutions::After { after: after.as_deref(), limit: size, types: self.types.as_deref() };
            let evolutions = self.past.evolutions(&wanted).map_err(failed)?;
            *after = evolutions.last().map(|last| last.entity.clone());
            return Ok(evolutions);
        };
        if let Some(after) = after.take() {
            ids.retain(|id| *id > after);
        }
        while !ids.is_empty() {
            let these: Vec<Name> = ids.drain(..size.min(ids.len())).collect();
            let evolutions = self.past.evolutions(&WantedEvolutions::Of(&these)).map_err(failed)?;
            if !evolutions.is_empty() {
                return Ok(evolutions);
            }
        }
        Ok(Vec::new())
    }
}
