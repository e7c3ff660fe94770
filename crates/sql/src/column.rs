//! The columns of tables while they are filled.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, RecordBatch, RecordBatchOptions, StringViewBuilder,
    TimestampMicrosecondBuilder,
};
use datafusion::arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use datafusion::common::DataFusionError;
use machi_types::Timestamp;

/// The time zone of all times.
pub(crate) const UTC: &str = "UTC";

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Numbers,
    Flags,
    Times,
    Texts,
}

impl Holds {
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Numbers => DataType::Float64,
            Self::Flags => DataType::Boolean,
            Self::Times => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
            Self::Texts => DataType::Utf8View,
        }
    }
}

/// A column that is being filled.
#[derive(Debug)]
pub(crate) enum Column {
    Numbers(Float64Builder),
    Flags(BooleanBuilder),
    Times(TimestampMicrosecondBuilder),
    Texts(StringViewBuilder),
}

impl Column {
    pub(crate) fn of(holds: Holds) -> Self {
        match holds {
            Holds::Numbers => Self::Numbers(Float64Builder::new()),
            Holds::Flags => Self::Flags(BooleanBuilder::new()),
            Holds::Times => Self::Times(TimestampMicrosecondBuilder::new().with_timezone(UTC)),
            Holds::Texts => Self::Texts(StringViewBuilder::new()),
        }
    }

    pub(crate) fn null(&mut self) {
        match self {
            Self::Numbers(column) => column.append_null(),
            Self::Flags(column) => column.append_null(),
            Self::Times(column) => column.append_null(),
            Self::Texts(column) => column.append_null(),
        }
    }

    /// Adds a number; nothing to a column of something else, and so on below.
    pub(crate) fn number(&mut self, number: Option<f64>) {
        if let Self::Numbers(column) = self {
            column.append_option(number);
        }
    }

    pub(crate) fn flag(&mut self, flag: Option<bool>) {
        if let Self::Flags(column) = self {
            column.append_option(flag);
        }
    }

    pub(crate) fn time(&mut self, time: Option<Timestamp>) {
        if let Self::Times(column) = self {
            column.append_option(time.map(Timestamp::micros));
        }
    }

    pub(crate) fn text(&mut self, text: Option<&str>) {
        if let Self::Texts(column) = self {
            column.append_option(text);
        }
    }

    /// What was filled in; the column is empty again.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Numbers(column) => Arc::new(column.finish()),
            Self::Flags(column) => Arc::new(column.finish()),
            // The builder forgets the zone of what comes next.
            Self::Times(column) => {
                let filled = column.finish();
                *column = TimestampMicrosecondBuilder::new().with_timezone(UTC);
                Arc::new(filled)
            }
            Self::Texts(column) => Arc::new(column.finish()),
        }
    }
}

/// A batch of so many rows, which may have no column at all.
pub(crate) fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, DataFusionError> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}
