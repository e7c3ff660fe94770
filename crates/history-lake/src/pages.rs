//! The pages of a file, each checked by its sum, and those of a column as Parquet's column readers ask for them.
//!
//! Parquet's own reader makes contexts of zstd for each column that is begun, and begins with its dictionary, whether or
//! not a page is told by it. Where rows are read one here and one there, that is most of the work. So contexts are kept
//! for each thread, and a dictionary is read before the first page that needs it.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::offset_index::PageLocation;

use crate::cursor::unexpected;
use crate::directory::{number, text, unpressed};
use crate::files::Parts;

/// The pages of an open file.
#[derive(Debug)]
pub(crate) struct Pages {
    place: String,
    pub(crate) parts: Box<dyn Parts>,
    pub(crate) metadata: ParquetMetaData,
    /// Where they begin, how long they are, and their checksums.
    sums: Vec<(u64, u32, u32)>,
}

impl Pages {
    /// Those of a file, with their checksums in the order in which they were written.
    pub(crate) fn new(place: String, parts: Box<dyn Parts>, metadata: ParquetMetaData, sums: Vec<u32>) -> Self {
        let sums = extents(&metadata).zip(sums).map(|((start, length), sum)| (start, length, sum)).collect();
        Self { place, parts, metadata, sums }
    }

    /// How many bytes of memory it takes.
    pub(crate) fn weight(&self) -> usize {
        self.metadata.memory_size() + 16 * self.sums.len()
    }

    /// Reads all of them, and compares them with their checksums.
    pub(crate) fn check(&self) -> Result<(), ParquetError> {
        self.sums.iter().try_for_each(|(start, length, _)| self.read(*start, *length as usize).map(drop))
    }

    /// Reads a column of a group.
    pub(crate) fn column(self: &Arc<Self>, column: usize, group: usize) -> ColumnReader {
        let of = self.metadata.row_group(group);
        let pages = Chunk { pages: Arc::clone(self), column, group, next: 0, has_dictionary: false, waiting: None };
        get_column_reader(of.schema_descr().column(column), Box::new(pages))
    }

