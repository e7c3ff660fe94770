//! Date-times as ETSI GS CIM 009 §4.6.3 asks for them: in UTC, marked by `Z`.

use std::io::Write;

use machi_types::Timestamp;

/// A date-time that a request gives: UTC, every part present, up to six digits of a second, `.` or `,` before them.
pub fn parse_datetime(text: &str) -> Option<Timestamp> {
    if !is_datetime(text) {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits = text.as_bytes().get(from..to).unwrap_or_default();
        digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
    };
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
    let days = days_of(year, month, day)?;
    if hour > 23 || minute > 59 || second > 59 {
        // A leap second has no place in a count of microseconds, and would come back as the second before it.
        return None;
    }
    let fraction = text.as_bytes().get(20..text.len() - 1).unwrap_or_default();
    let micros =
        fraction.iter().chain(b"000000").take(6).fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    Some(Timestamp::from_micros(seconds * 1_000_000 + micros))
}

/// The number of a day, counted from 1970-01-01; none for a day that does not exist.
pub(crate) fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let (year_from_march, month_from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let (era, year_of_era) = (year_from_march.div_euclid(400), year_from_march.rem_euclid(400));
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    let days = era * 146_097 + of_era - 719_468;
    (civil_of(days) == (year, month, day)).then_some(days)
}

/// Whether a text has the form of a date-time.
pub fn is_datetime(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((date_time, rest)) = bytes.split_at_checked(19) else { return false };
    let well_formed = date_time.iter().zip(b"0000-00-00T00:00:00").all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        form => byte == form,
    });
    well_formed && is_fraction_and_zone(rest)
}

fn is_fraction_and_zone(rest: &[u8]) -> bool {
    match rest {
        b"Z" => true,
        [b'.' | b',', digits @ .., b'Z'] => (1..=6).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Whether a text is a date that exists.
pub fn is_date(text: &str) -> bool {
    text.len() == 10 && parse_datetime(&[text, "T00:00:00Z"].concat()).is_some()
}

/// Whether a text is a time of day in UTC.
pub(super) fn is_time(text: &str) -> bool {
    parse_datetime(&["2000-01-01T", text].concat()).is_some()
}

/// Appends a time as [`Timestamp`] displays it.
pub fn write_datetime(time: Timestamp, out: &mut Vec<u8>) {
    write_with_digits(time, digits_of(time), out);
}

/// How many digits of a second a time is written with: three, or six, or none.
pub(super) fn digits_of(time: Timestamp) -> u8 {
    match time.micros() % 1_000_000 {
        0 => 0,
        micros if micros % 1000 == 0 => 3,
        _ => 6,
    }
}

/// Appends a time with so many digits of a second, of which it has no more.
pub(super) fn write_with_digits(time: Timestamp, digits: u8, out: &mut Vec<u8>) {
    const DAY: i64 = 86_400_000_000;
    let (days, of_day) = (time.micros().div_euclid(DAY), time.micros().rem_euclid(DAY));
    let (year, month, day) = civil_of(days);
    if !(0..=9999).contains(&year) {
        write!(out, "{time}").expect("writing to memory cannot fail");
        return;
    }
    let seconds = of_day / 1_000_000;
    let two = |number: i64, out: &mut Vec<u8>| out.extend([b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]);
    two(year / 100, out);
    two(year % 100, out);
    for (mark, number) in
        [(b'-', month), (b'-', day), (b'T', seconds / 3600), (b':', seconds / 60 % 60), (b':', seconds % 60)]
    {
        out.push(mark);
        two(number, out);
    }
    write_fraction(of_day % 1_000_000, digits, out);
    out.push(b'Z');
}

fn write_fraction(micros: i64, digits: u8, out: &mut Vec<u8>) {
    if digits > 0 {
        out.push(b'.');
    }
    let mut unit = 100_000;
    for _ in 0..digits.min(6) {
        out.push(b'0' + (micros / unit % 10) as u8);
        unit /= 10;
    }
}

/// The date of a day counted from 1970-01-01 (the proleptic Gregorian calendar in eras of 400 years from March).
pub(crate) fn civil_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_complete_utc_date_times_are_taken() {
        for good in
            ["2020-09-01T12:03:00Z", "2020-09-01T12:03:00.5Z", "2020-09-01T12:03:00,123456Z", "2020-02-29T00:00:00Z"]
        {
            assert!(parse_datetime(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "2020-09-01",
            "2020-09-01T12:03Z",
            "2020-09-01T12:03:00",
            "2020-09-01T12:03:00+09:00",
            "2020-09-01t12:03:00z",
            "2020-09-01T12:03:00.Z",
            "2020-09-01T12:03:00.1234567Z",
            "2020-13-01T12:03:00Z",
            "2019-02-29T00:00:00Z",
            "2020-09-01T25:03:00Z",
            "20200901T120300Z",
            "urn:ngsi-ld:null",
        ] {
            assert!(parse_datetime(bad).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn times_are_written_as_they_display(micros in -62_135_596_800_000_000_i64..253_402_200_000_000_000) {
            let time = Timestamp::from_micros(micros);
            let mut out = Vec::new();
            write_datetime(time, &mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), time.to_string());
        }

        #[test]
        fn times_are_read_as_the_general_parser_reads_them(
            text in "[0-9]{3}[0-9]-(0[0-9]|1[0-3])-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]([.,][0-9]{1,6})?Z",
        ) {
            prop_assert_eq!(parse_datetime(&text), text.parse().ok(), "{}", text);
        }

        #[test]
        fn any_number_of_microseconds_is_written(micros: i64) {
            write_datetime(Timestamp::from_micros(micros), &mut Vec::new());
        }
    }
}
