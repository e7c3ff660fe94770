//! What the target of a path is compared with.

use std::fmt::{self, Display, Formatter};

use machi_types::{Name, Number, Phrase};

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

    pub(super) fn kind(&self) -> Phrase {
        let (en, ja) = match self {
            Self::Number(_) => ("a number", "数値"),
            Self::Text(_) => ("a quoted string", "引用符で囲んだ文字列"),
            Self::Bool(_) => ("a truth value", "真偽値"),
            Self::Moment(moment) => moment.kind(),
            Self::Uri(_) => ("a URI", "URI"),
        };
        Phrase { en, ja }
    }

    /// The text of a string or URI.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Uri(text) => Some(text),
            _ => None,
        }
    }

    /// The URI that a text stands for, if it stands for one.
    fn expanded<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>) -> Option<Self> {
        let text = self.as_text()?;
        let uri = name(text).ok()?;
        (*uri != *text).then(|| Self::Uri(uri.to_string()))
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

    /// The same, asking also for the URIs that texts stand for (§4.9, `expandValues`): what is compared with may be
    /// kept as a URI, as in a VocabProperty, or as the term that would expand to it, as in a Property.
    pub(super) fn expand<E>(&self, name: &dyn Fn(&str) -> Result<Name, E>) -> Self {
        self.or(&|value| value.expanded(name))
    }

    /// The same, asking also for what else its values may be; a range stays as it is.
    pub(super) fn or(&self, other: &dyn Fn(&Value) -> Option<Value>) -> Self {
        if matches!(self, Self::Range(..)) {
            return self.clone();
        }
        let mut values: Vec<Value> = self.values().cloned().collect();
        values.extend(self.values().filter_map(other));
        if values.len() == 1 { self.clone() } else { Self::List(values) }
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
