//! An open file: its footer, page index and the index of its directory in memory; its pages and the blocks of its
//! directory are read where they lie, each checked by its sum.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Buf;
use bytes::Bytes;
use machi_archive::ArchiveError;
use machi_model::query::TemporalRelation;
use machi_types::Name;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::reader::{ChunkReader, Length, SerializedPageReader};

use crate::cell::Cell;
use crate::columns::{Shape, Type};
use crate::directory::{Directory, Listed, Run};
use crate::entry::{Entry, overlaps};
use crate::fault;
use crate::files::{Files, Parts};

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
    metadata: ParquetMetaData,
    source: Arc<Source>,
    /// The first row of each group, and the end of the last one.
    groups: Vec<u32>,
}

/// The bytes of a file, as Parquet asks for them: page by page.
#[derive(Debug)]
struct Source {
    place: String,
    parts: Box<dyn Parts>,
    size: u64,
    /// Where the pages begin, how long they are, and their checksums.
    sums: Vec<(u64, u32, u32)>,
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
        let section = tail.get(..entry.section as usize).and_then(Directory::read);
        let (directory, sums) = section.ok_or_else(|| fault::damaged(&place, &"its directory cannot be read"))?;
        let sums = pages_of(&metadata).zip(sums).map(|((start, length), sum)| (start, length, sum)).collect();
        let source = Arc::new(Source { place: place.clone(), parts, size: entry.size, sums });
        let mut groups = vec![0];
        for group in metadata.row_groups() {
            groups.push(groups.last().copied().unwrap_or_default() + group.num_rows() as u32);
        }
        if groups.last() != Some(&entry.rows) {
            return Err(fault::damaged(&place, &"it has not the rows that the log tells of"));
        }
        Ok(Self { place, shape, directory, blocks_at, near, metadata, source, groups })
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> u32 {
        self.groups.last().copied().unwrap_or_default()
    }

    /// How many bytes of memory it takes while it is open.
    pub(crate) fn weight(&self) -> u64 {
        let near = self.near.as_ref().map_or(0, Bytes::len);
        (self.directory.weight() + near + self.metadata.memory_size() + 16 * self.source.sums.len() + 1024) as u64
    }

    /// What a block of the directory lists.
    fn listed(&self, block: usize) -> Result<Listed, ArchiveError> {
        let damaged = || fault::damaged(&self.place, &"its directory is not what was written");
        let (start, length) = self.directory.extent(block).ok_or_else(damaged)?;
        let near = self.near.as_ref().and_then(|near| near.get(start as usize..start as usize + length));
        let read = || self.source.parts.read_at(self.blocks_at + start, length);
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

    /// Reads every page and every block of the directory, and compares them with their checksums.
    pub(crate) fn check(&self) -> Result<(), ArchiveError> {
        self.each_entity(|_, _| Ok(()))?;
        for (start, length, _) in &self.source.sums {
            self.source.get_bytes(*start, *length as usize).map_err(|error| self.fault(&error))?;
        }
        Ok(())
    }

    /// Reads a column from its begin.
    pub(crate) fn cursor(&self, column: usize) -> Cursor<'_> {
        Cursor {
            file: self,
            column,
            group: None,
            next: 0,
            last: (Bytes::new(), Cell::Null),
            scratch: Scratch::default(),
        }
    }

    /// Whether a column holds nothing anywhere.
    pub(crate) fn is_empty(&self, column: usize) -> bool {
        (0..self.metadata.num_row_groups()).all(|group| self.is_empty_in(column, group))
    }

    fn is_empty_in(&self, column: usize, group: usize) -> bool {
        let group = self.metadata.row_group(group);
        let nulls = group.column(column).statistics().and_then(parquet::file::statistics::Statistics::null_count_opt);
        // Of a list each row without one counts as a null of its elements, but so does each null in one.
        self.shape.columns[column].of != Type::Texts && nulls == Some(group.num_rows() as u64)
    }

