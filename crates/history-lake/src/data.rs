//! An open file: its footer, page index and the index of its directory in memory; its pages and the blocks of its
//! directory are read where they lie, each checked by its sum.

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use machi_archive::ArchiveError;
use machi_model::query::TemporalRelation;
use machi_types::geo::BoundingBox;
use machi_types::{Name, Timestamp};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::page_index::column_index::ColumnIndexMetaData;

use crate::cell::Cell;
use crate::columns::{Shape, Type, at};
use crate::cursor::Cursor;
use crate::directory::{Directory, Listed, Run};
use crate::entry::{Entry, overlaps};
use crate::fault;
use crate::files::Files;
use crate::pages::Pages;
use crate::places::{Known, Places};

/// A directory of no more bytes than this is read with the index of it.
const NEAR: u64 = 64 << 10;

/// A file that is open.
#[derive(Debug)]
pub(crate) struct DataFile {
    pub(crate) place: String,
    pub(crate) shape: &'static Shape,
    pub(crate) directory: Directory,
    /// Where the blocks of the directory begin, and these, where they are few.
    blocks_at: u64,
    near: Option<Bytes>,
    /// Where its entities were; none where it was written before that was told.
    places: Option<Places>,
    pub(crate) pages: Arc<Pages>,
    /// The first row of each group, and the end of the last one.
    pub(crate) groups: Vec<u32>,
    /// Of heads those that `forgotten.rs` finds, once they were asked for.
    pub(crate) forgotten: OnceLock<Vec<(Name, Timestamp)>>,
}

impl DataFile {
    /// Opens a file that the log names.
    pub(crate) fn open(
        files: &dyn Files,
        name: &str,
        entry: &Entry,
        shape: &'static Shape,
    ) -> Result<Self, ArchiveError> {
        let place = files.place(name);
        let parts = files.open(name).map_err(|error| fault::reading(&place, &error))?;
        let blocks_at = entry.tail.saturating_sub(entry.blocks);
        let start = if entry.blocks <= NEAR { blocks_at } else { entry.tail };
        let length = entry.size.saturating_sub(start) as usize;
        let mut tail = parts.read_at(start, length).map_err(|error| fault::reading(&place, &error))?;
        let near = (start == blocks_at).then(|| tail.split_to(tail.len().min(entry.blocks as usize)));
        if crc32fast::hash(&tail) != entry.sum {
            return Err(fault::damaged(&place, &"its end is not what was written"));
        }
        let metadata = metadata_of(&tail, entry.size).map_err(|error| fault::damaged(&place, &error))?;
        let unreadable = || fault::damaged(&place, &"its directory cannot be read");
        let mut section = tail.get(..entry.section as usize).ok_or_else(unreadable)?;
        let (directory, sums) = Directory::read(&mut section).ok_or_else(unreadable)?;
        let places = if section.is_empty() { None } else { Some(Places::read(&mut section).ok_or_else(unreadable)?) };
        let pages = Arc::new(Pages::new(place.clone(), parts, metadata, sums));
        let mut groups = vec![0];
        for group in pages.metadata.row_groups() {
            groups.push(groups.last().copied().unwrap_or_default() + group.num_rows() as u32);
        }
        if groups.last() != Some(&entry.rows) {
            return Err(fault::damaged(&place, &"it has not the rows that the log tells of"));
        }
        Ok(Self { place, shape, directory, blocks_at, near, places, pages, groups, forgotten: OnceLock::new() })
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> u32 {
        self.groups.last().copied().unwrap_or_default()
    }

    /// How many bytes of memory it takes while it is open.
    pub(crate) fn weight(&self) -> u64 {
        let near = self.near.as_ref().map_or(0, Bytes::len);
        let places = self.places.as_ref().map_or(0, Places::weight);
        (self.directory.weight() + places + near + self.pages.weight() + 1024) as u64
    }

    /// What a block of the directory lists.
    fn listed(&self, block: usize) -> Result<Listed, ArchiveError> {
        let damaged = || fault::damaged(&self.place, &"its directory is not what was written");
        let (start, length) = self.directory.extent(block).ok_or_else(damaged)?;
        let near = self.near.as_ref().and_then(|near| near.get(start as usize..start as usize + length));
        let read = || self.pages.parts.read_at(self.blocks_at + start, length);
        let bytes = near.map_or_else(read, |near| Ok(Bytes::copy_from_slice(near)));
        let bytes = bytes.map_err(|error| fault::reading(&self.place, &error))?;
        self.directory.listed(block, &bytes).ok_or_else(damaged)
    }

    /// The runs of these entities, which ascend, in the order in which they lie.
    pub(crate) fn runs_of<'n>(&self, entities: &'n [Name]) -> Result<Vec<(&'n Name, Run)>, ArchiveError> {
        let mut runs = Vec::new();
        for chain in self.directory.chains() {
            let mut open: Option<(usize, Listed)> = None;
            for entity in entities {
                let Some(block) = self.directory.block_of(&chain, entity) else { continue };
                let listed = match open.take() {
                    Some((place, listed)) if place == block => listed,
                    _ => self.listed(block)?,
                };
                runs.extend(listed.of(entity).iter().map(|run| (entity, *run)));
                open = Some((block, listed));
            }
        }
        Ok(runs)
    }

