//! The time that is believed: a clock that jumps far ahead while the process runs stops the writes, because what it
//! would stamp could never be taken back.

use std::time::{Duration, Instant};

use machi_types::{Text, Timestamp};

/// A clock that jumps further ahead while the process runs is not believed.
const JUMP: Duration = Duration::from_mins(5);

/// The latest time that was believed, and when that was.
#[derive(Clone, Copy, Debug)]
pub struct Believed {
    time: Timestamp,
    at: Instant,
    /// Whether the clock was not believed when it was last checked.
    distrusts: bool,
}

impl Believed {
    /// Believes a time from now on.
    pub fn now(time: Timestamp) -> Self {
        Self { time, at: Instant::now(), distrusts: false }
    }

    /// How far a clock has jumped ahead, where it is not to be believed.
    pub fn jump(&self, wall: Timestamp) -> Option<Duration> {
        let ahead = wall.micros().saturating_sub(self.expected().micros());
        let ahead = Duration::from_micros(u64::try_from(ahead).unwrap_or(0));
        (ahead > JUMP).then_some(ahead)
    }

    /// Believes a clock that has jumped ahead.
    pub fn accept(&mut self, wall: Timestamp) {
        *self = Self { distrusts: self.distrusts, ..Self::now(wall) };
    }

    /// Says what is wrong with the clock, where it is not to be believed, and whether that is otherwise than it was.
    pub fn check(&mut self, wall: Timestamp) -> (Result<(), Text>, bool) {
        let distrusts = self.jump(wall).is_some();
        let has_turned = distrusts != self.distrusts;
        self.distrusts = distrusts;
        if distrusts {
            return (Err(jumped_to(wall)), has_turned);
        }
        // A clock that was set back may come back: what was believed once is no jump ahead.
        if wall > self.expected() {
            *self = Self::now(wall);
        }
        (Ok(()), has_turned)
    }

    /// The time that it should be now.
    fn expected(&self) -> Timestamp {
        later(self.time, self.at.elapsed())
    }
}

fn jumped_to(wall: Timestamp) -> Text {
    Text::both(
        format!(
            "the clock jumped ahead to {wall} by more than 5 minutes; set it right, or confirm it with: machi clock accept"
        ),
        format!("時計が5分を超えて{wall}まで進みました。時計を直すか、正しければmachi clock acceptで確認してください"),
    )
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_micros(time.micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}
