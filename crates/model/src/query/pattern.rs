//! Regular expressions: the operand of `~=`, and `idPattern` (§4.9, IEEE 1003.2).
//!
//! A text matches where the expression is found anywhere in it, as POSIX has it; `^` and `$` tie it down, and `.`
//! stands for a line break, too. Matching takes linear time, so that back references are refused. Most patterns
//! are but a literal with or without a tie; those need no automaton.

use std::fmt;

use machi_types::{Name, Text};
use regex::{Regex, RegexBuilder};
use regex_syntax::ast::{Ast, Span, Visitor, parse, visit};
use regex_syntax::hir::{Hir, translate};

use super::cursor::Cursor;
use super::form::Form;
use super::{Limits, QueryError, pattern_fault};

/// Bytes of program and of automaton that one pattern may take.
const PROGRAM_SIZE: usize = 1 << 18;
const AUTOMATON_SIZE: usize = 1 << 16;
const NESTING: u32 = 64;

/// A regular expression, ready to match.
///
/// ```ignore
/// let pattern = Pattern::parse("idPattern", "^urn:ngsi-ld:Room:.*")?;
/// assert_eq!(pattern.literal_prefix(), "urn:ngsi-ld:Room:");
/// ```
#[derive(Clone)]
pub struct Pattern {
    text: Name,
    matcher: Matcher,
}

#[derive(Clone)]
enum Matcher {
    Literal { text: Name, at_start: bool, at_end: bool },
    Regex { regex: Regex, prefix: Name, literals: Vec<Name> },
}

impl Pattern {
    /// Reads the whole text as a pattern; errors name this parameter.
    pub fn parse(parameter: &'static str, text: &str) -> Result<Self, QueryError> {
        let cursor = Cursor::new(parameter, text, &Limits::default())?;
        Self::compile(text, &cursor, 0)
    }

    /// A pattern inside `q`: in quotes, or up to the `;`, `|` or `)` that ends the term.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, QueryError> {
        let start = cursor.mark();
        if cursor.eat("\"") {
            let text = read_quoted(cursor)?;
            return Self::compile(&text, cursor, start + 1);
        }
        let text = read_plain(cursor);
        Self::compile(&text, cursor, start)
    }

    fn compile(text: &str, cursor: &Cursor<'_>, start: usize) -> Result<Self, QueryError> {
        if text.is_empty() {
            return Err(cursor.unexpected_at(start, ("a regular expression", "正規表現")));
        }
        let hir = understand(text).map_err(|(offset, reason)| cursor.invalid_at(start + offset, reason))?;
        let form = Form::of(&hir);
        let matcher = match form.as_literal() {
            Some(literal) => {
                Matcher::Literal { text: Name::from(literal), at_start: form.at_start, at_end: form.at_end }
            }
            None => Matcher::Regex {
                regex: build(text).map_err(|reason| cursor.invalid_at(start, reason))?,
                prefix: Name::from(form.prefix()),
                literals: form.literals(),
            },
        };
        Ok(Self { text: Name::from(text), matcher })
    }

    /// The expression.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is found in the text.
    pub fn matches(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Literal { text: literal, at_start: true, at_end: true } => text == &**literal,
            Matcher::Literal { text: literal, at_start: true, .. } => text.starts_with(&**literal),
            Matcher::Literal { text: literal, at_end: true, .. } => text.ends_with(&**literal),
            Matcher::Literal { text: literal, .. } => text.contains(&**literal),
            Matcher::Regex { regex, .. } => regex.is_match(text),
        }
    }

    /// What every match begins with; mostly empty where `^` does not stand in front.
    pub fn literal_prefix(&self) -> &str {
        match &self.matcher {
            Matcher::Literal { text, at_start: true, .. } | Matcher::Regex { prefix: text, .. } => text,
            Matcher::Literal { .. } => "",
        }
    }

    /// The one text that matches, where there is no other.
    pub fn as_exact(&self) -> Option<&str> {
        match &self.matcher {
            Matcher::Literal { text, at_start: true, at_end: true } => Some(text),
            _ => None,
        }
    }

    /// Texts each of which occurs in every match; an index of trigrams can ask for them.
    pub fn literals(&self) -> &[Name] {
        match &self.matcher {
            Matcher::Literal { text, .. } if text.is_empty() => &[],
            Matcher::Literal { text, .. } => std::slice::from_ref(text),
            Matcher::Regex { literals, .. } => literals,
        }
    }
}

