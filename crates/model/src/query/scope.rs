//! Scopes (§4.18) and the scope query language (§4.19).

use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter};
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use machi_types::Name;

use super::cursor::Cursor;
use super::logic::Joints;
use super::word::is_term_char;
use super::{Limits, Logic, QueryError};
use crate::entity::is_scope;

/// A place in the user's hierarchy, such as `/Fukui/Sabae`; `Fukui/Sabae` is the same one.
#[derive(Clone, Debug)]
pub struct ScopePath(Name);

/// Why a text is no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no scope; one looks like /Fukui/Sabae: each level begins with a letter and holds letters, numbers and _"
)]
pub struct InvalidScope(String);

impl ScopePath {
    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The levels, the topmost first.
    pub fn levels(&self) -> impl Iterator<Item = &str> {
        self.0.strip_prefix('/').unwrap_or(&self.0).split('/')
    }

    /// Whether the other is this one, or below it.
    pub fn covers(&self, other: &Self) -> bool {
        let mut levels = other.levels();
        self.levels().all(|level| levels.next() == Some(level))
    }
}

impl FromStr for ScopePath {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        if is_scope(text) {
            return Ok(Self(Name::from(text)));
        }
        Err(InvalidScope(text.chars().take(60).collect()))
    }
}

impl Display for ScopePath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for ScopePath {
    fn eq(&self, other: &Self) -> bool {
        self.levels().eq(other.levels())
    }
}

impl Eq for ScopePath {}

impl PartialOrd for ScopePath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ScopePath {
    fn cmp(&self, other: &Self) -> Ordering {
        self.levels().cmp(other.levels())
    }
}

impl Hash for ScopePath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.levels().for_each(|level| level.hash(state));
    }
}

/// Which scopes an entity must have.
///
/// Beyond the grammar, the `/` in front may be missing behind the first scope, as in example 5 of the clause,
/// parentheses may nest, `;` needs none, and the whole may stand in quotes, as in annex C.5.15.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeQuery {
    /// The patterns.
    pub logic: Logic<ScopePattern>,
}

/// Scopes of one shape: `/Fukui/+/Parks`, `/Fukui/#`, `/#`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopePattern {
    /// What is asked of each level; none for `/#`.
    pub levels: Vec<ScopeLevel>,
    /// `/#` at the end: everything below, too.
    pub and_below: bool,
}

/// What is asked of one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeLevel {
    /// This name.
    Named(Name),
    /// `+`: any name.
    Any,
}

impl ScopeQuery {
    /// Reads a decoded text.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Self::parse_within(text, &Limits::default())
    }

    /// Reads a decoded text within other limits.
    pub fn parse_within(text: &str, limits: &Limits) -> Result<Self, QueryError> {
        let mut cursor = Cursor::new("scopeQ", text, limits)?;
        let is_quoted = cursor.eat("\"");
        let start = cursor.mark();
        let logic = Logic::read(&mut cursor, Joints::SCOPES, &mut |cursor| ScopePattern::read(cursor, start))?;
        if is_quoted {
            cursor.expect(
                "\"",
                ("\";\", \"|\", \",\" or the closing quotation mark", "\";\"、\"|\"、\",\"、閉じる引用符のいずれか"),
            )?;
        }
        cursor.expect_end(("\"/\", \";\", \"|\", \",\" or the end", "\"/\"、\";\"、\"|\"、\",\"、末尾"))?;
        Ok(Self { logic })
    }

    /// Whether an entity in these scopes is selected.
    pub fn matches(&self, scopes: &[ScopePath]) -> bool {
        self.logic.holds(&mut |pattern| scopes.iter().any(|scope| pattern.matches(scope)))
    }
}

impl ScopePattern {
    /// Whether the scope has this shape.
    pub fn matches(&self, scope: &ScopePath) -> bool {
        let mut levels = scope.levels();
        let begins_so = self.levels.iter().all(|wanted| match (wanted, levels.next()) {
            (ScopeLevel::Named(name), Some(level)) => &**name == level,
            (ScopeLevel::Any, Some(_)) => true,
            (_, None) => false,
        });
        begins_so && (self.and_below || levels.next().is_none())
    }

    /// The named levels in front: every scope that matches is there, or below.
    pub fn literal_levels(&self) -> impl Iterator<Item = &Name> {
        self.levels.iter().map_while(|level| match level {
            ScopeLevel::Named(name) => Some(name),
            ScopeLevel::Any => None,
        })
    }

    fn read(cursor: &mut Cursor<'_>, start: usize) -> Result<Self, QueryError> {
        let mut pattern = Self { levels: Vec::new(), and_below: false };
        let is_first = cursor.mark() == start;
        if !cursor.eat("/") && (is_first || cursor.is_in_parentheses()) {
            return Err(cursor.unexpected(("\"/\", with which a scope begins,", "スコープの先頭の\"/\"")));
        }
        loop {
            if cursor.peek() == Some('#') {
                cursor.bump();
                pattern.and_below = true;
                return Ok(pattern);
            }
            pattern.levels.push(ScopeLevel::read(cursor)?);
            if !cursor.eat("/") {
                return Ok(pattern);
            }
        }
    }
}

impl ScopeLevel {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, QueryError> {
        match cursor.peek() {
            Some('+') => {
                cursor.bump();
                Ok(Self::Any)
            }
            Some(c) if c.is_alphabetic() => Ok(Self::Named(Name::from(cursor.take_while(is_term_char)))),
            _ => Err(cursor.unexpected(("the name of a level, \"+\" or \"#\"", "階層名、\"+\"、\"#\"のいずれか"))),
        }
    }
}

impl Display for ScopeQuery {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // §4.19: written as the grammar has it, with parentheses around and.
        self.logic.write(f, Joints::TYPES)
    }
}

impl Display for ScopePattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for level in &self.levels {
            match level {
                ScopeLevel::Named(name) => write!(f, "/{name}")?,
                ScopeLevel::Any => f.write_str("/+")?,
            }
        }
        f.write_str(if self.and_below { "/#" } else { "" })
    }
}
