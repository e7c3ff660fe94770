//! Values on their way into and out of files, column by column.

use std::sync::Arc;

use machi_types::{Name, Timestamp};

/// One value of a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Cell {
    #[default]
    Null,
    Text(Name),
    Texts(Arc<[Name]>),
    Bytes(Arc<[u8]>),
    Time(i64),
    /// The bits of a number, so that every number is equal to itself alone.
    Number(u64),
    Flag(bool),
    Int(i32),
}

impl Cell {
    pub(crate) fn text(text: Option<&Name>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.clone()))
    }

    pub(crate) fn time(time: Option<Timestamp>) -> Self {
        time.map_or(Self::Null, |time| Self::Time(time.micros()))
    }

    pub(crate) fn as_text(&self) -> Option<&Name> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_time(&self) -> Option<Timestamp> {
        if let Self::Time(micros) = self { Some(Timestamp::from_micros(*micros)) } else { None }
    }

    pub(crate) fn as_int(&self) -> Option<i32> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    /// How many bytes it holds outside of itself, where they are likely to be its own.
    fn held(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        }
    }

    /// What rows are sorted by: nothing comes first.
    pub(crate) fn order(&self) -> Option<i64> {
        match self {
            Self::Time(micros) => Some(*micros),
            Self::Int(number) => Some(i64::from(*number)),
            _ => None,
        }
    }
}

/// The values of a column, repetitions counted.
pub(crate) type Runs = Vec<(Cell, u32)>;

/// Adds a value to a column; says whether it is another one than the last.
pub(crate) fn repeat(runs: &mut Runs, cell: Cell) -> bool {
    match runs.last_mut() {
        Some((last, count)) if *last == cell => {
            *count += 1;
            false
        }
        _ => {
            runs.push((cell, 1));
            true
        }
    }
}

/// Rows that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) columns: Vec<Runs>,
    pub(crate) rows: u32,
    /// About how much memory it takes.
    pub(crate) bytes: usize,
}

impl Block {
    pub(crate) fn new(columns: usize) -> Self {
        Self { columns: vec![Vec::new(); columns], rows: 0, bytes: 0 }
    }

    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = Cell>) {
        for (column, cell) in self.columns.iter_mut().zip(row) {
            let held = cell.held();
            if repeat(column, cell) {
                self.bytes += size_of::<(Cell, u32)>() + held;
            }
        }
        self.rows += 1;
    }

    pub(crate) fn clear(&mut self) {
        self.columns.iter_mut().for_each(Vec::clear);
        (self.rows, self.bytes) = (0, 0);
    }
}
