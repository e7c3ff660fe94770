//! A place in a query text, from which the parsers read on; it knows positions, limits and how to complain.

use machi_types::{Phrase, Text};

use super::{Limits, QueryError};

/// How much of the text an error quotes.
const QUOTED: usize = 24;

pub(super) struct Cursor<'t> {
    language: &'static str,
    text: &'t str,
    /// In bytes, always at the start of a character.
    at: usize,
    limits: Limits,
    depth: usize,
    terms: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(language: &'static str, text: &'t str, limits: &Limits) -> Result<Self, QueryError> {
        // Bytes first: counting the characters of a hostile text is work, too.
        let is_long = text.len() > limits.length && text.chars().nth(limits.length).is_some();
        if is_long {
            return Err(QueryError::TooLong { language, limit: limits.length });
        }
        Ok(Self { language, text, at: 0, limits: *limits, depth: 0, terms: 0 })
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    /// Steps over this text, if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let comes_next = self.rest().starts_with(text);
        if comes_next {
            self.at += text.len();
        }
        comes_next
    }

    pub(super) fn expect(&mut self, text: &str, expected: impl Into<Phrase>) -> Result<(), QueryError> {
        if self.eat(text) { Ok(()) } else { Err(self.unexpected(Into::<Phrase>::into(expected))) }
    }

    pub(super) fn expect_end(&self, expected: impl Into<Phrase>) -> Result<(), QueryError> {
        if self.is_at_end() { Ok(()) } else { Err(self.unexpected(Into::<Phrase>::into(expected))) }
    }

    /// Steps over the characters that pass, and gives them.
    pub(super) fn take_while(&mut self, mut passes: impl FnMut(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !passes(c)).unwrap_or(rest.len());
        self.take(end)
    }

    /// Steps over so many bytes, which end at a character, and gives them.
    pub(super) fn take(&mut self, bytes: usize) -> &'t str {
        let taken = self.rest().get(..bytes).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    pub(super) fn skip_spaces(&mut self) {
        self.take_while(|c| c == ' ');
    }

    /// The place to [go back](Self::return_to) to.
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    pub(super) fn return_to(&mut self, mark: usize) {
        self.at = mark;
    }

    /// The position of a mark, counted in characters from 1.
    pub(super) fn position_of(&self, mark: usize) -> usize {
        self.text.get(..mark).map_or(0, |before| before.chars().count()) + 1
    }

    pub(super) fn enter(&mut self) -> Result<(), QueryError> {
        if self.depth == self.limits.depth {
            let position = self.position_of(self.at);
            return Err(QueryError::TooDeep { language: self.language, position, limit: self.limits.depth });
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn is_in_parentheses(&self) -> bool {
        self.depth > 0
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn count_term(&mut self) -> Result<(), QueryError> {
        if self.terms == self.limits.terms {
            let position = self.position_of(self.at);
            return Err(QueryError::TooManyTerms { language: self.language, position, limit: self.limits.terms });
        }
        self.terms += 1;
        Ok(())
    }

    pub(super) fn unexpected(&self, expected: impl Into<Text>) -> QueryError {
        self.unexpected_at(self.at, expected)
    }

    pub(super) fn unexpected_at(&self, mark: usize, expected: impl Into<Text>) -> QueryError {
        let position = self.position_of(mark);
        let found = found(self.text.get(mark..).unwrap_or_default());
        QueryError::Unexpected { language: self.language, position, expected: expected.into(), found }
    }

    pub(super) fn invalid_at(&self, mark: usize, reason: impl Into<Text>) -> QueryError {
        let position = self.position_of(mark);
        QueryError::Invalid { language: self.language, position, reason: reason.into() }
    }
}

/// The next word, or the next character where no word begins.
fn found(rest: &str) -> String {
    let Some(first) = rest.chars().next() else { return "the end".to_owned() };
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '/' | '-' | '.');
    let length = if is_word(first) { rest.chars().take_while(|c| is_word(*c)).count() } else { 1 };
    let quoted: String = rest.chars().take(length.min(QUOTED)).collect();
    let cut = if length > QUOTED { "…" } else { "" };
    format!("\"{quoted}{cut}\"")
}
