//! How the times of a file are written: in a zone, and in one of the usual ways or as the mapping says.
//!
//! `8/9/2007` is a day in August in one country and in September in another, so that no guess would do.

use jiff::SignedDuration;
use jiff::civil::{Date, Time, date};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use machi_types::Timestamp;

use crate::RowError;
use crate::cell::half_width;
use crate::moment::Zone;
use crate::row::quoted;

/// A day whose parts differ, by which formats are tried.
const SAMPLE: Date = date(2006, 11, 22);
/// What a format may tell of 13:04:05.6 on that day: the day alone, or so much of the time; but not one o'clock, as a format
/// would whose half of the day has no name.
const TOLD: [i64; 5] = [0, 46_800_000_000, 47_040_000_000, 47_045_000_000, 47_045_600_000];

/// How times are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) zone: Zone,
    /// How they are written; none for the usual ways.
    pub(crate) format: Option<TimeFormat>,
}

/// A way of writing times, in the letters of `strftime`: `%m/%d/%Y %H:%M`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimeFormat(String);

impl Times {
    /// The instant that a text names.
    pub(crate) fn instant(&self, text: &str) -> Result<Timestamp, RowError> {
        match &self.format {
            None => self.zone.instant(text),
            Some(format) => format.instant(text, self.zone).ok_or_else(|| format.no_such_time(text)),
        }
    }
}

impl TimeFormat {
    /// A format by which each time that it writes can be read again.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let format = Self(text.to_owned());
        let written = strtime::format(text, &SAMPLE.at(13, 4, 5, 600_000_000).to_zoned(TimeZone::UTC).ok()?).ok()?;
        let read = format.instant(&written, Zone::utc())?;
        let midnight = Zone::utc().at(SAMPLE.at(0, 0, 0, 0))?;
        TOLD.contains(&(read.micros() - midnight.micros())).then_some(format)
    }

    /// The instant that a text names in this format; without an offset of its own, in the zone.
    fn instant(&self, text: &str, zone: Zone) -> Option<Timestamp> {
        let text = half_width(text.trim());
        match BrokenDownTime::parse(&self.0, &text) {
            Ok(read) => instant_of(&read, zone, SignedDuration::ZERO),
            Err(_) => self.next_midnight(&text, zone),
        }
    }

    /// `24:00` is the midnight at which the day ends.
    fn next_midnight(&self, text: &str, zone: Zone) -> Option<Timestamp> {
        let at = text.rfind("24:00")?;
        let begun = format!("{}00:00{}", text.get(..at)?, text.get(at + "24:00".len()..)?);
        let read = BrokenDownTime::parse(&self.0, &begun).ok()?;
        let is_midnight = read.to_time().ok()? == Time::midnight();
        is_midnight.then(|| instant_of(&read, zone, SignedDuration::from_hours(24))).flatten()
    }

    fn no_such_time(&self, text: &str) -> RowError {
        let Self(format) = self;
        RowError::new(
            (
                format!("{} is no time that is written as {format}", quoted(text)),
                format!("{}は{format}の形式の日時として読めません", quoted(text)),
            ),
            (
                "a time as time_format in the mapping says, or another time_format",
                "対応表のtime_formatどおりの日時。形式が違う場合はtime_formatを直してください",
            ),
        )
    }
}

fn instant_of(read: &BrokenDownTime, zone: Zone, later: SignedDuration) -> Option<Timestamp> {
    if read.iana_time_zone().is_some() {
        return None;
    }
    if let Some(instant) = read.timestamp() {
        return Some(Timestamp::from_micros(instant.as_microsecond()));
    }
    let local = read.to_datetime().ok()?.checked_add(later).ok()?;
    read.offset().map_or(zone, Zone::of).at(local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(format: &str, text: &str) -> Option<String> {
        let times = Times { zone: Zone::default(), format: Some(TimeFormat::parse(format).unwrap()) };
        times.instant(text).ok().map(|time| time.to_string())
    }

    #[test]
    fn times_are_read_as_the_mapping_says() {
        for (format, text, expected) in [
            ("%m/%d/%Y %H:%M", "8/28/2007 0:00", "2007-08-27T15:00:00Z"),
            ("%m/%d/%Y %H:%M", "08/09/2007 13:05", "2007-08-09T04:05:00Z"),
            ("%d/%m/%Y %H:%M", "08/09/2007 13:05", "2007-09-08T04:05:00Z"),
            ("%d/%m/%Y %H:%M", " 08/09/2007 24:00", "2007-09-08T15:00:00Z"),
            ("%d.%m.%y", "1.2.07", "2007-01-31T15:00:00Z"),
            ("%Y%m%d%H%M%S", "20070828130506", "2007-08-28T04:05:06Z"),
            ("%b %d %Y %I:%M:%S%.f %p", "Aug 28 2007 01:05:06.25 PM", "2007-08-28T04:05:06.250Z"),
            ("%s", "1188266706", "2007-08-28T02:05:06Z"),
            ("%d/%m/%Y %H:%M%z", "08/09/2007 13:05-0500", "2007-09-08T18:05:00Z"),
            ("%Y年%m月%d日 %H時", "２００７年８月２８日 13時", "2007-08-28T04:00:00Z"),
        ] {
            assert_eq!(read(format, text).as_deref(), Some(expected), "{format}: {text}");
        }
        for (format, bad) in [
            ("%m/%d/%Y %H:%M", "28/8/2007 0:00"),
            ("%m/%d/%Y %H:%M", "8/28/2007"),
            ("%m/%d/%Y %H:%M:%S", "8/28/2007 24:00:01"),
            ("%m/%d/%Y %H:%M", "2/30/2007 0:00"),
            ("%m/%d/%Y %H:%M", ""),
        ] {
            assert_eq!(read(format, bad), None, "{format}: {bad}");
        }
    }

    #[test]
    fn a_format_that_does_not_tell_a_time_is_none() {
        for bad in
            ["", "yyyy-mm-dd", "%H:%M", "%Y-%m", "%m/%d/%Y %I:%M", "%Y-%m-%d %", "%Y-%m-%d %Q", "%d/%Y", "%Y-%m-%d :%S"]
        {
            assert_eq!(TimeFormat::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_format_and_text_are_judged(format in "[%a-zA-Z0-9:/. -]{0,12}", text in "\\PC{0,20}") {
            if let Some(format) = TimeFormat::parse(&format) {
                let _ = format.instant(&text, Zone::default());
            }
        }
    }
}
