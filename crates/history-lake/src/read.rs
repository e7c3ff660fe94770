//! Reading instances: of each file the rows of the wanted series, of these the pages of the wanted times, of these only
//! the columns that are asked for.

use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::Arc;

use machi_archive::{ArchiveError, Origin, Series, Share, Sink, WantedInstances, Writers};
use machi_model::query::{TemporalQuery, TemporalRelation, TimeProperty};
use machi_types::{Name, Timestamp};
use parquet::data_type::{DoubleType, Int64Type};
use rustc_hash::FxHashMap;

use crate::cell::Cell;
use crate::columns::at;
use crate::cursor::Cursor;
use crate::data::DataFile;
use crate::entry::Entry;
use crate::rows::{RowReader, origin_of};
use crate::snapshot::View;

/// How many rows are read at once.
const BATCH: u32 = 32_768;

/// Gives what is wanted of a state to a sink.
pub(crate) fn read(view: &View, wanted: &WantedInstances<'_>, sink: &mut dyn Sink) -> Result<(), ArchiveError> {
    match (wanted.time, wanted.share) {
        (Some(_), Share::Earliest(0) | Share::Latest(0)) => Ok(()),
        (Some(query), Share::Earliest(count)) => {
            let time = Some(earliest(view, wanted, query, count)?);
            all(view, &WantedInstances { time, ..*wanted }, sink)
        }
        (Some(query), Share::Latest(count)) => latest(view, wanted, query, count, sink),
        _ => all(view, wanted, sink),
    }
}

/// The rows of one series in a file.
#[derive(Clone, Debug)]
struct Piece {
    series: Series,
    rows: Range<u32>,
}

/// A file that may hold something, with what the log knows of it.
type Near<'v> = (&'v Name, &'v Arc<Entry>);

fn near<'v>(view: &'v View, wanted: &WantedInstances<'_>) -> Vec<Near<'v>> {
    let files = view.pinned.instances.files.iter();
    files.filter(|(_, entry)| entry.extent.holds_any(wanted.entities) && entry.extent.meets(wanted.time)).collect()
}

fn open(view: &View, (name, entry): Near<'_>) -> Result<Arc<DataFile>, ArchiveError> {
    view.tenant.shared.open(&view.tenant.instances, name, entry)
}

/// The pieces of the wanted series, in the order in which they lie in a file.
fn pieces(file: &DataFile, wanted: &WantedInstances<'_>) -> Result<Vec<Piece>, ArchiveError> {
    let mut pieces = Vec::new();
    for (entity, run) in file.runs_of(wanted.entities)? {
        let Some(attribute) = file.directory.attribute(&run) else { continue };
        if wanted.attributes.is_some_and(|attributes| !attributes.contains(attribute)) {
            continue;
        }
        let dataset = file.directory.dataset(&run).cloned();
        let series = Series { entity: entity.clone(), attribute: attribute.clone(), dataset };
        let rows = match wanted.time.and_then(|query| Some((column_of(query.property)?, query.relation))) {
            Some((column, relation)) => file.narrowed(run.rows(), column, relation),
            None => run.rows(),
        };
        if !rows.is_empty() {
            pieces.push(Piece { series, rows });
        }
    }
    Ok(pieces)
}

/// The column by whose pages rows are chosen; that of creation is empty where nothing was corrected.
fn column_of(property: TimeProperty) -> Option<usize> {
    match property {
        TimeProperty::ObservedAt => Some(at::OBSERVED_AT),
        TimeProperty::CreatedAt => None,
        TimeProperty::ModifiedAt => Some(at::MODIFIED_AT),
        TimeProperty::DeletedAt => Some(at::DELETED_AT),
    }
}

fn all(view: &View, wanted: &WantedInstances<'_>, sink: &mut dyn Sink) -> Result<(), ArchiveError> {
    for near in near(view, wanted) {
        let file = open(view, near)?;
        let mut giver = Giver::new(&file, wanted);
        let mut chooser = Chooser::new(&file, wanted);
        for piece in pieces(&file, wanted)? {
            for start in piece.rows.clone().step_by(BATCH as usize) {
                let rows = start..piece.rows.end.min(start.saturating_add(BATCH));
                if chooser.takes_all() {
                    giver.instances(&piece.series, rows, sink)?;
                } else {
                    giver.give(&piece.series, &chooser.chosen(rows)?, sink)?;
                }
            }
        }
    }
    Ok(())
}

