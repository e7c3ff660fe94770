//! What clients give for parameters, as values of the engine.

use bytes::Bytes;
use datafusion::arrow::datatypes::IntervalMonthDayNano;
use datafusion::common::ScalarValue;

use super::failure::Failure;
use super::messages::Format;
use super::rows::{EPOCH_DAYS, EPOCH_MICROS};
use crate::column::UTC;
use crate::postgres::Type;

/// Reads a value of a type.
pub(super) fn value(of: Type, format: Format, bytes: Option<&Bytes>) -> Result<ScalarValue, Failure> {
    let data_type = of.data_type().unwrap_or(datafusion::arrow::datatypes::DataType::Utf8);
    let Some(bytes) = bytes else {
        return ScalarValue::try_new_null(&data_type).map_err(|_| unreadable(of));
    };
    let read = match format {
        Format::Text => {
            let text = str::from_utf8(bytes).map_err(|_| unreadable(of))?;
            match of {
                Type::Bytea => hex(text).map(|bytes| ScalarValue::Binary(Some(bytes))),
                _ => ScalarValue::from(text).cast_to(&data_type).ok(),
            }
        }
        Format::Binary => binary(of, bytes),
    };
    // What is no value of its type becomes none when it is cast.
    read.filter(|value| !value.is_null()).ok_or_else(|| unreadable(of))
}

fn unreadable(of: Type) -> Failure {
    let name = of.about().sql;
    Failure::new(
        "22P02",
        format!("a parameter is no value of the type {name}"),
        format!("パラメーターの値を型{name}として読み取れません"),
    )
}

fn binary(of: Type, bytes: &[u8]) -> Option<ScalarValue> {
    let (short, int, long) = (|| bytes.try_into().ok().map(i16::from_be_bytes), || number(bytes), || wide(bytes));
    Some(match of {
        Type::Bool => ScalarValue::from(*bytes.first()? != 0),
        Type::Int2 => ScalarValue::from(short()?),
        Type::Int4 => ScalarValue::from(int()?),
        Type::Int8 => ScalarValue::from(long()?),
        Type::Oid => ScalarValue::from(i64::from(int()? as u32)),
        Type::Float4 => ScalarValue::from(f32::from_bits(int()? as u32)),
        Type::Float8 => ScalarValue::from(f64::from_bits(long()? as u64)),
        Type::Numeric => ScalarValue::from(numeric(bytes)?),
        Type::Date => ScalarValue::Date32(Some(int()?.checked_add(EPOCH_DAYS)?)),
        Type::Time => ScalarValue::Time64Microsecond(Some(long()?)),
        Type::Timestamp => ScalarValue::TimestampMicrosecond(Some(long()?.checked_add(EPOCH_MICROS)?), None),
        Type::Timestamptz => {
            ScalarValue::TimestampMicrosecond(Some(long()?.checked_add(EPOCH_MICROS)?), Some(UTC.into()))
        }
        Type::Interval => {
            let (micros, days, months) =
                (wide(bytes.get(..8)?)?, number(bytes.get(8..12)?)?, number(bytes.get(12..)?)?);
            let nanos = micros.checked_mul(1000)?;
            ScalarValue::IntervalMonthDayNano(Some(IntervalMonthDayNano::new(months, days, nanos)))
        }
        Type::Bytea => ScalarValue::Binary(Some(bytes.to_vec())),
        Type::Jsonb => ScalarValue::from(str::from_utf8(bytes.strip_prefix(&[1])?).ok()?),
        Type::Uuid => ScalarValue::from(uuid(bytes)?),
        Type::Char | Type::Name | Type::Text | Type::Json | Type::Unknown | Type::Bpchar | Type::Varchar => {
            ScalarValue::from(str::from_utf8(bytes).ok()?)
        }
    })
}

fn number(bytes: &[u8]) -> Option<i32> {
    bytes.try_into().ok().map(i32::from_be_bytes)
}

