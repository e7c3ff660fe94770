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
    /// A percent sign that begins no encoded byte.
    #[error("\"{0}\" holds a % that is not followed by two hexadecimal digits; a plain % is written %25")]
    Percent(String),
    /// A character that has its place, which is not here.
    #[error("\"{text}\" holds the character {character:?} where no IRI may hold it; percent-encode it")]
    Misplaced {
        /// The whole text.
        text: String,
        /// The character at fault.
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
        let mut is_plain = true;
        for character in text.chars() {
            if is_forbidden(character) {
                return Err(InvalidIri::Character { text: shortened(text), character });
            }
            is_plain &= !matches!(character, '%' | '[' | ']');
        }
        if is_plain { Ok(()) } else { check_places(text) }
    }
}

/// RFC 3986 §2.1 and §3.2.2: `%` begins an encoded byte, and brackets hold the address of a host.
fn check_places(text: &str) -> Result<(), InvalidIri> {
    let mut after_percent = text.split('%').skip(1);
    let is_byte = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !after_percent.all(is_byte) {
        return Err(InvalidIri::Percent(shortened(text)));
    }
    match without_address(text).chars().find(|c| matches!(c, '[' | ']')) {
        Some(character) => Err(InvalidIri::Misplaced { text: shortened(text), character }),
        None => Ok(()),
    }
}

/// What follows `scheme://[address]`; the whole text where there is no such address.
fn without_address(text: &str) -> &str {
    let authority = text.split_once("://").map(|(_, rest)| rest);
    let host = authority.map(|rest| rest.split_once('@').map_or(rest, |(_, host)| host));
    let address = host.and_then(|host| host.strip_prefix('[')).and_then(|rest| rest.split_once(']'));
    let is_address =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit() || b".:v".contains(&b));
    match address {
        Some((inside, rest)) if is_address(inside) => rest,
        _ => text,
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
    if c.is_ascii() {
        return c <= ' ' || matches!(c, '\u{7f}' | '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`');
    }
    c.is_control() || is_unseen(c)
}

/// RFC 3987 §4.1 and §8.1: spaces, marks that turn the reading order, and whatever else nobody sees (among them the
/// `Default_Ignorable_Code_Point`s of Unicode); two IRIs that differ in these alone would look the same.
fn is_unseen(c: char) -> bool {
    let is_noncharacter = u32::from(c) & 0xfffe == 0xfffe;
    is_noncharacter
        || c.is_whitespace()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
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
        for good in [
            "urn:ngsi-ld:Room:1",
            "https://example.org/a?b=c#d",
            "a:b",
            "urn:ngsi-ld:部屋:1",
            "urn:a%20b%E8%A1%97",
            "http://[2001:db8::7]:8080/a",
            "http://me@[::1]/",
        ] {
            assert!(Iri::check(good).is_ok(), "{good}");
        }
        for bad in ["", "Room", ":x", "urn:", "1a:b", "urn:a b", "urn:<x>", "urn:a\u{0}b", "urn:\"x\""] {
            assert!(Iri::check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn characters_that_nobody_sees_are_refused() {
        let unseen = "\u{85}\u{a0}\u{ad}\u{115f}\u{200b}\u{200e}\u{2028}\u{202e}\u{2800}\u{3000}\u{3164}\u{fdd0}\
                      \u{fe0f}\u{feff}\u{ffa0}\u{fffe}\u{1ffff}\u{e0100}";
        for character in unseen.chars() {
            let text = format!("urn:ngsi-ld:Room:1{character}2");
            assert_eq!(Iri::check(&text), Err(InvalidIri::Character { text, character }));
        }
        for seen in ['é', '越', 'ｱ', '한', '👩', '\u{301}'] {
            assert_eq!(Iri::check(&format!("urn:ngsi-ld:Room:{seen}")), Ok(()), "{seen}");
        }
    }

    #[test]
    fn what_has_its_place_stands_nowhere_else() {
        for bad in ["urn:a%", "urn:a%2", "urn:a%zz", "urn:a%%41", "urn:%é0", "http://a/%20%"] {
            assert_eq!(Iri::check(bad), Err(InvalidIri::Percent(bad.to_owned())), "{bad}");
        }
        for (bad, character) in [
            ("urn:x:[a]", '['),
            ("urn:a]", ']'),
            ("http://a/[1]", '['),
            ("http://[x y]/", ' '),
            ("http://[bad/x", '['),
            ("http://[::1]/[", '['),
        ] {
            let Err(InvalidIri::Misplaced { character: found, .. } | InvalidIri::Character { character: found, .. }) =
                Iri::check(bad)
            else {
                panic!("{bad} is taken");
            };
            assert_eq!(found, character, "{bad}");
        }
    }
}
