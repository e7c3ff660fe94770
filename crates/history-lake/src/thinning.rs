//! Thinning: what policies say of old instances. Files that hold something whose time has come are read in the order of
//! their rows, and written anew with less.
//!
//! What lies before the horizon goes into one file and the rest into another, so that the rest is not written again when
//! the next hour's or day's time has come. Each file then says until when the policies change nothing of it, so that most
//! rounds look at no file at all. As with merging, the work is done beside the writers; the commit swaps the files and
//! says, in the same version, since when nothing is missing of what was in force.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use machi_archive::retention::{Bounds, Effect, InForce, Level as Left, Retained, Retention, Thinner, in_force};
use machi_archive::{ArchiveError, Instance, Series, Snapshot, WantedEvolutions};
use machi_types::{Name, Timestamp};
use rustc_hash::FxHashMap;

use crate::body::{Apart, Together};
use crate::cell::Cell;
use crate::columns::{Shape, at};
use crate::data::DataFile;
use crate::entry::{Entry, Settled};
use crate::fault;
use crate::log::{Changes, State, Table};
use crate::merge::{MANY, MOST_ROWS, Sorted, Source};
use crate::rows::{instance_of, instance_row, series_of};
use crate::snapshot::View;
use crate::take::{TRIES, new_name};
use crate::tenant::Tenant;
use crate::write::{FileWriter, Level};

/// Of how many entities it is known at once what is in force.
const WINDOW: usize = 512;
/// After which time what stays because it is in force is looked at again.
const DAY: i64 = 86_400_000_000;
/// The places of the tables that hold instances.
const TABLES: [usize; 2] = [0, 2];
const REPLACED: usize = 2;

/// Where rows go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// What lies before the horizon.
    Aged,
    Rest,
}

/// Policies that are being applied.
struct Round<'r> {
    tenant: &'r Arc<Tenant>,
    retention: &'r Retention,
    horizon: Timestamp,
    /// The sum of the policies.
    policies: u32,
}

/// What is known of some entities.
struct Window {
    view: View,
    ids: BTreeSet<Name>,
    types: FxHashMap<Name, Vec<Name>>,
    in_force: FxHashMap<Series, InForce>,
}

/// What came of reading files.
#[derive(Debug)]
struct Outcome {
    effect: Effect,
    /// How many rows each side has, and until when it is settled.
    aged: (u32, i64),
    rest: (u32, i64),
}

impl Tenant {
    /// Applies policies to all that is old enough.
    pub(crate) fn retain(self: &Arc<Self>, retention: &Retention) -> Result<Retained, ArchiveError> {
        let mut retained = Retained::default();
        let Some(horizon) = retention.horizon() else { return Ok(retained) };
        let policies = crc32fast::hash(format!("{:?}{:?}", retention.rules, retention.holds).as_bytes());
        let round = Round { tenant: self, retention, horizon, policies };
        for table in TABLES {
            let mut misses = 0;
            // Where others are always faster, the next round goes on.
            while misses < TRIES {
                let pinned = self.refresh()?;
                let sources = round.due(self.tables(&pinned)[table].1);
                if sources.is_empty() {
                    break;
                }
                match round.thin(table, &View::new(self, &pinned), &sources)? {
                    Some(done) => add(&mut retained, done),
                    None => misses += 1,
                }
            }
        }
        Ok(retained)
    }
}

fn add(sum: &mut Retained, more: Retained) {
    sum.dropped += more.dropped;
    sum.summed += more.summed;
    sum.summaries += more.summaries;
}

