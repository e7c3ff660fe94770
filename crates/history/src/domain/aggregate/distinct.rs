//! Different values, told apart as JSON does: `1` is `1.0`, and the order of an object's members does not matter.

use machi_face::StableHash;
use machi_types::{Json, Number};
use rustc_hash::FxHashSet;

use super::numbers::whole_of;

/// The values of a period, each once, by numbers that stand for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Distinct(FxHashSet<u128>);

/// In front of doubles that are no whole numbers, and of what is no number.
const DOUBLE: u128 = 1 << 96;
const OTHER: u128 = 1 << 127;

impl Distinct {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes numbers.
    pub(crate) fn extend(&mut self, numbers: &[f64]) {
        self.0.extend(numbers.iter().copied().map(of_double));
    }

    /// Takes any value.
    pub(crate) fn take(&mut self, value: &Json<'_>) {
        self.0.insert(match value {
            Json::Number(number) => of_number(number),
            other => OTHER | with(StableHash::new(), other).finish(),
        });
    }
}

fn of_number(number: &Number) -> u128 {
    match whole_of(number) {
        // Whole numbers need 65 bits: none is taken for a double.
        Some(whole) => (whole + (1 << 64)) as u128,
        None => of_double(number.as_f64().unwrap_or_default()),
    }
}

fn of_double(number: f64) -> u128 {
    let whole = number as i128;
    let fits = (-(1_i128 << 63)..1 << 64).contains(&whole);
    if fits && whole as f64 - number == 0.0 {
        (whole + (1 << 64)) as u128
    } else {
        DOUBLE | u128::from(number.to_bits())
    }
}

fn with(hash: StableHash, value: &Json<'_>) -> StableHash {
    match value {
        Json::Array(items) => items.iter().fold(hash.with(b"["), |hash, item| with(hash, item).with(b",")).with(b"]"),
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            let all = members.into_iter().fold(hash.with(b"{"), |hash, (name, value)| {
                with(hash.with(&name.len().to_le_bytes()).with(name.as_bytes()), value).with(b",")
            });
            all.with(b"}")
        }
        Json::Number(number) => hash.with(b"n").with(&of_number(number).to_le_bytes()),
        Json::String(text) => hash.with(b"\"").with(&text.len().to_le_bytes()).with(text.as_bytes()),
        Json::Null | Json::Bool(_) => hash.with(value.to_text().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_types::json::parse;

    fn distinct(values: &[&str]) -> usize {
        let mut distinct = Distinct::default();
        values.iter().for_each(|text| distinct.take(&parse(text.as_bytes(), 9).unwrap()));
        distinct.len()
    }

    #[test]
    fn values_are_told_apart_as_json() {
        assert_eq!(distinct(&["1", "1.0", "1e0", "2", "-1"]), 3);
        assert_eq!(distinct(&["0", "-0.0", "-0"]), 1);
        assert_eq!(distinct(&["9007199254740993", "9007199254740992"]), 2);
        assert_eq!(distinct(&[r#"{"a":1,"b":[2]}"#, r#"{"b":[2.0],"a":1}"#, r#"{"a":1,"b":[3]}"#]), 2);
        assert_eq!(distinct(&[r#""a""#, r#""1""#, "1", "true", "[1]", "[[1]]", "[]", "{}"]), 8);
        let mut numbers = Distinct::default();
        numbers.extend(&[1.0, 1.5, -2.5, 1.0]);
        numbers.take(&parse(b"1", 9).unwrap());
        assert_eq!(numbers.len(), 3);
    }
}
