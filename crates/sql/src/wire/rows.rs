//! Batches of rows as messages.

use std::fmt::{self, Write};

use bytes::{BufMut, BytesMut};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int16Array,
    Int32Array, Int64Array, IntervalMonthDayNanoArray, RecordBatch, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, Schema, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType,
};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

use super::messages::{Format, Telling, Told};
use crate::column::Holds;
use crate::postgres::Type;
use crate::{Fault, SqlError};

/// From 1970 to 2000, where PostgreSQL begins to count.
pub(super) const EPOCH_DAYS: i32 = 10_957;
pub(super) const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// As times are written; all of them are told in UTC.
const TIMES: FormatOptions<'static> = FormatOptions::new()
    .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"))
    .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.f+00"))
    .with_time_format(Some("%H:%M:%S%.f"));

/// The columns of a schema, as a client is told of them.
pub(super) fn told(schema: &Schema) -> Vec<Told> {
    schema.fields().iter().map(|field| Told { name: field.name().clone(), of: Type::of_field(field) }).collect()
}

/// A batch whose columns are all of types that can be told.
#[derive(Debug)]
pub(super) struct Batch {
    columns: Vec<ArrayRef>,
    nulls: Vec<Option<NullBuffer>>,
    rows: usize,
}

impl Batch {
    pub(super) fn new(batch: &RecordBatch) -> Result<Self, SqlError> {
        let columns =
            batch.columns().iter().map(plain).collect::<Result<Vec<_>, _>>().map_err(|error| untold(&error))?;
        let nulls = columns.iter().map(Array::logical_nulls).collect();
        Ok(Self { columns, nulls, rows: batch.num_rows() })
    }

    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// Tells these rows, or as many of them as fill what is sent at once; gives how many.
    pub(super) fn tell(
        &self,
        rows: std::ops::Range<usize>,
        types: &[Told],
        format: impl Fn(usize) -> Format,
        telling: &mut Telling,
    ) -> Result<usize, SqlError> {
        let cells = self.columns.iter().zip(types).enumerate();
        let cells = cells.map(|(place, (column, told))| Cells::of(column, told.of, format(place)));
        let cells = cells.collect::<Result<Vec<_>, _>>().map_err(|error| untold(&error))?;
        let mut count = 0;
        for row in rows {
            if telling.is_full() {
                break;
            }
            let mut failed = None;
            telling.message(b'D', |body| {
                body.put_u16(cells.len() as u16);
                for (cells, nulls) in cells.iter().zip(&self.nulls) {
                    if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                        body.put_i32(-1);
                    } else if let Err(error) = sized(body, |body| cells.tell(row, body)) {
                        failed = Some(error);
                    }
                }
            });
            if let Some(error) = failed {
                return Err(untold(&error));
            }
            count += 1;
        }
        Ok(count)
    }
}

fn untold(error: &ArrowError) -> SqlError {
    SqlError::refused(
        Fault::Value,
        format!("a value of the answer cannot be told: {error}"),
        format!("結果の値を出力できません: {error}"),
    )
}

/// What `tell` writes, with its length before it.
fn sized(body: &mut BytesMut, tell: impl FnOnce(&mut BytesMut) -> Result<(), ArrowError>) -> Result<(), ArrowError> {
    let start = body.len();
    body.put_u32(0);
    let told = tell(body);
    let length = (body.len() - start - 4) as u32;
    body[start..start + 4].copy_from_slice(&length.to_be_bytes());
    told
}

/// The column with values of the one type by which they are told.
fn plain(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let to = match column.data_type() {
        DataType::Dictionary(_, of) => return plain(&cast(column, of)?),
        DataType::Int8 | DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Float16 => DataType::Float32,
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(_, Some(_)) => Holds::Times.data_type(),
        DataType::Date64 => DataType::Date32,
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Duration(_) | DataType::Interval(_) => DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal256(_, scale) => {
            DataType::Decimal128(38, *scale)
        }
        _ => return Ok(std::sync::Arc::clone(column)),
    };
    if to == *column.data_type() { Ok(std::sync::Arc::clone(column)) } else { cast(column, &to) }
}

