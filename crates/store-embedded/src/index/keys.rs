//! Values as unsigned numbers that keep their order, so that one kind of page serves them all.

use std::ops::Bound;

use machi_store::Range;
use machi_types::Timestamp;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The hash of an id or a link; the seed is the store's own, so that nobody can aim at collisions.
pub(crate) fn hash(id: &str, seed: u64) -> u64 {
    xxh3_64_with_seed(id.as_bytes(), seed)
}

/// A number's key; both zeros have the same.
pub(crate) fn number(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The number behind a key.
pub(crate) fn number_of(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

/// An instant's key.
pub(crate) fn time(time: Timestamp) -> u64 {
    time.micros() as u64 ^ 1 << 63
}

/// The instant behind a key.
pub(crate) fn time_of(key: u64) -> Timestamp {
    Timestamp::from_micros((key ^ 1 << 63) as i64)
}

/// The keys of a range: from the first to the last one, both included; `None` where there are none.
pub(crate) fn range<T: Copy>(range: &Range<T>, key: fn(T) -> u64) -> Option<(u64, u64)> {
    let low = match range.low {
        Bound::Included(low) => key(low),
        Bound::Excluded(low) => key(low).checked_add(1)?,
        Bound::Unbounded => 0,
    };
    let high = match range.high {
        Bound::Included(high) => key(high),
        Bound::Excluded(high) => key(high).checked_sub(1)?,
        Bound::Unbounded => u64::MAX,
    };
    (low <= high).then_some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_keep_the_order_of_numbers(a in 1e-9..1e300f64, b in -1e300..1e300f64) {
            prop_assert_eq!(a.partial_cmp(&b), Some(number(a).cmp(&number(b))));
            prop_assert_eq!(number_of(number(a)).to_bits(), a.to_bits());
        }
    }

    #[test]
    fn both_zeros_are_one() {
        assert_eq!(number(0.0), number(-0.0));
        assert_eq!(range(&Range { low: Bound::Excluded(1.0), high: Bound::Excluded(1.0) }, number), None);
    }
}
