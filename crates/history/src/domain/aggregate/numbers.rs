//! Sums, extremes and spread of numbers, in one pass: whole numbers are added exactly, others with compensation, and the
//! spread is that about the mean of each slice, so that nothing large is subtracted from something as large.

use machi_archive::retention::Figures;
use machi_types::{Json, Number};

use super::series::Needs;

/// Whole numbers up to here are doubles without loss, and so are their squares' factors.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// The squares of whole numbers up to here are added as whole numbers.
const SQUARED: i64 = 1 << 31;

/// Numbers, added up.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    count: u64,
    least: f64,
    greatest: f64,
    /// Whole numbers beyond what a double can tell.
    least_whole: Option<i128>,
    greatest_whole: Option<i128>,
    sum: Sum,
    squares: Sum,
    mean: f64,
    /// The sum of the squares of the distances from the mean.
    spread: f64,
}

/// A sum of whole numbers and of others.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    whole: i128,
    rest: f64,
    /// What was lost of the rest in rounding.
    lost: f64,
    is_whole: Whole,
}

/// Whether everything in a sum was whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Whole {
    #[default]
    All,
    Not,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            count: 0,
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
            least_whole: None,
            greatest_whole: None,
            sum: Sum::default(),
            squares: Sum::default(),
            mean: 0.0,
            spread: 0.0,
        }
    }
}

impl Numbers {
    /// Adds a slice.
    pub(crate) fn extend(&mut self, numbers: &[f64], needs: Needs) {
        if needs.extremes {
            let (mut least, mut greatest) = (self.least, self.greatest);
            for number in numbers {
                least = least.min(*number);
                greatest = greatest.max(*number);
            }
            (self.least, self.greatest) = (least, greatest);
        }
        if needs.sum {
            numbers.iter().for_each(|number| self.sum.add(*number));
        }
        if needs.squares {
            numbers.iter().for_each(|number| self.squares.add_square(*number));
        }
        if needs.spread {
            self.spread_by(numbers);
        }
        self.count += numbers.len() as u64;
    }

    /// Adds a number as JSON tells it.
    pub(crate) fn push(&mut self, number: &Number, needs: Needs) {
        let Some(double) = number.as_f64() else { return };
        let large = whole_of(number).filter(|_| double.abs() >= EXACT);
        let Some(whole) = large else { return self.extend(&[double], needs) };
        self.extend(&[double], Needs { sum: false, ..needs });
        self.sum.whole += whole;
        self.least_whole = Some(self.least_whole.map_or(whole, |known| known.min(whole)));
        self.greatest_whole = Some(self.greatest_whole.map_or(whole, |known| known.max(whole)));
    }

    /// Adds what so many numbers came to.
    pub(crate) fn add(&mut self, figures: &Figures, count: u64, needs: Needs) {
        if needs.extremes {
            self.least = self.least.min(figures.least);
            self.greatest = self.greatest.max(figures.greatest);
        }
        if needs.sum {
            self.sum.add(figures.sum);
            if figures.lacking != 0.0 {
                self.sum.add(figures.lacking);
            }
        }
        if needs.squares {
            self.squares.add(figures.squares);
        }
        if needs.spread {
            self.join_spread(count as f64, figures.sum / count as f64, figures.spread);
        }
        self.count += count;
    }

    /// How far the numbers of a slice lie from its mean, joined with those before (Chan, Golub, `LeVeque` 1979).
    fn spread_by(&mut self, numbers: &[f64]) {
        if numbers.is_empty() {
            return;
        }
        let more = numbers.len() as f64;
        let first = numbers.first().copied().unwrap_or_default();
        let mean = first + numbers.iter().map(|number| number - first).sum::<f64>() / more;
        let spread: f64 = numbers.iter().map(|number| (number - mean) * (number - mean)).sum();
        self.join_spread(more, mean, spread);
    }

    fn join_spread(&mut self, more: f64, mean: f64, spread: f64) {
        let before = self.count as f64;
        let distance = mean - self.mean;
        let all = before + more;
        self.spread += spread + distance * distance * before * more / all;
        self.mean += distance * more / all;
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn sum(&self) -> Json<'static> {
        self.sum.total()
    }

    pub(crate) fn sum_of_squares(&self) -> Json<'static> {
        self.squares.total()
    }

    pub(crate) fn mean(&self) -> Json<'static> {
        of_double(self.sum.double() / self.count as f64)
    }

    pub(crate) fn least(&self) -> Json<'static> {
        match self.least_whole {
            Some(whole) if whole as f64 <= self.least => of_whole(whole),
            _ => of_double(self.least),
        }
    }

    pub(crate) fn greatest(&self) -> Json<'static> {
        match self.greatest_whole {
            Some(whole) if whole as f64 >= self.greatest => of_whole(whole),
            _ => of_double(self.greatest),
        }
    }

    /// That of the sample; one number has none.
    pub(crate) fn standard_deviation(&self) -> Option<Json<'static>> {
        (self.count > 1).then(|| of_double((self.spread / (self.count - 1) as f64).sqrt()))
    }
}

