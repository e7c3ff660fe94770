//! Periods by which instances are aggregated: `aggrPeriodDuration` (§4.5.19.0), an ISO 8601 duration that is
//! counted from an origin on the calendar of UTC.

use std::fmt;

use machi_types::{Phrase, Timestamp};

use super::QueryError;
use crate::entity::{civil_of, days_of};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// The first instant of the year 1, and the last of the year 9999.
const FIRST: i64 = -62_135_596_800 * SECOND;
const LAST: i64 = 253_402_300_800 * SECOND - 1;
/// A month of the Gregorian calendar in the mean of 400 years.
const MEAN_MONTH: i64 = 2_629_746 * SECOND;
/// More digits than any number of a duration has that begins and ends between the years 1 and 9999.
const MOST_DIGITS: usize = 12;

/// How long one period lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Period {
    months: i64,
    days: i64,
    micros: i64,
}

impl Period {
    /// One period over all there is: `PT0S`.
    pub const ZERO: Self = Self { months: 0, days: 0, micros: 0 };

    /// Reads `P[n]Y[n]M[n]DT[n]H[n]M[n]S` or `P[n]W`; only seconds may have a fraction, of up to six digits.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        read(text).ok_or_else(|| not_a_period(text))
    }

    /// Whether it stands for all there is.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// How long each lasts, where all last equally long: days do, in UTC, and months do not.
    pub fn micros(self) -> Option<i64> {
        if self.months != 0 {
            return None;
        }
        self.days.checked_mul(DAY)?.checked_add(self.micros)
    }

    /// Where the period of this number begins, counted from the origin, which begins the period 0.
    ///
    /// Months are counted first, and a day that the month does not have is its last one; then days, then time.
    /// What would lie before the year 1 or after the year 9999 is the first or the last instant between them.
    pub fn start(self, origin: Timestamp, number: i64) -> Timestamp {
        let micros = self.unbounded_start(origin, number);
        let micros = micros.clamp(i128::from(FIRST), i128::from(LAST));
        Timestamp::from_micros(i64::try_from(micros).unwrap_or(LAST))
    }

    /// The number of the period that holds an instant; all is in the period 0 of [`ZERO`](Self::ZERO).
    pub fn number(self, origin: Timestamp, instant: Timestamp) -> i64 {
        let length = i128::from(self.months) * i128::from(MEAN_MONTH)
            + i128::from(self.days) * i128::from(DAY)
            + i128::from(self.micros);
        if length == 0 {
            return 0;
        }
        let instant = i128::from(instant.micros());
        let passed = instant - i128::from(origin.micros());
        let mut number = i64::try_from(passed.div_euclid(length)).unwrap_or_default();
        if self.months == 0 {
            return number;
        }
        // Months are longer and shorter than their mean, by a few days at most.
        while self.unbounded_start(origin, number) > instant {
            number -= 1;
        }
        while self.unbounded_start(origin, number + 1) <= instant {
            number += 1;
        }
        number
    }

    fn unbounded_start(self, origin: Timestamp, number: i64) -> i128 {
        let (day, of_day) = (origin.micros().div_euclid(DAY), origin.micros().rem_euclid(DAY));
        let day = i128::from(months_later(day, self.months.saturating_mul(number)));
        let day = day + i128::from(self.days) * i128::from(number);
        let of_day = i128::from(of_day) + i128::from(self.micros) * i128::from(number);
        day.saturating_mul(i128::from(DAY)).saturating_add(of_day)
    }
}

/// The day so many months after a day, both counted from 1970-01-01.
fn months_later(day: i64, months: i64) -> i64 {
    if months == 0 {
        return day;
    }
    let (year, month, of_month) = civil_of(day);
    // Nobody counts further than from the year 1 to the year 9999; a number beyond is bounded by where it leads.
    let month = (year * 12 + month - 1).saturating_add(months.clamp(-1_000_000, 1_000_000));
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let found = (28..=31).rev().find_map(|last| days_of(year, month, of_month.min(last)));
    found.unwrap_or(day)
}

/// Reads a duration; none where the text is no such one.
fn read(text: &str) -> Option<Period> {
    let parts = text.strip_prefix('P')?;
    if let Some(weeks) = parts.strip_suffix('W') {
        return Some(Period { days: number(weeks)?.checked_mul(7)?, ..Period::ZERO });
    }
    let (date, time) = match parts.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None if parts.is_empty() => return None,
        None => (parts, ""),
    };
    let ([years, months, days], "") = elements(date, ["Y", "M", "D"])? else { return None };
    let ([hours, minutes], rest) = elements(time, ["H", "M"])?;
    let seconds = match rest {
        "" => 0,
        rest => seconds(rest.strip_suffix('S')?)?,
    };
    let micros = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_mul(SECOND)?;
    Some(Period { months: years * 12 + months, days, micros: micros.checked_add(seconds)? })
}

/// The numbers in front of these letters, which come in this order or not at all, and what follows.
fn elements<'t, const N: usize>(text: &'t str, letters: [&str; N]) -> Option<([i64; N], &'t str)> {
    let mut rest = text;
    let mut found = [0; N];
    for (place, letter) in found.iter_mut().zip(letters) {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (value, behind) = rest.split_at(digits);
        if let Some(behind) = behind.strip_prefix(letter) {
            *place = number(value)?;
            rest = behind;
        }
    }
    Some((found, rest))
}

fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let micros = match fraction {
        None => 0,
        Some(fraction) if (1..=6).contains(&fraction.len()) => {
            number(fraction)? * 10_i64.pow(6 - u32::try_from(fraction.len()).ok()?)
        }
        Some(_) => return None,
    };
    number(whole)?.checked_mul(SECOND)?.checked_add(micros)
}

fn number(digits: &str) -> Option<i64> {
    let is_number = (1..=MOST_DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

fn not_a_period(found: &str) -> QueryError {
    let quoted: String = found.chars().take(40).collect();
    let expected =
        Phrase::from(("an ISO 8601 duration such as PT15M, P1D or P1M", "ISO 8601の期間(例: PT15M、P1D、P1M)"));
    QueryError::Unexpected {
        language: "aggrPeriodDuration",
        position: 1,
        expected: expected.into(),
        found: format!("\"{quoted}\""),
    }
}

impl fmt::Display for Period {
    /// Writes a duration of the same meaning: months, days and seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { months, days, micros } = *self;
        f.write_str("P")?;
        if months != 0 {
            write!(f, "{months}M")?;
        }
        if days != 0 {
            write!(f, "{days}D")?;
        }
        match (micros / SECOND, micros % SECOND) {
            (0, 0) if !self.is_zero() => Ok(()),
            (seconds, 0) => write!(f, "T{seconds}S"),
            (seconds, fraction) => write!(f, "T{seconds}.{fraction:06}S"),
        }
    }
}
