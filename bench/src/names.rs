//! Words drawn at random at run time, so that no figure rests on a name that was known beforehand.

use std::hash::{BuildHasher, RandomState};

/// Spreads a number over all bits.
pub fn mix(mut x: u64) -> u64 {
    x ^= x >> 33;
    x = x.wrapping_mul(0xff51_afd7_ed55_8ccd);
    x ^= x >> 33;
    x = x.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

/// A seed of this run.
pub fn seed() -> u64 {
    RandomState::new().hash_one("a run")
}

/// A word of eight letters; every index gives another one.
pub fn word(seed: u64, index: u64) -> String {
    let mut rest = mix(seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let letter = |rest: &mut u64| {
        let letter = b'a' + (*rest % 26) as u8;
        *rest /= 26;
        char::from(letter)
    };
    (0..8).map(|_| letter(&mut rest)).collect()
}

/// The @context of these terms, as a document.
pub fn context(terms: &[&str]) -> String {
    let pairs: Vec<String> =
        terms.iter().map(|term| format!(r#""{term}":"https://example.org/city/{term}""#)).collect();
    format!(r#"{{"@context":{{{}}}}}"#, pairs.join(","))
}
