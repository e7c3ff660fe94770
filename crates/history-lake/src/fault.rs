//! Faults, said with the file or place that they are of.

use std::fmt::Display;
use std::io;

use machi_archive::ArchiveError;

/// A file that is not what it was when it was written.
pub(crate) fn damaged(file: &str, reason: &dyn Display) -> ArchiveError {
    ArchiveError::Damaged { file: file.to_owned(), reason: reason.to_string() }
}

/// Why a file that the table names could not be read: one that is missing is damage, not an outage.
pub(crate) fn reading(file: &str, error: &io::Error) -> ArchiveError {
    match error.kind() {
        io::ErrorKind::NotFound => damaged(file, &"it is missing"),
        io::ErrorKind::UnexpectedEof => damaged(file, &"it ends too early"),
        _ => ArchiveError::Unreachable { place: file.to_owned(), what: "read", reason: error.to_string() },
    }
}

/// Why something could not be written.
pub(crate) fn writing(place: &str, error: &dyn Display) -> ArchiveError {
    ArchiveError::Unreachable { place: place.to_owned(), what: "written", reason: error.to_string() }
}
