//! The entity type selection language (§4.17).
//!
//! Beyond the grammar, parentheses may nest, and `;` needs none beside a group: `(A|B);C`.

use std::fmt::{self, Display, Formatter};

use machi_types::Name;

use super::cursor::Cursor;
use super::logic::Joints;
use super::{Limits, Logic, QueryError, Word};

/// Which types an entity must have; names are [`Word`]s as written, [`Name`]s when expanded.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeExpression<N = Name> {
    /// `*`: any.
    Every,
    /// Types joined by and and or.
    Logic(Logic<N>),
}

impl TypeExpression<Word> {
    /// Reads a decoded text.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Self::parse_within(text, &Limits::default())
    }

    /// Reads a decoded text within other limits.
    pub fn parse_within(text: &str, limits: &Limits) -> Result<Self, QueryError> {
        let mut cursor = Cursor::new("type", text, limits)?;
        if cursor.eat("*") {
            cursor.expect_end(("the end after \"*\"", "\"*\"の後の末尾"))?;
            return Ok(Self::Every);
        }
        let mut read = |cursor: &mut Cursor<'_>| Word::read_until(cursor, ";|,()", ("a type", "型"));
        let logic = Logic::read(&mut cursor, Joints::TYPES, &mut read)?;
        cursor.expect_end(("\";\", \"|\", \",\" or the end", "\";\"、\"|\"、\",\"、末尾"))?;
        Ok(Self::Logic(logic))
    }

    /// The same with full names.
    pub fn expand<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>) -> Result<TypeExpression, E> {
        Ok(match self {
            Self::Every => TypeExpression::Every,
            Self::Logic(logic) => TypeExpression::Logic(logic.try_map(&mut |word| name(word.as_str()))?),
        })
    }
}

impl TypeExpression {
    /// Whether an entity of these types is selected.
    pub fn matches<T: AsRef<str>>(&self, types: &[T]) -> bool {
        match self {
            Self::Every => true,
            Self::Logic(logic) => logic.holds(&mut |name| types.iter().any(|its| its.as_ref() == name.as_str())),
        }
    }
}

impl Display for TypeExpression<Word> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("*"),
            Self::Logic(logic) => logic.write(f, Joints::TYPES),
        }
    }
}

impl Display for TypeExpression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("*"),
            Self::Logic(logic) => {
                let bracketed = logic.try_map(&mut |name| Ok::<_, fmt::Error>(format!("<{name}>")))?;
                bracketed.write(f, Joints::TYPES)
            }
        }
    }
}
