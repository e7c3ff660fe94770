//! Tables of cases that are all tried, so that one run shows everything that fails.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Checks every named case and panics at the end with the names of those that failed.
#[track_caller]
pub fn each<N: Display, T>(cases: impl IntoIterator<Item = (N, T)>, check: impl Fn(T)) {
    let mut failed = Vec::new();
    for (name, case) in cases {
        if catch_unwind(AssertUnwindSafe(|| check(case))).is_err() {
            failed.push(name.to_string());
        }
    }
    assert!(failed.is_empty(), "{} cases failed:\n  {}", failed.len(), failed.join("\n  "));
}
