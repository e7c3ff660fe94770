//! Writes a file: rows in their order, columns encoded as record 15 of docs/adr has measured.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use crc32fast::Hasher;
use machi_archive::ArchiveError;
use machi_types::Name;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};

use crate::cell::{Block, Cell, Runs};
use crate::columns::{Shape, Type, at};
use crate::directory::DirectoryWriter;
use crate::entry::{Entry, Extent};
use crate::fault;
use crate::files::{Files, Upload};
use crate::places::PlacesWriter;

/// How hard files are pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// For what has just come and is soon merged: not at all, as each column would want memory and time to begin with.
    Fresh,
    /// For what was merged and will be again.
    Growing,
    /// For what was merged, and stays.
    Merged,
}

/// From how many rows on a file stays for long.
const MERGED: u32 = 1 << 19;

impl Level {
    /// For a file of so many rows that is no fresh one.
    pub(crate) const fn of(rows: u32) -> Self {
        if rows < MERGED { Self::Growing } else { Self::Merged }
    }

    fn compression(self) -> Compression {
        let zstd = |level| Compression::ZSTD(ZstdLevel::try_new(level).unwrap_or_default());
        match self {
            Self::Fresh => Compression::UNCOMPRESSED,
            Self::Growing => zstd(3),
            Self::Merged => zstd(9),
        }
    }

    /// How many rows lie together in a group, at most, and how much memory they take until it is written: what has just
    /// come is written while the city takes more.
    const fn group(self) -> (u32, usize) {
        match self {
            Self::Fresh | Self::Growing => (1 << 16, 4 << 20),
            Self::Merged => (1 << 17, 8 << 20),
        }
    }
}

/// How many rows a page has of a column that is asked for by itself.
const SMALL_PAGE: usize = 4096;
const LARGE_PAGE: usize = 65_536;
/// How many bytes a dictionary may have. Who merges holds those of all columns of several files in memory.
const DICTIONARY: usize = 256 << 10;
/// How many rows go to a column's encoder at once.
const CHUNK: usize = 4096;

/// A file that is being written.
pub(crate) struct FileWriter<'w> {
    shape: &'static Shape,
    place: String,
    level: Level,
    writer: SerializedFileWriter<Tap<'w>>,
    block: Block,
    directory: DirectoryWriter,
    places: PlacesWriter,
    sums: Vec<u32>,
    rows: u32,
    extent: Extent,
}

/// What is written goes through here, so that the end of a file can be summed up.
struct Tap<'w> {
    upload: Box<dyn Upload + 'w>,
    written: u64,
    tail: Option<Hasher>,
}

impl Write for Tap<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.upload.write(bytes)?;
        self.written += written as u64;
        if let Some(tail) = &mut self.tail {
            tail.update(&bytes[..written]);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.upload.flush()
    }
}

impl<'w> FileWriter<'w> {
    /// Begins a file of this name.
    pub(crate) fn new(
        files: &'w dyn Files,
        name: &str,
        shape: &'static Shape,
        level: Level,
    ) -> Result<Self, ArchiveError> {
        let place = files.place(name);
        let upload = files.create(name).map_err(|error| fault::writing(&place, &error))?;
        let tap = Tap { upload, written: 0, tail: None };
        let schema = shape.schema.root_schema_ptr();
        let writer = SerializedFileWriter::new(tap, schema, properties(shape, level))
            .map_err(|error| fault::writing(&place, &error))?;
        let block = Block::new(shape.columns.len());
        let (directory, places) = (DirectoryWriter::default(), PlacesWriter::default());
        let (sums, rows, extent) = (Vec::new(), 0, Extent::default());
        Ok(Self { shape, place, level, writer, block, directory, places, sums, rows, extent })
    }

    /// Takes the next row, and writes a group of them where it is full.
    pub(crate) fn push(&mut self, row: Vec<Cell>) -> Result<(), ArchiveError> {
        self.put(row);
        if self.is_full() { self.close_group(&|_| Ok(None)) } else { Ok(()) }
    }

    /// Takes the next row.
    pub(crate) fn put(&mut self, row: Vec<Cell>) {
        let entity = row[self.shape.entity()].as_text().cloned().unwrap_or_else(|| Name::from(""));
        let series = if self.shape.has_series() {
            (row[at::ATTRIBUTE].as_text(), row[at::DATASET_ID].as_text())
        } else {
            (None, None)
        };
        self.directory.push(&entity, series.0, series.1);
        self.extent.take(&entity, self.shape, &row);
        self.block.push(row);
        self.rows += 1;
    }

    /// Whether the group of rows has become large enough to be written.
    pub(crate) fn is_full(&self) -> bool {
        let (rows, bytes) = self.level.group();
        self.block.rows >= rows || self.block.bytes >= bytes
    }

    /// How many rows it has.
    pub(crate) const fn rows(&self) -> u32 {
        self.rows
    }

