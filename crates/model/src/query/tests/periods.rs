//! Periods and methods of aggregation.

use machi_types::Timestamp;
use proptest::prelude::*;

use crate::entity::parse_datetime;
use crate::query::{AggregationMethod, Period};

fn at(text: &str) -> Timestamp {
    parse_datetime(text).unwrap()
}

fn period(text: &str) -> Period {
    Period::parse(text).unwrap()
}

#[test]
fn durations_of_iso_8601_are_read() {
    for (text, same) in [
        ("PT0S", "PT0S"),
        ("P0D", "PT0S"),
        ("P0Y", "PT0S"),
        ("PT0.0S", "PT0S"),
        ("PT90M", "PT5400S"),
        ("P400D", "P400D"),
        ("P2W", "P14D"),
        ("PT0.5S", "PT0.500000S"),
        ("P1Y2M3DT4H5M6S", "P14M3DT14706S"),
        ("P1M", "P1M"),
        ("PT1M", "PT60S"),
    ] {
        assert_eq!(period(text).to_string(), same, "{text}");
    }
}

#[test]
fn what_is_no_duration_is_refused() {
    for bad in [
        "",
        "P",
        "PT",
        "P1DT",
        "T1H",
        "1D",
        "-PT1H",
        "PT-1H",
        "+P1D",
        "PT1.5H",
        "PT1.S",
        "PT.5S",
        "PT0.1234567S",
        "1h",
        "p1d",
        "P1M2W",
        "P1W2D",
        "P1D1M",
        "PT1S1M",
        "P 1D",
        "P1D ",
        "P0000-01-01T00:00:00",
        "P1",
        "PT1",
        "P１D",
        "P1234567890123D",
        "P1H",
        "PT1D",
    ] {
        let error = Period::parse(bad).unwrap_err().to_string();
        assert!(error.contains("aggrPeriodDuration") && error.contains("PT15M"), "{bad}: {error}");
    }
}

#[test]
fn months_end_on_their_last_day_and_are_counted_from_the_origin() {
    let starts = |text: &str, origin: &str, numbers: [i64; 4]| {
        numbers.map(|number| period(text).start(at(origin), number).to_string())
    };
    assert_eq!(
        starts("P1M", "2026-01-31T10:00:00Z", [0, 1, 2, -2]),
        ["2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z", "2025-11-30T10:00:00Z"]
    );
    assert_eq!(
        starts("P1Y", "2024-02-29T00:00:00Z", [1, 3, 4, 8]),
        ["2025-02-28T00:00:00Z", "2027-02-28T00:00:00Z", "2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]
    );
    assert_eq!(
        starts("P1M1DT1H", "2026-01-31T23:30:00Z", [0, 1, 2, 3]),
        ["2026-01-31T23:30:00Z", "2026-03-02T00:30:00Z", "2026-04-03T01:30:00Z", "2026-05-04T02:30:00Z"]
    );
}

#[test]
fn what_lies_beyond_the_years_is_their_first_or_last_instant() {
    let (first, last) = (at("0001-01-01T00:00:00Z"), at("9999-12-31T23:59:59.999999Z"));
    for text in ["P1M", "P400D", "P9999Y", "PT1S", "P999999999999D", "P999999999999Y"] {
        assert_eq!(period(text).start(last, i64::MAX), last, "{text}");
        assert_eq!(period(text).start(first, i64::MIN + 1), first, "{text}");
        let number = period(text).number(first, last);
        assert!(period(text).start(first, number) <= last, "{text}");
    }
    assert_eq!(period("PT1S").number(first, last), 315_537_897_599);
    assert_eq!(period("P1M").number(first, last), 9999 * 12 - 1);
    assert_eq!(period("PT0S").number(first, last), 0);
}

#[test]
fn methods_are_read_by_name_and_counted_once() {
    let methods = AggregationMethod::parse_list("max, avg,max").unwrap();
    assert_eq!(methods, [AggregationMethod::Max, AggregationMethod::Avg]);
    for bad in ["", "max,", "mean", "MAX", "max;avg"] {
        assert!(AggregationMethod::parse_list(bad).unwrap_err().to_string().contains("aggrMethods"), "{bad}");
    }
}

proptest! {
    #[test]
    fn every_instant_is_in_the_period_of_its_number(
        months in 0_i64..40,
        days in 0_i64..40,
        seconds in 1_i64..100_000,
        origin in -62_135_596_800_i64..253_402_300_800,
        instant in -62_135_596_800_i64..253_402_300_800,
    ) {
        let period = period(&format!("P{months}M{days}DT{seconds}S"));
        let [origin, instant] = [origin, instant].map(|second| Timestamp::from_micros(second * 1_000_000));
        let number = period.number(origin, instant);
        prop_assert!(period.start(origin, number) <= instant);
        // The end of the last period lies beyond the year 9999, and is shown as its last instant.
        let end = period.start(origin, number + 1);
        prop_assert!(instant < end || end == at("9999-12-31T23:59:59.999999Z"));
        prop_assert_eq!(Period::parse(&period.to_string()).unwrap(), period);
    }
}
