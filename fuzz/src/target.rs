//! What a fuzz target is.

/// One parser with what an attacker knows of it.
pub(crate) struct Target {
    /// Its name on the command line and in results.
    pub(crate) name: &'static str,
    /// Gives it one input; it panics where a promise is broken.
    pub(crate) run: fn(&[u8]),
    /// Inputs to begin with.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
    /// Words of its language.
    pub(crate) words: &'static [&'static str],
}

/// Seeds that are texts.
pub(crate) fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