    /// Whether a column holds this text in all rows, as far as its statistics tell.
    pub(crate) fn is_only(&self, column: usize, text: &str) -> bool {
        let is_it = |bound: Option<&[u8]>| bound == Some(text.as_bytes());
        self.metadata.row_groups().iter().all(|group| {
            let statistics = group.column(column).statistics();
            statistics.is_some_and(|of| {
                is_it(of.min_bytes_opt()) && is_it(of.max_bytes_opt()) && of.null_count_opt() == Some(0)
            })
        })
    }

    /// Whether a column may hold a text behind this one, as far as its statistics tell.
    pub(crate) fn may_exceed(&self, column: usize, text: &str) -> bool {
        let exceeds = |bound: &[u8]| bound > text.as_bytes();
        self.metadata.row_groups().iter().any(|group| {
            let statistics = group.column(column).statistics();
            statistics.is_none_or(|of| of.max_bytes_opt().is_none_or(exceeds))
        })
    }

    /// The rows of a run without those at its ends whose pages have no time of a column that is asked for.
    pub(crate) fn narrowed(&self, rows: Range<u32>, column: usize, relation: TemporalRelation) -> Range<u32> {
        let (mut start, mut end) = (rows.end, rows.start);
        for (page, meets) in self.pages(&rows, column, relation) {
            if meets {
                start = start.min(page.start.max(rows.start));
                end = end.max(page.end.min(rows.end));
            }
        }
        if start < end { start..end } else { rows.start..rows.start }
    }

