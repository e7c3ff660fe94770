//! Pages: the facets of 1,024 documents of one column, laid out so that a condition is tested on all at once.

use std::ops::Range;

/// How many documents a page covers.
pub(crate) const PAGE: usize = 1024;
/// Where a sparse page turns dense.
const DENSE_FROM: usize = 64;

/// A set of documents of a page, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mask([u64; 16]);

impl Mask {
    pub(crate) const NONE: Self = Self([0; 16]);
    pub(crate) const ALL: Self = Self([u64::MAX; 16]);

    pub(crate) fn has(&self, slot: u16) -> bool {
        self.0[usize::from(slot >> 6)] >> (slot & 63) & 1 == 1
    }

    pub(crate) fn set(&mut self, slot: u16) {
        self.0[usize::from(slot >> 6)] |= 1 << (slot & 63);
    }

    pub(crate) fn clear(&mut self, slot: u16) {
        self.0[usize::from(slot >> 6)] &= !(1 << (slot & 63));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0 == [0; 16]
    }

    pub(crate) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    pub(crate) fn and(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n] & other.0[n]))
    }

    pub(crate) fn or(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n] | other.0[n]))
    }

    pub(crate) fn without(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n] & !other.0[n]))
    }

    /// Drops the slots before `slot`.
    pub(crate) fn starting_at(&self, slot: u16) -> Self {
        let word = usize::from(slot >> 6);
        Self(std::array::from_fn(|n| match n {
            n if n < word => 0,
            n if n == word => self.0[n] & (u64::MAX << (slot & 63)),
            n => self.0[n],
        }))
    }

    /// The slots, in order.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u16> {
        self.0.into_iter().enumerate().flat_map(|(n, word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as u16)?;
                rest &= rest - 1;
                Some(n as u16 * 64 + bit)
            })
        })
    }

    pub(crate) fn words(&self) -> &[u64; 16] {
        &self.0
    }

    pub(crate) fn from_words(words: [u64; 16]) -> Self {
        Self(words)
    }
}

/// Values by slot, in the order of their slots; apart from them, so that no room lies between.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pairs<T> {
    slots: Vec<u16>,
    values: Vec<T>,
}

impl<T: Copy> Pairs<T> {
    fn add(&mut self, slot: u16, value: T) {
        let at = self.slots.partition_point(|other| *other <= slot);
        self.slots.insert(at, slot);
        self.values.insert(at, value);
    }

    fn remove(&mut self, slot: u16) {
        let range = self.range(slot);
        self.slots.drain(range.clone());
        self.values.drain(range);
    }

    fn of(&self, slot: u16) -> impl Iterator<Item = T> {
        self.values[self.range(slot)].iter().copied()
    }

    fn iter(&self) -> impl Iterator<Item = (u16, &T)> {
        self.slots.iter().copied().zip(&self.values)
    }

    /// Where the values of a slot lie.
    fn range(&self, slot: u16) -> Range<usize> {
        let start = self.slots.partition_point(|other| *other < slot);
        let count = self.slots[start..].iter().take_while(|other| **other == slot).count();
        start..start + count
    }
}

/// The values of a page, any number for each document. Most documents have none or one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Values<T> {
    /// Few values.
    Sparse(Pairs<T>),
    /// Many: the first value of each document by slot, and all further ones as pairs.
    Dense(Box<Dense<T>>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dense<T> {
    pub(crate) present: Mask,
    pub(crate) values: Vec<T>,
    pub(crate) more: Pairs<T>,
}

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self::Sparse(Pairs { slots: Vec::new(), values: Vec::new() })
    }
}

impl<T: Copy + Default + PartialEq> Values<T> {
    /// Adds a value to those of a document.
    pub(crate) fn add(&mut self, slot: u16, value: T) {
        match self {
            Self::Sparse(pairs) => {
                pairs.add(slot, value);
                if pairs.slots.len() > DENSE_FROM {
                    *self = Self::dense_of(pairs);
                }
            }
            Self::Dense(dense) => {
                if dense.present.has(slot) {
                    dense.more.add(slot, value);
                } else {
                    dense.present.set(slot);
                    dense.values[usize::from(slot)] = value;
                }
            }
        }
    }

    fn dense_of(pairs: &Pairs<T>) -> Self {
        let (present, values, more) = (Mask::NONE, vec![T::default(); PAGE], Pairs::default());
        let mut dense = Self::Dense(Box::new(Dense { present, values, more }));
        pairs.iter().for_each(|(slot, value)| dense.add(slot, *value));
        dense
    }

