//! Rows of the tables, out of instances and heads and back.

use std::ops::Range;
use std::sync::Arc;

use machi_archive::retention::Step;
use machi_archive::{ArchiveError, Head, Instance, InstanceKey, Origin, Replaced, Series};
use machi_model::entity::Kind;
use machi_types::{Name, Timestamp};

use crate::body::{Apart, Together};
use crate::cell::Cell;
use crate::columns::{Shape, at, head};
use crate::cursor::Cursor;
use crate::data::DataFile;
use crate::fault;

/// The row of an instance, but for what its body is taken apart into.
pub(crate) fn instance_row(
    shape: &Shape,
    series: &Series,
    types: Option<&Arc<[Name]>>,
    instance: &Instance,
    apart: &mut Apart,
) -> Vec<Cell> {
    let mut row = vec![Cell::Null; shape.columns.len()];
    let key = instance.key;
    row[at::ENTITY_TYPE] = Cell::text(types.and_then(|types| types.first()));
    row[at::ENTITY_ID] = Cell::Text(series.entity.clone());
    row[at::ATTRIBUTE] = Cell::Text(series.attribute.clone());
    row[at::DATASET_ID] = Cell::text(series.dataset.as_ref());
    // Most entities are of one type, which stands in a column of its own.
    row[at::TYPES] = types.filter(|types| types.len() > 1).map_or(Cell::Null, |types| Cell::Texts(Arc::clone(types)));
    row[at::OBSERVED_AT] = Cell::time(instance.observed_at);
    row[at::MODIFIED_AT] = Cell::time(Some(instance.modified_at));
    row[at::CREATED_AT] = Cell::time(Some(key.created_at).filter(|time| *time != instance.modified_at));
    row[at::DELETED_AT] = Cell::time(instance.deleted_at);
    row[at::SEQUENCE] = if key.place == 0 { Cell::Null } else { Cell::Int(key.place as i32) };
    row[at::ORIGIN] = origin_cell(instance.origin);
    apart.take(&instance.body, &mut row);
    row
}

/// The row of a head.
pub(crate) fn head_row(entity: &Name, of: &Head) -> Vec<Cell> {
    let mut row = vec![Cell::Null; 7];
    row[head::ENTITY_ID] = Cell::Text(entity.clone());
    row[head::TYPES] = Cell::Texts(Arc::clone(&of.types));
    row[head::CREATED_AT] = Cell::time(Some(of.created_at));
    row[head::MODIFIED_AT] = Cell::time(Some(of.modified_at));
    row[head::DELETED_AT] = Cell::time(of.deleted_at);
    row[head::EXPIRES_AT] = Cell::time(of.expires_at);
    row[head::ORIGIN] = origin_cell(of.origin);
    row
}

fn origin_cell(origin: Origin) -> Cell {
    thread_local! {
        static WORDS: [Name; 6] = ["change", "amendment", "forgotten", "minute", "hour", "day"].map(Name::from);
    }
    let place = match origin {
        Origin::Change => 0,
        Origin::Amendment => 1,
        Origin::Forgotten => 2,
        Origin::Summary(Step::Minute) => 3,
        Origin::Summary(Step::Hour) => 4,
        Origin::Summary(Step::Day) => 5,
    };
    WORDS.with(|words| Cell::Text(words[place].clone()))
}

pub(crate) fn origin_of(cell: &Cell) -> Option<Origin> {
    match cell.as_text()?.as_str() {
        "change" => Some(Origin::Change),
        "amendment" => Some(Origin::Amendment),
        "forgotten" => Some(Origin::Forgotten),
        "minute" => Some(Origin::Summary(Step::Minute)),
        "hour" => Some(Origin::Summary(Step::Hour)),
        "day" => Some(Origin::Summary(Step::Day)),
        _ => None,
    }
}

