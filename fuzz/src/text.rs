//! Bytes as texts, and as several of them.

use std::borrow::Cow;

/// The bytes as a text; what is no UTF-8 becomes replacement characters.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// The lines of a text as up to `N` parameters; an empty line is a parameter that is not given.
pub(crate) fn parameters<const N: usize>(text: &str) -> [Option<&str>; N] {
    let mut lines = text.splitn(N, '\n');
    std::array::from_fn(|_| lines.next().filter(|line| !line.is_empty()))
}
