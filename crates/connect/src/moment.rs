//! Dates and times as Japanese open data writes them: with `/` or 年月日, with 24:00, in eras, without a zone.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use machi_types::Timestamp;

use crate::RowError;
use crate::cell::half_width;
use crate::row::quoted;

/// The zone in which times without one are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Zone(Offset);

/// The year before the first one of each era.
const ERAS: &[(&str, &str, i16)] =
    &[("令和", "R", 2018), ("平成", "H", 1988), ("昭和", "S", 1925), ("大正", "T", 1911), ("明治", "M", 1867)];

impl Default for Zone {
    /// Japan has kept one offset since 1951.
    fn default() -> Self {
        Self(Offset::constant(9))
    }
}

impl Zone {
    /// The zone of times that programs write.
    pub(crate) fn utc() -> Self {
        Self(Offset::UTC)
    }

    /// `Asia/Tokyo`, `UTC`, or an offset such as `+09:00`; other names would need a table of their summer times.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "Asia/Tokyo" | "Japan" | "JST" => Some(Self::default()),
            "UTC" | "Z" => Some(Self(Offset::UTC)),
            offset => offset_of(offset).map(Self),
        }
    }

    /// The instant that a text names.
    pub(crate) fn instant(self, text: &str) -> Result<Timestamp, RowError> {
        self.read(&plain(text)).ok_or_else(|| {
            RowError::new(
                (format!("{} is no date and time", quoted(text)), format!("{}は日時として読めません", quoted(text))),
                (
                    "a time such as 2026-11-22T10:00, 2026/11/22 24:00 or 令和8年11月22日 10時00分",
                    "2026-11-22T10:00、2026/11/22 24:00、令和8年11月22日 10時00分のような日時",
                ),
            )
        })
    }

    fn read(self, text: &str) -> Option<Timestamp> {
        let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, ""));
        let date = date_of(date)?;
        let (time, offset) = split_offset(time.trim());
        let offset = match offset {
            "" => self.0,
            "Z" | "z" => Offset::UTC,
            given => offset_of(given)?,
        };
        let since_midnight = if time.is_empty() { SignedDuration::ZERO } else { time_of(time)? };
        Self(offset).at(date.at(0, 0, 0, 0).checked_add(since_midnight).ok()?)
    }

    /// The zone that is so far from UTC.
    pub(crate) fn of(offset: Offset) -> Self {
        Self(offset)
    }

    /// The instant of a local time.
    pub(crate) fn at(self, local: DateTime) -> Option<Timestamp> {
        let instant = local.to_zoned(TimeZone::fixed(self.0)).ok()?.timestamp();
        Some(Timestamp::from_micros(instant.as_microsecond()))
    }
}

/// A calendar day, as `2026-11-22`.
pub(crate) fn day(text: &str) -> Result<String, RowError> {
    date_of(&plain(text)).map(|date| date.to_string()).ok_or_else(|| {
        RowError::new(
            (format!("{} is no date", quoted(text)), format!("{}は日付として読めません", quoted(text))),
            (
                "a date such as 2026-11-22, 2026/11/22 or 令和8年11月22日",
                "2026-11-22、2026/11/22、令和8年11月22日のような日付",
            ),
        )
    })
}

/// In ASCII, with signs for the characters of the calendar.
fn plain(text: &str) -> String {
    let text = half_width(text.trim());
    let text = text.replace("元年", "1年").replace("日", " ").replace(['年', '月'], "-");
    text.replace("時", ":").replace("分", ":").replace("秒", "").trim().trim_end_matches(':').to_owned()
}

fn date_of(text: &str) -> Option<Date> {
    let (before, text) = era_of(text);
    let parts: Vec<&str> = text.split(['-', '/', '.']).map(str::trim).collect();
    let (year, month, day) = match parts.as_slice() {
        [year, month, day] => ((*year).to_owned(), *month, *day),
        [digits] if digits.len() == 8 && before == 0 => {
            let (year, rest) = digits.split_at_checked(4)?;
            let (month, day) = rest.split_at_checked(2)?;
            (year.to_owned(), month, day)
        }
        _ => return None,
    };
    let has_century = before != 0 || year.len() == 4;
    let year = digits(&year).filter(|_| has_century)?.checked_add(before)?;
    Date::new(year, digits(month)?.try_into().ok()?, digits(day)?.try_into().ok()?).ok()
}

