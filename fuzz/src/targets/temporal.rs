//! Temporal queries: timerel, timeAt, endTimeAt and timeproperty, one a line.

use machi_model::query::{TemporalParameters, TemporalQuery};
use machi_types::Timestamp;

use crate::planted;
use crate::target::{Target, texts};
use crate::text::{parameters, text};

pub(crate) const TARGET: Target = Target {
    name: "temporal",
    run,
    seeds,
    words: &[
        "before",
        "after",
        "between",
        "observedAt",
        "createdAt",
        "modifiedAt",
        "deletedAt",
        "T00:00:00Z",
        "+09:00",
    ],
};

fn run(bytes: &[u8]) {
    let text = text(bytes);
    let [timerel, time_at, end_time_at, timeproperty] = parameters(&text);
    let Ok(Some(query)) = TemporalQuery::parse(&TemporalParameters { timerel, time_at, end_time_at, timeproperty })
    else {
        return;
    };
    let _ = query.to_string();
    let hits = [i64::MIN, 0, 1_800_000_000_000_000, i64::MAX].map(|at| query.matches(Timestamp::from_micros(at)));
    planted::fault(hits[2] && timerel == Some("between"));
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "before\n2026-01-01T00:00:00Z",
        "between\n2026-01-01T00:00:00Z\n2027-01-01T00:00:00.000001Z\nmodifiedAt",
        "after\n1969-12-31T23:59:59Z\n\nobservedAt",
    ])
}
