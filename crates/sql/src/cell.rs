//! What the value of an instance is to SQL: a number, a truth value, a text, or JSON.

use std::borrow::Cow;

use machi_model::entity::{InstanceRef, Kind, string_of};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell<'v> {
    Number(f64),
    Flag(bool),
    /// A text, the target of a link, or a word of a vocabulary.
    Text(Cow<'v, str>),
    /// Everything else, as JSON text.
    Json(&'v str),
}

impl<'v> Cell<'v> {
    /// The value of an instance.
    pub(crate) fn of(instance: &InstanceRef<'v>) -> Self {
        let value = instance.value();
        match instance.kind() {
            Kind::Property | Kind::Relationship | Kind::VocabProperty => plain(value).unwrap_or(Self::Json(value)),
            Kind::GeoProperty
            | Kind::LanguageProperty
            | Kind::JsonProperty
            | Kind::ListProperty
            | Kind::ListRelationship => Self::Json(value),
        }
    }
}

fn plain(value: &str) -> Option<Cell<'_>> {
    match value.as_bytes().first()? {
        b'"' => string_of(value).map(Cell::Text),
        b't' => Some(Cell::Flag(true)),
        b'f' => Some(Cell::Flag(false)),
        b'[' | b'{' | b'n' => None,
        _ => value.parse().ok().map(Cell::Number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_its_json_says() {
        for (value, expected) in [
            ("21.5", Some(Cell::Number(21.5))),
            ("-3", Some(Cell::Number(-3.0))),
            ("true", Some(Cell::Flag(true))),
            ("false", Some(Cell::Flag(false))),
            (r#""a \"b\"""#, Some(Cell::Text("a \"b\"".into()))),
            ("[1,2]", None),
            (r#"{"a":1}"#, None),
            ("null", None),
        ] {
            assert_eq!(plain(value), expected, "{value}");
        }
    }
}
