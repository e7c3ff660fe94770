//! The settings of the block.

use std::time::Duration;

/// How history is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How much memory may hold what is not archived yet, in bytes.
    pub memory: usize,
    /// After which time at the latest what came is archived.
    pub archive_after: Duration,
    /// Up to where lists of entities tell what is read of an instant.
    pub lists: Lists,
}

/// How long lists of entities are by which the city is found as of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lists {
    /// So many entities are read without asking whether others would be fewer.
    pub few: usize,
    /// The most that were written since, or that ever touched an area, of which a list is kept.
    pub many: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { memory: 2 << 20, archive_after: Duration::from_mins(10), lists: Lists::default() }
    }
}

impl Default for Lists {
    fn default() -> Self {
        Self { few: 5000, many: 200_000 }
    }
}
