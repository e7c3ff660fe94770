//! Dates, times of day and date-times, which compare as such (§4.6.3, §4.9).

use std::cmp::Ordering;
use std::fmt;

use machi_types::Timestamp;

use crate::entity::parse_datetime;

const DAY: i64 = 86_400_000_000;

/// A date, a time of day, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// `YYYY-MM-DDThh:mm:ssZ`, with up to six digits of a second.
    DateTime(Timestamp),
    /// `YYYY-MM-DD`, as the day that begins then.
    Date(Timestamp),
    /// `hh:mm:ssZ`, as that time on 1970-01-01.
    Time(Timestamp),
}

impl Moment {
    /// Reads any of the three forms.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 40 || !text.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        match text.as_bytes().get(2) {
            Some(b':') => parse_datetime(&["1970-01-01T", text].concat()).map(Self::Time),
            _ if text.len() == 10 => parse_datetime(&[text, "T00:00:00Z"].concat()).map(Self::Date),
            _ => parse_datetime(text).map(Self::DateTime),
        }
    }

    /// Which of two is the later; none where one is a date and the other a time.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::DateTime(a), Self::DateTime(b))
            | (Self::Date(a), Self::Date(b))
            | (Self::Time(a), Self::Time(b)) => Some(a.cmp(&b)),
            _ => None,
        }
    }

    pub(super) fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::DateTime(_) => ("a date-time", "日時"),
            Self::Date(_) => ("a date", "日付"),
            Self::Time(_) => ("a time", "時刻"),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::DateTime(time) | Self::Date(time) | Self::Time(time)) = *self;
        let text = match self {
            Self::Time(_) => Timestamp::from_micros(time.micros().rem_euclid(DAY)).to_string(),
            _ => time.to_string(),
        };
        let (date, of_day) = text.split_once('T').unwrap_or((&text, ""));
        match self {
            Self::DateTime(_) => f.write_str(&text),
            Self::Date(_) => f.write_str(date),
            Self::Time(_) => f.write_str(of_day),
        }
    }
}