    /// Writes the group of rows; a column that `woven` gives stands in the place of what the rows had.
    pub(crate) fn close_group(
        &mut self,
        woven: &dyn Fn(usize) -> Result<Option<Runs>, ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let writing = |error: ParquetError| fault::writing(&self.place, &error);
        let mut group = self.writer.next_row_group().map_err(writing)?;
        for (place, of_rows) in self.block.columns.iter().enumerate() {
            let woven = woven(place)?;
            let cells = woven.as_ref().unwrap_or(of_rows);
            if place == at::GEOMETRY && self.shape.has_series() {
                self.places.push(&self.block.columns, cells);
            }
            let (bytes, closed) = encode(self.shape, self.level, place, cells).map_err(writing)?;
            add_sums(&bytes, &closed, &mut self.sums);
            group.append_column(&bytes, closed).map_err(writing)?;
        }
        group.close().map_err(writing)?;
        self.block.clear();
        Ok(())
    }

    /// Makes it durable, and tells what the log is to know of it.
    pub(crate) fn finish(mut self) -> Result<Entry, ArchiveError> {
        if self.block.rows > 0 {
            self.close_group(&|_| Ok(None))?;
        }
        let place = self.place.clone();
        self.close().map_err(|error| fault::writing(&place, &error))
    }

    fn close(mut self) -> Result<Entry, ParquetError> {
        let (directory, places) = (self.directory.finish(&self.sums), self.places.finish());
        self.writer.write_all(&places.blocks)?;
        self.writer.write_all(&directory.blocks)?;
        self.writer.flush()?;
        self.writer.inner_mut().tail = Some(Hasher::new());
        let tail = self.writer.bytes_written() as u64;
        self.writer.write_all(&directory.index)?;
        self.writer.write_all(&places.index)?;
        let tap = self.writer.into_inner()?;
        let sum = tap.tail.map_or(0, Hasher::finalize);
        tap.upload.finish()?;
        Ok(Entry {
            size: tap.written,
            rows: self.rows,
            blocks: directory.blocks.len() as u64,
            section: (directory.index.len() + places.index.len()) as u64,
            tail,
            sum,
            extent: self.extent,
            settled: None,
        })
    }
}

/// The checksums of a column's pages, that of its dictionary first.
fn add_sums(bytes: &Bytes, closed: &ColumnCloseResult, sums: &mut Vec<u32>) {
    let Some(index) = &closed.offset_index else { return };
    let first = index.page_locations.first().map_or(0, |page| page.offset as usize);
    if first > 0 {
        sums.push(crc32fast::hash(&bytes[..first]));
    }
    for page in &index.page_locations {
        let start = page.offset as usize;
        sums.push(crc32fast::hash(&bytes[start..start + page.compressed_page_size as usize]));
    }
}

fn encode(
    shape: &'static Shape,
    level: Level,
    place: usize,
    cells: &[(Cell, u32)],
) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
    let mut sink = TrackedWrite::new(Vec::new());
    let descriptor = shape.schema.column(place);
    let pages = Box::new(SerializedPageWriter::new(&mut sink));
    let mut writer = get_column_writer(descriptor, properties_of(shape, level, place), pages);
    write_cells(&mut writer, cells)?;
    let closed = writer.close()?;
    Ok((sink.into_inner()?.into(), closed))
}

fn write_cells(writer: &mut ColumnWriter<'_>, cells: &[(Cell, u32)]) -> Result<(), ParquetError> {
    macro_rules! write {
        ($writer:expr, $value:expr) => {
            in_chunks(cells, $value, |values, levels, _| $writer.write_batch(values, Some(levels), None).map(drop))
        };
    }
    match writer {
        ColumnWriter::Int64ColumnWriter(writer) => {
            write!(writer, |cell: &Cell| if let Cell::Time(micros) = cell { Some(*micros) } else { None })
        }
        ColumnWriter::DoubleColumnWriter(writer) => {
            write!(writer, |cell: &Cell| if let Cell::Number(bits) = cell { Some(f64::from_bits(*bits)) } else { None })
        }
        ColumnWriter::Int32ColumnWriter(writer) => write!(writer, Cell::as_int),
        ColumnWriter::BoolColumnWriter(writer) => {
            write!(writer, |cell: &Cell| if let Cell::Flag(flag) = cell { Some(*flag) } else { None })
        }
        ColumnWriter::ByteArrayColumnWriter(writer) if cells.iter().any(|(cell, _)| matches!(cell, Cell::Texts(_))) => {
            write_lists(cells, |values, levels, repeats| {
                writer.write_batch(values, Some(levels), Some(repeats)).map(drop)
            })
        }
        ColumnWriter::ByteArrayColumnWriter(writer) => {
            let repeats = writer.get_descriptor().max_rep_level() > 0;
            in_chunks(cells, bytes_of, |values, levels, starts| {
                writer.write_batch(values, Some(levels), repeats.then_some(starts)).map(drop)
            })
        }
        _ => Err(ParquetError::General("no column of ours has this type".into())),
    }
}

fn bytes_of(cell: &Cell) -> Option<ByteArray> {
    match cell {
        Cell::Text(text) => Some(ByteArray::from(text.as_str())),
        Cell::Bytes(bytes) => Some(ByteArray::from(&**bytes)),
        _ => None,
    }
}

