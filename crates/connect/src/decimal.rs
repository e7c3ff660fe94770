//! Decimal numbers as they are written, compared digit by digit with what a double says.

/// Whether a double says the same as a text that was read as one.
pub(crate) fn is_same(written: &str, value: f64) -> bool {
    let of_value = Decimal::of(&format!("{value:e}"));
    of_value.is_some() && Decimal::of(written) == of_value
}

/// A number as its digits, without zeros around them, and the power of ten of the last one.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// Of a text such as `-1.50e3`; none where its exponent is beyond all counting.
    fn of(text: &str) -> Option<Self> {
        let (mantissa, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_negative = whole.starts_with('-');
        let digits = whole.trim_start_matches(['+', '-']).bytes().chain(fraction.bytes());
        let mut digits: Vec<u8> = digits.skip_while(|digit| *digit == b'0').collect();
        let written = digits.len();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        if digits.is_empty() {
            return Some(Self { is_negative, digits, exponent: 0 });
        }
        let moved = i64::try_from(written - digits.len()).ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let exponent = power.parse::<i64>().ok()?.checked_add(moved)?;
        Some(Self { is_negative, digits, exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_number_may_be_written_in_many_ways() {
        for same in ["1500", "1.5e3", "1500.000", "+0001500", "15E+2", "15000e-1", ".15e4"] {
            assert!(is_same(same, 1500.0), "{same}");
        }
        for other in ["1500.0000000000000000001", "-1500", "150", "1.5e4", "1.5e99999999999999999999", "0"] {
            assert!(!is_same(other, 1500.0), "{other}");
        }
        assert!(is_same("-0.0", -0.0) && is_same("0e7", 0.0) && !is_same("1e-400", 0.0));
        assert!(!is_same("1e999", f64::INFINITY));
    }

    proptest! {
        #[test]
        fn one_digit_more_is_another_number(value in 1i32..1_000_000, digit in 1u8..=9) {
            let text = format!("{value}.00000000000000000000{digit}");
            prop_assert!(!is_same(&text, f64::from(value)));
        }

        #[test]
        fn any_text_is_judged(text in ".{0,30}", value: f64) {
            let _ = is_same(&text, value);
        }
    }
}
