//! Merging: many small files become few large ones, which take less room and less time.
//!
//! Files are merged with those of about their size, so that a row is written anew a few times only, and a few at a time,
//! since each file that is read takes memory for each of its columns. Those that are merged lie next to each other in
//! time, so that large files hold stretches of it. The work is done beside the writers; only the commit is theirs to wait
//! for, and it is given up where a file is no longer what it was.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;
use std::time::Instant;

use machi_archive::ArchiveError;
use machi_types::{Name, Timestamp};

use crate::cell::Cell;
use crate::columns::Shape;
use crate::data::DataFile;
use crate::entry::{Entry, Settled};
use crate::log::{Changes, State, Table};
use crate::removal::BATCH;
use crate::rows::RowReader;
use crate::take::{TRIES, compare, new_name};
use crate::tenant::{KNOWN_TXN, Pinned, Plan, Tenant};
use crate::weave::weave;
use crate::write::{FileWriter, Level};

/// How many files of about one size are merged.
pub(crate) const MANY: usize = 8;
/// How many rows a file has at most for merging.
pub(crate) const MOST_ROWS: u32 = 1 << 24;

/// A file that takes part.
pub(crate) type Source = (Name, Arc<Entry>);

impl Tenant {
    /// Merges files of each table, where there are enough of them; says how many went.
    pub(crate) fn merge(&self) -> Result<usize, ArchiveError> {
        let mut gone = 0;
        for table in 0..3 {
            while let Some(count) = self.merge_once(table)? {
                gone += count;
            }
        }
        Ok(gone)
    }

    fn merge_once(&self, number: usize) -> Result<Option<usize>, ArchiveError> {
        let pinned = self.refresh()?;
        let (table, state) = self.tables(&pinned)[number];
        let Some(sources) = chosen(state) else { return Ok(None) };
        let begun = Instant::now();
        let (name, entry) = self.write_merged(table, &sources)?;
        let settled = Settled::of_all(sources.iter().map(|(_, entry)| &**entry));
        let merged = Changes {
            add: [(name.clone(), Arc::new(Entry { settled, ..entry }))].into(),
            remove: sources.iter().map(|(name, _)| name.clone()).collect(),
            ..Changes::default()
        };
        // Later than this, what was written might be taken for what a crash has left, and be removed.
        let is_late = begun.elapsed() > self.shared.grace / 2;
        if !is_late && self.swap(number, &sources, &merged, None)? {
            return Ok(Some(sources.len()));
        }
        let _ = self.shared.files.remove(&table.file(&name));
        Ok(None)
    }

