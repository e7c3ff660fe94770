//! A name as a request writes it: a term, `prefix:term`, or an IRI.

use std::fmt;
use std::str::FromStr;

use machi_types::{Iri, Name, Phrase, japanese};

use super::cursor::Cursor;
use super::{Limits, QueryError};
use crate::entity::check_name;

/// A name as written, not yet expanded: a term, `prefix:term`, or an IRI.
///
/// Where the grammar has no place for the characters of an IRI, it stands in angle brackets, which is our addition:
/// `<https://example.org/speed>==50`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Word(Name);

/// `TermChar` of §4.9.
pub(super) fn is_term_char(c: char) -> bool {
    c.is_alphabetic() || c.is_numeric() || c == '_'
}

/// Whether this is an `AttrName` of §4.9.
pub(super) fn is_term(text: &str) -> bool {
    text.starts_with(char::is_alphabetic) && text.chars().all(is_term_char)
}

impl Word {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared.
    pub fn name(&self) -> &Name {
        &self.0
    }

    /// Reads a decoded text; errors name this parameter.
    pub fn parse(parameter: &'static str, text: &str) -> Result<Self, QueryError> {
        let mut cursor = Cursor::new(parameter, text, &Limits::default())?;
        let word = Self::read_until(&mut cursor, "", ("a name", "名前"))?;
        cursor.expect_end(("the end", "末尾"))?;
        Ok(word)
    }

    /// A name of a term alone, or an IRI in angle brackets.
    pub(super) fn read_term(cursor: &mut Cursor<'_>, expected: impl Into<Phrase>) -> Result<Self, QueryError> {
        if cursor.peek() == Some('<') {
            return Self::read_bracketed(cursor);
        }
        if !cursor.peek().is_some_and(char::is_alphabetic) {
            return Err(cursor.unexpected(Into::<Phrase>::into(expected)));
        }
        Ok(Self(Name::from(cursor.take_while(is_term_char))))
    }

    /// As [`Self::read_term`], or `prefix:term` (§4.6.2).
    pub(super) fn read_prefixed(cursor: &mut Cursor<'_>, expected: impl Into<Phrase>) -> Result<Self, QueryError> {
        let (start, expected): (_, Phrase) = (cursor.mark(), expected.into());
        let prefix = Self::read_term(cursor, expected)?;
        let is_bracketed = prefix.as_str().contains(':');
        if is_bracketed || !cursor.eat(":") {
            return Ok(prefix);
        }
        let term = Self::read_term(cursor, ("the name after the prefix", "接頭辞に続く名前"))?;
        if term.as_str().contains(':') {
            return Err(cursor.unexpected_at(start, expected));
        }
        Ok(Self(Name::from([prefix.as_str(), ":", term.as_str()].concat())))
    }

    /// A term, `prefix:term` or an IRI that ends at one of these characters.
    pub(super) fn read_until(
        cursor: &mut Cursor<'_>,
        ends: &str,
        expected: impl Into<Phrase>,
    ) -> Result<Self, QueryError> {
        if cursor.peek() == Some('<') {
            return Self::read_bracketed(cursor);
        }
        let start = cursor.mark();
        let text = cursor.take_while(|c| c != ' ' && !ends.contains(c));
        match check_name(text) {
            Ok(()) => Ok(Self(Name::from(text))),
            Err(fault) => {
                let offset = fault.and_then(|fault| text.find(fault)).unwrap_or(0);
                Err(cursor.unexpected_at(start + offset, Into::<Phrase>::into(expected)))
            }
        }
    }

    fn read_bracketed(cursor: &mut Cursor<'_>) -> Result<Self, QueryError> {
        cursor.bump();
        let start = cursor.mark();
        let text = cursor.take_while(|c| c != '>');
        if check_name(text).is_err()
            && let Err(error) = Iri::check(text)
        {
            return Err(cursor.invalid_at(start, (error.to_string(), japanese::iri(&error))));
        }
        cursor.expect(">", ("\">\" after the IRI", "IRIの後の\">\""))?;
        Ok(Self(Name::from(text)))
    }

    /// Whether this is `prefix:term`.
    fn is_prefixed(&self) -> bool {
        self.0.split_once(':').is_some_and(|(prefix, term)| is_term(prefix) && is_term(term))
    }

    /// Writes it where a plain colon would mean something else.
    pub(super) fn write_without_colon(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_term(&self.0) { f.write_str(&self.0) } else { write!(f, "<{}>", self.0) }
    }
}

impl FromStr for Word {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        Self::parse("name", text)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_prefixed() { f.write_str(&self.0) } else { self.write_without_colon(f) }
    }
}
