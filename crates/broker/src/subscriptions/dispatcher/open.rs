//! Notifications that go straight from memory to their receivers.

use std::sync::Arc;

use machi_store::StoreError;
use machi_types::Timestamp;
use tokio::time::{Duration, Instant};

use super::Dispatcher;
use super::line::{Flow, Line, Open, Waiting};
use super::room::Way;
use crate::subscriptions::domain::subscription::{Subscription, SubscriptionKey};
use crate::subscriptions::due::Due;
use crate::subscriptions::send::Sent;

/// How many notifications are written down at once.
const PARKED: usize = 256;
/// Nothing waits in memory longer than so many times the patience, even for a machine that seems well.
const LONGEST: u32 = 10;
/// How long what is to wait gathers: each commit of it is one that others wait behind.
const GATHERING: Duration = Duration::from_millis(500);
/// How long to rest when the store takes nothing.
const REST: Duration = Duration::from_millis(500);

/// Has the operator know that a receiver does not take what is sent; further failures in a row are not told.
pub(super) fn told_of_failure(subscription: &Subscription, reason: &str) {
    let key = &subscription.key;
    tracing::warn!(
        subscription.id = %key.id,
        tenant = key.tenant.word(),
        endpoint.host = %subscription.endpoint.host,
        cause = reason,
        "a notification was not taken; it waits and is tried again"
    );
}

impl Dispatcher {
    /// Begins whatever of a line may go now; what must wait for its machine stands in a queue there.
    pub(super) fn start(&mut self, key: &SubscriptionKey) {
        loop {
            let Some(line) = self.lines.get_mut(key) else { return };
            let (Some(subscription), Flow::Open(open)) = (&line.subscription, &mut line.flow) else { return };
            let Some(next) = open.queue.front() else { return };
            let endpoint = Arc::clone(&subscription.endpoint);
            let may_begin = !open.is_closing && next.entities & open.entities == 0;
            if !may_begin || !self.admit(key, &endpoint) {
                return;
            }
            let at_once = self.tools.config.in_flight_per_endpoint.max(1);
            let Some(due) = self.open_of(key).and_then(|open| open.take_next(at_once)) else { return };
            let way = self.begin(&endpoint);
            due.subscription.counters.begun(self.tools.broker.clock.now());
            self.tasks.spawn(self.tools.clone().send(due, way));
        }
    }

    fn open_of(&mut self, key: &SubscriptionKey) -> Option<&mut Open> {
        match &mut self.lines.get_mut(key)?.flow {
            Flow::Open(open) => Some(open),
            Flow::Waiting(_) => None,
        }
    }

    /// A notification from memory has come to its end.
    pub(super) fn sent(&mut self, due: Due, way: &Way, sent: &Sent) {
        let subscription = Arc::clone(&due.subscription);
        let key = subscription.key.clone();
        self.count(&subscription, sent, due.time);
        self.release(way, sent);
        let Some(line) = self.lines.get_mut(&key) else {
            self.settle(&due);
            return;
        };
        let Flow::Open(open) = &mut line.flow else {
            self.settle(&due);
            return;
        };
        open.end(&due);
        let is_gone = line.subscription.is_none();
        match &sent.refusal {
            Some(refusal) if !is_gone => {
                if !open.is_closing {
                    told_of_failure(&subscription, &refusal.reason);
                }
                open.is_closing = true;
                let mut due = due;
                due.attempts.count += 1;
                due.attempts.last = Some(self.tools.broker.clock.now());
                due.attempts.reason.clone_from(&refusal.reason);
                open.failed.push(due);
            }
            _ => self.settle(&due),
        }
        self.change_over(&key);
        self.start(&key);
        self.drop_if_idle(&key);
        self.wake(&way.endpoint);
    }

    /// Counts what came of an attempt to deliver what was due at that time.
    pub(super) fn count(&mut self, subscription: &Subscription, sent: &Sent, due: Timestamp) {
        let now = self.tools.broker.clock.now();
        if sent.refusal.is_none() {
            subscription.counters.succeeded(now);
            self.meters.sent.inc();
            let micros = u64::try_from(now.micros().saturating_sub(due.micros())).unwrap_or(0);
            self.meters.took.observe(Duration::from_micros(micros));
        } else {
            subscription.counters.failed(now);
            self.meters.failed.inc();
        }
        self.saving.touch(subscription);
    }