    /// Removes all values of a document.
    pub(crate) fn remove(&mut self, slot: u16) {
        match self {
            Self::Sparse(pairs) => pairs.remove(slot),
            Self::Dense(dense) => {
                dense.present.clear(slot);
                dense.more.remove(slot);
            }
        }
    }

    /// The documents that have a value for which `test` holds.
    pub(crate) fn test(&self, mut test: impl FnMut(&T) -> bool) -> Mask {
        let mut mask = Mask::NONE;
        match self {
            Self::Sparse(pairs) => pairs.iter().filter(|(_, value)| test(value)).for_each(|(slot, _)| mask.set(slot)),
            Self::Dense(dense) => {
                for (word, chunk) in mask.0.iter_mut().zip(dense.values.chunks_exact(64)) {
                    let bits = chunk.iter().enumerate().map(|(bit, value)| u64::from(test(value)) << bit);
                    *word = bits.fold(0, |word, bit| word | bit);
                }
                mask = mask.and(&dense.present);
                dense.more.iter().filter(|(_, value)| test(value)).for_each(|(slot, _)| mask.set(slot));
            }
        }
        mask
    }

    /// The documents that have a value.
    pub(crate) fn present(&self) -> Mask {
        match self {
            Self::Sparse(pairs) => {
                let mut mask = Mask::NONE;
                pairs.slots.iter().for_each(|slot| mask.set(*slot));
                mask
            }
            Self::Dense(dense) => dense.present,
        }
    }

    /// The values of a document.
    pub(crate) fn of(&self, slot: u16) -> impl Iterator<Item = T> {
        let (first, pairs) = match self {
            Self::Sparse(pairs) => (None, pairs),
            Self::Dense(dense) => {
                let value = dense.present.has(slot).then(|| dense.values[usize::from(slot)]);
                (value, &dense.more)
            }
        };
        first.into_iter().chain(pairs.of(slot))
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Sparse(pairs) => pairs.slots.is_empty(),
            Self::Dense(dense) => dense.present.is_empty(),
        }
    }

    /// All values as pairs, in the order of their slots.
    pub(crate) fn pairs(&self) -> Vec<(u16, T)> {
        match self {
            Self::Sparse(pairs) => pairs.iter().map(|(slot, value)| (slot, *value)).collect(),
            Self::Dense(dense) => {
                dense.present.slots().flat_map(|slot| self.of(slot).map(move |value| (slot, value))).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn values_behave_like_a_map_of_lists(steps in prop::collection::vec((0u16..1024, 0u64..50, 0u8..4), 0..400)) {
            let mut values = Values::default();
            let mut model: BTreeMap<u16, Vec<u64>> = BTreeMap::new();
            for (slot, value, step) in steps {
                if step == 0 {
                    values.remove(slot);
                    model.remove(&slot);
                } else {
                    values.add(slot, value);
                    model.entry(slot).or_default().push(value);
                }
            }
            for slot in 0..1024 {
                let mut mine: Vec<u64> = values.of(slot).collect();
                let mut theirs = model.get(&slot).cloned().unwrap_or_default();
                mine.sort_unstable();
                theirs.sort_unstable();
                prop_assert_eq!(mine, theirs);
            }
            let small = values.test(|value| *value < 10);
            for slot in 0..1024 {
                let expected = model.get(&slot).is_some_and(|list| list.iter().any(|value| *value < 10));
                prop_assert_eq!(small.has(slot), expected);
            }
            prop_assert_eq!(values.present().count() as usize, model.len());
            prop_assert_eq!(values.pairs().len(), model.values().map(Vec::len).sum::<usize>());
        }

        #[test]
        fn masks_behave_like_sets(a in prop::collection::btree_set(0u16..1024, 0..60), b in prop::collection::btree_set(0u16..1024, 0..60), from in 0u16..1024) {
            let mask = |set: &std::collections::BTreeSet<u16>| { let mut m = Mask::NONE; set.iter().for_each(|s| m.set(*s)); m };
            let slots = |m: Mask| m.slots().collect::<std::collections::BTreeSet<_>>();
            prop_assert_eq!(slots(mask(&a).and(&mask(&b))), &a & &b);
            prop_assert_eq!(slots(mask(&a).or(&mask(&b))), &a | &b);
            prop_assert_eq!(slots(mask(&a).without(&mask(&b))), &a - &b);
            prop_assert_eq!(slots(mask(&a).starting_at(from)), a.iter().copied().filter(|s| *s >= from).collect());
        }
    }
}
