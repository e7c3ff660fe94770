//! How an embedded store is set up.

use std::time::Duration;

/// Sizes and times of an embedded store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Memory for whole documents that are read often.
    pub document_cache_bytes: u64,
    /// Memory for what readers leave beside documents for the next ones.
    pub note_bytes: u64,
    /// Memory for blocks of the tables on disk.
    pub block_cache_bytes: u64,
    /// The size of a journal segment.
    pub segment_bytes: u64,
    /// After how much journal the indexes are written out, which bounds the time of a restart.
    pub checkpoint_bytes: u64,
    /// Memory for the newest entries of the feed.
    pub tail_bytes: usize,
    /// How long entries of the feed are kept for readers.
    pub feed_kept: Duration,
    /// How much journal is kept for readers beyond what a restart needs.
    pub feed_bytes: u64,
    /// How much journal consumers that must lose nothing may hold back before writes are refused.
    pub feed_bytes_pinned: u64,
    /// How many commits before the newest one can still be read by position.
    pub versions_kept: u64,
    /// Consumers of the feed whose effects lie in the folder of the city, and so in its backups: a restored city goes on
    /// where these were. All others count as served up to the backup.
    pub own_consumers: &'static [&'static str],
    /// How many changes may wait for the committer.
    pub queue_changes: usize,
    /// How many bytes of changes may wait for the committer.
    pub queue_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            document_cache_bytes: 84 << 20,
            note_bytes: 96 << 20,
            block_cache_bytes: 12 << 20,
            segment_bytes: 64 << 20,
            checkpoint_bytes: 128 << 20,
            tail_bytes: 8 << 20,
            feed_kept: Duration::from_hours(1),
            feed_bytes: 256 << 20,
            feed_bytes_pinned: 8 << 30,
            versions_kept: 64,
            own_consumers: &[],
            queue_changes: 50_000,
            queue_bytes: 64 << 20,
        }
    }
}
