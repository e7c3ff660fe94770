//! Dates with times: what is read is written to a text that says the same instant.

use machi_model::entity::{is_datetime, parse_datetime, write_datetime};
use machi_types::Timestamp;

use crate::planted;
use crate::target::{Target, texts};
use crate::text::text;

pub(crate) const TARGET: Target = Target {
    name: "datetime",
    run,
    seeds,
    words: &["T", "Z", "+09:00", "-00:00", ".000001", ",5", "2026-02-29", "23:59:60", "24:00:00", "9999-12-31", "0000"],
};

fn run(bytes: &[u8]) {
    let text = text(bytes);
    let _ = (text.parse::<Timestamp>(), is_datetime(&text));
    let Some(time) = parse_datetime(&text) else { return };
    let mut written = Vec::new();
    write_datetime(time, &mut written);
    let again = String::from_utf8(written).expect("digits");
    assert_eq!(parse_datetime(&again), Some(time), "{text} became {again}");
    let tenths = time.micros().rem_euclid(1_000_000) / 100_000;
    planted::fault(time.micros().rem_euclid(100_000) == 0 && (6..10).contains(&tenths));
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "2026-11-22T10:00:00Z",
        "2026-02-28T23:59:59.123456Z",
        "1969-12-31T23:59:59.5Z",
        "2000-02-29T00:00:00,1-12:30",
    ])
}