    /// A line whose flow closes changes over to waiting as soon as nothing of it is under way.
    pub(super) fn change_over(&mut self, key: &SubscriptionKey) {
        let dice = self.throw();
        let Some(line) = self.lines.get_mut(key) else { return };
        let Flow::Open(open) = &mut line.flow else { return };
        if !open.is_closing || open.under_way > 0 {
            return;
        }
        let has_failed = !open.failed.is_empty();
        let all = open.drain();
        let failures = u32::from(has_failed);
        let cooldown = line.subscription.as_ref().and_then(|subscription| subscription.endpoint.cooldown);
        let rest =
            if has_failed { self.tools.config.rest(1, dice).max(cooldown.unwrap_or_default()) } else { Duration::ZERO };
        let next = Instant::now() + rest;
        line.flow = Flow::Waiting(Waiting { failures, gathered: all.len(), ..Waiting::from(next) });
        self.waiting += 1;
        self.look_at(key, next);
        self.to_park.extend(all);
    }

    /// What waits in memory for a machine in trouble changes over to waiting in the store.
    pub(super) fn relieve(&mut self, now: Instant) {
        let patience = Duration::from_millis(self.tools.config.park_after_millis);
        let mut stuck = Vec::new();
        for (key, line) in &self.lines {
            let (Flow::Open(open), Some(subscription)) = (&line.flow, &line.subscription) else { continue };
            let waited = open.queue.front().map_or(Duration::ZERO, |due| now.duration_since(due.since));
            if open.is_closing || waited <= patience {
                continue;
            }
            if self.is_in_trouble(&subscription.endpoint) || waited > patience * LONGEST {
                stuck.push(key.clone());
            }
        }
        for key in stuck {
            if let Some(Line { flow: Flow::Open(Open { is_closing, .. }), .. }) = self.lines.get_mut(&key) {
                *is_closing = true;
            }
            self.change_over(&key);
        }
        let waking: Vec<Box<str>> =
            self.hosts.iter().filter(|(_, host)| !host.queue.is_empty()).map(|(name, _)| name.clone()).collect();
        waking.iter().for_each(|host| self.wake_host(host));
    }

    /// Writes down what is to wait.
    pub(super) fn park(&mut self) {
        let now = Instant::now();
        let is_gathering = now < self.park_again && self.to_park.len() < PARKED;
        if self.is_parking || self.to_park.is_empty() || is_gathering || now < self.park_not_before {
            return;
        }
        self.park_again = now + GATHERING;
        let rest = self.to_park.split_off(PARKED.min(self.to_park.len()));
        let due = std::mem::replace(&mut self.to_park, rest);
        self.is_parking = true;
        self.count_parking(&due, |waiting| {
            waiting.gathered = waiting.gathered.saturating_sub(1);
            waiting.parking += 1;
        });
        self.tasks.spawn(self.tools.clone().park(due));
    }

    /// Counts what is written down, or given back, for the lines that wait.
    fn count_parking(&mut self, due: &[Due], mut count: impl FnMut(&mut Waiting)) {
        for due in due {
            if let Some(waiting) = self.waiting_of(&due.subscription.key) {
                count(waiting);
            }
        }
    }

    /// What of a line gathers in memory.
    pub(super) fn take_gathered(&mut self, key: &SubscriptionKey) -> Vec<Due> {
        // Most lines have nothing there, and what the others have may be much to go through.
        if self.waiting_of(key).is_none_or(|waiting| waiting.gathered == 0) {
            return Vec::new();
        }
        let (taken, kept) =
            std::mem::take(&mut self.to_park).into_iter().partition(|due: &Due| due.subscription.key == *key);
        self.to_park = kept;
        taken
    }

    /// Notifications were written down, or not.
    pub(super) fn parked(&mut self, due: Vec<Due>, result: Result<(), StoreError>) {
        self.is_parking = false;
        if let Err(error) = result {
            tracing::warn!(%error, "waiting notifications could not be written down; trying again");
            self.park_not_before = Instant::now() + REST;
            self.count_parking(&due, |waiting| {
                waiting.parking = waiting.parking.saturating_sub(1);
                waiting.gathered += 1;
            });
            let later = std::mem::replace(&mut self.to_park, due);
            self.to_park.extend(later);
            return;
        }
        self.meters.parked.add(due.len() as u64);
        for due in due {
            let key = &due.subscription.key;
            if let Some(waiting) = self.waiting_of(key) {
                waiting.parking = waiting.parking.saturating_sub(1);
                waiting.has_more = true;
                let next = waiting.next;
                self.look_at(key, next);
            }
            self.settle(&due);
        }
    }
}
