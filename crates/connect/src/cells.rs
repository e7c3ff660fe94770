//! The named values of one row, whether it is a record of a CSV or a feature of a GeoJSON.

use std::borrow::Cow;
use std::collections::HashMap;

use machi_types::{Json, Language};

use crate::{Encoding, RowError};

/// Where the columns of a CSV are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns(HashMap<String, usize>);

/// The values of a row by the names of their columns, and the row's number as a report tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cells<'a> {
    Record { columns: &'a Columns, fields: &'a [Vec<u8>], encoding: Encoding, number: u64 },
    Feature { feature: &'a Json<'a>, number: u64 },
}

impl Columns {
    /// Of names that differ from each other.
    pub(crate) fn new(names: &[String]) -> Self {
        Self(names.iter().enumerate().map(|(index, name)| (name.clone(), index)).collect())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// Blanks around a name count in a header as little as in who writes of it.
    fn place(&self, name: &str) -> Option<usize> {
        self.0.get(name.trim()).copied()
    }
}

impl<'a> Cells<'a> {
    /// The trimmed text of a cell; none where there is no such column.
    pub(crate) fn text(&self, column: &str) -> Result<Option<Cow<'a, str>>, RowError> {
        match self {
            Self::Record { columns, fields, encoding, .. } => {
                let Some(field) = columns.place(column).and_then(|index| fields.get(index)) else { return Ok(None) };
                let text = encoding.decode(field).map_err(|error| in_column(column, &error))?;
                Ok(Some(trimmed(text)))
            }
            Self::Feature { .. } => Ok(self.value(column).and_then(|value| match value {
                Json::Null => None,
                Json::String(text) => Some(trimmed(Cow::Borrowed(text))),
                other => Some(Cow::Owned(other.to_text())),
            })),
        }
    }

    /// The property of a feature as JSON.
    pub(crate) fn value(&self, column: &str) -> Option<&'a Json<'a>> {
        match self {
            Self::Record { .. } => None,
            Self::Feature { feature, .. } => match column {
                "id" => feature.get("properties").and_then(|it| it.get(column)).or_else(|| feature.get(column)),
                _ => feature.get("properties")?.get(column),
            },
        }
    }

    /// The number of the row, as a report tells it.
    pub(crate) fn number(&self) -> u64 {
        match self {
            Self::Record { number, .. } | Self::Feature { number, .. } => *number,
        }
    }

    /// The geometry of a feature.
    pub(crate) fn geometry(&self) -> Option<&'a Json<'a>> {
        match self {
            Self::Record { .. } => None,
            Self::Feature { feature, .. } => feature.get("geometry").filter(|geometry| **geometry != Json::Null),
        }
    }
}

/// Puts the name of the column in front of what is wrong with its cell.
pub(crate) fn in_column(column: &str, error: &RowError) -> RowError {
    let [en, ja] = [Language::English, Language::Japanese].map(|language| error.wrong.in_language(language));
    let wrong = (format!("column \"{column}\": {en}"), format!("列\"{column}\": {ja}"));
    RowError::new(wrong, error.right.clone())
}

/// Without white space around, of which CP932 has a wide and HTML a hard kind.
fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}