fn build(text: &str) -> Result<Regex, Text> {
    let built = RegexBuilder::new(text)
        .dot_matches_new_line(true)
        .nest_limit(NESTING)
        .size_limit(PROGRAM_SIZE)
        .dfa_size_limit(AUTOMATON_SIZE)
        .build();
    built.map_err(|_| {
        Text::both(
            "the regular expression is too large; a shorter one, or smaller repetitions, would do",
            "正規表現が大きすぎます。短くするか、繰り返しを減らしてください",
        )
    })
}

/// What a pattern means, or where in it, in bytes, something is wrong, and what.
fn understand(text: &str) -> Result<Hir, (usize, Text)> {
    let parsed = parse::ParserBuilder::new().nest_limit(NESTING).build().parse(text);
    let ast = parsed.map_err(|error| (error.span().start.offset, pattern_fault::of_syntax(error.kind())))?;
    // IEEE 1003.2 leaves open what `a**` means, and other readers refuse it.
    visit(&ast, Repeated).map_err(|span| (span.end.offset.saturating_sub(1), pattern_fault::repeated()))?;
    let translated = translate::TranslatorBuilder::new().dot_matches_new_line(true).build().translate(text, &ast);
    translated.map_err(|error| (error.span().start.offset, pattern_fault::of_meaning(error.kind())))
}

/// Finds a repetition of a bare repetition.
struct Repeated;

impl Visitor for Repeated {
    type Output = ();
    type Err = Span;

    fn finish(self) -> Result<(), Span> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Span> {
        match ast {
            Ast::Repetition(repetition) if matches!(*repetition.ast, Ast::Repetition(_)) => Err(repetition.span),
            _ => Ok(()),
        }
    }
}

/// A backslash keeps what follows it, but `\"` is just a quotation mark.
fn read_quoted(cursor: &mut Cursor<'_>) -> Result<String, QueryError> {
    let mut text = String::new();
    loop {
        match cursor.peek() {
            None => return Err(cursor.unexpected(("\" at the end of the regular expression", "正規表現の末尾の\""))),
            Some('"') => {
                cursor.bump();
                return Ok(text);
            }
            Some('\\') => read_escape(cursor, &mut text),
            Some(c) => {
                text.push(c);
                cursor.bump();
            }
        }
    }
}

/// What ends the term may stand inside groups and classes, or behind a backslash.
fn read_plain(cursor: &mut Cursor<'_>) -> String {
    let mut text = String::new();
    let (mut groups, mut is_in_class) = (0_usize, false);
    while let Some(c) = cursor.peek() {
        match c {
            '\\' => {
                read_escape(cursor, &mut text);
                continue;
            }
            _ if is_in_class => is_in_class = c != ']',
            '[' => is_in_class = true,
            '(' => groups += 1,
            ')' if groups > 0 => groups -= 1,
            ';' | '|' | ')' if groups == 0 => break,
            _ => {}
        }
        text.push(c);
        cursor.bump();
    }
    text
}

fn read_escape(cursor: &mut Cursor<'_>, text: &mut String) {
    cursor.bump();
    let escaped = cursor.peek();
    if escaped != Some('"') {
        text.push('\\');
    }
    text.extend(escaped);
    cursor.bump();
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for (n, part) in self.text.split('"').enumerate() {
            f.write_str(if n == 0 { "" } else { "\\\"" })?;
            f.write_str(part)?;
        }
        f.write_str("\"")
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.text).finish()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
