//! What is read of the past while it becomes rows.

use std::borrow::Cow;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::MemoryReservation;
use machi_archive::retention::Step;
use machi_archive::{Evolution, Instance, Origin, Series, Sink};
use machi_model::entity::{InstanceRef, Kind};
use machi_model::query::TimeProperty;
use machi_types::{Name, Timestamp};
use rustc_hash::FxHashMap;

use super::table::{Pass, Scan, Tells};
use crate::SqlError;
use crate::cell::Cell;
use crate::column::{Column, batch};

/// Rows of a batch.
const BATCH: usize = 8192;
/// What a cell takes in memory, about, beside a text of its own.
const CELL: usize = 16;

/// A batch, and what of the query's memory is reserved for it.
pub(super) struct Held {
    pub(super) batch: RecordBatch,
    pub(super) reserved: usize,
}

/// The rows of some entities.
pub(super) struct Rows<'s> {
    scan: &'s Scan,
    memory: &'s MemoryReservation,
    columns: Vec<Column>,
    /// Rows that are in no batch yet, and what is reserved for them.
    filled: usize,
    texts: usize,
    batches: Vec<Held>,
    count: usize,
    /// The types of the entities, with blanks between them, where they are asked for.
    types: FxHashMap<Name, String>,
    /// Short names that were made before.
    short: FxHashMap<Name, String>,
    /// Which time comes with plain numbers.
    by: TimeProperty,
    failed: Option<DataFusionError>,
}

/// What all rows of a series have in common.
struct Common<'c> {
    series: &'c Series,
    types: &'c str,
    attribute: &'c str,
}

impl<'s> Rows<'s> {
    pub(super) fn new(scan: &'s Scan, some: &[Evolution], memory: &'s MemoryReservation) -> Self {
        let mut short = FxHashMap::default();
        let mut types = FxHashMap::default();
        if scan.columns.contains(&Tells::Types) {
            for evolution in some {
                let mut words = Vec::new();
                for name in evolution.types() {
                    words.push(shorten(&name, scan, &mut short).to_owned());
                }
                types.insert(evolution.entity.clone(), words.join(" "));
            }
        }
        Self {
            scan,
            memory,
            columns: scan.columns.iter().map(|tells| Column::of(tells.holds())).collect(),
            filled: 0,
            texts: 0,
            batches: Vec::new(),
            count: 0,
            types,
            short,
            by: TimeProperty::default(),
            failed: None,
        }
    }

    /// What comes now is of this pass.
    pub(super) fn begin(&mut self, pass: &Pass) {
        self.by = pass.time.map_or(TimeProperty::default(), |query| query.property);
    }

    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Whether all could be taken.
    pub(super) fn check(&mut self) -> Result<(), DataFusionError> {
        self.failed.take().map_or(Ok(()), Err)
    }

    pub(super) fn finish(mut self) -> Result<Vec<Held>, DataFusionError> {
        self.flush()?;
        Ok(self.batches)
    }

    fn flush(&mut self) -> Result<(), DataFusionError> {
        if self.filled == 0 {
            return Ok(());
        }
        let reserved = self.filled * self.columns.len() * CELL + self.texts;
        self.memory.try_grow(reserved)?;
        let columns = self.columns.iter_mut().map(Column::finish).collect();
        self.batches.push(Held { batch: batch(&self.scan.schema, columns, self.filled)?, reserved });
        self.filled = 0;
        self.texts = 0;
        Ok(())
    }

    /// Notes that a row is whole.
    fn end_row(&mut self) -> Result<(), DataFusionError> {
        self.filled += 1;
        self.count += 1;
        if self.filled == BATCH { self.flush() } else { Ok(()) }
    }

    fn take(&mut self, series: &Series, instances: &[Instance]) -> Result<(), DataFusionError> {
        let (types, attribute) = self.words_of(series);
        let common = Common { series, types: &types, attribute: &attribute };
        for instance in instances {
            let body = InstanceRef::read(&instance.body).map_err(|corrupt| SqlError::from(corrupt).into_engine())?;
            for (tells, column) in self.scan.columns.iter().zip(&mut self.columns) {
                self.texts += common.tell(*tells, column);
                self.texts += tell(*tells, instance, &body, column);
            }
            self.end_row()?;
        }
        Ok(())
    }

