//! The settings of the block.

use std::time::Duration;

/// How history is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How much memory may hold what is not archived yet, in bytes.
    pub memory: usize,
    /// After which time at the latest what came is archived.
    pub archive_after: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { memory: 2 << 20, archive_after: Duration::from_mins(10) }
    }
}