    /// The bytes of a page as they lie.
    fn read(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
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

/// Where the pages of a file lie, in the order in which they were written; that of a dictionary first.
fn extents(metadata: &ParquetMetaData) -> impl Iterator<Item = (u64, u32)> {
    let columns = metadata
        .row_groups()
        .iter()
        .enumerate()
        .flat_map(move |(group, of)| (0..of.num_columns()).map(move |column| (group, column)));
    columns.flat_map(move |(group, column)| {
        let pages = locations(metadata, column, group);
        let rest = pages.iter().map(|page| (page.offset as u64, page.compressed_page_size as u32));
        dictionary_of(metadata, column, group).into_iter().chain(rest)
    })
}

/// Where the pages of a column of a group lie, but for its dictionary.
fn locations(metadata: &ParquetMetaData, column: usize, group: usize) -> &[PageLocation] {
    let index = metadata.offset_index().and_then(|index| index.get(group)?.get(column));
    index.map_or(&[], |index| &index.page_locations)
}

/// Where the dictionary of a column of a group lies, if it has one.
fn dictionary_of(metadata: &ParquetMetaData, column: usize, group: usize) -> Option<(u64, u32)> {
    let start = metadata.row_group(group).column(column).byte_range().0;
    let first = locations(metadata, column, group).first()?.offset as u64;
    (first > start).then_some((start, (first - start) as u32))
}

/// A column of a group, page by page.
struct Chunk {
    pages: Arc<Pages>,
    column: usize,
    group: usize,
    /// The place of the page that comes next.
    next: usize,
    /// Whether the dictionary was given.
    has_dictionary: bool,
    /// The page that comes next, where it was read and the dictionary went before it.
    waiting: Option<Page>,
}

impl Chunk {
    fn locations(&self) -> &[PageLocation] {
        locations(&self.pages.metadata, self.column, self.group)
    }

    fn read(&self, start: u64, length: usize) -> Result<Page, ParquetError> {
        let bytes = self.pages.read(start, length)?;
        let compression = self.pages.metadata.row_group(self.group).column(self.column).compression();
        page_of(&bytes, compression).ok_or_else(|| {
            ParquetError::General(format!("the page at byte {start} of {} cannot be read", self.pages.place))
        })
    }

    fn read_next(&mut self) -> Result<Option<Page>, ParquetError> {
        let Some(at) = self.locations().get(self.next) else { return Ok(None) };
        let page = self.read(at.offset as u64, at.compressed_page_size as usize)?;
        let is_told_by_it = matches!(page.encoding(), Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
        if !is_told_by_it || self.has_dictionary {
            return Ok(Some(page));
        }
        let dictionary = dictionary_of(&self.pages.metadata, self.column, self.group);
        let (start, length) = dictionary.ok_or_else(unexpected)?;
        (self.has_dictionary, self.waiting) = (true, Some(page));
        self.read(start, length as usize).map(Some)
    }
}

impl PageReader for Chunk {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let page = match self.waiting.take() {
            Some(page) => Some(page),
            None => self.read_next()?,
        };
        self.next += usize::from(page.as_ref().is_some_and(Page::is_data_page));
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        let locations = self.locations();
        let Some(at) = locations.get(self.next) else { return Ok(None) };
        let rows = self.pages.metadata.row_group(self.group).num_rows();
        let end = locations.get(self.next + 1).map_or(rows, |next| next.first_row_index);
        let num_rows = usize::try_from(end - at.first_row_index).ok();
        Ok(Some(PageMetadata { num_rows, num_levels: None, is_dict: false }))
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        (self.next, self.waiting) = (self.next + 1, None);
        Ok(())
    }
}

impl Iterator for Chunk {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

/// What stands before the bytes of a page, each number under the places of the fields that it is in.
#[derive(Debug, Default)]
struct Header {
    kind: i64,
    raw: i64,
    values: i64,
    encoding: i64,
    levels: i64,
    repeats: i64,
}

/// The kinds of pages, as Parquet numbers them.
const DATA: i64 = 0;
const DICTIONARY: i64 = 2;

/// A page out of its bytes as they lie; nothing where they are none that is written here.
fn page_of(bytes: &Bytes, compression: Compression) -> Option<Page> {
    let mut left = &bytes[..];
    let header = Header::read(&mut left)?;
    let raw = usize::try_from(header.raw).ok()?;
    let buf = match compression {
        Compression::UNCOMPRESSED => bytes.slice_ref(left),
        Compression::ZSTD(_) => unpressed(left, u32::try_from(raw).ok()?)?.into(),
        _ => return None,
    };
    let (num_values, encoding) = (u32::try_from(header.values).ok()?, encoding_of(header.encoding)?);
    if buf.len() != raw {
        return None;
    }
    match header.kind {
        DATA => Some(Page::DataPage {
            buf,
            num_values,
            encoding,
            def_level_encoding: encoding_of(header.levels)?,
            rep_level_encoding: encoding_of(header.repeats)?,
            statistics: None,
        }),
        DICTIONARY => Some(Page::DictionaryPage { buf, num_values, encoding, is_sorted: false }),
        _ => None,
    }
}

fn encoding_of(number: i64) -> Option<Encoding> {
    Some(match number {
        0 => Encoding::PLAIN,
        2 => Encoding::PLAIN_DICTIONARY,
        3 => Encoding::RLE,
        5 => Encoding::DELTA_BINARY_PACKED,
        6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        7 => Encoding::DELTA_BYTE_ARRAY,
        8 => Encoding::RLE_DICTIONARY,
        9 => Encoding::BYTE_STREAM_SPLIT,
        _ => return None,
    })
}

impl Header {
    fn read(left: &mut &[u8]) -> Option<Self> {
        let mut header = Self::default();
        read_struct(left, 0, &mut |field, number| match field {
            0x1 => header.kind = number,
            0x2 => header.raw = number,
            0x51 | 0x71 => header.values = number,
            0x52 | 0x72 => header.encoding = number,
            0x53 => header.levels = number,
            0x54 => header.repeats = number,
            _ => {}
        })?;
        Some(header)
    }
}

/// How deep the fields of a header nest at most, four bits for each.
const DEEPEST: u32 = 0xfff;

/// Reads a struct in the compact form of Thrift, and tells the whole numbers in it, each with its field: the last digit is
/// its place, those before are the places of the structs around it.
fn read_struct(left: &mut &[u8], around: u32, tell: &mut dyn FnMut(u32, i64)) -> Option<()> {
    let mut place = 0;
    loop {
        let (byte, rest) = left.split_first()?;
        *left = rest;
        place = match (byte, byte >> 4) {
            (0, _) => return Some(()),
            (_, 0) => u32::try_from(signed(left)?).ok()?,
            (_, further) => place + u32::from(further),
        };
        let field = around << 4 | place;
        if place > 0xf || field > DEEPEST {
            return None;
        }
        match byte & 0xf {
            // A flag is told by its type.
            1 | 2 => {}
            3 => *left = left.get(1..)?,
            4..=6 => tell(field, signed(left)?),
            8 => drop(text(left)?),
            12 => read_struct(left, field, tell)?,
            _ => return None,
        }
    }
}

fn signed(left: &mut &[u8]) -> Option<i64> {
    let number = number(left)?;
    Some((number >> 1) as i64 ^ -((number & 1) as i64))
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::os::unix::fs::FileExt;
    use std::path::Path;

    use super::*;
    use crate::cell::Cell;
    use crate::columns::{INSTANCES, at};
    use crate::data::DataFile;
    use crate::entry::Entry;
    use crate::files::Folder;
    use crate::write::{FileWriter, Level};

    const NAME: &str = "x.parquet";
    /// More different numbers than a dictionary has room for.
    const ROWS: u32 = 50_000;

    fn number(row: u32) -> Cell {
        Cell::Number((f64::from(row) * 0.7).to_bits())
    }

    fn written(folder: &Path, level: Level) -> Entry {
        let files = Folder::new(folder).expect("the folder can be used");
        let mut writer = FileWriter::new(&files, NAME, &INSTANCES, level).expect("a file begins");
        for row in 0..ROWS {
            let mut cells = vec![Cell::Null; INSTANCES.columns.len()];
            cells[at::ENTITY_ID] = Cell::Text("urn:1".into());
            cells[at::ATTRIBUTE] = Cell::Text("level".into());
            cells[at::MODIFIED_AT] = Cell::Time(i64::from(row));
            cells[at::NUMBER] = number(row);
            writer.push(cells).expect("a row is written");
        }
        writer.finish().expect("the file is finished")
    }

    fn open(folder: &Path, entry: &Entry) -> DataFile {
        let files = Folder::new(folder).expect("the folder can be used");
        DataFile::open(&files, NAME, entry, &INSTANCES).expect("it opens")
    }

    fn read(file: &DataFile, row: u32) -> Result<Cell, String> {
        let mut cells = Vec::new();
        file.cursor(at::NUMBER).read(row..row + 1, &mut cells).map_err(|error| error.to_string())?;
        Ok(cells.remove(0))
    }

    #[test]
    fn rows_are_what_was_written_wherever_they_are_read() {
        for level in [Level::Fresh, Level::Growing, Level::Merged] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let file = open(folder.path(), &written(folder.path(), level));
            file.check().expect("it is whole");
            for row in [0, 4095, 4096, 32_767, 32_768, 40_000, ROWS - 1] {
                assert_eq!(read(&file, row), Ok(number(row)), "{row}, {level:?}");
            }
            // From pages that a dictionary tells to those that it does not, past some between.
            let (mut cursor, mut cells) = (file.cursor(at::NUMBER), Vec::new());
            for rows in [10..20, 30_000..36_000, 49_000..ROWS] {
                cells.clear();
                cursor.read(rows.clone(), &mut cells).expect("they can be read");
                assert_eq!(cells, rows.map(number).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_dictionary_is_read_by_who_needs_it_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let entry = written(folder.path(), Level::Growing);
        let file = open(folder.path(), &entry);
        let (start, length) = dictionary_of(&file.pages.metadata, at::NUMBER, 0).expect("there is one");
        let damaged = OpenOptions::new().write(true).open(folder.path().join(NAME)).expect("it can be damaged");
        damaged.write_all_at(&[0; 8], start + u64::from(length) / 2).expect("it is damaged");
        assert_eq!(read(&file, 40_000), Ok(number(40_000)));
        let error = read(&file, 10).expect_err("its dictionary is not what was written");
        assert!(error.contains(NAME), "{error}");
        file.check().expect_err("a damaged page is found");
    }

    #[test]
    fn a_header_that_is_none_is_told() {
        // Fields 1, 2, 3 and the struct 5 with its fields 1 to 4, as Parquet's own library writes them.
        let header = [0x15, 0, 0x15, 8, 0x15, 8, 0x2c, 0x15, 2, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0];
        let page = |header: &[u8], bytes: &[u8]| page_of(&[header, bytes].concat().into(), Compression::UNCOMPRESSED);
        assert!(page(&header, b"four").is_some_and(|page| page.num_values() == 1 && page.buffer() == "four"));
        assert!(page(&header, b"fives").is_none());
        for length in 0..header.len() {
            assert!(page(&header[..length], b"").is_none(), "{length}");
        }
        // Structs in structs without end.
        assert!(page(&[0x1c; 10_000], b"").is_none());
    }
}
