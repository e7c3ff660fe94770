//! Periodic notifications: when each is due, and gathering what it tells, no faster than its receiver takes it.

use std::sync::Arc;

use machi_store::StoreError;
use machi_types::Timestamp;

use super::Dispatcher;
use super::line::Flow;
use crate::subscriptions::domain::period::next_due;
use crate::subscriptions::domain::subscription::{Subscription, SubscriptionKey, Timing};
use crate::subscriptions::due::Due;
use crate::subscriptions::periodic::Round;

/// How many subscriptions are gathered for at once.
const GATHERED: usize = 4;

impl Dispatcher {
    pub(super) fn forget_period(&mut self, key: &SubscriptionKey) {
        if let Some((number, due, _)) = self.periodic.remove(key) {
            self.periods.remove(&(due, number));
            self.periodic_keys.remove(&number);
        }
    }

    pub(super) fn expect_period(&mut self, subscription: Arc<Subscription>, due: Timestamp) {
        let (number, key) = (self.next_period, subscription.key.clone());
        self.next_period += 1;
        self.periods.insert((due, number));
        self.periodic_keys.insert(number, key.clone());
        self.periodic.insert(key, (number, due, subscription));
    }

    /// Gathers what periodic subscriptions are due by now. An instant that was missed is not made up for.
    pub(super) fn start_periods(&mut self) {
        self.go_on();
        let now = self.tools.broker.clock.now();
        while self.gathering < GATHERED
            && let Some((due, number)) = self.periods.first().copied().filter(|(due, _)| *due <= now)
        {
            let Some(key) = self.periodic_keys.get(&number).cloned() else {
                self.periods.remove(&(due, number));
                continue;
            };
            let Some((_, _, subscription)) = self.periodic.get(&key) else { continue };
            let subscription = Arc::clone(subscription);
            self.forget_period(&key);
            if let Timing::Periodic(period) = subscription.timing {
                self.expect_period(Arc::clone(&subscription), next_due(subscription.defined_at, period, now));
            }
            // Where the last instant is still being told of, this one is passed over.
            let is_behind = self.rounds.iter().any(|round| round.subscription.key == key);
            if subscription.is_awake(now) && !is_behind {
                self.gather(Round::new(subscription, due));
            }
        }
    }

    fn gather(&mut self, round: Round) {
        self.gathering += 1;
        self.tasks.spawn(self.tools.clone().gather(round));
    }

    /// Goes on with what is left of earlier instants, as far as its receivers have taken what came before.
    fn go_on(&mut self) {
        for round in std::mem::take(&mut self.rounds) {
            let key = &round.subscription.key;
            let is_as_it_was =
                self.periodic.get(key).is_some_and(|(_, _, known)| Arc::ptr_eq(known, &round.subscription));
            if !is_as_it_was {
                continue;
            }
            if self.gathering < GATHERED && !self.is_crowded(key) {
                self.gather(round);
            } else {
                self.rounds.push(round);
            }
        }
    }

    fn is_crowded(&self, key: &SubscriptionKey) -> bool {
        match self.lines.get(key).map(|line| &line.flow) {
            Some(Flow::Open(open)) => !open.queue.is_empty() || !open.failed.is_empty(),
            Some(Flow::Waiting(waiting)) => waiting.is_filling(),
            None => false,
        }
    }

    /// The entities of a periodic notification were gathered.
    pub(super) fn gathered(&mut self, subscription: &Subscription, due: Result<(Vec<Due>, Option<Round>), StoreError>) {
        self.gathering = self.gathering.saturating_sub(1);
        match due {
            Ok((due, rest)) => {
                due.into_iter().for_each(|due| self.take(due));
                self.rounds.extend(rest);
            }
            Err(error) => {
                tracing::error!(subscription = %subscription.key.id, %error, "a periodic notification could not be made");
            }
        }
    }
}
