//! Ranges of numbers, found by the numbers that an attribute holds.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::Number;
use super::need::ordered::Bits;

/// Of an attribute that holds numbers from far apart, all ranges of a size are candidates beyond so many cells.
const MOST_CELLS: u64 = 64;

/// The ranges of one attribute; all of them are found at no more cost than the number of those found.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    /// Those without an upper bound, by their lower one.
    by_low: BTreeMap<Bits, Vec<Number>>,
    /// Those without a lower bound, by their upper one.
    by_high: BTreeMap<Bits, Vec<Number>>,
    /// The others, by cells of a size that lets each lie in one or two.
    cells: FxHashMap<Cell, Vec<(Bits, Bits, Number)>>,
    /// How many of the others there are of each size.
    levels: BTreeMap<u8, u64>,
}

/// Numbers whose bits are the same above so many of the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Cell {
    level: u8,
    bits: u64,
}

impl Ranges {
    pub(super) fn insert(&mut self, low: f64, high: f64, number: Number) {
        if high == f64::INFINITY {
            self.by_low.entry(Bits::of(low)).or_default().push(number);
        } else if low == f64::NEG_INFINITY {
            self.by_high.entry(Bits::of(high)).or_default().push(number);
        } else {
            let (low, high) = (Bits::of(low), Bits::of(high));
            *self.levels.entry(level_of(low, high)).or_default() += 1;
            for cell in cells(low, high) {
                self.cells.entry(cell).or_default().push((low, high, number));
            }
        }
    }

    pub(super) fn remove(&mut self, low: f64, high: f64, number: Number) {
        if high == f64::INFINITY {
            remove(&mut self.by_low, Bits::of(low), number);
        } else if low == f64::NEG_INFINITY {
            remove(&mut self.by_high, Bits::of(high), number);
        } else {
            self.remove_bounded(Bits::of(low), Bits::of(high), number);
        }
    }

    fn remove_bounded(&mut self, low: Bits, high: Bits, number: Number) {
        for cell in cells(low, high) {
            if let Some(list) = self.cells.get_mut(&cell) {
                list.retain(|(.., known)| *known != number);
                if list.is_empty() {
                    self.cells.remove(&cell);
                }
            }
        }
        let level = level_of(low, high);
        if let Some(count) = self.levels.get_mut(&level) {
            *count -= 1;
            if *count == 0 {
                self.levels.remove(&level);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_low.is_empty() && self.by_high.is_empty() && self.levels.is_empty()
    }

    /// About how many one more like this would be looked at with.
    pub(super) fn crowd(&self, low: f64, high: f64) -> u64 {
        if high == f64::INFINITY || low == f64::NEG_INFINITY {
            return (self.by_low.len() + self.by_high.len()) as u64 / 4;
        }
        let lengths = cells(Bits::of(low), Bits::of(high)).filter_map(|cell| self.cells.get(&cell)).map(Vec::len);
        lengths.max().unwrap_or(0) as u64
    }

    /// The ranges that may be met by values of which these are the lowest and the highest: a lower bound by one of
    /// them, an upper bound by another. Some come twice.
    pub(super) fn meeting(&self, lowest: f64, highest: f64, out: &mut Vec<Number>) {
        let (lowest, highest) = (Bits::of(lowest), Bits::of(highest));
        self.by_low.range(..=highest).for_each(|(_, list)| out.extend_from_slice(list));
        self.by_high.range(lowest..).for_each(|(_, list)| out.extend_from_slice(list));
        let meets = |(low, high, _): &&(Bits, Bits, Number)| *low <= highest && *high >= lowest;
        let number = |(.., number): &(Bits, Bits, Number)| *number;
        for level in self.levels.keys() {
            let (first, last) = (lowest.number() >> level, highest.number() >> level);
            if last.saturating_sub(first) >= MOST_CELLS {
                let all = self.cells.iter().filter(|(cell, _)| cell.level == *level);
                out.extend(all.flat_map(|(_, list)| list).filter(meets).map(number));
                continue;
            }
            for bits in first..=last {
                let list = self.cells.get(&Cell { level: *level, bits });
                out.extend(list.into_iter().flatten().filter(meets).map(number));
            }
        }
    }
}

fn remove(map: &mut BTreeMap<Bits, Vec<Number>>, key: Bits, number: Number) {
    if let Some(list) = map.get_mut(&key) {
        list.retain(|known| *known != number);
        if list.is_empty() {
            map.remove(&key);
        }
    }
}

/// The smallest cells of which two neighbours hold the range.
fn level_of(low: Bits, high: Bits) -> u8 {
    let width = |level: &u8| (high.number() >> level).saturating_sub(low.number() >> level);
    (0..63).find(|level| width(level) <= 1).unwrap_or(63)
}

fn cells(low: Bits, high: Bits) -> impl Iterator<Item = Cell> {
    let level = level_of(low, high);
    (low.number() >> level..=high.number() >> level).map(move |bits| Cell { level, bits })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_range() -> impl Strategy<Value = (f64, f64)> {
        prop_oneof![
            (-9.0..9.0_f64).prop_map(|low| (low, f64::INFINITY)),
            (-9.0..9.0_f64).prop_map(|high| (f64::NEG_INFINITY, high)),
            (-9.0..9.0_f64, 0.0..5.0_f64).prop_map(|(low, length)| (low, low + length)),
            (-9.0..9.0_f64, 0.0..5.0_f64).prop_map(|(low, length)| (low, low - length)),
            (-9..9_i32, 0..3_i32).prop_map(|(low, length)| (f64::from(low), f64::from(low + length))),
            Just((0.0, -0.0)),
        ]
    }

    fn any_number() -> impl Strategy<Value = f64> {
        prop_oneof![-10.0..10.0_f64, (-9..9_i32).prop_map(f64::from), Just(0.0), Just(-0.0)]
    }

    proptest! {
        #[test]
        fn just_the_ranges_that_values_meet_are_found(
            ranges in prop::collection::vec(any_range(), 0..30),
            number in any_number(),
            more in prop_oneof![Just(0.0), 0.0..20.0_f64],
        ) {
            let mut index = Ranges::default();
            for (n, (low, high)) in (0..).zip(&ranges) {
                index.insert(*low, *high, n);
            }
            let mut found = Vec::new();
            index.meeting(number, number + more, &mut found);
            found.sort_unstable();
            found.dedup();
            let meets = |(low, high): &(f64, f64)| low <= high && *low <= number + more && number <= *high;
            let expected: Vec<Number> = (0..).zip(&ranges).filter(|(_, range)| meets(range)).map(|(n, _)| n).collect();
            prop_assert_eq!(found, expected);
            for (n, (low, high)) in (0..).zip(&ranges) {
                index.remove(*low, *high, n);
            }
            prop_assert!(index.is_empty() && index.cells.is_empty());
        }
    }
}