/// What identifies the instance of a row.
pub(crate) fn key_of<'r>(row: &dyn Fn(usize) -> &'r Cell) -> Option<InstanceKey> {
    let created_at = row(at::CREATED_AT).as_time().or_else(|| row(at::MODIFIED_AT).as_time())?;
    Some(InstanceKey { created_at, place: row(at::SEQUENCE).as_int().unwrap_or_default() as u32 })
}

pub(crate) fn instance_of<'r>(row: &dyn Fn(usize) -> &'r Cell, together: &mut Together) -> Option<Instance> {
    Some(Instance {
        key: key_of(row)?,
        modified_at: row(at::MODIFIED_AT).as_time()?,
        observed_at: row(at::OBSERVED_AT).as_time(),
        deleted_at: row(at::DELETED_AT).as_time(),
        origin: origin_of(row(at::ORIGIN))?,
        body: together.put(row)?.into(),
    })
}

/// The series of a row.
pub(crate) fn series_of<'r>(row: &dyn Fn(usize) -> &'r Cell) -> Option<Series> {
    Some(Series {
        entity: row(at::ENTITY_ID).as_text()?.clone(),
        attribute: row(at::ATTRIBUTE).as_text()?.clone(),
        dataset: row(at::DATASET_ID).as_text().cloned(),
    })
}

fn head_of<'r>(row: &dyn Fn(usize) -> &'r Cell) -> Option<Head> {
    let Cell::Texts(types) = row(head::TYPES) else { return None };
    Some(Head {
        modified_at: row(head::MODIFIED_AT).as_time()?,
        created_at: row(head::CREATED_AT).as_time()?,
        deleted_at: row(head::DELETED_AT).as_time(),
        expires_at: row(head::EXPIRES_AT).as_time(),
        origin: origin_of(row(head::ORIGIN))?,
        types: Arc::clone(types),
    })
}

/// Reads rows of a file in their order, the columns that are asked for.
pub(crate) struct RowReader<'f> {
    file: &'f DataFile,
    /// By column; none for those that are not asked for, and those that hold nothing.
    cursors: Vec<Option<Cursor<'f>>>,
    cells: Vec<Vec<Cell>>,
    together: Together,
}

static NULL: Cell = Cell::Null;

/// The columns of values but that of numbers.
const VALUES: [usize; 5] = [at::TEXT, at::BOOLEAN, at::OBJECT, at::JSON, at::GEOMETRY];

/// Those of them in which a row may hold something.
fn values_of(kind: &Cell, number: &Cell) -> &'static [usize] {
    match kind.as_text().and_then(|kind| Kind::from_type(kind)) {
        Some(Kind::Property) if *number != Cell::Null => &[],
        Some(Kind::Property) => &[at::TEXT, at::BOOLEAN, at::JSON],
        Some(Kind::GeoProperty) => &[at::GEOMETRY],
        Some(Kind::Relationship | Kind::ListRelationship) => &[at::OBJECT],
        Some(_) => &[at::JSON],
        // Its body stands in a column of its own.
        None => &[],
    }
}

impl<'f> RowReader<'f> {
    /// Reads all columns but these.
    pub(crate) fn without(file: &'f DataFile, left_out: &[usize]) -> Self {
        let columns = 0..file.shape.columns.len();
        let is_read = |column: &usize| !left_out.contains(column) && !file.is_empty(*column);
        let cursors: Vec<_> = columns.map(|column| is_read(&column).then(|| file.cursor(column))).collect();
        let cells = vec![Vec::new(); cursors.len()];
        Self { file, cursors, cells, together: Together::default() }
    }

    /// Reads all that instances are made of.
    pub(crate) fn of_instances(file: &'f DataFile) -> Self {
        Self::without(file, &[at::ENTITY_TYPE, at::ENTITY_ID, at::ATTRIBUTE, at::DATASET_ID, at::TYPES])
    }

    /// Reads rows, in the place of those that were read before.
    pub(crate) fn read(&mut self, rows: Range<u32>) -> Result<(), ArchiveError> {
        self.cells.iter_mut().for_each(Vec::clear);
        self.read_others(rows)
    }

