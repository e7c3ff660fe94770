//! Waiting for a condition, and instants relative to now.

use std::thread;
use std::time::{Duration, Instant};

use machi_types::{Clock, SystemClock, Timestamp};

/// How long anything may take before a test gives it up.
pub const DEADLINE: Duration = Duration::from_secs(20);

const STEP: Duration = Duration::from_millis(10);

/// Asks again and again until there is a value, and panics at the deadline.
#[track_caller]
pub fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(started.elapsed() < DEADLINE, "waited {DEADLINE:?} in vain until {what}");
        thread::sleep(STEP);
    }
}

/// The instant that lies `seconds` from now, as NGSI-LD writes it.
pub fn in_seconds(seconds: i64) -> String {
    let micros = SystemClock.now().micros() + seconds * 1_000_000;
    Timestamp::from_micros(micros).to_string()
}
