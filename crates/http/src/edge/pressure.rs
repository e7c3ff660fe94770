//! How much one tenant may have at work beside others: less while this process keeps the processors busy, so that
//! whoever asks for little finds one free (docs/adr/0010).

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// How often the share is looked at.
const INTERVAL: Duration = Duration::from_millis(50);
/// Above this part of the processors' time the share shrinks by a quarter each time.
const BUSY: f64 = 0.5;
/// Below this part it grows by one each time.
const CALM: f64 = 0.4;

/// The share of each tenant as it is now.
#[derive(Debug)]
pub(super) struct Pressure {
    most: usize,
    share: usize,
    processors: f64,
    /// When the processor time was last looked at, and what it was.
    seen: (Instant, Duration),
}

impl Pressure {
    /// Begins with the whole share.
    pub(super) fn new(most: usize) -> Self {
        let processors = std::thread::available_parallelism().map_or(1.0, |processors| processors.get() as f64);
        Self { most, share: most, processors, seen: (Instant::now(), processor_time()) }
    }

    /// What one tenant may have at work beside others.
    pub(super) fn share(&self) -> usize {
        self.share
    }

    /// Looks at the processors where that is due.
    pub(super) fn look(&mut self) {
        let (now, (then, used)) = (Instant::now(), self.seen);
        let passed = now.duration_since(then);
        if passed < INTERVAL {
            return;
        }
        let uses = processor_time();
        self.seen = (now, uses);
        self.adapt(uses.saturating_sub(used).as_secs_f64() / (passed.as_secs_f64() * self.processors));
    }

    /// Adapts the share to the part of the processors' time that was used.
    fn adapt(&mut self, used: f64) {
        if used > BUSY {
            self.share = (self.share - self.share.div_ceil(4)).max(1);
        } else if used < CALM {
            self.share = (self.share + 1).min(self.most);
        }
    }
}

/// The processor time of all threads of this process.
fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_shrinks_while_the_processors_are_busy_and_comes_back() {
        let mut pressure = Pressure::new(8);
        let mut shares = |used: f64| {
            (0..20)
                .map(|_| {
                    pressure.adapt(used);
                    pressure.share()
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(&shares(0.9)[..8], [6, 4, 3, 2, 1, 1, 1, 1], "it never falls below one");
        assert_eq!(shares(0.45).last(), Some(&1), "between the two it stays");
        assert_eq!(&shares(0.1)[..9], [2, 3, 4, 5, 6, 7, 8, 8, 8]);
    }

    #[test]
    fn what_this_process_uses_is_seen() {
        let before = processor_time();
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(30) {
            std::hint::spin_loop();
        }
        assert!(processor_time() > before);
    }
}