/// Gives values and their levels in handy pieces; the last argument says of each that it begins a row.
fn in_chunks<V: Clone>(
    cells: &[(Cell, u32)],
    value_of: impl Fn(&Cell) -> Option<V>,
    mut write: impl FnMut(&[V], &[i16], &[i16]) -> Result<(), ParquetError>,
) -> Result<(), ParquetError> {
    let starts = [0; CHUNK];
    let (mut values, mut levels) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
    for (cell, count) in cells {
        let value = value_of(cell);
        let mut left = *count as usize;
        while left > 0 {
            let now = left.min(CHUNK - levels.len());
            levels.resize(levels.len() + now, i16::from(value.is_some()));
            if let Some(value) = &value {
                values.resize(values.len() + now, value.clone());
            }
            left -= now;
            if levels.len() == CHUNK {
                write(&values, &levels, &starts)?;
                values.clear();
                levels.clear();
            }
        }
    }
    if levels.is_empty() { Ok(()) } else { write(&values, &levels, &starts[..levels.len()]) }
}

/// The same for lists: 0 says that there is none, 1 that it is empty, 3 that there is a text.
fn write_lists(
    cells: &[(Cell, u32)],
    mut write: impl FnMut(&[ByteArray], &[i16], &[i16]) -> Result<(), ParquetError>,
) -> Result<(), ParquetError> {
    let (mut values, mut levels, mut repeats) = (Vec::new(), Vec::new(), Vec::new());
    for (cell, count) in cells {
        for _ in 0..*count {
            match cell {
                Cell::Texts(texts) if texts.is_empty() => levels.push(1),
                Cell::Texts(texts) => {
                    values.extend(texts.iter().map(|text| ByteArray::from(text.as_str())));
                    levels.resize(levels.len() + texts.len(), 3);
                }
                _ => levels.push(0),
            }
            repeats.push(0);
            repeats.resize(levels.len(), 1);
            if levels.len() >= CHUNK {
                write(&values, &levels, &repeats)?;
                values.clear();
                levels.clear();
                repeats.clear();
            }
        }
    }
    if levels.is_empty() { Ok(()) } else { write(&values, &levels, &repeats) }
}

fn base(level: Level) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_compression(level.compression())
        .set_created_by(format!("machi {}", env!("CARGO_PKG_VERSION")))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_write_batch_size(1024)
        .set_max_row_group_row_count(None)
        .set_dictionary_page_size_limit(DICTIONARY)
        .set_data_page_size_limit(16 << 20)
        .set_data_page_row_count_limit(LARGE_PAGE)
}

/// What is told of the whole file.
fn properties(shape: &Shape, level: Level) -> WriterPropertiesPtr {
    let sorted = |column: &usize| SortingColumn { column_idx: *column as i32, descending: false, nulls_first: true };
    Arc::new(base(level).set_sorting_columns(Some(shape.key.iter().map(sorted).collect())).build())
}

/// How the columns are written that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Few values, many times.
    Word,
    /// The id of an entity, by whose small pages others find it.
    Id,
    /// Any text.
    Text,
    /// A time that nearly always grows.
    Observed,
    Number,
    /// The times of commits: the same ones in many series, or each its own.
    Commit,
}

const WAYS: [Way; 6] = [Way::Word, Way::Id, Way::Text, Way::Observed, Way::Number, Way::Commit];

static PROPERTIES: LazyLock<Vec<(Level, Way, WriterPropertiesPtr)>> = LazyLock::new(|| {
    let levels = [Level::Fresh, Level::Growing, Level::Merged].into_iter();
    levels.flat_map(|level| WAYS.map(|way| (level, way, Arc::new(way.set(base(level)).build())))).collect()
});

impl Way {
    fn of(shape: &Shape, place: usize) -> Self {
        let column = &shape.columns[place];
        match (column.name, column.of) {
            ("entity_id", _) => Self::Id,
            ("observed_at", _) => Self::Observed,
            ("modified_at", _) => Self::Commit,
            (_, Type::Number) => Self::Number,
            ("text" | "object" | "json" | "geometry" | "sub_attributes" | "details" | "body", _) => Self::Text,
            _ => Self::Word,
        }
    }

    fn set(self, properties: WriterPropertiesBuilder) -> WriterPropertiesBuilder {
        match self {
            Self::Word => properties,
            Self::Text => properties.set_data_page_size_limit(64 << 10),
            Self::Id | Self::Number => properties.set_data_page_row_count_limit(SMALL_PAGE),
            Self::Observed => properties
                .set_data_page_row_count_limit(SMALL_PAGE)
                .set_dictionary_enabled(false)
                .set_encoding(Encoding::DELTA_BINARY_PACKED),
            Self::Commit => properties.set_encoding(Encoding::DELTA_BINARY_PACKED),
        }
    }
}

fn properties_of(shape: &Shape, level: Level, place: usize) -> WriterPropertiesPtr {
    let way = Way::of(shape, place);
    let found = PROPERTIES.iter().find(|(of, one, _)| *of == level && *one == way);
    found.map(|(_, _, properties)| Arc::clone(properties)).expect("every way has its properties at every level")
}