    /// Shows all entities with their runs, in the order in which they lie.
    pub(crate) fn each_entity(
        &self,
        mut show: impl FnMut(&str, &[Run]) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        for block in 0..self.directory.blocks() {
            self.listed(block)?.all().try_for_each(|(id, runs)| show(id, runs))?;
        }
        Ok(())
    }

    /// The first ids behind one, ascending.
    pub(crate) fn ids_behind(&self, after: Option<&str>, limit: usize) -> Result<Vec<Name>, ArchiveError> {
        let mut ids: Vec<Name> = Vec::new();
        for chain in self.directory.chains() {
            let first = after.and_then(|after| self.directory.block_of(&chain, after)).unwrap_or(chain.start);
            let known = ids.len();
            for block in first..chain.end {
                let left = limit - (ids.len() - known);
                ids.extend(self.listed(block)?.behind(after).take(left).map(Name::from));
                if ids.len() - known == limit {
                    break;
                }
            }
        }
        ids.sort_unstable();
        ids.dedup();
        ids.truncate(limit);
        Ok(ids)
    }

    /// Adds the entities of which a geometry of an attribute may touch an area, until there are so many.
    pub(crate) fn add_touching(
        &self,
        attribute: &Name,
        area: &BoundingBox,
        limit: usize,
        found: &mut BTreeSet<Name>,
    ) -> Result<(), ArchiveError> {
        let Some(places) = &self.places else { return self.add_touching_by_rows(attribute, area, found) };
        for block in places.near(attribute, area) {
            if found.len() >= limit {
                break;
            }
            found.extend(self.touching_in(places, block, area)?);
        }
        Ok(())
    }

    fn touching_in(&self, places: &Places, block: usize, area: &BoundingBox) -> Result<Vec<Name>, ArchiveError> {
        let damaged = || fault::damaged(&self.place, &"where its entities were is not what was written");
        let (start, length) = places.extent(block).ok_or_else(damaged)?;
        let begin = self.blocks_at.checked_sub(places.length()).ok_or_else(damaged)?;
        let bytes = self.pages.parts.read_at(begin + start, length);
        let bytes = bytes.map_err(|error| fault::reading(&self.place, &error))?;
        places.touching(block, &bytes, area).ok_or_else(damaged)
    }

