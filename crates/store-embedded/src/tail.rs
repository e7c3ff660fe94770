//! The newest entries of the feed, in memory for consumers that keep up.

use std::collections::VecDeque;
use std::sync::Arc;

use machi_store::Entry;
use parking_lot::RwLock;

/// The last entries, up to a size.
#[derive(Debug)]
pub(crate) struct Tail {
    bytes: usize,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<(usize, Arc<Entry>)>,
    bytes: usize,
    /// All entries after this commit are here.
    complete_after: u64,
}

impl Tail {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes, state: RwLock::default() }
    }

    /// Says that all entries up to a commit were before this tail began.
    pub(crate) fn start(&self, commit: u64) {
        let mut state = self.state.write();
        *state = State { complete_after: commit, ..State::default() };
    }

    pub(crate) fn push(&self, entries: impl IntoIterator<Item = Entry>) {
        let mut state = self.state.write();
        for entry in entries {
            let size = size_of_entry(&entry);
            state.bytes += size;
            state.entries.push_back((size, Arc::new(entry)));
        }
        while state.bytes > self.bytes {
            let Some((size, entry)) = state.entries.pop_front() else { return };
            state.bytes -= size;
            state.complete_after = entry.commit;
        }
    }

    /// Whole commits after `after`, about `limit` entries; `None` where the tail does not reach back so far.
    pub(crate) fn read_after(&self, after: u64, limit: usize) -> Option<Vec<Arc<Entry>>> {
        let state = self.state.read();
        if after < state.complete_after {
            return None;
        }
        let start = state.entries.partition_point(|(_, entry)| entry.commit <= after);
        let rest = state.entries.range(start..);
        let last = rest.clone().nth(limit.max(1) - 1).map_or(u64::MAX, |(_, entry)| entry.commit);
        Some(rest.take_while(|(_, entry)| entry.commit <= last).map(|(_, entry)| Arc::clone(entry)).collect())
    }
}

fn size_of_entry(entry: &Entry) -> usize {
    let side = |section: &Option<machi_store::Section>| section.as_ref().map_or(0, |section| section.body.len() + 64);
    let sections: usize = entry.sections.iter().map(|change| side(&change.old) + side(&change.new)).sum();
    let head = |head: &Option<bytes::Bytes>| head.as_ref().map_or(0, bytes::Bytes::len);
    200 + entry.id.len() + head(&entry.old_head) + head(&entry.new_head) + sections
}