fn wide(bytes: &[u8]) -> Option<i64> {
    bytes.try_into().ok().map(i64::from_be_bytes)
}

/// A number of any length, by groups of four digits: how many there are, the place of the first, sign and scale.
fn numeric(bytes: &[u8]) -> Option<f64> {
    let shorts: Vec<i16> = bytes.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect();
    let [count, weight, sign, _, groups @ ..] = &shorts[..] else { return None };
    if groups.len() != usize::try_from(*count).ok()? || !bytes.len().is_multiple_of(2) {
        return None;
    }
    // As a text, so that it is the nearest number to it.
    let digits: Vec<String> = groups.iter().map(|group| format!("{group:04}")).collect();
    let text = format!("{}0{}", if *sign == 0x4000 { "-" } else { "" }, digits.concat());
    let exponent = 4 * (i64::from(*weight) + 1 - i64::from(*count));
    match *sign {
        0 | 0x4000 => format!("{text}e{exponent}").parse().ok(),
        -0x4000 => Some(f64::NAN),
        _ => None,
    }
}

fn uuid(bytes: &[u8]) -> Option<String> {
    let digits = u128::from_be_bytes(bytes.try_into().ok()?);
    let text = format!("{digits:032x}");
    let parts = [text.get(..8)?, text.get(8..12)?, text.get(12..16)?, text.get(16..20)?, text.get(20..)?];
    Some(parts.join("-"))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pair = |pair: &[u8]| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?);
    digits.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_from_texts_and_bytes() {
        let text = |of, text: &'static str| value(of, Format::Text, Some(&Bytes::from_static(text.as_bytes())));
        for (of, told, expected) in [
            (Type::Bool, "t", ScalarValue::from(true)),
            (Type::Int4, "-5", ScalarValue::from(-5)),
            (Type::Float8, "1.5", ScalarValue::from(1.5)),
            (Type::Numeric, "12.25", ScalarValue::from(12.25)),
            (Type::Unknown, "it's", ScalarValue::from("it's")),
            (Type::Bytea, "\\x00ff", ScalarValue::Binary(Some(vec![0, 255]))),
            (
                Type::Timestamptz,
                "2026-01-02 03:04:05.5+00",
                ScalarValue::TimestampMicrosecond(Some(1_767_323_045_500_000), Some(UTC.into())),
            ),
        ] {
            assert_eq!(text(of, told).map_err(|failure| failure.code), Ok(expected), "{told}");
        }
        assert_eq!(text(Type::Int4, "five").map_err(|failure| failure.code), Err("22P02"));
        let bytes = |of, bytes: &'static [u8]| value(of, Format::Binary, Some(&Bytes::from_static(bytes)));
        for (of, told, expected) in [
            (Type::Int2, &b"\0\x07"[..], ScalarValue::from(7_i16)),
            (Type::Float8, &[0x3f, 0xf8, 0, 0, 0, 0, 0, 0][..], ScalarValue::from(1.5)),
            (Type::Date, &b"\0\0\0\x01"[..], ScalarValue::Date32(Some(10_958))),
            // 12.25: two groups, the first at the place of ones.
            (Type::Numeric, &[0, 2, 0, 0, 0, 0, 0, 2, 0, 12, 0x09, 0xc4][..], ScalarValue::from(12.25)),
            (Type::Numeric, &[0, 1, 0, 1, 0x40, 0, 0, 0, 0, 3][..], ScalarValue::from(-30_000.0)),
        ] {
            assert_eq!(bytes(of, told).map_err(|failure| failure.code), Ok(expected), "{told:?}");
        }
        for (of, cut) in
            [(Type::Int8, &b"\0\0"[..]), (Type::Numeric, b"\0\x05"), (Type::Interval, b"1"), (Type::Bool, b"")]
        {
            assert_eq!(bytes(of, cut).map_err(|failure| failure.code), Err("22P02"), "{of:?}");
        }
    }
}
