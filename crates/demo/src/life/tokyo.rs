//! The clock on the wall in Japan: nine hours ahead of UTC, the year round.

use crate::plan::cosine;

const DAY: i64 = 86_400;
const AHEAD: i64 = 9 * 3600;

/// A moment as the wall clock shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tokyo {
    /// Days since 1970-01-01.
    pub(crate) day: i64,
    /// Seconds since midnight.
    pub(crate) second: i64,
}

impl Tokyo {
    pub(crate) fn at(seconds: i64) -> Self {
        let local = seconds + AHEAD;
        Self { day: local.div_euclid(DAY), second: local.rem_euclid(DAY) }
    }

    /// The hour with its fraction, from 0 up to 24.
    pub(crate) fn hour(self) -> f64 {
        self.second as f64 / 3600.0
    }

    /// Whether it is a Saturday or a Sunday; 1970-01-01 was a Thursday.
    pub(crate) fn is_weekend(self) -> bool {
        matches!((self.day + 4).rem_euclid(7), 0 | 6)
    }

    /// The part of the year that has passed, from 0 to 1.
    pub(crate) fn year(self) -> f64 {
        let years = (self.day as f64 + self.hour() / 24.0) / 365.2425;
        years - years.floor()
    }

    /// From 0 to 1 and back: up during the hour around `from`, down during the hour around `to`.
    pub(crate) fn between(self, from: f64, to: f64) -> f64 {
        let hour = self.hour();
        crate::plan::smooth(hour - from + 0.5).min(crate::plan::smooth(to + 0.5 - hour))
    }

    /// The hours of sunrise and sunset at 34.3 degrees north, 137.5 degrees east, to a few minutes.
    pub(crate) fn sun(self) -> (f64, f64) {
        // The sun stands longest on the 172nd day of the year.
        let half = 6.025 + 1.15 * cosine(self.year() - 0.471);
        let noon = 11.83;
        (noon - half, noon + half)
    }
}