impl Sum {
    #[inline]
    fn add(&mut self, number: f64) {
        match whole(number) {
            Some(whole) => self.whole += i128::from(whole),
            None => self.add_rest(number),
        }
    }

    #[inline]
    fn add_square(&mut self, number: f64) {
        match whole(number).filter(|whole| whole.abs() <= SQUARED) {
            Some(whole) => self.whole += i128::from(whole * whole),
            None => self.add_rest(number * number),
        }
    }

    /// Neumaier's sum: what is lost in rounding is added in the end.
    #[inline]
    fn add_rest(&mut self, number: f64) {
        let sum = self.rest + number;
        self.lost +=
            if self.rest.abs() >= number.abs() { (self.rest - sum) + number } else { (number - sum) + self.rest };
        self.rest = sum;
        self.is_whole = Whole::Not;
    }

    /// The nearest double, or one beside it: what is lost when both parts come together counts, too.
    fn double(&self) -> f64 {
        let whole = self.whole as f64;
        let sum = whole + self.rest;
        let back = sum - whole;
        let lost = (whole - (sum - back)) + (self.rest - back);
        sum + (lost + self.lost)
    }

    fn total(&self) -> Json<'static> {
        match self.is_whole {
            Whole::All => of_whole(self.whole),
            Whole::Not => of_double(self.double()),
        }
    }
}

/// A whole number, exactly as long as 64 bits hold it.
fn of_whole(whole: i128) -> Json<'static> {
    match (i64::try_from(whole), u64::try_from(whole)) {
        (Ok(signed), _) => Json::Number(signed.into()),
        (_, Ok(unsigned)) => Json::from(unsigned),
        _ => Json::from(whole as f64),
    }
}

/// A number; one that is whole is told without a fraction, however it was found.
pub(crate) fn of_double(number: f64) -> Json<'static> {
    whole(number).map_or_else(|| Json::from(number), |whole| Json::Number(whole.into()))
}

/// The whole number that a double is without loss.
#[inline]
fn whole(number: f64) -> Option<i64> {
    let whole = number as i64;
    (whole as f64 - number == 0.0 && number.abs() <= EXACT).then_some(whole)
}

/// The number, if it is whole.
pub(crate) fn whole_of(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or(number.as_u64().map(i128::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn added(slices: &[&[f64]]) -> Numbers {
        let mut numbers = Numbers::default();
        slices.iter().for_each(|slice| numbers.extend(slice, Needs::ALL));
        numbers
    }

    fn text(json: &Json<'_>) -> String {
        json.to_text()
    }

    #[test]
    fn whole_numbers_are_added_exactly_and_told_as_such() {
        let numbers = added(&[&[20.0, 21.0], &[22.0]]);
        let told = [numbers.sum(), numbers.mean(), numbers.least(), numbers.greatest(), numbers.sum_of_squares()];
        assert_eq!(told.iter().map(text).collect::<Vec<_>>(), ["63", "21", "20", "22", "1325"]);
        assert_eq!(numbers.standard_deviation().as_ref().map(text).as_deref(), Some("1"));
        let mut large = Numbers::default();
        for text in ["9223372036854775806", "1", "-9223372036854775808"] {
            large.push(&text.parse().unwrap(), Needs::ALL);
        }
        assert_eq!(text(&large.sum()), "-1");
        assert_eq!(text(&large.least()), "-9223372036854775808");
        assert_eq!(text(&large.greatest()), "9223372036854775806");
    }

    #[test]
    fn sums_of_fractions_lose_nothing_on_the_way() {
        let numbers = added(&[&[1e16, 1.5, -1e16, 0.25]]);
        assert_eq!(text(&numbers.sum()), "1.75");
        assert_eq!(text(&added(&[&[0.1; 10]]).sum()), "1");
        assert!(added(&[&[3.0]]).standard_deviation().is_none());
    }

    #[test]
    fn the_spread_of_large_numbers_is_that_of_their_differences() {
        let numbers = added(&[&[1e9 + 4.0, 1e9 + 7.0], &[1e9 + 13.0, 1e9 + 16.0]]);
        let told = numbers.standard_deviation().and_then(|told| told.as_f64()).unwrap();
        assert!((told - 30.0_f64.sqrt()).abs() < 1e-9, "{told}");
    }

    proptest! {
        #[test]
        fn slices_come_to_the_same_however_they_are_cut(
            all in prop::collection::vec(-1000_i32..1000, 1..60), at in 0_usize..60,
        ) {
            let all: Vec<f64> = all.into_iter().map(f64::from).collect();
            let (one, other) = all.split_at(at.min(all.len()));
            let (cut, whole) = (added(&[one, other]), added(&[&all]));
            prop_assert_eq!(cut.sum(), whole.sum());
            prop_assert_eq!(cut.least(), whole.least());
            prop_assert_eq!(cut.greatest(), whole.greatest());
            let spread = |numbers: &Numbers| numbers.standard_deviation().and_then(|told| told.as_f64());
            match (spread(&cut), spread(&whole)) {
                (Some(a), Some(b)) => prop_assert!((a - b).abs() <= 1e-9 * b.max(1.0)),
                (a, b) => prop_assert_eq!(a, b),
            }
        }
    }
}
