//! Notifications that wait in the store: tried again after a rest, one after another, and given up in the end.

use std::sync::Arc;

use machi_store::StoreError;
use tokio::time::{Duration, Instant};

use super::Dispatcher;
use super::line::{Flow, Line, Open, Waiting};
use super::open::told_of_failure;
use super::room::Way;
use super::task::{ROWS, RowChange};
use crate::subscriptions::domain::subscription::{Subscription, SubscriptionKey};
use crate::subscriptions::parked::Parked;
use crate::subscriptions::send::Sent;

/// How many rows that are done with are deleted at once.
const DELETED: usize = ROWS;
/// How long to rest when the store fails.
const REST: Duration = Duration::from_secs(1);
/// How often it is looked whether a subscription that rests has expired.
const PAUSE: Duration = Duration::from_secs(10);

/// What is to be done next for a line that waits.
enum Step {
    Nothing,
    Load,
    Send(Parked, Arc<Subscription>),
    Bury(Parked),
    Delete,
    Purge,
    /// Nothing is left: the line flows again.
    Reopen,
}

impl Dispatcher {
    /// Has a line that waits looked at, at this time or before.
    pub(super) fn look_at(&mut self, key: &SubscriptionKey, at: Instant) {
        let Some(waiting) = self.waiting_of(key) else { return };
        if waiting.alarm.is_some_and(|alarm| alarm <= at) {
            return;
        }
        if let Some(later) = waiting.alarm.replace(at) {
            self.alarms.remove(&(later, key.clone()));
        }
        self.alarms.insert((at, key.clone()));
    }