    /// The same where the cells of a column are known.
    pub(crate) fn read_beside(
        &mut self,
        rows: Range<u32>,
        column: usize,
        known: impl Iterator<Item = Cell>,
    ) -> Result<(), ArchiveError> {
        self.cells.iter_mut().for_each(Vec::clear);
        self.cells[column].extend(known);
        self.read_others(rows)
    }

    /// Reads the columns of which nothing is known.
    fn read_others(&mut self, rows: Range<u32>) -> Result<(), ArchiveError> {
        if self.file.shape.has_series() {
            // What kinds they are tells which of the columns of values hold nothing in them.
            self.read_columns(&[at::KIND, at::NUMBER], &rows)?;
        }
        let mut held: Vec<usize> = Vec::new();
        for row in 0..rows.len() {
            let values = values_of(self.cell(row, at::KIND), self.cell(row, at::NUMBER)).iter();
            let new: Vec<usize> = values.filter(|column| !held.contains(column)).copied().collect();
            held.extend(new);
        }
        let is_held = |column: &usize| !VALUES.contains(column) || held.contains(column);
        let columns: Vec<usize> = (0..self.cursors.len()).filter(is_held).collect();
        self.read_columns(&columns, &rows)
    }

    /// Reads columns, unless they were read.
    fn read_columns(&mut self, columns: &[usize], rows: &Range<u32>) -> Result<(), ArchiveError> {
        for column in columns {
            let cells = &mut self.cells[*column];
            if let Some(cursor) = self.cursors[*column].as_mut().filter(|_| cells.is_empty()) {
                cursor.read(rows.clone(), cells)?;
            }
        }
        Ok(())
    }

    pub(crate) fn cell(&self, row: usize, column: usize) -> &Cell {
        self.cells.get(column).and_then(|cells| cells.get(row)).unwrap_or(&NULL)
    }

    /// All cells of one of the rows that were read.
    pub(crate) fn row(&self, row: usize) -> Vec<Cell> {
        (0..self.cells.len()).map(|column| self.cell(row, column).clone()).collect()
    }

    /// The instances of the rows that were read.
    pub(crate) fn instances(&mut self, count: usize) -> Result<Vec<Instance>, ArchiveError> {
        let Self { file, cells, together, .. } = self;
        let mut instances = Vec::with_capacity(count);
        for row in 0..count {
            let cell = |column: usize| cells.get(column).and_then(|cells: &Vec<Cell>| cells.get(row)).unwrap_or(&NULL);
            instances.push(instance_of(&cell, together).ok_or_else(|| no_row(file))?);
        }
        Ok(instances)
    }

    /// What was replaced, of rows of that table, whose columns are all read.
    pub(crate) fn replaced(&mut self, count: usize) -> Result<Vec<Replaced>, ArchiveError> {
        let instances = self.instances(count)?.into_iter().enumerate();
        instances
            .map(|(row, instance)| {
                let cell = |column| self.cell(row, column);
                let series = series_of(&cell).ok_or_else(|| no_row(self.file))?;
                let replaced_at = cell(at::REPLACED_AT).as_time().ok_or_else(|| no_row(self.file))?;
                Ok(Replaced { series, instance, replaced_at })
            })
            .collect()
    }

    /// The heads of the rows that were read.
    pub(crate) fn heads(&self, count: usize) -> Result<Vec<Head>, ArchiveError> {
        (0..count).map(|row| head_of(&|column| self.cell(row, column)).ok_or_else(|| no_row(self.file))).collect()
    }
}

fn no_row(file: &DataFile) -> ArchiveError {
    fault::damaged(&file.place, &"a row of it makes no sense")
}

/// The time of a row's instance by which it is sorted in its series.
pub(crate) fn sort_key(instance: &Instance) -> (Timestamp, Timestamp, u32) {
    (instance.observed_at.unwrap_or(instance.modified_at), instance.modified_at, instance.key.place)
}