/// The rows of a piece that have a wanted time, and these times.
#[derive(Debug, Default)]
struct Chosen {
    rows: Vec<Range<u32>>,
    times: Vec<i64>,
}

impl Chosen {
    fn push(&mut self, row: u32, time: i64) {
        match self.rows.last_mut() {
            Some(last) if last.end == row => last.end += 1,
            _ => self.rows.push(row..row + 1),
        }
        self.times.push(time);
    }

    fn each(&self) -> impl Iterator<Item = (u32, i64)> {
        self.rows.iter().cloned().flatten().zip(self.times.iter().copied())
    }
}

/// Reads what rows are chosen by.
struct Chooser<'f> {
    query: Option<TemporalQuery>,
    /// The time that the query looks at.
    main: Option<Cursor<'f>>,
    /// The time of modification, which is also that of creation where none is told.
    modified: Option<Cursor<'f>>,
    /// Deletions have neither a time of creation nor one of modification.
    deleted: Option<Cursor<'f>>,
    /// Who wrote, where that counts.
    origin: Option<Cursor<'f>>,
    scratch: [(Vec<i64>, Vec<i16>); 3],
    origins: Vec<Cell>,
}

impl<'f> Chooser<'f> {
    fn new(file: &'f DataFile, wanted: &WantedInstances<'_>) -> Self {
        let property = wanted.time.map(|query| query.property);
        let is_system = matches!(property, Some(TimeProperty::CreatedAt | TimeProperty::ModifiedAt));
        let by_origin = wanted.writers == Writers::Changes && !file.is_only(at::ORIGIN, "change");
        let cursor = |is_read: bool, column: usize| is_read.then(|| file.cursor(column));
        Self {
            query: wanted.time,
            main: property.map(|property| file.cursor(column_of(property).unwrap_or(at::CREATED_AT))),
            modified: cursor(property == Some(TimeProperty::CreatedAt), at::MODIFIED_AT),
            deleted: cursor(is_system && !file.is_empty(at::DELETED_AT), at::DELETED_AT),
            origin: cursor(by_origin, at::ORIGIN),
            scratch: Default::default(),
            origins: Vec::new(),
        }
    }

    /// Whether it would choose all rows.
    fn takes_all(&self) -> bool {
        self.query.is_none() && self.origin.is_none()
    }

    /// Those of these rows that are wanted.
    fn chosen(&mut self, rows: Range<u32>) -> Result<Chosen, ArchiveError> {
        self.read(rows.clone())?;
        let [mut main, mut modified, mut deleted] = self.scratch.each_ref().map(|(values, levels)| {
            let mut values = values.iter();
            let mut levels = levels.iter();
            move || if *levels.next()? == 0 { None } else { values.next().copied() }
        });
        let mut origins = self.origins.iter();
        let mut chosen = Chosen::default();
        for row in rows {
            let (time, otherwise, deleted, origin) = (main(), modified(), deleted(), origins.next());
            let is_by = origin.is_none_or(|origin| origin_of(origin) == Some(Origin::Change));
            match (self.query, time.or(otherwise)) {
                (None, _) if is_by => chosen.push(row, 0),
                (Some(query), Some(time))
                    if is_by && deleted.is_none() && query.matches(Timestamp::from_micros(time)) =>
                {
                    chosen.push(row, time);
                }
                _ => {}
            }
        }
        Ok(chosen)
    }

    fn read(&mut self, rows: Range<u32>) -> Result<(), ArchiveError> {
        let cursors = [&mut self.main, &mut self.modified, &mut self.deleted];
        for (cursor, (values, levels)) in cursors.into_iter().zip(&mut self.scratch) {
            values.clear();
            levels.clear();
            if let Some(cursor) = cursor {
                cursor.read_plain::<Int64Type>(rows.clone(), values, levels)?;
            }
        }
        self.origins.clear();
        match &mut self.origin {
            Some(origin) => origin.read(rows, &mut self.origins),
            None => Ok(()),
        }
    }
}

/// Gives rows of a file to a sink, those further on behind those before.
struct Giver<'f> {
    file: &'f DataFile,
    /// The column whose times rows are chosen by, where each of them has one of its own.
    times: Option<usize>,
    numbers: Option<Cursor<'f>>,
    /// Who wrote, where that may be retention: a summary is no plain number.
    origins: Option<Cursor<'f>>,
    reader: Option<RowReader<'f>>,
    values: Vec<f64>,
    levels: Vec<i16>,
}

