//! A flood that somebody starts: a downpour, a wave that runs down the river, and its end.

use crate::plan::smooth;

/// A flood since a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flood {
    /// When it began, in seconds since 1970-01-01T00:00:00Z.
    pub(crate) since: i64,
}

/// How long the water rises, stands and falls, in seconds: short enough to be watched.
const RISE: i64 = 150;
const STAND: i64 = 120;
const FALL: i64 = 330;
/// How long the wave takes from one end of the city to the other, at most.
pub(crate) const LAG: i64 = 45;
/// How much rain falls in an hour at the worst, in millimetres.
const DOWNPOUR: f64 = 62.0;

impl Flood {
    /// A flood that has only its end before it, from the moment at which somebody called it off.
    pub(crate) fn called_off(self, seconds: i64) -> Self {
        if seconds - self.since >= RISE + STAND {
            return self;
        }
        // The fall is entered where the water stands as high as now.
        let height = self.surge(seconds, 0);
        let fallen = (0..FALL).find(|fallen| falling(*fallen) <= height).unwrap_or(FALL);
        Self { since: seconds - (RISE + STAND + fallen) }
    }

    /// How high the water stands between its usual level, 0, and the crest, 1.
    pub(crate) fn surge(self, seconds: i64, lag: i64) -> f64 {
        let elapsed = seconds - self.since - lag;
        if elapsed > RISE + STAND {
            return falling(elapsed - RISE - STAND);
        }
        // Fast at first, so that whoever starts it sees at once that it has begun.
        let part = (elapsed as f64 / RISE as f64).clamp(0.0, 1.0);
        part * (2.0 - part)
    }

    /// The rain in millimetres an hour.
    pub(crate) fn rain(self, seconds: i64) -> f64 {
        let elapsed = (seconds - self.since) as f64;
        let (begins, ends) = (smooth(elapsed / 15.0), smooth(((RISE + STAND) as f64 - elapsed) / 90.0));
        DOWNPOUR * begins.min(ends)
    }

    /// Whether people are called to the shelters.
    pub(crate) fn calls_out(self, seconds: i64) -> bool {
        (RISE * 6 / 10..RISE + STAND + FALL * 7 / 10).contains(&(seconds - self.since))
    }

    /// The part of those who come to the shelters that is there.
    pub(crate) fn sheltered(self, seconds: i64) -> f64 {
        let elapsed = (seconds - self.since) as f64;
        let leaves = (RISE + STAND + FALL / 2) as f64;
        smooth((elapsed - (RISE * 6 / 10) as f64) / 150.0).min(smooth((leaves - elapsed) / 80.0))
    }

    /// Whether the water has gone down everywhere.
    pub(crate) fn is_over(self, seconds: i64) -> bool {
        seconds - self.since > RISE + STAND + FALL + LAG
    }
}

/// How high the water still stands when it has fallen for so many seconds.
fn falling(seconds: i64) -> f64 {
    1.0 - smooth(seconds as f64 / FALL as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_rises_stands_and_falls_without_a_jump() {
        let flood = Flood { since: 1000 };
        assert_eq!((flood.surge(1000, 0), flood.surge(1200, 0), flood.surge(1700, 0)), (0.0, 1.0, 0.0));
        for second in 900..1800 {
            let step = flood.surge(second + 1, 0) - flood.surge(second, 0);
            assert!(step.abs() < 0.02, "{second}");
        }
        assert!(!flood.is_over(1600) && flood.is_over(1650));
        assert!(flood.calls_out(1100) && !flood.calls_out(1010) && !flood.calls_out(1600));
    }

    #[test]
    fn a_flood_that_is_called_off_falls_from_where_it_is() {
        let flood = Flood { since: 1000 };
        for second in [1000, 1040, 1100, 1149, 1200, 1300, 1400] {
            let after = flood.called_off(second);
            assert!((after.surge(second, 0) - flood.surge(second, 0)).abs() < 0.02, "{second}");
            assert!(after.surge(second + 30, 0) <= after.surge(second, 0), "{second}");
        }
    }
}
