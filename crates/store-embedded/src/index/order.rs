//! Places in the order of their codes on the map, so that those of a tile, or of any cell of one, follow each other:
//! how many there are is the distance between two places in the order, whatever their number.

use std::ops::RangeInclusive;
use std::sync::Arc;

/// The code of a place, and the number of its document.
pub(crate) type Entry = (u64, u32);

/// How many entries a chunk has when it is made.
const CHUNK: usize = 512;
/// How many it has at most.
const LARGEST: usize = 2 * CHUNK;

/// Entries in their order. Cloning shares them; a change copies the chunks that it touches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    /// INVARIANT: none is empty, each is sorted, and the last entry of one comes before the first of the next.
    chunks: Vec<Arc<Vec<Entry>>>,
    /// How many entries lie before each chunk.
    starts: Vec<usize>,
    len: usize,
}

impl Order {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Takes entries out and others in; those that go are here, and those that come are not.
    pub(crate) fn change(&mut self, gone: &[Entry], mut come: Vec<Entry>) {
        if gone.len() + come.len() > self.len / 16 {
            let mut gone = gone.to_vec();
            gone.sort_unstable();
            come.extend(self.iter(0..self.len).filter(|entry| gone.binary_search(entry).is_err()));
            *self = Self::of(come);
            return;
        }
        gone.iter().for_each(|entry| self.remove(*entry));
        come.into_iter().for_each(|entry| self.insert(entry));
        self.count();
    }

    fn of(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable();
        let chunks = entries.chunks(CHUNK).map(|chunk| Arc::new(chunk.to_vec())).collect();
        let mut order = Self { chunks, starts: Vec::new(), len: 0 };
        order.count();
        order
    }

    fn count(&mut self) {
        self.len = 0;
        self.starts.clear();
        for chunk in &self.chunks {
            self.starts.push(self.len);
            self.len += chunk.len();
        }
    }

    /// The chunk in which an entry is, or would be.
    fn chunk_of(&self, entry: Entry) -> usize {
        let behind = self.chunks.partition_point(|chunk| chunk.first().is_some_and(|first| *first <= entry));
        behind.saturating_sub(1)
    }

    fn remove(&mut self, entry: Entry) {
        let at = self.chunk_of(entry);
        let Some(chunk) = self.chunks.get_mut(at) else { return };
        if let Ok(place) = chunk.binary_search(&entry) {
            Arc::make_mut(chunk).remove(place);
        }
        if chunk.is_empty() {
            self.chunks.remove(at);
        }
    }

    fn insert(&mut self, entry: Entry) {
        let at = self.chunk_of(entry);
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(Arc::new(vec![entry]));
            return;
        };
        let Err(place) = chunk.binary_search(&entry) else { return };
        let entries = Arc::make_mut(chunk);
        entries.insert(place, entry);
        if entries.len() > LARGEST {
            let rest = entries.split_off(CHUNK);
            self.chunks.insert(at + 1, Arc::new(rest));
        }
    }

    /// Where the entries of these codes lie.
    pub(crate) fn range(&self, codes: &RangeInclusive<u64>) -> std::ops::Range<usize> {
        let end = match codes.end().checked_add(1) {
            Some(behind) => self.rank(behind),
            None => self.len,
        };
        self.rank(*codes.start())..end
    }

    /// How many entries have smaller codes.
    fn rank(&self, code: u64) -> usize {
        let behind = self.chunks.partition_point(|chunk| chunk.first().is_some_and(|first| first.0 < code));
        let Some(at) = behind.checked_sub(1) else { return 0 };
        self.starts[at] + self.chunks[at].partition_point(|entry| entry.0 < code)
    }

    /// The entry at a place.
    pub(crate) fn at(&self, place: usize) -> Option<Entry> {
        let chunk = self.starts.partition_point(|start| *start <= place).checked_sub(1)?;
        self.chunks.get(chunk)?.get(place - self.starts[chunk]).copied()
    }

    /// The entries at these places.
    pub(crate) fn iter(&self, places: std::ops::Range<usize>) -> impl Iterator<Item = Entry> {
        let first = self.starts.partition_point(|start| *start <= places.start).saturating_sub(1);
        let skipped = places.start - self.starts.get(first).copied().unwrap_or(0);
        let chunks = self.chunks.get(first..).unwrap_or_default();
        chunks.iter().flat_map(|chunk| chunk.iter().copied()).skip(skipped).take(places.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn an_order_behaves_like_a_sorted_set(
            rounds in prop::collection::vec(prop::collection::vec((0u64..64, 0u32..200, any::<bool>()), 0..60), 1..12),
            from in 0u64..64, to in 0u64..64
        ) {
            let mut model: BTreeSet<Entry> = (0..3000).map(|n| (u64::from(n % 61) << 58 | 7, 1000 + n)).collect();
            let mut order = Order::default();
            order.change(&[], model.iter().copied().collect());
            for round in rounds {
                let mut gone = BTreeSet::new();
                let mut come = BTreeSet::new();
                for (code, number, is_coming) in round {
                    let entry = (code << 58, number);
                    match is_coming {
                        true if !model.contains(&entry) => { come.insert(entry); }
                        false if model.contains(&entry) => { gone.insert(entry); }
                        _ => {}
                    }
                }
                model.retain(|entry| !gone.contains(entry));
                model.extend(&come);
                order.change(&gone.into_iter().collect::<Vec<_>>(), come.into_iter().collect());
                prop_assert_eq!(order.len(), model.len());
            }
            prop_assert!(order.iter(0..order.len()).eq(model.iter().copied()));
            let codes = (from.min(to) << 58)..=(from.max(to) << 58 | 9);
            let expected: Vec<Entry> = model.iter().copied().filter(|entry| codes.contains(&entry.0)).collect();
            let range = order.range(&codes);
            prop_assert!(order.iter(range.clone()).eq(expected.iter().copied()));
            prop_assert_eq!(order.at(range.start), model.iter().nth(range.start).copied());
            prop_assert_eq!(order.range(&(0..=u64::MAX)), 0..model.len());
        }
    }
}