    /// Puts files in the place of their sources, if these are still there, and notes since when nothing is missing of
    /// what was in force, where that is later than before.
    pub(crate) fn swap(
        &self,
        number: usize,
        sources: &[Source],
        changes: &Changes,
        known_since: Option<Timestamp>,
    ) -> Result<bool, ArchiveError> {
        let _commits = self.commits.lock();
        for _ in 0..TRIES {
            let pinned = self.refresh()?;
            let (table, state) = self.tables(&pinned)[number];
            let is_there = |(name, entry): &Source| state.files.get(name).is_some_and(|now| now == entry);
            if !sources.iter().all(is_there) {
                return Ok(false);
            }
            let mut plan = Plan::of(number, changes.clone());
            if let Some(time) = known_since {
                let time = pinned.known_since().map_or(time, |known| known.max(time));
                plan.instances.txns.insert(KNOWN_TXN.to_owned(), time.micros());
            }
            if self.commit(&pinned, plan)?.is_some() {
                sources.iter().for_each(|(name, _)| drop(self.shared.cache.remove(&table.file(name))));
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn write_merged(&self, table: &Table, sources: &[Source]) -> Result<(Name, Entry), ArchiveError> {
        let files: Vec<Arc<DataFile>> =
            sources.iter().map(|(name, entry)| self.shared.open_once(table, name, entry)).collect::<Result<_, _>>()?;
        let name = new_name();
        let level = Level::of(sources.iter().fold(0, |rows, (_, entry)| entry.rows.saturating_add(rows)));
        let mut writer = FileWriter::new(&*self.shared.files, &table.file(&name), table.shape, level)?;
        weave(&files, table.shape, &mut writer)?;
        Ok((name, writer.finish()?))
    }
}

impl Plan {
    /// A plan that changes one of the tables.
    fn of(table: usize, changes: Changes) -> Self {
        let mut plan = Self::default();
        *[&mut plan.instances, &mut plan.heads, &mut plan.replaced][table] = changes;
        plan
    }
}

/// The files to be merged next: the oldest of the smallest, where there are enough of their size, or of their size and less.
fn chosen(state: &State) -> Option<Vec<Source>> {
    let size = |entry: &Entry| entry.rows.max(1).ilog2() / MANY.ilog2();
    let mut small: Vec<Source> = state
        .files
        .iter()
        .filter(|(_, entry)| entry.rows < MOST_ROWS / 2)
        .map(|(name, entry)| (name.clone(), Arc::clone(entry)))
        .collect();
    let mut sizes: Vec<u32> = small.iter().map(|(_, entry)| size(entry)).collect();
    sizes.sort_unstable();
    let mut upto = 0;
    let chosen = sizes.chunk_by(|one, other| one == other).find(|of_size| {
        upto += of_size.len();
        of_size.len() >= MANY || (upto >= 2 * MANY && of_size.len() > 1)
    });
    let largest = *chosen?.first()?;
    small.retain(|(_, entry)| size(entry) <= largest);
    small.sort_by_key(|(name, entry)| (entry.extent.times[2], entry.extent.times[0], name.clone()));
    let mut rows = 0_u32;
    small.retain(|(_, entry)| {
        rows = rows.saturating_add(entry.rows);
        rows <= MOST_ROWS
    });
    small.truncate(MANY);
    (small.len() > 1).then_some(small)
}

/// The rows of several files in their order, each with the place of its file.
pub(crate) struct Sorted<'f> {
    streams: Vec<Stream<'f>>,
    fronts: BinaryHeap<Reverse<Front>>,
}

impl<'f> Sorted<'f> {
    /// Reads all columns but these, which are then empty.
    pub(crate) fn new(
        files: &'f [Arc<DataFile>],
        shape: &'static Shape,
        left_out: &[usize],
    ) -> Result<Self, ArchiveError> {
        let mut sorted = Self { streams: Vec::new(), fronts: BinaryHeap::new() };
        // What is read ahead of all of them takes no more room than of one.
        let batch = (BATCH / files.len().max(1) as u32).max(256);
        for (source, file) in files.iter().enumerate() {
            let mut stream = Stream::new(file, left_out, batch);
            let front = stream.next()?;
            sorted.streams.push(stream);
            sorted.fronts.extend(front.map(|row| Reverse(Front { row, source, shape })));
        }
        Ok(sorted)
    }

    pub(crate) fn next(&mut self) -> Result<Option<(usize, Vec<Cell>)>, ArchiveError> {
        let Some(mut first) = self.fronts.peek_mut() else { return Ok(None) };
        let source = first.0.source;
        let row = match self.streams[source].next()? {
            Some(next) => std::mem::replace(&mut first.0.row, next),
            None => PeekMut::pop(first).0.row,
        };
        Ok(Some((source, row)))
    }
}

/// The rows of a file, one after the other.
struct Stream<'f> {
    reader: RowReader<'f>,
    rows: u32,
    /// How many are read at once.
    batch: u32,
    /// Which rows were read, and the next of them.
    read: std::ops::Range<u32>,
    next: u32,
}

impl<'f> Stream<'f> {
    fn new(file: &'f DataFile, left_out: &[usize], batch: u32) -> Self {
        Self { reader: RowReader::without(file, left_out), rows: file.rows(), batch, read: 0..0, next: 0 }
    }

    fn next(&mut self) -> Result<Option<Vec<Cell>>, ArchiveError> {
        if self.next == self.read.end {
            if self.next == self.rows {
                return Ok(None);
            }
            self.read = self.next..self.rows.min(self.next + self.batch);
            self.reader.read(self.read.clone())?;
        }
        let row = self.reader.row((self.next - self.read.start) as usize);
        self.next += 1;
        Ok(Some(row))
    }
}

/// The first row that is left of a file.
struct Front {
    row: Vec<Cell>,
    source: usize,
    shape: &'static Shape,
}

impl Ord for Front {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self.shape, &self.row, &other.row).then(self.source.cmp(&other.source))
    }
}

impl PartialOrd for Front {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Front {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Front {}

impl Pinned {
    /// How many files all tables have.
    pub(crate) fn files(&self) -> usize {
        self.instances.files.len() + self.heads.files.len() + self.replaced.files.len()
    }
}
