//! Compares JSON values with the values of a query: numbers as numbers, texts as texts, times as times (§4.9).

use std::cmp::Ordering;

use machi_types::{Json, Number, Timestamp};

use super::{Moment, Operand, Value};

/// How a JSON value compares with a value of a query; none where they are of different types.
pub(super) fn json(target: &Json<'_>, value: &Value) -> Option<Ordering> {
    match (target, value) {
        (Json::Number(a), Value::Number(b)) => Some(numbers(a, b)),
        (Json::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Json::String(text), value) => self::text(text, value),
        (Json::Object(_), _) => typed(target, value),
        _ => None,
    }
}

/// A text compares with texts by its characters, and with a date or time as the one that it writes.
///
/// The order is that of code points (RFC 8259 §8.3), whatever the language.
pub(super) fn text(text: &str, value: &Value) -> Option<Ordering> {
    match value {
        Value::Text(other) | Value::Uri(other) => Some(text.cmp(other)),
        Value::Moment(moment) => Moment::parse(text)?.compare(*moment),
        Value::Number(_) | Value::Bool(_) => None,
    }
}

/// A time compares with date-times, in quotes or not.
pub(super) fn time(time: Timestamp, value: &Value) -> Option<Ordering> {
    let other = match value {
        Value::Moment(moment) => Some(*moment),
        Value::Text(text) => Moment::parse(text),
        _ => None,
    };
    Moment::DateTime(time).compare(other?)
}

/// `{"@type": …, "@value": …}` stands for its value (§4.6.3); one that is typed as a time is one.
fn typed(target: &Json<'_>, value: &Value) -> Option<Ordering> {
    let inner = target.get("@value")?;
    let declared = target.get("@type").or_else(|| target.get("type")).and_then(Json::as_str);
    let is_time = declared.is_some_and(|name| ["DateTime", "Date", "Time"].iter().any(|time| name.ends_with(time)));
    match (inner, value) {
        (Json::String(text), Value::Text(other)) if is_time => Moment::parse(text)?.compare(Moment::parse(other)?),
        (Json::Object(_), _) => None,
        _ => json(inner, value),
    }
}

/// Whether a value, given by how it compares, is what the operand asks for.
pub(super) fn equals(compare: impl Fn(&Value) -> Option<Ordering>, operand: &Operand) -> bool {
    match operand {
        Operand::One(value) => compare(value) == Some(Ordering::Equal),
        Operand::List(values) => values.iter().any(|value| compare(value) == Some(Ordering::Equal)),
        Operand::Range(from, to) => {
            compare(from).is_some_and(Ordering::is_ge) && compare(to).is_some_and(Ordering::is_le)
        }
    }
}

/// Exact, also between whole numbers beyond 2^53 and doubles.
pub(super) fn numbers(a: &Number, b: &Number) -> Ordering {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(a), None) => whole_and_double(a, double(b)),
        (None, Some(b)) => whole_and_double(b, double(a)).reverse(),
        // -0 and 0 are one number.
        (None, None) => (double(a) + 0.0).total_cmp(&(double(b) + 0.0)),
    }
}

fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

fn double(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

fn whole_and_double(whole: i128, double: f64) -> Ordering {
    // A double at or beyond 2^64 is larger than every whole number that JSON gives us here.
    if double.abs() >= 18_446_744_073_709_551_616.0 {
        return if double > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    let floor = double.floor();
    whole.cmp(&(floor as i128)).then(if double > floor { Ordering::Less } else { Ordering::Equal })
}
