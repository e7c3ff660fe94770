//! What a block holds to write its figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::shard::Sums;

/// A number that only grows.
#[derive(Clone, Debug)]
pub struct Counter(Arc<Sums>);

impl Default for Counter {
    fn default() -> Self {
        Self(Arc::new(Sums::new(1)))
    }
}

impl Counter {
    /// Adds one.
    pub fn inc(&self) {
        self.add(1);
    }

    /// Adds an amount.
    pub fn add(&self, amount: u64) {
        self.0.add(0, amount);
    }

    /// The number now.
    pub fn value(&self) -> u64 {
        self.0.sum(0)
    }
}

/// A number that goes up and down.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicI64>);

impl Gauge {
    /// Sets the number.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Adds to the number.
    pub fn add(&self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// Takes from the number.
    pub fn sub(&self, amount: i64) {
        self.0.fetch_sub(amount, Ordering::Relaxed);
    }

    /// The number now.
    pub fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often values fell below each of a row of bounds.
#[derive(Clone, Debug)]
pub struct Histogram {
    bounds: &'static [f64],
    /// One sum for each bound, one for what lies beyond, and the total in millionths.
    sums: Arc<Sums>,
}

impl Histogram {
    /// A histogram with these upper bounds, which grow.
    pub fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, sums: Arc::new(Sums::new(bounds.len() + 2)) }
    }

    /// Adds a duration, in seconds.
    pub fn observe(&self, duration: Duration) {
        self.observe_value(duration.as_secs_f64());
    }

    /// Adds a value that is not negative.
    pub fn observe_value(&self, value: f64) {
        let bucket = self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len());
        self.sums.add(bucket, 1);
        self.sums.add(self.bounds.len() + 1, (value * 1e6) as u64);
    }

    pub(super) fn bounds(&self) -> &'static [f64] {
        self.bounds
    }

    /// How many values lie in a bucket; the bucket after the last bound holds the rest.
    pub(super) fn bucket(&self, bucket: usize) -> u64 {
        self.sums.sum(bucket)
    }

    pub(super) fn total(&self) -> f64 {
        self.sums.sum(self.bounds.len() + 1) as f64 / 1e6
    }
}
