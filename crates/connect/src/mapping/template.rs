//! Texts with the names of columns in braces: `urn:ngsi-ld:Aed:{ID}`; `{#}` is the number of the row.

use std::fmt::Write as _;

use crate::RowError;
use crate::cells::Cells;

/// What stands in braces for the number of the row: files without a column of ids have this one.
const NUMBER: &str = "#";

/// A text with places for the values of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Column(String),
    Number,
}

impl Template {
    /// Reads a template; none where a brace is not closed or names nothing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (column, after) = after.split_once('}')?;
            if column.trim().is_empty() || before.contains('}') {
                return None;
            }
            pieces.extend((!before.is_empty()).then(|| Piece::Text(before.to_owned())));
            pieces.push(if column == NUMBER { Piece::Number } else { Piece::Column(column.to_owned()) });
            rest = after;
        }
        if rest.contains('}') {
            return None;
        }
        pieces.extend((!rest.is_empty()).then(|| Piece::Text(rest.to_owned())));
        Some(Self(pieces))
    }

    /// The columns that it names.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Column(column) => Some(column.as_str()),
            Piece::Text(_) | Piece::Number => None,
        })
    }

    /// The text for a row, its values escaped for an IRI; none where a value is empty.
    pub(crate) fn fill(&self, cells: &Cells<'_>, is_empty: impl Fn(&str) -> bool) -> Result<Option<String>, RowError> {
        let mut filled = String::new();
        // Where the template is a column alone, the cell holds the whole IRI.
        let is_alone = self.0.len() == 1;
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Number => filled.push_str(&cells.number().to_string()),
                Piece::Column(column) => match cells.text(column)?.filter(|text| !is_empty(text)) {
                    Some(text) if is_alone => filled.push_str(&text),
                    Some(text) => filled.push_str(&escape(&text)),
                    None => return Ok(None),
                },
            }
        }
        Ok(Some(filled))
    }
}

/// Escapes what no IRI may hold, and what would divide it (RFC 3987 §2.2); letters of all languages stay.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        let is_plain = if character.is_ascii() {
            character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '~' | ':' | '@' | '+')
        } else {
            character.is_alphanumeric()
        };
        if is_plain {
            escaped.push(character);
            continue;
        }
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            write!(escaped, "%{byte:02X}").expect("writing to memory cannot fail");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_types::Iri;
    use proptest::prelude::*;

    #[test]
    fn templates_are_read() {
        let columns = |text: &str| Template::parse(text).map(|it| it.columns().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(columns("urn:x:{a b}:{c}"), Some(vec!["a b".to_owned(), "c".to_owned()]));
        assert_eq!(columns("urn:x"), Some(vec![]));
        assert_eq!(columns("urn:x:{#}"), Some(vec![]));
        for bad in ["{", "{}", "a}", "{a", "}{a}"] {
            assert_eq!(columns(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn an_escaped_text_may_stand_in_an_iri(text in ".+") {
            let iri = format!("urn:x:{}", escape(&text));
            prop_assert!(Iri::check(&iri).is_ok(), "{}", iri);
        }
    }
}