    fn take_numbers(&mut self, series: &Series, times: &[Timestamp], numbers: &[f64]) -> Result<(), DataFusionError> {
        let (types, attribute) = self.words_of(series);
        let common = Common { series, types: &types, attribute: &attribute };
        for (time, number) in times.iter().zip(numbers) {
            for (tells, column) in self.scan.columns.iter().zip(&mut self.columns) {
                self.texts += common.tell(*tells, column);
                match tells {
                    Tells::Number => column.number(Some(*number)),
                    Tells::Time(property) => column.time(Some(*time).filter(|_| *property == self.by)),
                    Tells::Kind => column.text(Some(Kind::Property.as_str())),
                    Tells::Entity | Tells::Types | Tells::Attribute | Tells::DatasetId => {}
                    _ => column.null(),
                }
            }
            self.end_row()?;
        }
        Ok(())
    }

    fn words_of(&mut self, series: &Series) -> (String, String) {
        let types = self.types.get(&series.entity).cloned().unwrap_or_default();
        (types, shorten(&series.attribute, self.scan, &mut self.short).to_owned())
    }
}

impl Sink for Rows<'_> {
    fn instances(&mut self, series: &Series, instances: Vec<Instance>) {
        if self.failed.is_none() {
            self.failed = self.take(series, &instances).err();
        }
    }

    fn numbers(&mut self, series: &Series, times: &[Timestamp], numbers: &[f64]) {
        if self.failed.is_none() {
            self.failed = self.take_numbers(series, times, numbers).err();
        }
    }
}

impl Common<'_> {
    /// Tells what is the same in all rows of a series; gives how long the text is.
    fn tell(&self, tells: Tells, column: &mut Column) -> usize {
        let text = match tells {
            Tells::Entity => Some(&*self.series.entity),
            Tells::Types => Some(self.types),
            Tells::Attribute => Some(self.attribute),
            Tells::DatasetId => self.series.dataset.as_deref(),
            _ => return 0,
        };
        column.text(text);
        text.map_or(0, str::len)
    }
}

/// Tells what an instance has of its own; gives how long the text is.
fn tell(tells: Tells, instance: &Instance, body: &InstanceRef<'_>, column: &mut Column) -> usize {
    let text: Option<Cow<'_, str>> = match tells {
        Tells::Entity | Tells::Types | Tells::Attribute | Tells::DatasetId => return 0,
        Tells::Time(property) => {
            column.time(time(instance, property));
            return 0;
        }
        Tells::Number | Tells::Text | Tells::Boolean | Tells::Json => return tell_value(tells, instance, body, column),
        Tells::InstanceId => Some(instance.key.to_string().into()),
        Tells::Kind => Some(body.kind().as_str().into()),
        Tells::UnitCode => body.unit_code().map(Into::into),
        Tells::Period => period(instance).map(Into::into),
    };
    column.text(text.as_deref());
    text.map_or(0, |text| text.len())
}

/// Tells the value in the column of its kind, and nothing in the others.
fn tell_value(tells: Tells, instance: &Instance, body: &InstanceRef<'_>, column: &mut Column) -> usize {
    // Of one that says a deletion only the kind counts.
    let cell = instance.deleted_at.is_none().then(|| Cell::of(body));
    match (tells, cell) {
        (Tells::Number, Some(Cell::Number(number))) => column.number(Some(number)),
        (Tells::Boolean, Some(Cell::Flag(flag))) => column.flag(Some(flag)),
        (Tells::Text, Some(Cell::Text(text))) => {
            column.text(Some(&text));
            return text.len();
        }
        (Tells::Json, Some(Cell::Json(json))) => {
            column.text(Some(json));
            return json.len();
        }
        _ => column.null(),
    }
    0
}

fn time(instance: &Instance, property: TimeProperty) -> Option<Timestamp> {
    match property {
        TimeProperty::ObservedAt => instance.observed_at,
        TimeProperty::CreatedAt => Some(instance.key.created_at),
        TimeProperty::ModifiedAt => Some(instance.modified_at),
        TimeProperty::DeletedAt => instance.deleted_at,
    }
}

/// Of an instance that stands for others: for those of which period, as a duration.
fn period(instance: &Instance) -> Option<&'static str> {
    match instance.origin {
        Origin::Summary(Step::Minute) => Some("PT1M"),
        Origin::Summary(Step::Hour) => Some("PT1H"),
        Origin::Summary(Step::Day) => Some("P1D"),
        Origin::Change | Origin::Amendment | Origin::Forgotten => None,
    }
}

fn shorten<'r>(name: &Name, scan: &Scan, short: &'r mut FxHashMap<Name, String>) -> &'r str {
    short.entry(name.clone()).or_insert_with(|| scan.context.compact_name(name).into_owned())
}
