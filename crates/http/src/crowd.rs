//! Who asks at the same time as others: what makes the difference between a tenant alone and one among many.

use std::time::{Duration, Instant};

/// For how long somebody counts as asking after the last request.
const ASKING: Duration = Duration::from_secs(1);

/// The last two different ones that asked, and when; more need not be known to tell whether there are others.
#[derive(Debug)]
pub struct Crowd<T>([Option<(T, Instant)>; 2]);

impl<T> Default for Crowd<T> {
    fn default() -> Self {
        Self([None, None])
    }
}

impl<T: Clone + PartialEq> Crowd<T> {
    /// Takes note of somebody who asks now.
    pub fn note(&mut self, who: &T) {
        let now = Instant::now();
        let [latest, before] = &mut self.0;
        match latest {
            Some((known, at)) if known == who => *at = now,
            _ => {
                *before = latest.take();
                *latest = Some((who.clone(), now));
            }
        }
    }

    /// Whether anybody else has asked lately.
    pub fn others_ask(&self, who: &T) -> bool {
        self.0.iter().flatten().any(|(other, at)| other != who && at.elapsed() < ASKING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_seen_and_oneself_is_not() {
        let mut crowd = Crowd::default();
        assert!(!crowd.others_ask(&'a'));
        crowd.note(&'a');
        assert!(!crowd.others_ask(&'a') && crowd.others_ask(&'b'));
        crowd.note(&'b');
        crowd.note(&'b');
        assert!(crowd.others_ask(&'a') && crowd.others_ask(&'b') && crowd.others_ask(&'c'));
    }
}
