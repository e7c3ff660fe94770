//! Faults, said with the file or place that they are of.

use std::error::Error;
use std::fmt::Display;
use std::io;

use machi_archive::ArchiveError;
use machi_types::{Language, Text};

/// Why a place for files cannot be used, for people: goes along in an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.in_language(Language::English))]
pub struct Unusable(pub Text);

/// A file that is not what it was when it was written.
pub(crate) fn damaged(file: &str, reason: &dyn Display) -> ArchiveError {
    ArchiveError::Damaged { file: file.to_owned(), reason: reason.to_string() }
}

/// Why a file that the table names could not be read: one that is missing is damage, not an outage.
pub(crate) fn reading(file: &str, error: &io::Error) -> ArchiveError {
    match error.kind() {
        io::ErrorKind::NotFound => damaged(file, &"it is missing"),
        io::ErrorKind::UnexpectedEof => damaged(file, &"it ends too early"),
        _ => ArchiveError::Unreachable { place: file.to_owned(), what: "read", reason: reason(error) },
    }
}

/// Why something could not be written.
pub(crate) fn writing(place: &str, error: &(dyn Error + 'static)) -> ArchiveError {
    ArchiveError::Unreachable { place: place.to_owned(), what: "written", reason: reason(error) }
}

/// What the place itself says, below what libraries have put around it; what a system says is the same in each language.
pub fn reason(error: &(dyn Error + 'static)) -> Text {
    let mut cause = Some(error);
    while let Some(one) = cause {
        if let Some(Unusable(text)) = one.downcast_ref() {
            return text.clone();
        }
        let inner = one.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = inner.map_or_else(|| one.source(), |inner| Some(inner));
    }
    Text::both(error.to_string(), error.to_string())
}