impl<'f> Giver<'f> {
    fn new(file: &'f DataFile, wanted: &WantedInstances<'_>) -> Self {
        let numbers = wanted.numbers && wanted.time.is_some();
        let times = wanted.time.and_then(|query| column_of(query.property));
        let has_summaries = numbers && file.may_exceed(at::ORIGIN, "change");
        let origins = has_summaries.then(|| file.cursor(at::ORIGIN));
        let numbers = numbers.then(|| file.cursor(at::NUMBER));
        Self { file, times, numbers, origins, reader: None, values: Vec::new(), levels: Vec::new() }
    }

    fn give(&mut self, series: &Series, chosen: &Chosen, sink: &mut dyn Sink) -> Result<(), ArchiveError> {
        if chosen.times.is_empty() {
            return Ok(());
        }
        if self.numbers.is_none() {
            return self.chosen_instances(series, chosen, sink);
        }
        self.read_numbers(chosen)?;
        if self.values.len() == self.levels.len() {
            let times: Vec<Timestamp> = chosen.times.iter().map(|time| Timestamp::from_micros(*time)).collect();
            sink.numbers(series, &times, &self.values);
            return Ok(());
        }
        // Some are no numbers: these are given whole.
        let mut others = Chosen::default();
        let mut times = Vec::with_capacity(self.values.len());
        for ((row, time), level) in chosen.each().zip(&self.levels) {
            if *level == 0 { others.push(row, time) } else { times.push(Timestamp::from_micros(time)) }
        }
        if !times.is_empty() {
            sink.numbers(series, &times, &self.values);
        }
        self.chosen_instances(series, &others, sink)
    }

    fn read_numbers(&mut self, chosen: &Chosen) -> Result<(), ArchiveError> {
        self.values.clear();
        self.levels.clear();
        let Some(numbers) = &mut self.numbers else { return Ok(()) };
        for rows in &chosen.rows {
            numbers.read_plain::<DoubleType>(rows.clone(), &mut self.values, &mut self.levels)?;
        }
        self.leave_out_summaries(chosen)
    }

    fn leave_out_summaries(&mut self, chosen: &Chosen) -> Result<(), ArchiveError> {
        let Some(origins) = &mut self.origins else { return Ok(()) };
        let mut cells = Vec::new();
        for rows in &chosen.rows {
            origins.read(rows.clone(), &mut cells)?;
        }
        let mut values = std::mem::take(&mut self.values).into_iter();
        for (level, origin) in self.levels.iter_mut().zip(&cells) {
            let Some(value) = (*level > 0).then(|| values.next()).flatten() else { continue };
            if matches!(origin_of(origin), Some(Origin::Summary(_))) {
                *level = 0;
            } else {
                self.values.push(value);
            }
        }
        Ok(())
    }

    /// Gives rows whole; the times by which they were chosen were read already.
    fn chosen_instances(&mut self, series: &Series, chosen: &Chosen, sink: &mut dyn Sink) -> Result<(), ArchiveError> {
        let Some(column) = self.times else {
            return chosen.rows.iter().try_for_each(|rows| self.instances(series, rows.clone(), sink));
        };
        let mut times = chosen.times.iter().map(|time| Cell::Time(*time));
        for rows in &chosen.rows {
            let reader = self.reader.get_or_insert_with(|| RowReader::of_instances(self.file));
            reader.read_beside(rows.clone(), column, times.by_ref().take(rows.len()))?;
            sink.instances(series, reader.instances(rows.len())?);
        }
        Ok(())
    }

    fn instances(&mut self, series: &Series, rows: Range<u32>, sink: &mut dyn Sink) -> Result<(), ArchiveError> {
        let reader = self.reader.get_or_insert_with(|| RowReader::of_instances(self.file));
        reader.read(rows.clone())?;
        sink.instances(series, reader.instances(rows.len())?);
        Ok(())
    }
}

