//! How much a query may ask for before it is refused unread.

/// The bounds of a query text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most characters.
    pub length: usize,
    /// How deep parentheses, braces and links may nest.
    pub depth: usize,
    /// The most conditions, types, scopes or names.
    pub terms: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { length: 65_536, depth: 16, terms: 1_000 }
    }
}
