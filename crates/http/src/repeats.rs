//! Faults that repeat: each is told when it begins and once a minute while it lasts, so that nobody can fill a log.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a fault that was told is not told again.
const REST: Duration = Duration::from_mins(1);
/// How many different faults are told in that time; those who cause them may be inventive.
const MOST: usize = 16;

/// The faults that were told lately.
#[derive(Debug, Default)]
pub struct Repeats(Mutex<Vec<Told>>);

#[derive(Debug)]
struct Told {
    fault: u64,
    at: Instant,
    untold: u64,
}

impl Repeats {
    /// Whether a fault is to be told now, and how often it was not since it was told the last time.
    pub fn tell(&self, fault: impl Hash) -> Option<u64> {
        self.tell_at(&fault, Instant::now())
    }

    fn tell_at(&self, fault: &impl Hash, now: Instant) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        fault.hash(&mut hasher);
        let fault = hasher.finish();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = known.iter_mut().find(|told| told.fault == fault) {
            if now.duration_since(told.at) < REST {
                told.untold += 1;
                return None;
            }
            told.at = now;
            return Some(std::mem::take(&mut told.untold));
        }
        if known.len() >= MOST {
            known.retain(|told| now.duration_since(told.at) < REST);
        }
        if known.len() >= MOST {
            return None;
        }
        known.push(Told { fault, at: now, untold: 0 });
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_when_it_begins_and_once_a_minute() {
        let (repeats, begin) = (Repeats::default(), Instant::now());
        let tell = |fault: &str, seconds: u64| repeats.tell_at(&fault, begin + Duration::from_secs(seconds));
        assert_eq!([tell("a", 0), tell("a", 1), tell("b", 2), tell("a", 59)], [Some(0), None, Some(0), None]);
        assert_eq!([tell("a", 60), tell("a", 61), tell("b", 61)], [Some(2), None, None]);
    }

    #[test]
    fn many_faults_are_told_no_more_often_than_some() {
        let (repeats, begin) = (Repeats::default(), Instant::now());
        let told = |from: u64| {
            let at = begin + Duration::from_secs(from);
            (0..1000_u64).filter(|fault| repeats.tell_at(&(from, fault), at).is_some()).count()
        };
        assert_eq!([told(0), told(59), told(60)], [MOST, 0, MOST]);
    }
}
