//! What the target of a path is compared with.

use std::fmt::{self, Display, Formatter};

use machi_types::{Name, Number};

use super::Moment;
use super::path::write_quoted;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(Number),
    /// A quoted string.
    Text(String),
    /// `true` or `false`
    Bool(bool),
    /// A date, a time or both, unquoted.
    Moment(Moment),
    /// An unquoted URI, or a term that stands for one.
    Uri(String),
}

/// What `==` and `!=` compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// One value.
    One(Value),
    /// Any of two or more.
    List(Vec<Value>),
    /// Everything between two, both included, which are of one kind.
    Range(Value, Value),
}

impl Value {
    pub(super) fn has_order(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Text(_) | Self::Moment(_))
    }

    pub(super) fn is_of_kind(&self, other: &Self) -> bool {
        self.kind() == other.kind()
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Text(_) => "a quoted string",
            Self::Bool(_) => "a truth value",
            Self::Moment(moment) => moment.kind(),
            Self::Uri(_) => "a URI",
        }
    }

    /// The text of a string or URI.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Uri(text) => Some(text),
            _ => None,
        }
    }

    /// Texts become the URIs that they stand for (§4.9, `expandValues`).
    fn expand<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>) -> Result<Self, E> {
        match self.as_text() {
            Some(text) => Ok(Self::Uri(name(text)?.to_string())),
            None => Ok(self.clone()),
        }
    }
}

impl Operand {
    /// The values of a list, or the only one; those at the ends of a range.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        let (all, last) = match self {
            Self::One(value) => (std::slice::from_ref(value), None),
            Self::List(values) => (values.as_slice(), None),
            Self::Range(from, to) => (std::slice::from_ref(from), Some(to)),
        };
        all.iter().chain(last)
    }

    pub(super) fn expand<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>) -> Result<Self, E> {
        Ok(match self {
            Self::One(value) => Self::One(value.expand(name)?),
            Self::List(values) => Self::List(values.iter().map(|value| value.expand(name)).collect::<Result<_, E>>()?),
            Self::Range(from, to) => Self::Range(from.clone(), to.clone()),
        })
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write_quoted(text, f),
            Self::Bool(value) => value.fmt(f),
            Self::Moment(moment) => moment.fmt(f),
            // An expanded one may hold what ends an unquoted value; texts and URIs compare alike.
            Self::Uri(uri) if uri.contains([';', '|', ')', ',', '"', ' ']) => write_quoted(uri, f),
            Self::Uri(uri) => f.write_str(uri),
        }
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(value) => value.fmt(f),
            Self::List(values) => {
                for (n, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if n == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Self::Range(from, to) => write!(f, "{from}..{to}"),
        }
    }
}
