//! Instants in microseconds UTC, read and written as ISO 8601.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::fmt::temporal::Pieces;
use jiff::{Span, Unit};

const EPOCH: Date = jiff::civil::date(1970, 1, 1);
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// An instant in microseconds since 1970-01-01T00:00:00Z; finer digits are cut.
///
/// ```
/// use machi_types::Timestamp;
/// let time: Timestamp = "2026-11-22T10:00:00.5+09:00".parse().unwrap();
/// assert_eq!(time.to_string(), "2026-11-22T01:00:00.500Z");
/// assert!("2026-11-22".parse::<Timestamp>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// Why a text is no date-time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no ISO 8601 date-time; it looks like 2026-11-22T10:00:00Z")]
pub struct InvalidTimestamp(String);

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let fault = || InvalidTimestamp(text.chars().take(60).collect());
        // ETSI GS CIM 009 §4.6.3: a comma may stand for the decimal point, and the zone must be given.
        let has_time = text.as_bytes().get(10).is_some_and(|b| matches!(b, b'T' | b't'));
        if !has_time || text.len() > 40 || is_leap_second(text) {
            return Err(fault());
        }
        let parsed = if text.contains(',') { micros_of(&text.replace(',', ".")) } else { micros_of(text) };
        parsed.map(Self).ok_or_else(fault)
    }
}

/// Counted by the calendar, as an instant of the library ends a day before the year 9999 does.
fn micros_of(text: &str) -> Option<i64> {
    let pieces = Pieces::parse(text).ok()?;
    let (date, time, offset) = (pieces.date(), pieces.time()?, pieces.to_numeric_offset()?);
    let days = i64::from(date.since((Unit::Day, EPOCH)).ok()?.get_days());
    let of_day = [(time.hour(), 3600), (time.minute(), 60), (time.second(), 1)];
    let seconds =
        of_day.iter().map(|(count, each)| i64::from(*count) * each).sum::<i64>() - i64::from(offset.seconds());
    Some(days * DAY + seconds * SECOND + i64::from(time.subsec_nanosecond() / 1000))
}

/// Whether a date-time tells the second 60, which a count of microseconds has no place for: it would be taken for the
/// second before it.
fn is_leap_second(text: &str) -> bool {
    let time = text.bytes().skip(11).take_while(|byte| byte.is_ascii_digit() || *byte == b':');
    let digits: Vec<u8> = time.filter(u8::is_ascii_digit).collect();
    digits.get(4..) == Some(b"60")
}

impl fmt::Display for Timestamp {
    /// Writes milliseconds or microseconds only where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, of_day) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let date = Span::new().try_days(day).and_then(|days| EPOCH.checked_add(days));
        let Ok(date) = date else { return write!(f, "{}us", self.0) };
        let (seconds, micros) = (of_day / SECOND, of_day % SECOND);
        write!(f, "{date}T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        match micros {
            0 => f.write_str("Z"),
            micros if micros % 1000 == 0 => write!(f, ".{:03}Z", micros / 1000),
            micros => write!(f, ".{micros:06}Z"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn offsets_commas_and_nanoseconds_are_understood() {
        let check = |text: &str, expected: &str| {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), expected);
        };
        check("2020-09-01T12:03:00Z", "2020-09-01T12:03:00Z");
        check("2020-09-01T12:03:00,123456789Z", "2020-09-01T12:03:00.123456Z");
        check("2020-09-01T21:03:00+09:00", "2020-09-01T12:03:00Z");
        check("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn the_first_and_the_last_instant_of_four_digits_of_a_year_are_kept() {
        for text in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "0000-02-29T12:00:00Z"] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        let beyond = "9999-12-31T23:59:59-01:00".parse::<Timestamp>().unwrap();
        assert_eq!(beyond.to_string(), format!("{}us", beyond.micros()));
    }

    #[test]
    fn what_is_no_date_time_is_refused() {
        for bad in ["", "2020-09-01", "2020-09-01T12:03:00", "2020-13-01T00:00:00Z", "now", "2020-09-01 12:03:00Z"] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_leap_second_is_not_taken_for_the_second_before_it() {
        for bad in ["2026-12-31T23:59:60Z", "2026-12-31T23:59:60.5Z", "2026-12-31T235960Z", "2027-01-01T08:59:60+09:00"]
        {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn display_round_trips(micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000) {
            let time = Timestamp::from_micros(micros);
            prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        }
    }
}