impl Round<'_> {
    /// The files whose time has come, those next to each other in time, and no more than can lie in one file.
    fn due(&self, state: &State) -> Vec<Source> {
        let is_due = |entry: &Entry| match entry.settled {
            Some(settled) if settled.policies == self.policies => settled.until <= self.retention.now.micros(),
            _ => entry.extent.oldest().is_some_and(|oldest| oldest < self.horizon.micros()),
        };
        let due = state.files.iter().filter(|(_, entry)| is_due(entry));
        let mut due: Vec<Source> = due.map(|(name, entry)| (name.clone(), Arc::clone(entry))).collect();
        due.sort_by_key(|(name, entry)| (entry.extent.times[2], entry.extent.times[0], name.clone()));
        let mut rows = 0_u32;
        let fits = |(_, entry): &&Source| {
            rows = rows.saturating_add(entry.rows);
            rows <= MOST_ROWS
        };
        let count = due.iter().take(MANY).take_while(fits).count();
        due.truncate(count.max(1));
        due
    }

    /// Thins files out; nothing where somebody else has changed them meanwhile.
    fn thin(&self, number: usize, view: &View, sources: &[Source]) -> Result<Option<Retained>, ArchiveError> {
        let begun = Instant::now();
        let tenant = self.tenant;
        let (table, _) = tenant.tables(&view.pinned)[number];
        let files: Vec<Arc<DataFile>> = sources
            .iter()
            .map(|(name, entry)| tenant.shared.open_once(table, name, entry))
            .collect::<Result<_, _>>()?;
        let outcome = self.read(number, view, &files, &mut |_, _| Ok(()))?;
        let mut changes = Changes::default();
        if outcome.effect.is_any() {
            changes.remove = sources.iter().map(|(name, _)| name.clone()).collect();
            for (side, (rows, until)) in [(Side::Aged, outcome.aged), (Side::Rest, outcome.rest)] {
                if rows > 0 {
                    let (name, entry) = self.write(number, view, (table, &files), (side, rows))?;
                    changes.add.insert(name, self.settled(&entry, until));
                }
            }
        } else {
            let until = outcome.aged.1.min(outcome.rest.1);
            changes.add = sources.iter().map(|(name, entry)| (name.clone(), self.settled(entry, until))).collect();
        }
        // Later than this, what was written might be taken for what a crash has left, and be removed.
        let is_late = begun.elapsed() > tenant.shared.grace / 2;
        if !is_late && tenant.swap(number, sources, &changes, outcome.effect.known_since)? {
            return Ok(Some(outcome.effect.retained));
        }
        for name in changes.add.keys().filter(|name| sources.iter().all(|(source, _)| source != *name)) {
            let _ = tenant.shared.files.remove(&table.file(name));
        }
        Ok(None)
    }

    fn settled(&self, entry: &Entry, until: i64) -> Arc<Entry> {
        Arc::new(Entry { settled: Some(Settled { policies: self.policies, until }), ..entry.clone() })
    }

    fn write(
        &self,
        number: usize,
        view: &View,
        (table, files): (&Table, &[Arc<DataFile>]),
        (side, rows): (Side, u32),
    ) -> Result<(Name, Entry), ArchiveError> {
        let name = new_name();
        let level = Level::of(rows);
        let mut writer = FileWriter::new(&*self.tenant.shared.files, &table.file(&name), table.shape, level)?;
        self.read(number, view, files, &mut |of, row| if of == side { writer.push(row) } else { Ok(()) })?;
        Ok((name, writer.finish()?))
    }

    /// Reads files in the order of their rows, and gives what is left.
    fn read(
        &self,
        number: usize,
        view: &View,
        files: &[Arc<DataFile>],
        push: &mut dyn FnMut(Side, Vec<Cell>) -> Result<(), ArchiveError>,
    ) -> Result<Outcome, ArchiveError> {
        let shape = self.tenant.tables(&view.pinned)[number].0.shape;
        let mut sorted = Sorted::new(files, shape, &[])?;
        let mut following = || -> Result<Option<Vec<Cell>>, ArchiveError> { Ok(sorted.next()?.map(|(_, row)| row)) };
        let mut window = Window::new(view);
        let mut effect = Effect::default();
        let mut out =
            Out { round: self, shape, apart: Apart::default(), push, aged: (0, i64::MAX), rest: (0, i64::MAX) };
        let mut together = Together::default();
        let mut next = following()?;
        while let Some(first) = next.take() {
            let series = series_of(&|column| &first[column]).ok_or_else(|| no_row(files))?;
            window.reach(&series.entity, files, self.horizon)?;
            let types = window.types.get(&series.entity).map(Vec::as_slice).unwrap_or_default();
            let bounds = self.retention.bounds(&series.entity, types);
            let in_force = window.in_force.get(&series).copied().unwrap_or_default();
            let key: Vec<Cell> = shape.key.iter().map(|column| first[*column].clone()).collect();
            let is_same = |row: &Vec<Cell>| shape.key.iter().zip(&key).all(|(column, cell)| row[*column] == *cell);
            let like = [first[at::ENTITY_TYPE].clone(), first[at::TYPES].clone()];
            let of = (&series, &like, &bounds);
            if number == REPLACED {
                let mut row = Some(first);
                while let Some(one) = row {
                    let instance = instance_of(&|column| &one[column], &mut together).ok_or_else(|| no_row(files))?;
                    if effect.keeps_replaced(&instance, &bounds, in_force, self.horizon) {
                        out.pass_on(&bounds, instance.kept_by(), one)?;
                    }
                    row = following()?;
                    next = row.take_if(|row| !is_same(row));
                }
                continue;
            }
            let mut thinner = Thinner::new(&series, &bounds, in_force, self.horizon, &mut effect);
            let mut row = Some(first);
            while let Some(one) = row {
                let time = kept_by(&one).ok_or_else(|| no_row(files))?;
                if bounds.is_empty() || time >= self.horizon {
                    out.pass_on(&bounds, time, one)?;
                } else {
                    let instance = instance_of(&|column| &one[column], &mut together).ok_or_else(|| no_row(files))?;
                    for instance in thinner.push(instance) {
                        out.write(of, &instance)?;
                    }
                }
                row = following()?;
                next = row.take_if(|row| !is_same(row));
            }
            for instance in thinner.finish() {
                out.write(of, &instance)?;
            }
        }
        let (aged, rest) = (out.aged, out.rest);
        Ok(Outcome { effect, aged, rest })
    }
}