    fn add_touching_by_rows(
        &self,
        attribute: &Name,
        area: &BoundingBox,
        found: &mut BTreeSet<Name>,
    ) -> Result<(), ArchiveError> {
        if self.is_empty(at::GEOMETRY) {
            return Ok(());
        }
        let (mut cursor, mut cells, mut known) = (self.cursor(at::GEOMETRY), Vec::new(), Known::default());
        self.each_entity(|id, runs| {
            for run in runs.iter().filter(|run| self.directory.attribute(run) == Some(attribute)) {
                cells.clear();
                cursor.read(run.rows(), &mut cells)?;
                let mut geometries = cells.iter().filter_map(Cell::as_text);
                if geometries.any(|geometry| area.meets_single(known.area_of(geometry))) {
                    found.insert(Name::from(id));
                }
            }
            Ok(())
        })
    }

    /// Reads every page and every block of the directory and of places, and compares them with their checksums.
    pub(crate) fn check(&self) -> Result<(), ArchiveError> {
        self.each_entity(|_, _| Ok(()))?;
        if let Some(places) = &self.places {
            (0..places.blocks())
                .try_for_each(|block| self.touching_in(places, block, &BoundingBox::EARTH).map(drop))?;
        }
        self.pages.check().map_err(|error| self.fault(&error))
    }

    /// Reads a column from its begin.
    pub(crate) fn cursor(&self, column: usize) -> Cursor<'_> {
        Cursor::new(self, column)
    }

    /// Whether a column holds nothing anywhere.
    pub(crate) fn is_empty(&self, column: usize) -> bool {
        (0..self.pages.metadata.num_row_groups()).all(|group| self.is_empty_in(column, group))
    }

    fn is_empty_in(&self, column: usize, group: usize) -> bool {
        let group = self.pages.metadata.row_group(group);
        let nulls = group.column(column).statistics().and_then(parquet::file::statistics::Statistics::null_count_opt);
        // Of a list each row without one counts as a null of its elements, but so does each null in one.
        self.shape.columns[column].of != Type::Texts && nulls == Some(group.num_rows() as u64)
    }

    /// Nothing, or the word or whole number that a column holds in all rows of a group, where its statistics tell of one.
    pub(crate) fn constant_in(&self, column: usize, group: usize) -> Option<Cell> {
        if self.is_empty_in(column, group) {
            return Some(Cell::Null);
        }
        let statistics = self.pages.metadata.row_group(group).column(column).statistics()?;
        let is_one = statistics.null_count_opt() == Some(0)
            && statistics.min_is_exact()
            && statistics.max_is_exact()
            && statistics.min_bytes_opt() == statistics.max_bytes_opt();
        let bytes = statistics.min_bytes_opt().filter(|_| is_one)?;
        match self.shape.columns[column].of {
            Type::Text => Some(Cell::Text(Name::from(str::from_utf8(bytes).ok()?))),
            Type::Int => Some(Cell::Int(i32::from_le_bytes(bytes.try_into().ok()?))),
            _ => None,
        }
    }

    /// Whether a column holds this text in all rows, as far as its statistics tell.
    pub(crate) fn is_only(&self, column: usize, text: &str) -> bool {
        let is_it = |bound: Option<&[u8]>| bound == Some(text.as_bytes());
        self.pages.metadata.row_groups().iter().all(|group| {
            let statistics = group.column(column).statistics();
            statistics.is_some_and(|of| {
                is_it(of.min_bytes_opt()) && is_it(of.max_bytes_opt()) && of.null_count_opt() == Some(0)
            })
        })
    }

    /// Whether a column may hold a text behind this one, as far as its statistics tell.
    pub(crate) fn may_exceed(&self, column: usize, text: &str) -> bool {
        let exceeds = |bound: &[u8]| bound > text.as_bytes();
        self.pages.metadata.row_groups().iter().any(|group| {
            let statistics = group.column(column).statistics();
            statistics.is_none_or(|of| of.max_bytes_opt().is_none_or(exceeds))
        })
    }

    /// The rows of a run without those at its ends whose pages have no time of a column that is asked for.
    pub(crate) fn narrowed(&self, rows: Range<u32>, column: usize, relation: TemporalRelation) -> Range<u32> {
        let (mut start, mut end) = (rows.end, rows.start);
        for (page, meets) in self.pages_of(&rows, column, relation) {
            if meets {
                start = start.min(page.start.max(rows.start));
                end = end.max(page.end.min(rows.end));
            }
        }
        if start < end { start..end } else { rows.start..rows.start }
    }

    /// The pages of a column of times that hold some of these rows, and whether they hold a time that is asked for.
    fn pages_of(&self, rows: &Range<u32>, column: usize, relation: TemporalRelation) -> Vec<(Range<u32>, bool)> {
        let mut found = Vec::new();
        for group in 0..self.pages.metadata.num_row_groups() {
            let (begin, end) = (self.groups[group], self.groups[group + 1]);
            if end <= rows.start || rows.end <= begin {
                continue;
            }
            let index = self.pages.metadata.column_index().and_then(|index| index.get(group)?.get(column));
            let offsets = self.pages.metadata.offset_index().and_then(|index| index.get(group)?.get(column));
            let (Some(ColumnIndexMetaData::INT64(index)), Some(offsets)) = (index, offsets) else {
                found.push((begin..end, true));
                continue;
            };
            let pages = &offsets.page_locations;
            let first = pages.partition_point(|page| begin + (page.first_row_index as u32) <= rows.start);
            for place in first.saturating_sub(1)..pages.len() {
                let start = begin + pages[place].first_row_index as u32;
                if start >= rows.end {
                    break;
                }
                let stop = pages.get(place + 1).map_or(end, |next| begin + next.first_row_index as u32);
                let meets = match (index.min_value(place), index.max_value(place)) {
                    (Some(from), Some(to)) => overlaps(*from, *to, relation),
                    _ => !index.is_null_page(place),
                };
                found.push((start..stop, meets));
            }
        }
        found
    }

    pub(crate) fn fault(&self, error: &ParquetError) -> ArchiveError {
        match error {
            ParquetError::External(error) if error.is::<io::Error>() => {
                let error = error.downcast_ref::<io::Error>().expect("that it is one was just asked");
                fault::reading(&self.place, error)
            }
            error => fault::damaged(&self.place, &error),
        }
    }
}