    /// Goes on with the lines whose time has come.
    pub(super) fn ring(&mut self, now: Instant) {
        while self.alarms.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, key)) = self.alarms.pop_first() else { return };
            if let Some(waiting) = self.waiting_of(&key) {
                waiting.alarm = None;
            }
            self.proceed(&key);
        }
    }

    /// Whether anything may be done for a line now; where it is only too early, it is looked at in time.
    fn wants_attention(&mut self, key: &SubscriptionKey) -> bool {
        let Some(line) = self.lines.get(key) else { return false };
        let Flow::Waiting(waiting) = &line.flow else { return false };
        // Whatever it is busy with or queued for comes back to it.
        if waiting.is_busy || line.is_queued {
            return false;
        }
        let next = waiting.next;
        let is_time = next <= Instant::now();
        if !is_time {
            self.look_at(key, next);
        }
        is_time
    }

    /// Does what is next for a line that waits.
    pub(super) fn proceed(&mut self, key: &SubscriptionKey) {
        if !self.wants_attention(key) {
            return;
        }
        self.pass_over(key);
        let step = self.step(key);
        let tools = self.tools.clone();
        match step {
            // What is awaited looks at it again; a subscription may also expire meanwhile.
            Step::Nothing => return self.look_at(key, Instant::now() + PAUSE),
            Step::Reopen => return self.reopen(key),
            Step::Send(row, subscription) => return self.begin_row(key, row, &subscription),
            Step::Load => self.tasks.spawn(tools.load(key.clone())),
            Step::Bury(row) => self.tasks.spawn(tools.bury(key.clone(), row)),
            Step::Delete => {
                let done = self.waiting_of(key).map(|waiting| std::mem::take(&mut waiting.done)).unwrap_or_default();
                self.tasks.spawn(tools.delete(key.clone(), done))
            }
            Step::Purge => self.tasks.spawn(tools.purge(key.clone())),
        };
        if let Some(waiting) = self.waiting_of(key) {
            waiting.is_busy = true;
        }
    }

    /// What was due to another subscription of the same id, which is gone, is due to nobody.
    fn pass_over(&mut self, key: &SubscriptionKey) {
        let Some(Line { subscription: Some(subscription), flow: Flow::Waiting(waiting), .. }) = self.lines.get_mut(key)
        else {
            return;
        };
        let is_strange = |row: &mut Parked| !subscription.was_there(row.envelope.due);
        while let Some(row) = waiting.rows.pop_front_if(is_strange) {
            waiting.done.push(row.id);
        }
    }

    fn step(&self, key: &SubscriptionKey) -> Step {
        let Some(Line { subscription, flow: Flow::Waiting(waiting), .. }) = self.lines.get(key) else {
            return Step::Nothing;
        };
        let now = self.tools.broker.clock.now();
        let Some(subscription) = subscription else { return Step::Purge };
        let is_expired = subscription.expires_at.is_some_and(|expires| expires <= now);
        if is_expired {
            return if waiting.is_filling() { Step::Nothing } else { Step::Purge };
        }
        if !waiting.done.is_empty()
            && (waiting.rows.is_empty() || waiting.done.len() >= DELETED || !subscription.is_active)
        {
            return Step::Delete;
        }
        match waiting.rows.front() {
            Some(row) if self.is_given_up(row) => Step::Bury(row.clone()),
            // What is paused waits until it no longer is.
            Some(_) if !subscription.is_active => Step::Nothing,
            Some(row) => Step::Send(row.clone(), Arc::clone(subscription)),
            None if waiting.has_more => Step::Load,
            None if waiting.parking > 0 => Step::Nothing,
            // A receiver that has caught up gets what gathers from memory, or a steady flow would never leave the store.
            None if waiting.gathered > 0 && !waiting.is_taking => Step::Nothing,
            None => Step::Reopen,
        }
    }

    fn is_given_up(&self, row: &Parked) -> bool {
        let config = &self.tools.config;
        let age = self.tools.broker.clock.now().micros().saturating_sub(row.envelope.due.micros());
        let oldest = i64::try_from(config.give_up_seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        row.attempts.count >= config.attempts.max(1) || (age > oldest && row.attempts.count > 0)
    }

    pub(super) fn waiting_of(&mut self, key: &SubscriptionKey) -> Option<&mut Waiting> {
        match &mut self.lines.get_mut(key)?.flow {
            Flow::Waiting(waiting) => Some(waiting),
            Flow::Open(_) => None,
        }
    }

    fn begin_row(&mut self, key: &SubscriptionKey, row: Parked, subscription: &Arc<Subscription>) {
        let endpoint = Arc::clone(&subscription.endpoint);
        if !self.admit(key, &endpoint) {
            return;
        }
        let way = self.begin(&endpoint);
        subscription.counters.begun(self.tools.broker.clock.now());
        self.meters.repeated.add(u64::from(row.attempts.count > 0));
        if let Some(waiting) = self.waiting_of(key) {
            waiting.is_busy = true;
        }
        self.tasks.spawn(self.tools.clone().send_row(key.clone(), row, way));
    }

    /// A row has come to its end.
    pub(super) fn sent_row(&mut self, key: &SubscriptionKey, way: &Way, sent: &Sent) {
        self.release(way, sent);
        if let Some(subscription) = self.lines.get(key).and_then(|line| line.subscription.clone()) {
            let due = self.waiting_of(key).and_then(|waiting| Some(waiting.rows.front()?.envelope.due));
            self.count(&subscription, sent, due.unwrap_or_else(|| self.tools.broker.clock.now()));
            self.judge_row(key, &subscription, sent);
        } else if let Some(waiting) = self.waiting_of(key) {
            waiting.is_busy = false;
        }
        self.proceed(key);
        self.wake(&way.endpoint);
    }

    fn judge_row(&mut self, key: &SubscriptionKey, subscription: &Subscription, sent: &Sent) {
        let (dice, now, tools) = (self.throw(), self.tools.broker.clock.now(), self.tools.clone());
        let Some(waiting) = self.waiting_of(key) else { return };
        waiting.is_busy = false;
        waiting.is_taking = sent.refusal.is_none();
        let Some(refusal) = &sent.refusal else {
            if std::mem::take(&mut waiting.failures) > 0 {
                let key = &subscription.key;
                tracing::info!(subscription.id = %key.id, tenant = key.tenant.word(), "a receiver takes notifications again");
            }
            waiting.next = Instant::now();
            waiting.done.extend(waiting.rows.pop_front().map(|row| row.id));
            return;
        };
        if waiting.failures == 0 {
            told_of_failure(subscription, &refusal.reason);
        }
        waiting.failures = waiting.failures.saturating_add(1);
        let rest = tools.config.rest(waiting.failures, dice).max(subscription.endpoint.cooldown.unwrap_or_default());
        waiting.next = Instant::now() + rest;
        let Some(row) = waiting.rows.front_mut() else { return };
        row.attempts.count += 1;
        row.attempts.last = Some(now);
        row.attempts.reason.clone_from(&refusal.reason);
        let row = row.clone();
        waiting.is_busy = true;
        if self.is_given_up(&row) {
            self.tasks.spawn(tools.bury(key.clone(), row));
        } else {
            self.tasks.spawn(tools.note(key.clone(), row));
        }
    }

    /// A row was delivered while the city closes.
    pub(super) fn row_is_delivered(&mut self, key: &SubscriptionKey) {
        if let Some(waiting) = self.waiting_of(key) {
            waiting.done.extend(waiting.rows.pop_front().map(|row| row.id));
        }
    }

    /// Deletes all rows that are done with, because the city closes.
    pub(super) fn forget_delivered(&mut self) {
        for (key, line) in &mut self.lines {
            let Flow::Waiting(waiting) = &mut line.flow else { continue };
            if !waiting.done.is_empty() {
                let done = std::mem::take(&mut waiting.done);
                self.tasks.spawn(self.tools.clone().delete(key.clone(), done));
            }
        }
    }

    /// The first rows were read.
    pub(super) fn loaded(&mut self, key: &SubscriptionKey, rows: Result<(Vec<Parked>, bool), StoreError>) {
        let Some(waiting) = self.waiting_of(key) else { return };
        waiting.is_busy = false;
        match rows {
            Ok((rows, _)) => {
                // Where there was none, none is behind; what was written meanwhile says so itself.
                waiting.has_more = !rows.is_empty();
                waiting.rows = rows.into();
            }
            Err(error) => {
                tracing::warn!(subscription = %key.id, %error, "waiting notifications cannot be read; trying again");
                waiting.next = Instant::now() + REST;
            }
        }
        self.proceed(key);
    }

    /// Rows were changed.
    pub(super) fn changed(&mut self, key: &SubscriptionKey, what: RowChange, result: Result<(), StoreError>) {
        if matches!((&what, &result), (RowChange::Buried, Ok(()))) {
            self.meters.dead.inc();
        }
        let Some(waiting) = self.waiting_of(key) else { return };
        waiting.is_busy = false;
        match (what, result) {
            (RowChange::Buried, Ok(())) => {
                let row = waiting.rows.pop_front();
                tracing::warn!(
                    subscription.id = %key.id,
                    tenant = key.tenant.word(),
                    notification.id = row.as_ref().map(|row| row.id.as_str()),
                    cause = row.as_ref().map(|row| row.attempts.reason.as_str()),
                    "a notification was given up; it is a dead letter now"
                );
            }
            (RowChange::Deleted(_) | RowChange::Noted, Ok(())) => {}
            (what, Err(error)) => {
                tracing::warn!(subscription = %key.id, %error, "waiting notifications cannot be changed; trying again");
                waiting.next = Instant::now() + REST;
                if let RowChange::Deleted(ids) = what {
                    waiting.done.extend(ids);
                }
            }
        }
        self.proceed(key);
    }

    /// Everything that waited for a subscription that is gone was deleted.
    pub(super) fn purged(&mut self, key: &SubscriptionKey, result: Result<(), StoreError>) {
        let Some(waiting) = self.waiting_of(key) else { return };
        waiting.is_busy = false;
        waiting.rows.clear();
        waiting.done.clear();
        if let Err(error) = result {
            tracing::warn!(subscription = %key.id, %error, "waiting notifications cannot be cleared away; trying again");
            waiting.next = Instant::now() + REST;
            return;
        }
        if !waiting.is_filling() {
            self.reopen(key);
        }
    }

    fn reopen(&mut self, key: &SubscriptionKey) {
        if let Some(alarm) = self.waiting_of(key).and_then(|waiting| waiting.alarm.take()) {
            self.alarms.remove(&(alarm, key.clone()));
        }
        self.waiting -= 1;
        let queue = self.take_gathered(key).into();
        if let Some(line) = self.lines.get_mut(key) {
            line.flow = Flow::Open(Open { queue, ..Open::default() });
        }
        self.start(key);
        self.drop_if_idle(key);
    }
}
