//! One state of a tenant's archive: finding evolutions and what was replaced. `read.rs` reads instances.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use machi_archive::{ArchiveError, Evolution, Head, Replaced, Sink, Snapshot, WantedEvolutions, WantedInstances};
use machi_model::query::{TemporalRelation, TimeProperty};
use machi_store::Position;
use machi_types::geo::BoundingBox;
use machi_types::{Name, Timestamp};
use parquet::data_type::Int64Type;
use rustc_hash::FxHashMap;

use crate::columns::head;
use crate::data::DataFile;
use crate::log::{State, Table};
use crate::read;
use crate::rows::RowReader;
use crate::tenant::{Pinned, Tenant};

/// How many evolutions are looked at together where most may be of other types.
const MANY: usize = 1024;

/// A state, from now on unchanged.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) pinned: Arc<Pinned>,
}

impl View {
    pub(crate) fn new(tenant: &Arc<Tenant>, pinned: &Arc<Pinned>) -> Self {
        Self { tenant: Arc::clone(tenant), pinned: Arc::clone(pinned) }
    }

    /// The files of a table that may hold one of these entities, which ascend.
    fn files_of(&self, table: &Table, state: &State, ids: &[Name]) -> Result<Vec<Arc<DataFile>>, ArchiveError> {
        let near = state.files.iter().filter(|(_, entry)| entry.extent.holds_any(ids));
        near.map(|(name, entry)| self.tenant.shared.open(table, name, entry)).collect()
    }

    /// The evolutions of these ids, which ascend.
    pub(crate) fn evolutions_of(&self, ids: &[Name]) -> Result<Vec<Evolution>, ArchiveError> {
        let mut heads: FxHashMap<&Name, Vec<Head>> = FxHashMap::default();
        for file in self.files_of(&self.tenant.heads, &self.pinned.heads, ids)? {
            let mut reader = RowReader::without(&file, &[head::ENTITY_ID]);
            for (id, run) in file.runs_of(ids)? {
                reader.read(run.rows())?;
                heads.entry(id).or_default().extend(reader.heads(run.rows().len())?);
            }
        }
        let evolution = |id: &Name| {
            let mut heads = heads.remove(id)?;
            heads.sort_by_key(|head| head.modified_at);
            Some(Evolution { entity: id.clone(), heads })
        };
        Ok(ids.iter().filter_map(evolution).collect())
    }

    /// The first ids behind one.
    fn ids_behind(&self, after: Option<&str>, limit: usize) -> Result<Vec<Name>, ArchiveError> {
        let mut ids: BTreeSet<Name> = BTreeSet::new();
        let mut files: Vec<_> = self.pinned.heads.files.iter().collect();
        files.sort_by_key(|(_, entry)| entry.extent.entities.clone());
        for (name, entry) in files {
            let Some((first, last)) = &entry.extent.entities else { continue };
            let is_full = |ids: &BTreeSet<Name>| ids.len() == limit && ids.last().is_some_and(|id| id < first);
            if after.is_some_and(|after| last.as_str() <= after) || is_full(&ids) {
                continue;
            }
            let file = self.tenant.shared.open(&self.tenant.heads, name, entry)?;
            ids.extend(file.ids_behind(after, limit)?);
            while ids.len() > limit {
                ids.pop_last();
            }
        }
        Ok(ids.into_iter().collect())
    }

