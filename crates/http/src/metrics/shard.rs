//! Numbers that several threads add to without waiting for each other.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Enough for a machine of 2 to 16 cores; more threads share, and stay right.
const SHARDS: usize = 8;

static NEXT_SHARD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SHARD: Cell<usize> = Cell::new(NEXT_SHARD.fetch_add(1, Ordering::Relaxed) % SHARDS);
}

/// A row of sums, one copy for each shard; a copy starts on a cache line of its own.
#[derive(Debug)]
pub(crate) struct Sums {
    width: usize,
    lines: Box<[Line]>,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Line([AtomicU64; 8]);

impl Sums {
    pub(crate) fn new(width: usize) -> Self {
        let lines_each = width.div_ceil(8).max(1);
        Self { width, lines: (0..lines_each * SHARDS).map(|_| Line::default()).collect() }
    }

    /// Adds to one of the sums.
    pub(crate) fn add(&self, place: usize, amount: u64) {
        let shard = SHARD.with(Cell::get);
        if let Some(cell) = self.cell(shard, place) {
            cell.fetch_add(amount, Ordering::Relaxed);
        }
    }

    /// One of the sums, over all shards; it wraps like the additions do.
    pub(crate) fn sum(&self, place: usize) -> u64 {
        (0..SHARDS)
            .filter_map(|shard| self.cell(shard, place))
            .fold(0, |sum, cell| sum.wrapping_add(cell.load(Ordering::Relaxed)))
    }

    fn cell(&self, shard: usize, place: usize) -> Option<&AtomicU64> {
        let lines_each = self.lines.len() / SHARDS;
        debug_assert!(place < self.width, "the row has {} sums", self.width);
        self.lines.get(shard * lines_each + place / 8)?.0.get(place % 8)
    }
}