fn metadata_of(tail: &Bytes, size: u64) -> Result<ParquetMetaData, ParquetError> {
    let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
    reader.try_parse_sized(tail, size)?;
    reader.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::INSTANCES;
    use crate::files::Folder;
    use crate::write::{FileWriter, Level};

    #[test]
    fn a_file_that_does_not_tell_of_places_is_read_for_them() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = Folder::new(folder.path()).expect("the folder can be used");
        let mut writer = FileWriter::new(&files, "x.parquet", &INSTANCES, Level::Growing).expect("a file begins");
        for number in 0..500 {
            let mut row = vec![Cell::Null; INSTANCES.columns.len()];
            row[at::ENTITY_ID] = Cell::Text(format!("urn:{:03}", number / 2).into());
            row[at::ATTRIBUTE] = Cell::Text(if number % 2 == 0 { "location" } else { "origin" }.into());
            row[at::MODIFIED_AT] = Cell::Time(number);
            let place = format!(r#"{{"type":"Point","coordinates":[{},35]}}"#, 100 + number % 50);
            row[at::GEOMETRY] = Cell::Text(place.into());
            writer.push(row).expect("a row is written");
        }
        let entry = writer.finish().expect("the file is finished");
        let mut file = DataFile::open(&files, "x.parquet", &entry, &INSTANCES).expect("it opens");
        file.check().expect("it is whole");
        let area = BoundingBox { west: 119.0, south: 30.0, east: 121.0, north: 40.0 };
        let touching = |file: &DataFile| {
            let mut found = BTreeSet::new();
            file.add_touching(&"location".into(), &area, usize::MAX, &mut found).expect("it tells");
            found
        };
        let told = touching(&file);
        file.places = None;
        assert_eq!(told, touching(&file));
        assert_eq!((told.len(), told.first().map(Name::as_str)), (10, Some("urn:010")));
    }
}
