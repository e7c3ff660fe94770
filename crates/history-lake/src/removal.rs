//! Removals: files that hold something of what is to go are written anew without it.
//!
//! All removals of a delivery are tried on each file together, so that each is rewritten once. Of removals that meet the
//! same instance the first counts, as they come one after the other.

use std::collections::hash_map;
use std::ops::Range;
use std::sync::Arc;

use machi_archive::{ArchiveError, InstanceKey, Part, Removal, Series};
use machi_types::{Name, Timestamp};
use rustc_hash::FxHashMap;

use crate::cell::Cell;
use crate::columns::at;
use crate::data::DataFile;
use crate::directory::Run;
use crate::entry::Entry;
use crate::log::{Changes, State, Table};
use crate::rows::{RowReader, key_of, series_of};
use crate::take::new_name;
use crate::tenant::{Pinned, Plan, Tenant};
use crate::write::{FileWriter, Level};

/// How many rows are read at once.
pub(crate) const BATCH: u32 = 8192;

/// What removals change.
#[derive(Debug, Default)]
pub(crate) struct Removed {
    pub(crate) plan: Plan,
    /// Rows that now belong to the table of what was replaced.
    pub(crate) moved: Vec<Vec<Cell>>,
}

/// What a delivery removes, by entity.
struct Removals<'r> {
    all: &'r [Removal],
    entities: Vec<Name>,
}

/// Finds what removals change in the three tables.
pub(crate) fn plan(tenant: &Tenant, pinned: &Arc<Pinned>, removals: &[Removal]) -> Result<Removed, ArchiveError> {
    let mut removed = Removed::default();
    if removals.is_empty() {
        return Ok(removed);
    }
    let of_instances = Removals::new(removals);
    let Removed { plan, moved } = &mut removed;
    of_instances.apply(
        tenant,
        (&tenant.instances, &pinned.instances),
        |_| true,
        &mut plan.instances,
        |row, by| {
            moved.extend(of_instances.moved(row, by));
        },
    )?;
    let is_for_good = |removal: &Removal| removal.replaced_at.is_none();
    of_instances.apply(tenant, (&tenant.replaced, &pinned.replaced), is_for_good, &mut plan.replaced, |_, _| {})?;
    let whole: Vec<Removal> = removals.iter().filter(|removal| removal.part == Part::All).cloned().collect();
    let of_heads = Removals::new(&whole);
    of_heads.apply(tenant, (&tenant.heads, &pinned.heads), |_| true, &mut plan.heads, |_, _| {})?;
    Ok(removed)
}

impl<'r> Removals<'r> {
    fn new(all: &'r [Removal]) -> Self {
        let mut entities: Vec<Name> = all.iter().map(|removal| removal.entity.clone()).collect();
        entities.sort_unstable();
        entities.dedup();
        Self { all, entities }
    }

    /// Rewrites the files of a table that hold something of this; `gone` gets each row that goes, and by which removal.
    fn apply(
        &self,
        tenant: &Tenant,
        (table, state): (&Table, &State),
        counts: impl Fn(&Removal) -> bool,
        changes: &mut Changes,
        mut gone: impl FnMut(Vec<Cell>, usize),
    ) -> Result<(), ArchiveError> {
        for (name, entry) in state.files.iter().filter(|(_, entry)| entry.extent.holds_any(&self.entities)) {
            let file = tenant.shared.open(table, name, entry)?;
            let rows = self.rows(&file, entry, &counts)?;
            if rows.is_empty() {
                continue;
            }
            changes.remove.push(name.clone());
            if let Some((name, rewritten)) = rewrite(tenant, table, &file, &rows, &mut gone)? {
                changes.add.insert(name, Arc::new(Entry { settled: entry.settled, ..rewritten }));
            }
        }
        Ok(())
    }

