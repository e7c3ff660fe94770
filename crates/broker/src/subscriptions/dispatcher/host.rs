//! One machine that receives: how much is under way to it, and whether it is worth asking.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::subscriptions::config::SubscriptionsConfig;
use crate::subscriptions::domain::subscription::SubscriptionKey;
use crate::subscriptions::send::Sent;

/// After so many failures in a row the machine is left alone for a while.
const FAILURES: u32 = 5;
/// A machine that takes longer gets less at once.
const SLOW: Duration = Duration::from_millis(250);
const AT_ONCE_WHEN_SLOW: usize = 2;

/// A machine.
#[derive(Debug, Default)]
pub(super) struct Host {
    under_way: usize,
    /// Failures to reach it, in a row.
    failures: u32,
    left_alone_until: Option<Instant>,
    /// How long it takes, on average, the last ones counting most.
    pace: Duration,
    /// Who waits for a turn.
    pub(super) queue: VecDeque<SubscriptionKey>,
}

impl Host {
    /// Whether one more may be sent now.
    pub(super) fn has_room(&self, config: &SubscriptionsConfig, now: Instant) -> bool {
        match self.left_alone_until {
            // One is enough to see whether it is back.
            Some(until) => now >= until && self.under_way == 0,
            None if self.is_slow() => self.under_way < AT_ONCE_WHEN_SLOW.min(config.in_flight_per_host),
            None => self.under_way < config.in_flight_per_host.max(1),
        }
    }

    /// Whether it takes so long, or fails so often, that what waits for it should not wait in memory.
    pub(super) fn is_in_trouble(&self) -> bool {
        self.left_alone_until.is_some() || self.failures > 0 || self.is_slow()
    }

    fn is_slow(&self) -> bool {
        self.pace > SLOW
    }

    /// Something is sent.
    pub(super) fn begin(&mut self) {
        self.under_way += 1;
    }

    /// Something that was sent has come to its end.
    pub(super) fn end(&mut self, sent: &Sent, config: &SubscriptionsConfig, now: Instant, dice: f64) {
        self.under_way = self.under_way.saturating_sub(1);
        self.pace = (self.pace + sent.took) / 2;
        let is_unreachable = sent.refusal.as_ref().is_some_and(|refusal| refusal.is_of_host);
        if !is_unreachable {
            self.failures = 0;
            self.left_alone_until = None;
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.left_alone_until = Some(now + config.rest(self.failures - FAILURES + 1, dice));
        }
    }

    /// Whether nothing needs to be remembered of it.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way == 0 && self.queue.is_empty() && self.failures == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscriptions::send::Refusal;

    fn sent(took: u64, is_reached: bool) -> Sent {
        let refusal = (!is_reached).then(|| Refusal { reason: "no".to_owned(), is_of_host: true });
        Sent { refusal, took: Duration::from_millis(took) }
    }

    #[test]
    fn a_dead_machine_is_left_alone_and_tried_with_one() {
        let config = SubscriptionsConfig::default();
        let (mut host, now) = (Host::default(), Instant::now());
        for _ in 0..5 {
            assert!(host.has_room(&config, now));
            host.begin();
            host.end(&sent(1, false), &config, now, 1.0);
        }
        assert!(!host.has_room(&config, now) && host.is_in_trouble());
        let later = now + Duration::from_secs(1);
        assert!(host.has_room(&config, later));
        host.begin();
        assert!(!host.has_room(&config, later));
        host.end(&sent(1, true), &config, later, 1.0);
        assert!(host.has_room(&config, later) && !host.is_in_trouble() && host.is_idle());
    }

    #[test]
    fn a_slow_machine_gets_less_at_once() {
        let config = SubscriptionsConfig::default();
        let (mut host, now) = (Host::default(), Instant::now());
        host.begin();
        host.end(&sent(5000, true), &config, now, 1.0);
        for _ in 0..2 {
            assert!(host.has_room(&config, now));
            host.begin();
        }
        assert!(!host.has_room(&config, now));
    }
}
