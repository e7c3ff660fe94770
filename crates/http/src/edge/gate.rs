//! How many requests may be at work at once, and how many may wait; beyond that the answer is 503 at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use machi_types::ErrorKind;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::metrics::{Counter, Registry};
use crate::{Problem, Text};

/// The door to the handlers.
#[derive(Debug)]
pub(super) struct Gate {
    turns: Semaphore,
    waiting: AtomicUsize,
    longest_queue: usize,
    patience: Duration,
    turned_away: Counter,
}

impl Gate {
    pub(super) fn new(concurrency: usize, longest_queue: usize, patience: Duration, registry: &Registry) -> Self {
        let turns = Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS));
        let turned_away =
            registry.counter("machi_http_overload", "Requests answered 503 because too many were waiting.", &[]);
        Self { turns, waiting: AtomicUsize::new(0), longest_queue, patience, turned_away }
    }

    /// Waits for a turn, which lasts until it is dropped.
    pub(super) async fn enter(&self) -> Result<SemaphorePermit<'_>, Problem> {
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        let place = Waiting::new(&self.waiting);
        if place.ahead >= self.longest_queue {
            return Err(self.turn_away());
        }
        match timeout(self.patience, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            // The semaphore is never closed; patience that ran out is the one way to come here.
            Ok(Err(_)) | Err(_) => Err(self.turn_away()),
        }
    }

    fn turn_away(&self) -> Problem {
        self.turned_away.inc();
        Problem::new(
            ErrorKind::Unavailable,
            Text::both(
                "too many requests are at work and waiting; try again after the time in Retry-After",
                "処理中および待機中のリクエストが多すぎます。Retry-Afterの時間が経ってから再試行してください",
            ),
        )
        .retry_after(Duration::from_secs(1))
    }
}

/// A place in the queue, given back when it is dropped: also when the client goes away.
struct Waiting<'a> {
    queue: &'a AtomicUsize,
    ahead: usize,
}

impl<'a> Waiting<'a> {
    fn new(queue: &'a AtomicUsize) -> Self {
        Self { queue, ahead: queue.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.queue.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_queue_is_bounded_in_length_and_time() {
        let gate = Gate::new(1, 1, Duration::from_millis(30), &Registry::new());
        let turn = gate.enter().await.unwrap();
        let (waited, refused) = tokio::join!(gate.enter(), gate.enter());
        assert_eq!(waited.unwrap_err().status(), 503);
        assert_eq!(refused.unwrap_err().status(), 503);
        drop(turn);
        assert!(gate.enter().await.is_ok());
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
        assert_eq!(gate.turned_away.value(), 2);
    }
}
