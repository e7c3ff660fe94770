//! The queue in front of the committer: each tenant waits in a lane of its own, and the lanes take turns.

use std::collections::VecDeque;

use machi_store::StoreError;
use machi_types::TenantId;
use parking_lot::{Condvar, Mutex};
use rustc_hash::FxHashMap;

use crate::committer::{Errand, Waiting};
use crate::options::Options;

/// How much is put under one fsync.
const BATCH_CHANGES: usize = 4096;
const BATCH_BYTES: usize = 16 << 20;
/// The same while several tenants wait: none of them shall wait for the bulk of another.
const SHARED_CHANGES: usize = 512;
const SHARED_BYTES: usize = 2 << 20;

/// What waits for the committer.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<QueueState>,
    filled: Condvar,
}

#[derive(Default)]
struct QueueState {
    lanes: FxHashMap<TenantId, Lane>,
    /// The lanes in which something waits, in the order of their turns.
    round: VecDeque<TenantId>,
    errands: VecDeque<Errand>,
    size: Size,
    is_closed: bool,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Waiting>,
    size: Size,
}

#[derive(Clone, Copy, Default)]
struct Size {
    changes: usize,
    bytes: usize,
}

impl Size {
    fn of(waiting: &Waiting) -> Self {
        Self { changes: waiting.prepared.len(), bytes: waiting.bytes }
    }

    fn add(&mut self, other: Self) {
        self.changes += other.changes;
        self.bytes += other.bytes;
    }

    fn subtract(&mut self, other: Self) {
        self.changes -= other.changes;
        self.bytes -= other.bytes;
    }
}

impl Queue {
    pub(crate) fn push(&self, waiting: Waiting, options: &Options) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(StoreError::Closing);
        }
        let Options { queue_changes: changes, queue_bytes: bytes, .. } = *options;
        let own = state.lanes.get(&waiting.tenant).map_or(Size::default(), |lane| lane.size);
        // One tenant fills three quarters of the queue at most: the rest is for the others.
        let is_full = state.size.changes >= changes || state.size.bytes >= bytes;
        if is_full || own.changes >= changes - changes / 4 || own.bytes >= bytes - bytes / 4 {
            return Err(StoreError::Overloaded);
        }
        state.push(waiting);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    pub(crate) fn send(&self, errand: Errand) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(StoreError::Closing);
        }
        state.errands.push_back(errand);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    pub(crate) fn close(&self) {
        self.state.lock().is_closed = true;
        self.filled.notify_one();
    }

    /// What waits, up to the size of a batch; `None` once the queue is closed and empty.
    pub(crate) fn take(&self) -> Option<(Vec<Errand>, Vec<Waiting>)> {
        let mut state = self.state.lock();
        while state.round.is_empty() && state.errands.is_empty() {
            if state.is_closed {
                return None;
            }
            self.filled.wait(&mut state);
        }
        let errands = state.errands.drain(..).collect();
        Some((errands, state.take_batch()))
    }
}

impl QueueState {
    fn push(&mut self, waiting: Waiting) {
        let size = Size::of(&waiting);
        let lane = self.lanes.entry(waiting.tenant.clone()).or_default();
        if lane.waiting.is_empty() {
            self.round.push_back(waiting.tenant.clone());
        }
        lane.size.add(size);
        lane.waiting.push_back(waiting);
        self.size.add(size);
    }

    fn take_batch(&mut self) -> Vec<Waiting> {
        let is_shared = self.round.len() > 1;
        let (changes, bytes) = if is_shared { (SHARED_CHANGES, SHARED_BYTES) } else { (BATCH_CHANGES, BATCH_BYTES) };
        let (mut taken, mut size) = (Vec::new(), Size::default());
        // A lane whose turn it is and whose next commit does not fit keeps its place for the next batch.
        while let Some(tenant) = self.round.front() {
            let Some(next) = self.lanes.get(tenant).and_then(|lane| lane.waiting.front()) else { break };
            let mut with_next = size;
            with_next.add(Size::of(next));
            if !taken.is_empty() && (with_next.changes > changes || with_next.bytes > bytes) {
                break;
            }
            size = with_next;
            taken.extend(self.take_first());
        }
        self.size.subtract(size);
        taken
    }

    /// Takes the next commit of the lane whose turn it is, and lets the lane line up again.
    fn take_first(&mut self) -> Option<Waiting> {
        let tenant = self.round.pop_front()?;
        let lane = self.lanes.get_mut(&tenant)?;
        let waiting = lane.waiting.pop_front()?;
        lane.size.subtract(Size::of(&waiting));
        if lane.waiting.is_empty() {
            self.lanes.remove(&tenant);
        } else {
            self.round.push_back(tenant);
        }
        Some(waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    fn waiting(tenant: &str, bytes: usize) -> Waiting {
        let (answer, _) = oneshot::channel();
        let tenant = tenant.parse().unwrap();
        Waiting { tenant, prepared: Vec::new(), all_or_nothing: false, cursors: Vec::new(), bytes, answer }
    }

    fn names(batch: &[Waiting]) -> String {
        batch.iter().map(|waiting| waiting.tenant.as_str()).collect()
    }

    #[test]
    fn lanes_take_turns_whoever_came_in_greater_number() {
        let (queue, options) = (Queue::default(), Options::default());
        for tenant in ["a", "a", "a", "a", "b", "c", "b"] {
            queue.push(waiting(tenant, 1), &options).unwrap();
        }
        let (_, batch) = queue.take().unwrap();
        assert_eq!(names(&batch), "abcabaa");
        queue.close();
        assert!(queue.take().is_none());
    }

    #[test]
    fn the_bulk_of_one_tenant_is_spread_over_batches_while_others_wait() {
        let (queue, options) = (Queue::default(), Options::default());
        for tenant in ["a", "a", "a", "b"] {
            queue.push(waiting(tenant, if tenant == "a" { SHARED_BYTES } else { 1 }), &options).unwrap();
        }
        let batches: Vec<String> = (0..3).map(|_| names(&queue.take().unwrap().1)).collect();
        assert_eq!(batches, ["a", "b", "aa"], "alone again, a has the whole batch");
    }

    #[test]
    fn one_tenant_leaves_room_in_the_queue_for_others() {
        let options = Options { queue_bytes: 100, ..Options::default() };
        let queue = Queue::default();
        queue.push(waiting("a", 75), &options).unwrap();
        assert!(matches!(queue.push(waiting("a", 1), &options), Err(StoreError::Overloaded)));
        queue.push(waiting("b", 25), &options).unwrap();
        assert!(matches!(queue.push(waiting("c", 1), &options), Err(StoreError::Overloaded)));
        while !queue.take().unwrap().1.is_empty() && !queue.state.lock().round.is_empty() {}
        assert_eq!(queue.state.lock().size.bytes, 0);
    }
}