/// The year before an era's first, and the text without the era's name.
fn era_of(text: &str) -> (i16, &str) {
    let named = ERAS.iter().find_map(|(name, letter, before)| {
        let rest = text.strip_prefix(name).or_else(|| text.strip_prefix(letter))?;
        Some((*before, rest))
    });
    named.unwrap_or((0, text))
}

fn time_of(text: &str) -> Option<SignedDuration> {
    let mut parts = text.split(':').map(str::trim);
    let hours = i64::from(digits(parts.next()?)?);
    let minutes = i64::from(digits(parts.next()?)?);
    let seconds: f64 = match parts.next() {
        None => 0.0,
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => text.parse().ok()?,
        Some(_) => return None,
    };
    let is_midnight = hours == 24 && minutes == 0 && seconds == 0.0;
    let is_time = hours < 24 && minutes < 60 && seconds < 60.0;
    if parts.next().is_some() || !(is_time || is_midnight) {
        return None;
    }
    Some(SignedDuration::from_secs(hours * 3600 + minutes * 60) + SignedDuration::try_from_secs_f64(seconds).ok()?)
}

/// Parts `10:00+09:00` into its time and its offset.
fn split_offset(time: &str) -> (&str, &str) {
    let at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (time, offset) = time.split_at_checked(at).unwrap_or((time, ""));
    (time.trim(), offset)
}

fn offset_of(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None => rest.split_at_checked(2)?,
    };
    let minutes = if minutes.is_empty() { 0 } else { digits(minutes).filter(|minutes| *minutes < 60)? };
    let hours = digits(hours).filter(|hours| *hours < 24)?;
    Offset::from_seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60)).ok()
}

fn digits(text: &str) -> Option<i16> {
    let is_plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<String> {
        Zone::default().instant(text).ok().map(|time| time.to_string())
    }

    #[test]
    fn times_are_read_in_the_zone_of_the_file() {
        for (text, expected) in [
            ("2025-10-04T00:20", "2025-10-03T15:20:00Z"),
            ("2025-10-04T24:00", "2025-10-04T15:00:00Z"),
            ("2025/1/4 9:05:06.5", "2025-01-04T00:05:06.500Z"),
            ("20251004", "2025-10-03T15:00:00Z"),
            ("2025-10-04T00:20:00Z", "2025-10-04T00:20:00Z"),
            ("2025-10-04T00:20-05:00", "2025-10-04T05:20:00Z"),
            ("令和３年８月１４日　１３時５分", "2021-08-14T04:05:00Z"),
            ("令和元年5月1日", "2019-04-30T15:00:00Z"),
            ("H31.4.30 24:00", "2019-04-30T15:00:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for bad in [
            "",
            "x",
            "2025-13-01",
            "2025-02-30T00:00",
            "2025-10-04T24:01",
            "2025-10-04T9",
            "25/10/04",
            "R3",
            "2025-10-04T10:00+25:00",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_and_zones_are_read() {
        assert_eq!(day("平成18年7月1日").unwrap(), "2006-07-01");
        assert!(day("7月1日").is_err());
        assert_eq!(Zone::parse("+09:00"), Zone::parse("Asia/Tokyo"));
        assert_eq!(Zone::parse("Europe/Paris"), None);
    }

    proptest! {
        #[test]
        fn what_we_write_we_read(micros in -60_000_000_000_000_000i64..250_000_000_000_000_000) {
            let time = Timestamp::from_micros(micros / 1_000_000 * 1_000_000);
            prop_assert_eq!(Zone::default().instant(&time.to_string()).ok(), Some(time));
        }

        #[test]
        fn any_text_is_judged(text in "\\PC*") {
            let _ = (read(&text), day(&text), Zone::parse(&text));
        }
    }
}