    /// The rows of a file that go, and by which removal.
    fn rows(
        &self,
        file: &DataFile,
        entry: &Entry,
        counts: &impl Fn(&Removal) -> bool,
    ) -> Result<FxHashMap<u32, usize>, ArchiveError> {
        let mut rows = FxHashMap::default();
        let mut keys: FxHashMap<u32, Vec<InstanceKey>> = FxHashMap::default();
        for (by, removal) in self.all.iter().enumerate().filter(|(_, removal)| counts(removal)) {
            for (_, run) in file.runs_of(std::slice::from_ref(&removal.entity))? {
                match wanted_of(file, &run, removal) {
                    Wanted::All => run.rows().for_each(|row| _ = rows.entry(row).or_insert(by)),
                    Wanted::One(key) if entry.extent.holds_creation(key.created_at) => {
                        let of_run = match keys.entry(run.rows().start) {
                            hash_map::Entry::Occupied(known) => known.into_mut(),
                            hash_map::Entry::Vacant(unknown) => unknown.insert(keys_of(file, run.rows())?),
                        };
                        let found = of_run.iter().zip(run.rows()).filter(|(one, _)| **one == key);
                        found.for_each(|(_, row)| _ = rows.entry(row).or_insert(by));
                    }
                    Wanted::Nothing | Wanted::One(_) => {}
                }
            }
        }
        Ok(rows)
    }

    /// The row for the table of what was replaced, unless a later removal takes it from there.
    fn moved(&self, mut row: Vec<Cell>, by: usize) -> Option<Vec<Cell>> {
        let replaced_at = self.all[by].replaced_at?;
        let (series, key) = (series_of(&|column| &row[column])?, key_of(&|column| &row[column])?);
        let takes = |later: &Removal| {
            later.replaced_at.is_none() && later.entity == series.entity && later.part.holds(&series, key)
        };
        if self.all[by + 1..].iter().any(takes) {
            return None;
        }
        row.push(Cell::time(Some(replaced_at)));
        Some(row)
    }
}

/// What of a run a removal takes.
enum Wanted {
    Nothing,
    All,
    One(InstanceKey),
}

fn wanted_of(file: &DataFile, run: &Run, removal: &Removal) -> Wanted {
    if !file.shape.has_series() {
        return Wanted::All;
    }
    let Some(attribute) = file.directory.attribute(run).cloned() else { return Wanted::Nothing };
    let dataset = file.directory.dataset(run).cloned();
    let series = Series { entity: removal.entity.clone(), attribute, dataset };
    // Of any other part each instance of the series is as good as another.
    let any = InstanceKey { created_at: Timestamp::from_micros(0), place: 0 };
    match &removal.part {
        Part::Instance { key, .. } if removal.part.holds(&series, *key) => Wanted::One(*key),
        Part::Instance { .. } => Wanted::Nothing,
        part if part.holds(&series, any) => Wanted::All,
        _ => Wanted::Nothing,
    }
}

fn keys_of(file: &DataFile, rows: Range<u32>) -> Result<Vec<InstanceKey>, ArchiveError> {
    let others = (0..file.shape.columns.len())
        .filter(|column| !matches!(*column, at::CREATED_AT | at::MODIFIED_AT | at::SEQUENCE));
    let mut reader = RowReader::without(file, &others.collect::<Vec<_>>());
    reader.read(rows.clone())?;
    Ok((0..rows.len()).filter_map(|row| key_of(&|column| reader.cell(row, column))).collect())
}

/// Writes a file anew without some of its rows; nothing where none is left.
fn rewrite(
    tenant: &Tenant,
    table: &Table,
    file: &DataFile,
    without: &FxHashMap<u32, usize>,
    gone: &mut impl FnMut(Vec<Cell>, usize),
) -> Result<Option<(Name, Entry)>, ArchiveError> {
    let name = new_name();
    let level = Level::of(file.rows());
    let mut writer = FileWriter::new(&*tenant.shared.files, &table.file(&name), table.shape, level)?;
    let mut reader = RowReader::without(file, &[]);
    for start in (0..file.rows()).step_by(BATCH as usize) {
        let end = file.rows().min(start + BATCH);
        reader.read(start..end)?;
        for row in start..end {
            let cells = reader.row((row - start) as usize);
            match without.get(&row) {
                Some(by) => gone(cells, *by),
                None => writer.push(cells)?,
            }
        }
    }
    if writer.rows() == 0 { Ok(None) } else { Ok(Some((name, writer.finish()?))) }
}