/// The values of a column, by the way in which they are told.
enum Cells<'b> {
    Flags(&'b BooleanArray, Format),
    Shorts(&'b Int16Array),
    Ints(&'b Int32Array),
    Longs(&'b Int64Array),
    Ids(&'b Int64Array),
    Floats(&'b Float32Array, Format),
    Doubles(&'b Float64Array, Format),
    Decimals(&'b Decimal128Array),
    Texts(&'b datafusion::arrow::array::StringArray),
    Bytes(&'b datafusion::arrow::array::BinaryArray, Format),
    Dates(&'b Date32Array),
    Times(&'b Time64MicrosecondArray),
    Instants(&'b TimestampMicrosecondArray),
    Intervals(&'b IntervalMonthDayNanoArray, Format),
    Written(ArrayFormatter<'b>),
}

impl<'b> Cells<'b> {
    fn of(column: &'b ArrayRef, of: Type, format: Format) -> Result<Self, ArrowError> {
        let is_binary = format == Format::Binary;
        Ok(match column.data_type() {
            DataType::Boolean => Self::Flags(column.as_boolean(), format),
            DataType::Utf8 => Self::Texts(column.as_string()),
            DataType::Binary => Self::Bytes(column.as_binary(), format),
            DataType::Float32 => Self::Floats(column.as_primitive::<Float32Type>(), format),
            DataType::Float64 => Self::Doubles(column.as_primitive::<Float64Type>(), format),
            DataType::Interval(IntervalUnit::MonthDayNano) => {
                Self::Intervals(column.as_primitive::<IntervalMonthDayNanoType>(), format)
            }
            DataType::Int16 if is_binary => Self::Shorts(column.as_primitive::<Int16Type>()),
            DataType::Int32 if is_binary => Self::Ints(column.as_primitive::<Int32Type>()),
            DataType::Int64 if is_binary && of == Type::Oid => Self::Ids(column.as_primitive::<Int64Type>()),
            DataType::Int64 if is_binary => Self::Longs(column.as_primitive::<Int64Type>()),
            DataType::Decimal128(..) if is_binary => Self::Decimals(column.as_primitive::<Decimal128Type>()),
            DataType::Date32 if is_binary => Self::Dates(column.as_primitive::<Date32Type>()),
            DataType::Time64(TimeUnit::Microsecond) if is_binary => {
                Self::Times(column.as_primitive::<Time64MicrosecondType>())
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) if is_binary => {
                Self::Instants(column.as_primitive::<TimestampMicrosecondType>())
            }
            _ => Self::Written(ArrayFormatter::try_new(column, &TIMES)?),
        })
    }

    fn tell(&self, row: usize, body: &mut BytesMut) -> Result<(), ArrowError> {
        match self {
            Self::Flags(of, Format::Text) => body.put_u8(if of.value(row) { b't' } else { b'f' }),
            Self::Flags(of, Format::Binary) => body.put_u8(of.value(row).into()),
            Self::Shorts(of) => body.put_i16(of.value(row)),
            Self::Ints(of) => body.put_i32(of.value(row)),
            Self::Longs(of) => body.put_i64(of.value(row)),
            Self::Ids(of) => body.put_u32(of.value(row) as u32),
            Self::Floats(of, Format::Binary) => body.put_f32(of.value(row)),
            Self::Floats(of, Format::Text) => written(body, Number(of.value(row)))?,
            Self::Doubles(of, Format::Binary) => body.put_f64(of.value(row)),
            Self::Doubles(of, Format::Text) => written(body, Number(of.value(row)))?,
            Self::Decimals(of) => numeric(body, &of.value_as_string(row)),
            Self::Texts(of) => body.put_slice(of.value(row).as_bytes()),
            Self::Bytes(of, Format::Binary) => body.put_slice(of.value(row)),
            Self::Bytes(of, Format::Text) => {
                body.put_slice(b"\\x");
                of.value(row).iter().try_for_each(|byte| written(body, format_args!("{byte:02x}")))?;
            }
            Self::Dates(of) => body.put_i32(of.value(row).saturating_sub(EPOCH_DAYS)),
            Self::Times(of) => body.put_i64(of.value(row)),
            Self::Instants(of) => body.put_i64(of.value(row).saturating_sub(EPOCH_MICROS)),
            Self::Intervals(of, Format::Binary) => {
                let interval = of.value(row);
                body.put_i64(interval.nanoseconds / 1000);
                body.put_i32(interval.days);
                body.put_i32(interval.months);
            }
            Self::Intervals(of, Format::Text) => written(body, Interval(of.value(row)))?,
            Self::Written(of) => of.value(row).write(&mut Into(body))?,
        }
        Ok(())
    }
}

fn written(body: &mut BytesMut, what: impl fmt::Display) -> Result<(), ArrowError> {
    write!(Into(body), "{what}").map_err(|error| ArrowError::CastError(error.to_string()))
}

/// Writes into a message, which grows as it must.
struct Into<'m>(&'m mut BytesMut);

impl Write for Into<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.put_slice(text.as_bytes());
        Ok(())
    }
}

/// A number as PostgreSQL writes it.
struct Number<N>(N);

impl<N: Copy + Into64 + fmt::Display + fmt::LowerExp> fmt::Display for Number<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0.into_64();
        match value {
            _ if value.is_nan() => f.write_str("NaN"),
            _ if value.is_infinite() => f.write_str(if value > 0.0 { "Infinity" } else { "-Infinity" }),
            _ if value == 0.0 || (1e-5..1e15).contains(&value.abs()) => write!(f, "{}", self.0),
            _ => write!(f, "{:e}", self.0),
        }
    }
}

/// What a number is among the widest.
trait Into64 {
    fn into_64(self) -> f64;
}

impl Into64 for f32 {
    fn into_64(self) -> f64 {
        self.into()
    }
}

impl Into64 for f64 {
    fn into_64(self) -> f64 {
        self
    }
}

/// An interval as PostgreSQL writes it: `1 year 2 mons 3 days 04:05:06.5`.
struct Interval(IntervalMonthDayNano);

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IntervalMonthDayNano { months, days, nanoseconds } = self.0;
        let mut blank = "";
        for (count, one, more) in [(months / 12, "year", "years"), (months % 12, "mon", "mons"), (days, "day", "days")]
        {
            if count != 0 {
                write!(f, "{blank}{count} {}", if count == 1 { one } else { more })?;
                blank = " ";
            }
        }
        let micros = nanoseconds / 1000;
        if micros == 0 && !blank.is_empty() {
            return Ok(());
        }
        let sign = if micros < 0 { "-" } else { "" };
        let (seconds, rest) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
        write!(f, "{blank}{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        if rest == 0 { Ok(()) } else { write!(f, ".{}", format!("{rest:06}").trim_end_matches('0')) }
    }
}

/// A decimal number by groups of four digits: how many there are, the place of the first, sign and scale.
fn numeric(body: &mut BytesMut, decimal: &str) {
    let (sign, digits) = decimal.strip_prefix('-').map_or((0, decimal), |digits| (0x4000, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = format!("{}{whole}", "0".repeat((4 - whole.len() % 4) % 4));
    let padded = format!("{part}{}", "0".repeat((4 - part.len() % 4) % 4));
    let all = [whole.as_bytes(), padded.as_bytes()].concat();
    let group = |four: &[u8]| four.iter().fold(0_i16, |sum, digit| sum * 10 + i16::from(digit - b'0'));
    let groups: Vec<i16> = all.chunks(4).map(group).collect();
    let leading = groups.iter().take_while(|group| **group == 0).count();
    let weight = (whole.len() / 4) as i16 - 1 - leading as i16;
    let told = groups.get(leading..).unwrap_or_default();
    body.put_i16(told.len() as i16);
    body.put_i16(if told.is_empty() { 0 } else { weight });
    body.put_u16(if told.is_empty() { 0 } else { sign });
    body.put_i16(part.len() as i16);
    told.iter().for_each(|group| body.put_i16(*group));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{NullArray, StringViewArray, UInt64Array};

    use super::*;

    /// What is told of the first row of a column: its value alone.
    fn first(column: ArrayRef, format: Format) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter_with_nullable([("a", column, true)]).expect("a batch");
        let types = told(&batch.schema());
        let batch = Batch::new(&batch).expect("it can be told");
        let mut telling = Telling::default();
        batch.tell(0..1, &types, |_| format, &mut telling).expect("it is told");
        // Kind, length of the message, number of columns, length of the value.
        telling.0[11..].to_vec()
    }

    #[test]
    fn values_are_told_as_postgresql_tells_them() {
        let utc = TimestampMicrosecondArray::from(vec![1_767_323_045_500_000]).with_timezone("UTC");
        let interval = IntervalMonthDayNano::new(14, 3, 14_706_500_000_000);
        let interval_bytes =
            [&14_706_500_000_i64.to_be_bytes()[..], &3_i32.to_be_bytes(), &14_i32.to_be_bytes()].concat();
        let columns: [(ArrayRef, &str, &[u8]); 10] = [
            (Arc::new(BooleanArray::from(vec![true])), "t", &[1]),
            (Arc::new(Int32Array::from(vec![-2])), "-2", &[0xff, 0xff, 0xff, 0xfe]),
            (Arc::new(Float64Array::from(vec![1.5])), "1.5", &[0x3f, 0xf8, 0, 0, 0, 0, 0, 0]),
            (Arc::new(Float64Array::from(vec![1e300])), "1e300", &1e300_f64.to_be_bytes()),
            (Arc::new(StringViewArray::from(vec!["a\tb"])), "a\tb", b"a\tb"),
            (Arc::new(utc), "2026-01-02 03:04:05.500+00", &820_638_245_500_000_i64.to_be_bytes()),
            (Arc::new(Date32Array::from(vec![10_958])), "2000-01-02", &[0, 0, 0, 1]),
            (
                Arc::new(UInt64Array::from(vec![u64::MAX])),
                "18446744073709551615",
                &[0, 5, 0, 4, 0, 0, 0, 0, 0x07, 0x34, 0x1a, 0x58, 0x02, 0xe1, 0x03, 0xbb, 0x06, 0x4f],
            ),
            (
                Arc::new(Decimal128Array::from(vec![-1225]).with_precision_and_scale(10, 2).expect("a decimal")),
                "-12.25",
                &[0, 2, 0, 0, 0x40, 0, 0, 2, 0, 12, 0x09, 0xc4],
            ),
            (
                Arc::new(IntervalMonthDayNanoArray::from(vec![interval])),
                "1 year 2 mons 3 days 04:05:06.5",
                &interval_bytes,
            ),
        ];
        for (column, text, bytes) in columns {
            assert_eq!(String::from_utf8_lossy(&first(Arc::clone(&column), Format::Text)), text);
            assert_eq!(first(column, Format::Binary), bytes, "{text}");
        }
    }

    #[test]
    fn nulls_have_no_bytes() {
        let columns: [ArrayRef; 3] = [
            Arc::new(NullArray::new(1)),
            Arc::new(Float64Array::from(vec![None])),
            Arc::new(IntervalMonthDayNanoArray::from(vec![None])),
        ];
        for column in columns {
            assert_eq!(first(column, Format::Binary), b"");
        }
    }
}
