//! One row of a file: an entity, or why it is none.

use std::fmt;

use machi_types::{Json, Language, Text};

/// A row of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Where it is: the line on which it begins (CSV, NDJSON), or its place in the array (JSON, GeoJSON), from 1.
    pub number: u64,
    /// The entity, or why there is none.
    pub entity: Result<Json<'static>, RowError>,
}

/// Why a row is no entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// What is wrong, and where in the row.
    pub wrong: Text,
    /// What would be right.
    pub right: Text,
}

impl std::error::Error for RowError {}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let en = |text: &Text| text.in_language(Language::English).to_owned();
        write!(f, "{}; {}", en(&self.wrong), en(&self.right))
    }
}

impl RowError {
    /// From what is wrong and what would be right, each in English and Japanese.
    pub fn new(wrong: impl Into<Text>, right: impl Into<Text>) -> Self {
        Self { wrong: wrong.into(), right: right.into() }
    }
}

/// Quotes a piece of input for an error text, however long it is.
pub(crate) fn quoted(text: &str) -> String {
    if text.chars().count() <= 60 {
        return format!("\"{text}\"");
    }
    format!("\"{}…\"", text.chars().take(60).collect::<String>())
}
