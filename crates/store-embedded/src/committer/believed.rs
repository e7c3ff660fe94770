//! The time that is believed: a clock that jumps far ahead while the process runs stops the writes, because what it
//! would stamp could never be taken back.

use std::time::{Duration, Instant};

use machi_types::Timestamp;

/// A clock that jumps further ahead while the process runs is not believed.
const JUMP: Duration = Duration::from_mins(5);

/// The latest time that was believed, and when that was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Believed {
    time: Timestamp,
    at: Instant,
}

impl Believed {
    /// Believes a time from now on.
    pub(super) fn now(time: Timestamp) -> Self {
        Self { time, at: Instant::now() }
    }

    /// Says what is wrong with the clock, where it is not to be believed.
    pub(super) fn check(&mut self, wall: Timestamp) -> Result<(), String> {
        let now = Instant::now();
        let expected = later(self.time, now.duration_since(self.at));
        if wall > later(expected, JUMP) {
            return Err(format!(
                "the clock jumped ahead to {wall} by more than 5 minutes; set it right, or confirm it with: machi clock accept"
            ));
        }
        // A clock that was set back may come back: what was believed once is no jump ahead.
        if wall > expected {
            (self.time, self.at) = (wall, now);
        }
        Ok(())
    }
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(time.micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}
