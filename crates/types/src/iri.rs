//! IRIs as NGSI-LD asks for them: absolute, with a scheme, and without the characters RFC 3987 forbids.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use crate::Name;

/// An absolute IRI (RFC 3987), such as `urn:ngsi-ld:Room:1`.
///
/// ```
/// use machi_types::Iri;
/// assert!("urn:ngsi-ld:Room:1".parse::<Iri>().is_ok());
/// assert!("Room 1".parse::<Iri>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Iri(Name);

/// Why a text is no absolute IRI.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIri {
    /// There is no `scheme:` in front.
    #[error("\"{0}\" has no scheme; an IRI looks like urn:ngsi-ld:Room:1 or https://example.org/room/1")]
    NoScheme(String),
    /// Nothing follows the scheme.
    #[error("\"{0}\" has nothing after its scheme")]
    Empty(String),
    /// More than can be named in a URL.
    #[error("\"{text}\" is too long; an IRI has at most {limit} bytes here")]
    TooLong {
        /// The front of the text.
        text: String,
        /// The most bytes.
        limit: usize,
    },
    /// A character that no IRI may hold.
    #[error("\"{text}\" holds the character {character:?}, which no IRI may hold")]
    Character {
        /// The whole text.
        text: String,
        /// The first character at fault.
        character: char,
    },
}

impl Iri {
    /// The most bytes that an IRI may have, so that each can be named in a URL, percent-encoded.
    pub const LONGEST: usize = 2048;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The shared text.
    pub fn into_name(self) -> Name {
        self.0
    }

    /// Checks a text without keeping it.
    pub fn check(text: &str) -> Result<(), InvalidIri> {
        let Some(scheme_length) = scheme_length(text) else {
            return Err(InvalidIri::NoScheme(shortened(text)));
        };
        if text.len() == scheme_length + 1 {
            return Err(InvalidIri::Empty(shortened(text)));
        }
        if text.len() > Self::LONGEST {
            return Err(InvalidIri::TooLong { text: shortened(text), limit: Self::LONGEST });
        }
        match text.chars().find(|c| is_forbidden(*c)) {
            Some(character) => Err(InvalidIri::Character { text: shortened(text), character }),
            None => Ok(()),
        }
    }
}

/// The length of `scheme` in `scheme:rest`, if there is one (RFC 3986 §3.1).
fn scheme_length(text: &str) -> Option<usize> {
    let length = text.bytes().position(|b| b == b':')?;
    let scheme = text.as_bytes().get(..length)?;
    let (first, rest) = scheme.split_first()?;
    let well_formed = first.is_ascii_alphabetic()
        && rest.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    well_formed.then_some(length)
}

/// RFC 3987 §2.2: neither reserved, nor unreserved, nor `%`.
fn is_forbidden(c: char) -> bool {
    c <= ' '
        || c == '\u{7f}'
        || matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`')
        || ('\u{80}'..='\u{9f}').contains(&c)
}

/// Error texts quote the input; a hostile one may be megabytes long.
fn shortened(text: &str) -> String {
    if text.chars().count() <= 120 {
        return text.to_owned();
    }
    text.chars().take(120).chain("…".chars()).collect()
}

impl FromStr for Iri {
    type Err = InvalidIri;

    fn from_str(text: &str) -> Result<Self, InvalidIri> {
        Self::check(text)?;
        Ok(Self(Name::from(text)))
    }
}

impl Deref for Iri {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Iri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_iris_are_taken_and_others_refused() {
        for good in ["urn:ngsi-ld:Room:1", "https://example.org/a?b=c#d", "a:b", "urn:ngsi-ld:部屋:1"] {
            assert!(Iri::check(good).is_ok(), "{good}");
        }
        for bad in ["", "Room", ":x", "urn:", "1a:b", "urn:a b", "urn:<x>", "urn:a\u{0}b", "urn:\"x\""] {
            assert!(Iri::check(bad).is_err(), "{bad}");
        }
    }
}