    /// Adds the entities of which a file holds something that was written after a time.
    fn add_written_after(
        file: &DataFile,
        time: Timestamp,
        limit: usize,
        ids: &mut BTreeSet<Name>,
    ) -> Result<(), ArchiveError> {
        let Some(column) = file.shape.times[2] else { return Ok(()) };
        let after = TemporalRelation::After(Timestamp::from_micros(time.micros().saturating_add(1)));
        let mut cursor = file.cursor(column);
        let (mut times, mut levels) = (Vec::new(), Vec::new());
        file.each_entity(|id, runs| {
            let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Ok(()) };
            let rows = file.narrowed(first.rows().start..last.rows().end, column, after);
            if rows.is_empty() || ids.len() >= limit || ids.contains(id) {
                return Ok(());
            }
            times.clear();
            levels.clear();
            cursor.read_plain::<Int64Type>(rows, &mut times, &mut levels)?;
            if times.iter().any(|one| *one > time.micros()) {
                ids.insert(Name::from(id));
            }
            Ok(())
        })
    }

    fn evolutions_behind(
        &self,
        after: Option<&str>,
        limit: usize,
        types: Option<&[Name]>,
    ) -> Result<Vec<Evolution>, ArchiveError> {
        let is_of = |evolution: &Evolution| {
            let mut all = evolution.heads.iter().flat_map(|head| head.types.iter());
            types.is_none_or(|types| all.any(|one| types.contains(one)))
        };
        let mut found = Vec::new();
        let mut after = after.map(Name::from);
        while found.len() < limit {
            let count = if types.is_some() { MANY.max(limit) } else { limit };
            let ids = self.ids_behind(after.as_deref(), count)?;
            let is_last = ids.len() < count;
            found.extend(self.evolutions_of(&ids)?.into_iter().filter(is_of).take(limit - found.len()));
            if is_last {
                break;
            }
            after = ids.last().cloned();
        }
        Ok(found)
    }
}

impl Snapshot for View {
    fn position(&self) -> Position {
        self.pinned.position()
    }

    fn known_since(&self) -> Option<Timestamp> {
        self.pinned.known_since()
    }

    fn evolutions(&self, wanted: &WantedEvolutions<'_>) -> Result<Vec<Evolution>, ArchiveError> {
        match *wanted {
            WantedEvolutions::Of(ids) => self.evolutions_of(ids),
            WantedEvolutions::After { after, limit, types } => self.evolutions_behind(after, limit, types),
        }
    }

    fn read(&self, wanted: &WantedInstances<'_>, sink: &mut dyn Sink) -> Result<(), ArchiveError> {
        read::read(self, wanted, sink)
    }

    fn written_after(&self, time: Timestamp, limit: usize) -> Result<Vec<Name>, ArchiveError> {
        let mut ids = BTreeSet::new();
        for (table, state) in self.tenant.tables(&self.pinned) {
            for (name, entry) in &state.files {
                let Some((from, to)) = entry.extent.range(TimeProperty::ModifiedAt) else { continue };
                if to <= time.micros() || ids.len() >= limit {
                    continue;
                }
                let file = self.tenant.shared.open(table, name, entry)?;
                if from > time.micros() {
                    ids.extend(file.ids_behind(None, limit)?);
                } else {
                    Self::add_written_after(&file, time, limit, &mut ids)?;
                }
            }
        }
        Ok(ids.into_iter().collect())
    }

    fn touching(&self, attribute: &Name, area: &BoundingBox, limit: usize) -> Result<Vec<Name>, ArchiveError> {
        let mut found = BTreeSet::new();
        for (table, state) in self.tenant.tables(&self.pinned).into_iter().filter(|(table, _)| table.shape.has_series())
        {
            for (name, entry) in &state.files {
                self.tenant.shared.open(table, name, entry)?.add_touching(attribute, area, limit, &mut found)?;
            }
        }
        Ok(found.into_iter().collect())
    }

    fn forgotten(&self) -> Result<Vec<(Name, Timestamp)>, ArchiveError> {
        let mut last: BTreeMap<Name, Timestamp> = BTreeMap::new();
        for (name, entry) in &self.pinned.heads.files {
            for (id, time) in self.tenant.shared.open(&self.tenant.heads, name, entry)?.forgotten()? {
                let known = last.entry(id.clone()).or_insert(*time);
                *known = (*known).max(*time);
            }
        }
        Ok(last.into_iter().collect())
    }

    fn replaced(&self, entities: &[Name]) -> Result<Vec<Replaced>, ArchiveError> {
        let mut replaced = Vec::new();
        for file in self.files_of(&self.tenant.replaced, &self.pinned.replaced, entities)? {
            let mut reader = RowReader::without(&file, &[]);
            for (_, run) in file.runs_of(entities)? {
                reader.read(run.rows())?;
                replaced.extend(reader.replaced(run.rows().len())?);
            }
        }
        Ok(replaced)
    }
}