    /// The pages of a column of times that hold some of these rows, and whether they hold a time that is asked for.
    fn pages(&self, rows: &Range<u32>, column: usize, relation: TemporalRelation) -> Vec<(Range<u32>, bool)> {
        let mut found = Vec::new();
        for group in 0..self.metadata.num_row_groups() {
            let (begin, end) = (self.groups[group], self.groups[group + 1]);
            if end <= rows.start || rows.end <= begin {
                continue;
            }
            let index = self.metadata.column_index().and_then(|index| index.get(group)?.get(column));
            let offsets = self.metadata.offset_index().and_then(|index| index.get(group)?.get(column));
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

    fn fault(&self, error: &ParquetError) -> ArchiveError {
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

/// Where the pages of a file lie, in the order in which they were written; that of a dictionary first.
fn pages_of(metadata: &ParquetMetaData) -> impl Iterator<Item = (u64, u32)> {
    let columns = metadata.row_groups().iter().enumerate().flat_map(move |(group, of)| {
        (0..of.num_columns()).map(move |column| (group, column, of.column(column).byte_range().0))
    });
    columns.flat_map(move |(group, column, start)| {
        let index = metadata.offset_index().and_then(|index| index.get(group)?.get(column));
        let pages = index.map(|index| index.page_locations.as_slice()).unwrap_or_default();
        let first = pages.first().map_or(start, |page| page.offset as u64);
        let dictionary = (first > start).then_some((start, (first - start) as u32));
        let rest = pages.iter().map(|page| (page.offset as u64, page.compressed_page_size as u32));
        dictionary.into_iter().chain(rest)
    })
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Source {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let length = self.size.saturating_sub(start) as usize;
        let bytes = self.parts.read_at(start, length).map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(bytes.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.parts.read_at(start, length).map_err(|error| ParquetError::External(Box::new(error)))?;
        let place = self.sums.partition_point(|(page, _, _)| *page < start);
        match self.sums.get(place) {
            Some((page, of, sum)) if *page == start && *of as usize == length && crc32fast::hash(&bytes) == *sum => {
                Ok(bytes)
            }
            _ => Err(ParquetError::General(format!(
                "the page at byte {start} of {} is not what was written",
                self.place
            ))),
        }
    }
}

/// A column that is read from the begin to the end of a file, with leaps.
pub(crate) struct Cursor<'f> {
    file: &'f DataFile,
    column: usize,
    /// The group that is open, and its reader; none where it holds nothing.
    group: Option<(usize, Option<ColumnReader>)>,
    /// The row behind the last one that was read.
    next: u32,
    /// The last text, as it was read and as it is told: most come again.
    last: (Bytes, Cell),
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    levels: Vec<i16>,
    repeats: Vec<i16>,
    texts: Vec<ByteArray>,
    longs: Vec<i64>,
    numbers: Vec<f64>,
    ints: Vec<i32>,
    flags: Vec<bool>,
}

/// The type of a column that is read as it lies.
pub(crate) trait Plain: DataType {
    fn reader(reader: &mut ColumnReader) -> Option<&mut ColumnReaderImpl<Self>>
    where
        Self: Sized;
}

impl Plain for parquet::data_type::Int64Type {
    fn reader(reader: &mut ColumnReader) -> Option<&mut ColumnReaderImpl<Self>> {
        if let ColumnReader::Int64ColumnReader(reader) = reader { Some(reader) } else { None }
    }
}

impl Plain for parquet::data_type::DoubleType {
    fn reader(reader: &mut ColumnReader) -> Option<&mut ColumnReaderImpl<Self>> {
        if let ColumnReader::DoubleColumnReader(reader) = reader { Some(reader) } else { None }
    }
}

impl Cursor<'_> {
    /// Appends the values of these rows that are there, and of each row whether it has one. Rows may only grow.
    pub(crate) fn read_plain<T: Plain>(
        &mut self,
        rows: Range<u32>,
        values: &mut Vec<T::T>,
        levels: &mut Vec<i16>,
    ) -> Result<(), ArchiveError> {
        self.each_group(rows, |reader, skip, count, _, _| {
            let Some(reader) = reader else {
                levels.resize(levels.len() + count, 0);
                return Ok(());
            };
            let reader = T::reader(reader).ok_or_else(unexpected)?;
            take(reader, skip, count, (levels, None), values)
        })
    }

    /// Appends the values of these rows.
    pub(crate) fn read(&mut self, rows: Range<u32>, cells: &mut Vec<Cell>) -> Result<(), ArchiveError> {
        self.each_group(rows, |reader, skip, count, scratch, last| match reader {
            None => {
                cells.resize(cells.len() + count, Cell::Null);
                Ok(())
            }
            Some(reader) => read_cells(reader, (skip, count), scratch, last, cells),
        })
    }

    fn each_group(
        &mut self,
        rows: Range<u32>,
        mut read: impl FnMut(
            Option<&mut ColumnReader>,
            usize,
            usize,
            &mut Scratch,
            &mut (Bytes, Cell),
        ) -> Result<(), ParquetError>,
    ) -> Result<(), ArchiveError> {
        let mut start = rows.start;
        while start < rows.end {
            let group = self.file.groups.partition_point(|first| *first <= start) - 1;
            if self.group.as_ref().is_none_or(|(open, _)| *open != group) {
                self.open(group).map_err(|error| self.file.fault(&error))?;
            }
            let end = rows.end.min(self.file.groups[group + 1]);
            let (skip, count) = ((start - self.next) as usize, (end - start) as usize);
            let reader = self.group.as_mut().and_then(|(_, reader)| reader.as_mut());
            let done = read(reader, skip, count, &mut self.scratch, &mut self.last);
            done.map_err(|error| self.file.fault(&error))?;
            self.next = end;
            start = end;
        }
        Ok(())
    }

    fn open(&mut self, group: usize) -> Result<(), ParquetError> {
        let file = self.file;
        self.next = file.groups[group];
        if file.is_empty_in(self.column, group) {
            self.group = Some((group, None));
            return Ok(());
        }
        let of = file.metadata.row_group(group);
        let index = file.metadata.offset_index().and_then(|index| index.get(group)?.get(self.column));
        let pages = index.map(|index| index.page_locations.clone()).ok_or_else(unexpected)?;
        let source = Arc::clone(&file.source);
        let pages = SerializedPageReader::new(source, of.column(self.column), of.num_rows() as usize, Some(pages))?;
        let reader = get_column_reader(of.schema_descr().column(self.column), Box::new(pages));
        self.group = Some((group, Some(reader)));
        Ok(())
    }
}

fn unexpected() -> ParquetError {
    ParquetError::General("a column is not of the type that it had when it was written".to_owned())
}

fn take<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    skip: usize,
    count: usize,
    (levels, repeats): (&mut Vec<i16>, Option<&mut Vec<i16>>),
    values: &mut Vec<T::T>,
) -> Result<(), ParquetError> {
    if reader.skip_records(skip)? != skip || reader.read_records(count, Some(levels), repeats, values)?.0 != count {
        return Err(ParquetError::General("a column ends too early".to_owned()));
    }
    Ok(())
}

fn read_cells(
    reader: &mut ColumnReader,
    (skip, count): (usize, usize),
    scratch: &mut Scratch,
    last: &mut (Bytes, Cell),
    cells: &mut Vec<Cell>,
) -> Result<(), ParquetError> {
    let Scratch { levels, repeats, texts, longs, numbers, ints, flags } = scratch;
    levels.clear();
    macro_rules! plain {
        ($reader:expr, $values:expr, $cell:expr) => {{
            $values.clear();
            take($reader, skip, count, (levels, None), $values)?;
            scatter(levels, $values.drain(..).map($cell), cells)
        }};
    }
    match reader {
        ColumnReader::Int64ColumnReader(reader) => plain!(reader, longs, Cell::Time),
        ColumnReader::DoubleColumnReader(reader) => {
            plain!(reader, numbers, |number: f64| Cell::Number(number.to_bits()))
        }
        ColumnReader::Int32ColumnReader(reader) => plain!(reader, ints, Cell::Int),
        ColumnReader::BoolColumnReader(reader) => plain!(reader, flags, Cell::Flag),
        ColumnReader::ByteArrayColumnReader(reader) => {
            texts.clear();
            repeats.clear();
            let descriptor = last;
            take(reader, skip, count, (levels, Some(repeats)), texts)?;
            if repeats.is_empty() {
                read_texts(levels, texts, descriptor, cells)
            } else {
                read_lists(levels, repeats, texts, cells)
            }
        }
        _ => Err(unexpected()),
    }
}

fn scatter(levels: &[i16], mut values: impl Iterator<Item = Cell>, cells: &mut Vec<Cell>) -> Result<(), ParquetError> {
    for level in levels {
        cells.push(if *level == 0 { Cell::Null } else { values.next().ok_or_else(unexpected)? });
    }
    Ok(())
}

fn read_texts(
    levels: &[i16],
    texts: &mut Vec<ByteArray>,
    last: &mut (Bytes, Cell),
    cells: &mut Vec<Cell>,
) -> Result<(), ParquetError> {
    let mut texts = texts.drain(..);
    for level in levels {
        if *level == 0 {
            cells.push(Cell::Null);
            continue;
        }
        let text = texts.next().ok_or_else(unexpected)?;
        if last.1 == Cell::Null || last.0 != text.data() {
            let bytes = Bytes::copy_from_slice(text.data());
            // What is no text is the stored form of an instance, or damage, which shows where it is used.
            let cell = match str::from_utf8(&bytes) {
                Ok(text) => Cell::Text(Name::from(text)),
                Err(_) => Cell::Bytes(Arc::from(&bytes[..])),
            };
            *last = (bytes, cell);
        }
        cells.push(last.1.clone());
    }
    Ok(())
}

fn read_lists(
    levels: &[i16],
    repeats: &[i16],
    texts: &mut Vec<ByteArray>,
    cells: &mut Vec<Cell>,
) -> Result<(), ParquetError> {
    let mut texts = texts.drain(..);
    let mut at = 0;
    while at < levels.len() {
        let end = (at + 1..levels.len()).find(|next| repeats[*next] == 0).unwrap_or(levels.len());
        let mut list = Vec::new();
        for level in &levels[at..end] {
            if *level == 3 {
                let text = texts.next().ok_or_else(unexpected)?;
                list.push(Name::from(text.as_utf8()?));
            }
        }
        cells.push(if levels[at] == 0 { Cell::Null } else { Cell::Texts(list.into()) });
        at = end;
    }
    Ok(())
}