/// The query without what lies behind the first so many of all series together.
fn earliest(
    view: &View,
    wanted: &WantedInstances<'_>,
    query: TemporalQuery,
    count: usize,
) -> Result<TemporalQuery, ArchiveError> {
    let mut files = near(view, wanted);
    let first = |near: &Near<'_>| near.1.extent.range(query.property).map(|(from, _)| from);
    files.sort_by_key(first);
    let mut times: BinaryHeap<i64> = BinaryHeap::new();
    for near in files {
        if times.len() == count && times.peek().copied() < first(&near) {
            break;
        }
        let file = open(view, near)?;
        let mut chooser = Chooser::new(&file, wanted);
        for piece in pieces(&file, wanted)? {
            for start in piece.rows.clone().step_by(BATCH as usize) {
                let rows = start..piece.rows.end.min(start.saturating_add(BATCH));
                for time in chooser.chosen(rows)?.times {
                    if times.len() < count {
                        times.push(time);
                    } else if times.peek().is_some_and(|last| time < *last) {
                        times.pop();
                        times.push(time);
                    }
                }
            }
        }
    }
    let last = times.peek().filter(|_| times.len() == count).and_then(|last| last.checked_add(1));
    let Some(end) = last.map(Timestamp::from_micros) else { return Ok(query) };
    let relation = match query.relation {
        TemporalRelation::Before(before) => TemporalRelation::Before(before.min(end)),
        TemporalRelation::After(start) => TemporalRelation::Between(start, end),
        TemporalRelation::Between(start, before) => TemporalRelation::Between(start, before.min(end)),
    };
    Ok(TemporalQuery { relation, ..query })
}

/// Gives the last so many of each series: files are read from the newest time back, until each has enough.
fn latest(
    view: &View,
    wanted: &WantedInstances<'_>,
    query: TemporalQuery,
    count: usize,
    sink: &mut dyn Sink,
) -> Result<(), ArchiveError> {
    let mut files = near(view, wanted);
    let last = |near: &Near<'_>| near.1.extent.range(query.property).map(|(_, to)| to);
    files.sort_by_key(|near| std::cmp::Reverse(last(near)));
    // Of each series the last times that were found, the earliest of them on top.
    let mut found: FxHashMap<Series, BinaryHeap<std::cmp::Reverse<i64>>> = FxHashMap::default();
    for near in files {
        let file = open(view, near)?;
        let newest = last(&near);
        let mut pieces = pieces(&file, wanted)?;
        pieces.retain(|piece| {
            let times = found.get(&piece.series).filter(|times| times.len() >= count);
            times.and_then(|times| times.peek()).is_none_or(|first| Some(first.0) <= newest)
        });
        let mut giver = Giver::new(&file, wanted);
        for (piece, chosen) in latest_in(&file, pieces, wanted, query, count)? {
            let times = found.entry(piece.series.clone()).or_default();
            times.extend(chosen.times.iter().copied().map(std::cmp::Reverse));
            while times.len() > count {
                times.pop();
            }
            giver.give(&piece.series, &chosen, sink)?;
        }
    }
    Ok(())
}

/// Of each piece the last rows that are wanted.
fn latest_in(
    file: &DataFile,
    pieces: Vec<Piece>,
    wanted: &WantedInstances<'_>,
    query: TemporalQuery,
    count: usize,
) -> Result<Vec<(Piece, Chosen)>, ArchiveError> {
    // Rows lie by the time of observation; by other times they have to be looked at all.
    let is_sorted = query.property == TimeProperty::ObservedAt;
    let mut block = if is_sorted { u32::try_from(count).unwrap_or(u32::MAX) } else { u32::MAX };
    let mut open = pieces;
    let mut done = Vec::new();
    while !open.is_empty() {
        let mut chooser = Chooser::new(file, wanted);
        let mut next = Vec::new();
        for piece in open {
            let start = piece.rows.start.max(piece.rows.end.saturating_sub(block));
            let chosen = chooser.chosen(start..piece.rows.end)?;
            if start > piece.rows.start && chosen.times.len() < count {
                next.push(piece);
            } else {
                done.push((piece, last_of(chosen, count, is_sorted)));
            }
        }
        open = next;
        block = block.saturating_mul(8);
    }
    done.sort_unstable_by_key(|(piece, _)| piece.rows.start);
    Ok(done)
}

/// The last of the rows of a piece: by their order, or by time with all that have the time of the last one.
fn last_of(chosen: Chosen, count: usize, is_sorted: bool) -> Chosen {
    let Some(surplus) = chosen.times.len().checked_sub(count).filter(|surplus| *surplus > 0) else { return chosen };
    let mut last = Chosen::default();
    if is_sorted {
        chosen.each().skip(surplus).for_each(|(row, time)| last.push(row, time));
        return last;
    }
    let mut times = chosen.times.clone();
    let (_, first, _) = times.select_nth_unstable(surplus);
    let first = *first;
    chosen.each().filter(|(_, time)| *time >= first).for_each(|(row, time)| last.push(row, time));
    last
}
