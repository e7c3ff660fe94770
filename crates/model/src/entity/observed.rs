//! `observedAt` as it was given: a time, and how many digits of its second were written.

use std::str::FromStr;

use machi_types::Timestamp;

use super::datetime::{digits_of, parse_datetime, write_with_digits};

/// When a value was observed; it is told as it was given, so that `10:00:00.000Z` does not come back as `10:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    time: Timestamp,
    digits: u8,
}

impl Observed {
    /// A time with up to six digits of a second; nothing where these would cut it.
    pub fn with_digits(time: Timestamp, digits: u8) -> Option<Self> {
        let unit = 10_i64.checked_pow(6_u32.checked_sub(u32::from(digits))?)?;
        (time.micros() % unit == 0).then_some(Self { time, digits })
    }

    /// The instant.
    pub const fn time(self) -> Timestamp {
        self.time
    }

    /// How many digits of a second were written.
    pub const fn digits(self) -> u8 {
        self.digits
    }

    /// How many digits of a second there are, unless they are as many as the time is written with by itself.
    pub fn own_digits(self) -> Option<u8> {
        Some(self.digits).filter(|digits| *digits != digits_of(self.time))
    }

    /// Appends the text.
    pub fn write(self, out: &mut Vec<u8>) {
        write_with_digits(self.time, self.digits, out);
    }
}

impl From<Timestamp> for Observed {
    fn from(time: Timestamp) -> Self {
        Self { time, digits: digits_of(time) }
    }
}

impl FromStr for Observed {
    type Err = ();

    /// Reads what a request may give (§4.6.3).
    fn from_str(text: &str) -> Result<Self, ()> {
        let time = parse_datetime(text).ok_or(())?;
        let digits = text.len().saturating_sub("2026-11-22T10:00:00.Z".len());
        u8::try_from(digits).ok().and_then(|digits| Self::with_digits(time, digits)).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_as_it_was_given() {
        for text in
            ["10:00:00Z", "10:00:00.0Z", "10:00:00.000Z", "10:00:00.50Z", "10:00:00.123456Z", "10:00:00.100000Z"]
        {
            let text = format!("2026-11-22T{text}");
            let mut out = Vec::new();
            text.parse::<Observed>().unwrap().write(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
        let mut out = Vec::new();
        "2026-11-22T10:00:00,25Z".parse::<Observed>().unwrap().write(&mut out);
        assert_eq!(out, b"2026-11-22T10:00:00.25Z", "§4.6.3: the comma is for requests");
        assert!("2026-11-22T10:00:00.1234567Z".parse::<Observed>().is_err());
    }

    #[test]
    fn digits_never_cut_a_time() {
        let time = Timestamp::from_micros(1_500_000);
        assert_eq!(Observed::with_digits(time, 0), None);
        assert_eq!(Observed::with_digits(time, 7), None);
        assert_eq!(Observed::with_digits(time, 3), Some(time.into()));
        assert_eq!(Observed::from(time).own_digits(), None);
    }
}
