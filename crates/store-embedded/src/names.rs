//! Which names are on disk: those that documents and indexes use, and no others.
//!
//! The committer writes a name with the first batch that uses it. A checkpoint takes over the names in use; from
//! then on the others are as if they had never been written, and come with the next batch that uses them.
//! Names that somebody only asked for, or that came with a refused write, are in memory alone.

use machi_store::{NameNo, NameTable, Names};
use parking_lot::Mutex;
use rustc_hash::FxHashSet;

/// The names on disk.
#[derive(Debug, Default)]
pub(crate) struct NamesOnDisk {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    there: FxHashSet<NameNo>,
    /// What the newest batch uses: it may be on its way to the disk, and not visible yet.
    under_way: FxHashSet<NameNo>,
}

impl NamesOnDisk {
    /// Takes note of the names that a batch uses. Returns those that it must bring along, in order.
    pub(crate) fn begin(&self, used: FxHashSet<NameNo>) -> Vec<NameNo> {
        let mut state = self.state.lock();
        let mut missing: Vec<NameNo> = used.difference(&state.there).copied().filter(|name| is_given(*name)).collect();
        missing.sort_unstable();
        state.under_way = used;
        missing
    }

    /// Takes note of names that have come to the disk.
    pub(crate) fn add(&self, names: impl IntoIterator<Item = NameNo>) {
        self.state.lock().there.extend(names);
    }

    /// How many bytes of names a commit with these would bring along.
    pub(crate) fn missing_bytes(&self, used: impl Iterator<Item = NameNo>, names: &NameTable) -> usize {
        let state = self.state.lock();
        let missing = used.filter(|name| is_given(*name) && !state.there.contains(name));
        missing.map(|name| names.text(name).len()).sum()
    }

    /// Makes what a checkpoint keeps the names on disk: those that it uses itself, and those that were
    /// written and have come into use since. `meanwhile` strikes the latter from a list.
    pub(crate) fn keep(&self, used: &mut FxHashSet<NameNo>, meanwhile: impl FnOnce(&mut FxHashSet<NameNo>)) {
        let mut state = self.state.lock();
        let doubtful: FxHashSet<NameNo> = state.there.difference(used).copied().collect();
        let mut unused = &doubtful - &state.under_way;
        if !unused.is_empty() {
            meanwhile(&mut unused);
        }
        used.extend(doubtful.difference(&unused));
        state.there.clone_from(used);
    }
}

/// Whether a name was given its number, and does not have it in every store.
pub(crate) fn is_given(name: NameNo) -> bool {
    !name.is_reserved()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(numbers: &[u32]) -> FxHashSet<NameNo> {
        numbers.iter().copied().map(NameNo::from_number).collect()
    }

    fn list(numbers: &[u32]) -> Vec<NameNo> {
        numbers.iter().copied().map(NameNo::from_number).collect()
    }

    #[test]
    fn a_batch_brings_along_what_is_not_on_disk() {
        let names = NamesOnDisk::default();
        assert_eq!(names.begin(set(&[0, 3, 9, 5])), list(&[5, 9]), "the first four have their numbers in every store");
        assert_eq!(names.begin(set(&[9])), list(&[9]), "the first batch did not make it");
        names.add(list(&[9]));
        assert_eq!(names.begin(set(&[5, 9])), list(&[5]));
    }

    #[test]
    fn a_checkpoint_drops_what_nothing_uses_and_nothing_has_begun_to_use() {
        let names = NamesOnDisk::default();
        names.add(list(&[5, 6, 7, 8]));
        names.begin(set(&[7, 10]));
        let mut used = set(&[5, 11]);
        names.keep(&mut used, |unused| {
            assert_eq!(*unused, set(&[6, 8]));
            unused.remove(&NameNo::from_number(8));
        });
        assert_eq!(used, set(&[5, 7, 8, 11]), "6 is gone, 10 did not make it");
        assert_eq!(names.begin(set(&[5, 6, 7, 8, 10, 11])), list(&[6, 10]), "what is gone comes again");
    }
}
