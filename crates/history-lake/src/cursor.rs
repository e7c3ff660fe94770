//! A column of an open file, read from its begin to its end, with leaps.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use machi_archive::ArchiveError;
use machi_types::Name;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;

use crate::cell::Cell;
use crate::data::DataFile;

/// Reads a column.
pub(crate) struct Cursor<'f> {
    file: &'f DataFile,
    column: usize,
    /// The group that is open.
    group: Option<(usize, Open)>,
    /// The row behind the last one that was read.
    next: u32,
    /// The last text, as it was read and as it is told: most come again.
    last: (Bytes, Cell),
    scratch: Scratch,
}

/// What there is of the column in a group.
enum Open {
    /// The same in all rows, as the statistics tell.
    Constant(Cell),
    Column(Box<ColumnReader>),
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

impl<'f> Cursor<'f> {
    pub(crate) fn new(file: &'f DataFile, column: usize) -> Self {
        Self { file, column, group: None, next: 0, last: (Bytes::new(), Cell::Null), scratch: Scratch::default() }
    }

    /// Appends the values of these rows that are there, and of each row whether it has one. Rows may only grow.
    pub(crate) fn read_plain<T: Plain>(
        &mut self,
        rows: Range<u32>,
        values: &mut Vec<T::T>,
        levels: &mut Vec<i16>,
    ) -> Result<(), ArchiveError> {
        self.each_group(rows, |open, skip, count, _, _| match open {
            Open::Constant(Cell::Null) => {
                levels.resize(levels.len() + count, 0);
                Ok(())
            }
            Open::Constant(_) => Err(unexpected()),
            Open::Column(reader) => {
                take(T::reader(reader).ok_or_else(unexpected)?, skip, count, (levels, None), values)
            }
        })
    }

    /// Appends the values of these rows.
    pub(crate) fn read(&mut self, rows: Range<u32>, cells: &mut Vec<Cell>) -> Result<(), ArchiveError> {
        self.each_group(rows, |open, skip, count, scratch, last| match open {
            Open::Constant(cell) => {
                cells.resize(cells.len() + count, cell.clone());
                Ok(())
            }
            Open::Column(reader) => read_cells(reader, (skip, count), scratch, last, cells),
        })
    }

    fn each_group(
        &mut self,
        rows: Range<u32>,
        mut read: impl FnMut(&mut Open, usize, usize, &mut Scratch, &mut (Bytes, Cell)) -> Result<(), ParquetError>,
    ) -> Result<(), ArchiveError> {
        let mut start = rows.start;
        while start < rows.end {
            let group = self.file.groups.partition_point(|first| *first <= start) - 1;
            if self.group.as_ref().is_none_or(|(open, _)| *open != group) {
                self.open(group);
            }
            let end = rows.end.min(self.file.groups[group + 1]);
            let (skip, count) = ((start - self.next) as usize, (end - start) as usize);
            if let Some((_, open)) = &mut self.group {
                let done = read(open, skip, count, &mut self.scratch, &mut self.last);
                done.map_err(|error| self.file.fault(&error))?;
            }
            self.next = end;
            start = end;
        }
        Ok(())
    }

    fn open(&mut self, group: usize) {
        self.next = self.file.groups[group];
        let open = match self.file.constant_in(self.column, group) {
            Some(cell) => Open::Constant(cell),
            None => Open::Column(Box::new(self.file.pages.column(self.column, group))),
        };
        self.group = Some((group, open));
    }
}

pub(crate) fn unexpected() -> ParquetError {
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
