//! Ranges of numbers, found by a number that lies in them.

use std::collections::BTreeMap;

use super::Number;
use super::need::ordered::Bits;

/// The ranges of one attribute. Those without an upper or a lower bound are found at no more cost than their number.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    by_low: BTreeMap<Bits, Vec<(Bits, Number)>>,
    /// Those without a lower bound, by their upper one.
    by_high: BTreeMap<Bits, Vec<Number>>,
    count: u64,
}

impl Ranges {
    pub(super) fn insert(&mut self, low: f64, high: f64, number: Number) {
        self.count += 1;
        if low == f64::NEG_INFINITY {
            self.by_high.entry(Bits::of(high)).or_default().push(number);
        } else {
            self.by_low.entry(Bits::of(low)).or_default().push((Bits::of(high), number));
        }
    }

    pub(super) fn remove(&mut self, low: f64, high: f64, number: Number) {
        self.count -= 1;
        if low == f64::NEG_INFINITY {
            let key = Bits::of(high);
            if let Some(list) = self.by_high.get_mut(&key) {
                list.retain(|known| *known != number);
                if list.is_empty() {
                    self.by_high.remove(&key);
                }
            }
            return;
        }
        let key = Bits::of(low);
        if let Some(list) = self.by_low.get_mut(&key) {
            list.retain(|(_, known)| *known != number);
            if list.is_empty() {
                self.by_low.remove(&key);
            }
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.count
    }

    /// The ranges that hold a number.
    pub(super) fn holding(&self, number: f64, out: &mut Vec<Number>) {
        let at = Bits::of(number);
        for (_, list) in self.by_low.range(..=at) {
            out.extend(list.iter().filter(|(high, _)| *high >= at).map(|(_, number)| *number));
        }
        for (_, list) in self.by_high.range(at..) {
            out.extend_from_slice(list);
        }
    }
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
            Just((0.0, -0.0)),
        ]
    }

    proptest! {
        #[test]
        fn just_the_ranges_that_hold_a_number_are_found(
            ranges in prop::collection::vec(any_range(), 0..30),
            number in prop_oneof![-10.0..10.0_f64, Just(0.0), Just(-0.0)],
        ) {
            let mut index = Ranges::default();
            for (n, (low, high)) in (0..).zip(&ranges) {
                index.insert(*low, *high, n);
            }
            let mut found = Vec::new();
            index.holding(number, &mut found);
            found.sort_unstable();
            let expected: Vec<Number> = (0..).zip(&ranges).filter(|(_, (low, high))| *low <= number && number <= *high).map(|(n, _)| n).collect();
            prop_assert_eq!(found, expected);
            for (n, (low, high)) in (0..).zip(&ranges) {
                index.remove(*low, *high, n);
            }
            prop_assert!(index.by_low.is_empty() && index.by_high.is_empty() && index.len() == 0);
        }
    }
}
