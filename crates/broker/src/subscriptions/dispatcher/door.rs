//! One address that receives: how much is under way to it, and how fast it takes it.
//!
//! A machine may have many doors, and behind one of them somebody may be slow who must not hold up the others.

use std::collections::VecDeque;
use std::time::Duration;

use crate::subscriptions::config::SubscriptionsConfig;
use crate::subscriptions::domain::subscription::SubscriptionKey;
use crate::subscriptions::send::Sent;

/// A door that takes longer gets less at once.
const SLOW: Duration = Duration::from_millis(250);
/// What a door gets at once that is slow, or has taken nothing yet.
const AT_ONCE_WHEN_SLOW: usize = 2;

/// A door.
#[derive(Debug, Default)]
pub(super) struct Door {
    under_way: usize,
    /// Whether it has taken a notification.
    has_taken: bool,
    /// How long it takes, on average, the last ones counting most.
    pace: Duration,
    /// Who waits for a turn.
    pub(super) queue: VecDeque<SubscriptionKey>,
    /// Whether it stands in the queue of its host.
    pub(super) is_queued: bool,
}

impl Door {
    /// Whether one more may be sent now.
    pub(super) fn has_room(&self, config: &SubscriptionsConfig) -> bool {
        let most = config.in_flight_per_endpoint.max(1);
        self.under_way < if self.is_in_trouble() { most.min(AT_ONCE_WHEN_SLOW) } else { most }
    }

    /// Whether what waits for it should not wait in memory.
    pub(super) fn is_in_trouble(&self) -> bool {
        !self.has_taken || self.pace > SLOW
    }

    /// Something is sent.
    pub(super) fn begin(&mut self) {
        self.under_way += 1;
    }

    /// Something that was sent has come to its end.
    pub(super) fn end(&mut self, sent: &Sent) {
        self.under_way = self.under_way.saturating_sub(1);
        self.pace = (self.pace + sent.took) / 2;
        self.has_taken |= sent.refusal.is_none();
    }

    /// Whether nothing needs to be remembered of it.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way == 0 && self.queue.is_empty() && !self.is_queued
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_door_gets_less_at_once() {
        let config = SubscriptionsConfig::default();
        let taken = |millis| Sent { refusal: None, took: Duration::from_millis(millis) };
        let room = |door: &mut Door| {
            let before = door.under_way;
            while door.has_room(&config) {
                door.begin();
            }
            door.under_way - before
        };
        let mut door = Door::default();
        assert_eq!(room(&mut door), 2);
        door.end(&taken(1));
        assert_eq!(room(&mut door), config.in_flight_per_endpoint - 1);
        (0..config.in_flight_per_endpoint).for_each(|_| door.end(&taken(5000)));
        assert_eq!(room(&mut door), 2);
    }
}
