//! The settings of this face.

use std::time::Duration;

/// What one query may take, and how many there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Bytes that a query may hold while it runs.
    pub memory: usize,
    /// How long a query may take, with its answer.
    pub time: Duration,
    /// The most rows of an answer.
    pub rows: u64,
    /// Queries at once.
    pub queries: usize,
    /// Threads on which all of them run.
    pub threads: usize,
}
