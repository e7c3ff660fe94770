//! What is due for one subscription: flowing while its receiver takes it, waiting in the store once it does not.

use std::collections::VecDeque;
use std::sync::Arc;

use machi_types::Name;
use tokio::time::Instant;

use crate::subscriptions::domain::subscription::Subscription;
use crate::subscriptions::due::Due;
use crate::subscriptions::parked::Parked;

/// The notifications of one subscription.
#[derive(Debug)]
pub(super) struct Line {
    /// Nothing where the subscription is gone, and only its rows are left to be cleared away.
    pub(super) subscription: Option<Arc<Subscription>>,
    pub(super) flow: Flow,
    /// Whether it stands in the queue of its host.
    pub(super) is_queued: bool,
}

/// How notifications go.
#[derive(Debug)]
pub(super) enum Flow {
    /// From memory to the receiver.
    Open(Open),
    /// Through the store: everything that is due is written down behind what waits there already.
    Waiting(Waiting),
}

/// A flow from memory.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) queue: VecDeque<Due>,
    /// The bits of the entities that are under way.
    pub(super) entities: u64,
    pub(super) under_way: usize,
    /// What failed; nothing more is begun until all that is under way has come to its end.
    pub(super) failed: Vec<Due>,
    /// Whether to change over to waiting as soon as nothing is under way.
    pub(super) is_closing: bool,
}

/// A flow through the store.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Not before this.
    pub(super) next: Instant,
    /// When it is looked at, where that is settled.
    pub(super) alarm: Option<Instant>,
    /// Failures in a row.
    pub(super) failures: u32,
    /// The first rows.
    pub(super) rows: VecDeque<Parked>,
    /// Rows that are done with, but still stored.
    pub(super) done: Vec<Name>,
    /// Whether something is being done for it.
    pub(super) is_busy: bool,
    /// How many notifications gather in memory until they are written down.
    pub(super) gathered: usize,
    /// How many are being written down.
    pub(super) parking: usize,
    /// Whether the receiver has taken the last one that was sent.
    pub(super) is_taking: bool,
    /// Whether there may be rows behind the first ones.
    pub(super) has_more: bool,
}

impl Line {
    /// A line with nothing in it.
    pub(super) fn open(subscription: Arc<Subscription>) -> Self {
        Self { subscription: Some(subscription), flow: Flow::Open(Open::default()), is_queued: false }
    }

    /// A line whose rows are in the store.
    pub(super) fn waiting(subscription: Option<Arc<Subscription>>, next: Instant) -> Self {
        Self { subscription, flow: Flow::Waiting(Waiting::from(next)), is_queued: false }
    }

    /// Whether nothing needs to be remembered of it.
    pub(super) fn is_idle(&self) -> bool {
        match &self.flow {
            Flow::Open(open) => {
                open.queue.is_empty() && open.under_way == 0 && open.failed.is_empty() && !self.is_queued
            }
            Flow::Waiting(_) => false,
        }
    }
}

impl Open {
    /// The next one, if nothing of the same entities is under way.
    pub(super) fn take_next(&mut self, at_once: usize) -> Option<Due> {
        let next = self.queue.front()?;
        let is_free = !self.is_closing && self.under_way < at_once && next.entities & self.entities == 0;
        if !is_free {
            return None;
        }
        let next = self.queue.pop_front()?;
        self.entities |= next.entities;
        self.under_way += 1;
        Some(next)
    }

    /// One that was under way has come to its end.
    pub(super) fn end(&mut self, due: &Due) {
        self.entities &= !due.entities;
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Everything that is not delivered, in its order.
    pub(super) fn drain(&mut self) -> Vec<Due> {
        let mut all = std::mem::take(&mut self.failed);
        all.extend(self.queue.drain(..));
        all.sort_by_key(|due| due.order);
        all
    }
}

impl Waiting {
    /// Rows are to be read, not before this.
    pub(super) fn from(next: Instant) -> Self {
        Self {
            next,
            alarm: None,
            failures: 0,
            rows: VecDeque::new(),
            done: Vec::new(),
            is_busy: false,
            gathered: 0,
            parking: 0,
            is_taking: false,
            has_more: true,
        }
    }

    /// Whether something is on its way into the store.
    pub(super) fn is_filling(&self) -> bool {
        self.gathered > 0 || self.parking > 0
    }
}
