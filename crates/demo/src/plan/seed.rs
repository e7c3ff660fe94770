//! Chance that is the same on every machine and in every version: a number for each question that is asked of it.

/// What all chance comes from; a question is a chain of words, such as district, block, parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed(u64);

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Seed {
    /// The seed that somebody named.
    pub(crate) const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The same question with one more word.
    pub(crate) fn with(self, word: u64) -> Self {
        Self(scramble(self.0.wrapping_add(STEP) ^ scramble(word.wrapping_mul(STEP).wrapping_add(1))))
    }

    /// A number from 0 up to, but not including, 1.
    pub(crate) fn unit(self) -> f64 {
        // 53 bits are what a double holds exactly, so no rounding can differ.
        (scramble(self.0) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `count`.
    pub(crate) fn below(self, count: usize) -> usize {
        ((u128::from(scramble(self.0)) * count as u128) >> 64) as usize
    }

    /// A number from `low` to `high`.
    pub(crate) fn between(self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Whether it happens, where it happens to this share of all.
    pub(crate) fn chance(self, share: f64) -> bool {
        self.unit() < share
    }

    /// One of several.
    pub(crate) fn one_of<T: Copy>(self, things: &[T]) -> T {
        things[self.below(things.len())]
    }

    /// A number from 0 to 1 that wanders with time: a new one every `period` seconds, and smoothly between them.
    pub(crate) fn wander(self, seconds: i64, period: i64) -> f64 {
        let step = seconds.div_euclid(period);
        let part = seconds.rem_euclid(period) as f64 / period as f64;
        let at = |step: i64| self.with(step as u64).unit();
        let (from, to) = (at(step), at(step + 1));
        from + (to - from) * smooth(part)
    }
}

/// From 0 to 1 without a kink at either end; what lies outside stays there.
pub(crate) fn smooth(part: f64) -> f64 {
    let part = part.clamp(0.0, 1.0);
    part * part * (3.0 - 2.0 * part)
}

/// A sine of whole turns, to a thousandth. The standard library's differs from platform to platform in the last digit.
pub(crate) fn sine(turns: f64) -> f64 {
    let turn = turns - (turns + 0.5).floor();
    let rough = 8.0 * turn - 16.0 * turn * turn.abs();
    0.225 * (rough * rough.abs() - rough) + rough
}

/// A cosine of whole turns.
pub(crate) fn cosine(turns: f64) -> f64 {
    sine(turns + 0.25)
}

/// The finaliser of `SplitMix64`: every bit of the answer depends on every bit of the question.
fn scramble(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sine_is_a_sine() {
        for degree in -720_i32..720 {
            let turns = f64::from(degree) / 360.0;
            let (ours, right) = (sine(turns), (turns * std::f64::consts::TAU).sin());
            assert!((ours - right).abs() < 0.002, "{degree}: {ours} {right}");
        }
    }

    #[test]
    fn chance_is_even_and_wandering_is_smooth() {
        let seed = Seed::new(7);
        let mut counts = [0; 10];
        (0..10_000).for_each(|word| counts[seed.with(word).below(10)] += 1);
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        assert_ne!(seed.with(1).with(2), seed.with(2).with(1));
        let steps = (0..10_000).map(|second| seed.wander(second + 1, 600) - seed.wander(second, 600));
        assert!(steps.map(f64::abs).fold(0.0, f64::max) < 0.004);
    }
}
