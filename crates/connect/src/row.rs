//! One row of a file: an entity, or why it is none.

use machi_types::Json;

/// A row of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Where it is: the line on which it begins (CSV, NDJSON), or its place in the array (JSON, GeoJSON), from 1.
    pub number: u64,
    /// The entity, or why there is none.
    pub entity: Result<Json<'static>, RowError>,
}

/// Why a row is no entity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{wrong}; {right}")]
pub struct RowError {
    /// What is wrong, and where in the row.
    pub wrong: String,
    /// What would be right.
    pub right: String,
}

impl RowError {
    /// From what is wrong and what would be right.
    pub fn new(wrong: impl Into<String>, right: impl Into<String>) -> Self {
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