fn no_row(files: &[Arc<DataFile>]) -> ArchiveError {
    let names: Vec<&str> = files.iter().map(|file| file.place.as_str()).collect();
    fault::damaged(&names.join(", "), &"a row of it makes no sense")
}

/// The time of a row from which on it counts how long it stays.
fn kept_by(row: &[Cell]) -> Option<Timestamp> {
    row[at::OBSERVED_AT].as_time().or_else(|| row[at::MODIFIED_AT].as_time())
}

/// Where rows go, and what is noted of them.
struct Out<'o> {
    round: &'o Round<'o>,
    shape: &'static Shape,
    apart: Apart,
    push: &'o mut dyn FnMut(Side, Vec<Cell>) -> Result<(), ArchiveError>,
    aged: (u32, i64),
    rest: (u32, i64),
}

impl Out<'_> {
    /// Writes an instance that stays, or a summary.
    fn write(
        &mut self,
        (series, like, bounds): (&Series, &[Cell; 2], &Bounds),
        instance: &Instance,
    ) -> Result<(), ArchiveError> {
        let mut row = instance_row(self.shape, series, None, instance, &mut self.apart);
        let [entity_type, types] = like;
        row[at::ENTITY_TYPE] = entity_type.clone();
        row[at::TYPES] = types.clone();
        self.pass_on(bounds, instance.kept_by(), row)
    }

    /// Gives a row on, and notes when its time comes.
    fn pass_on(&mut self, bounds: &Bounds, time: Timestamp, row: Vec<Cell>) -> Result<(), ArchiveError> {
        let now = self.round.retention.now;
        let in_force = || if bounds.level(time, Left::Whole) == Left::Gone { now.micros() + DAY } else { i64::MAX };
        let until = bounds.due(time, now).map_or_else(in_force, Timestamp::micros);
        let is_aged = time < self.round.horizon;
        let (side, noted) = if is_aged { (Side::Aged, &mut self.aged) } else { (Side::Rest, &mut self.rest) };
        *noted = (noted.0 + 1, noted.1.min(until));
        (self.push)(side, row)
    }
}

impl Window {
    fn new(view: &View) -> Self {
        let view = View::new(&view.tenant, &view.pinned);
        Self { view, ids: BTreeSet::new(), types: FxHashMap::default(), in_force: FxHashMap::default() }
    }

    /// Learns of an entity, and of those behind it, unless it is known.
    fn reach(&mut self, id: &Name, files: &[Arc<DataFile>], horizon: Timestamp) -> Result<(), ArchiveError> {
        if self.ids.contains(id) {
            return Ok(());
        }
        self.ids = BTreeSet::from([id.clone()]);
        for file in files {
            self.ids.extend(file.ids_behind(Some(id), WINDOW - 1)?);
            while self.ids.len() > WINDOW {
                self.ids.pop_last();
            }
        }
        let ids: Vec<Name> = self.ids.iter().cloned().collect();
        self.in_force = in_force(&self.view, &ids, horizon)?;
        let evolutions = self.view.evolutions(&WantedEvolutions::Of(&ids))?;
        self.types = evolutions.into_iter().map(|one| (one.entity.clone(), one.types())).collect();
        Ok(())
    }
}
