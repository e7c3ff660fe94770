//! One machine that receives: how much is under way to it, and whether it can be reached at all.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::subscriptions::config::SubscriptionsConfig;
use crate::subscriptions::send::{Blame, Sent};

/// After so many failures in a row the machine is left alone for a while.
const FAILURES: u32 = 5;
/// What a machine gets at once that has not answered yet.
const AT_ONCE_WHEN_UNKNOWN: usize = 4;

/// A machine.
#[derive(Debug, Default)]
pub(super) struct Host {
    under_way: usize,
    /// Whether it has answered, whatever it said.
    has_answered: bool,
    /// Failures to reach it, in a row.
    failures: u32,
    left_alone_until: Option<Instant>,
    /// The doors behind which somebody waits for a turn here.
    pub(super) queue: VecDeque<Box<str>>,
}

impl Host {
    /// Whether one more may be sent now.
    pub(super) fn has_room(&self, config: &SubscriptionsConfig, now: Instant) -> bool {
        let most = config.in_flight_per_host.max(1);
        match self.left_alone_until {
            // One is enough to see whether it is back.
            Some(until) => now >= until && self.under_way == 0,
            None if self.has_answered => self.under_way < most,
            None => self.under_way < most.min(AT_ONCE_WHEN_UNKNOWN),
        }
    }

    /// Whether it cannot be reached, as far as is known.
    pub(super) fn is_in_trouble(&self) -> bool {
        !self.has_answered || self.failures > 0
    }

    /// Something is sent.
    pub(super) fn begin(&mut self) {
        self.under_way += 1;
    }

    /// Something that was sent has come to its end.
    pub(super) fn end(&mut self, sent: &Sent, config: &SubscriptionsConfig, now: Instant, dice: f64) {
        self.under_way = self.under_way.saturating_sub(1);
        match sent.refusal.as_ref().map(|refusal| refusal.blame) {
            Some(Blame::Host) => {
                self.failures = self.failures.saturating_add(1);
                if self.failures >= FAILURES {
                    self.left_alone_until = Some(now + config.rest(self.failures - FAILURES + 1, dice));
                }
            }
            // One that is silent behind one door may well answer behind another.
            Some(Blame::Silence) => {}
            Some(Blame::Answer) | None => {
                self.has_answered = true;
                self.failures = 0;
                self.left_alone_until = None;
            }
        }
    }

    /// Whether nothing needs to be remembered of it.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way == 0 && self.queue.is_empty() && self.failures == 0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::subscriptions::send::Refusal;

    fn sent(blame: Option<Blame>) -> Sent {
        let refusal = blame.map(|blame| Refusal { reason: "no".to_owned(), blame });
        Sent { refusal, took: Duration::from_millis(1) }
    }

    #[test]
    fn a_dead_machine_is_left_alone_and_tried_with_one() {
        let config = SubscriptionsConfig::default();
        let (mut host, now) = (Host::default(), Instant::now());
        for _ in 0..5 {
            assert!(host.has_room(&config, now));
            host.begin();
            host.end(&sent(Some(Blame::Host)), &config, now, 1.0);
        }
        assert!(!host.has_room(&config, now) && host.is_in_trouble());
        let later = now + Duration::from_secs(1);
        assert!(host.has_room(&config, later));
        host.begin();
        assert!(!host.has_room(&config, later));
        host.end(&sent(None), &config, later, 1.0);
        assert!(host.has_room(&config, later) && !host.is_in_trouble() && host.is_idle());
    }

    #[test]
    fn a_machine_gets_more_once_it_has_answered() {
        let config = SubscriptionsConfig::default();
        let (mut host, now) = (Host::default(), Instant::now());
        let fill = |host: &mut Host| {
            let before = host.under_way;
            while host.has_room(&config, now) {
                host.begin();
            }
            host.under_way - before
        };
        assert_eq!(fill(&mut host), 4);
        host.end(&sent(Some(Blame::Silence)), &config, now, 1.0);
        assert_eq!(fill(&mut host), 1);
        host.end(&sent(Some(Blame::Answer)), &config, now, 1.0);
        assert_eq!(fill(&mut host), config.in_flight_per_host - 3);
    }
}
