//! Why a text is no query of its language, and where it goes wrong.

use machi_types::geo::InvalidGeometry;
use machi_types::{ErrorKind, Language, Phrase, Text};

use super::InvalidCollation;

/// Why a text is no query. Positions count characters; the first is 1.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QueryError {
    /// Something else belongs there.
    #[error(
        "{language}: expected {} at position {position}, found {found}",
        expected.in_language(Language::English)
    )]
    Unexpected {
        /// The parameter whose language it is, such as `q`.
        language: &'static str,
        /// Where.
        position: usize,
        /// What belongs there.
        expected: Text,
        /// What stands there, quoted, or `the end`.
        found: String,
    },
    /// Well-formed, but with a meaning that cannot be.
    #[error("{language}: {} at position {position}", reason.in_language(Language::English))]
    Invalid {
        /// The parameter.
        language: &'static str,
        /// Where.
        position: usize,
        /// What is wrong and what would be right.
        reason: Text,
    },
    /// The text is longer than allowed.
    #[error("{language}: longer than {limit} characters")]
    TooLong {
        /// The parameter.
        language: &'static str,
        /// The most that is allowed.
        limit: usize,
    },
    /// Parentheses or braces nest more deeply than allowed.
    #[error("{language}: nested deeper than {limit} levels at position {position}")]
    TooDeep {
        /// The parameter.
        language: &'static str,
        /// Where.
        position: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// More terms than allowed.
    #[error("{language}: more than {limit} terms at position {position}")]
    TooManyTerms {
        /// The parameter.
        language: &'static str,
        /// Where.
        position: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// A parameter without which the others mean nothing.
    #[error("{parameter}: missing; {}", reason.en)]
    Missing {
        /// The parameter.
        parameter: &'static str,
        /// Why it belongs there.
        reason: Phrase,
    },
    /// The order of texts is none.
    #[error("{0}")]
    Collation(#[from] InvalidCollation),
    /// The coordinates are no geometry.
    #[error("{0}")]
    Geometry(#[from] InvalidGeometry),
}

impl QueryError {
    /// Where in the text, where one place is at fault.
    pub fn position(&self) -> Option<usize> {
        match self {
            Self::Unexpected { position, .. }
            | Self::Invalid { position, .. }
            | Self::TooDeep { position, .. }
            | Self::TooManyTerms { position, .. } => Some(*position),
            Self::TooLong { .. } | Self::Missing { .. } | Self::Collation(_) | Self::Geometry(_) => None,
        }
    }

    /// What kind of failure an API answers: 400 for what is wrong, another for what is but too much (§5.5.2).
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::TooLong { .. } | Self::TooDeep { .. } | Self::TooManyTerms { .. } => ErrorKind::TooComplexQuery,
            _ => ErrorKind::BadRequestData,
        }
    }
}
