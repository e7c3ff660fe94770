//! The ways in which history fails, and what a client reads of them.

use machi_archive::ArchiveError;
use machi_face::FaceError;
use machi_http::{Language, Text};
use machi_model::entity::Corrupt;
use machi_store::StoreError;
use machi_types::ErrorKind;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What is kept is not what was written.
    #[error("what history keeps cannot be read: {0}")]
    Corrupt(#[from] Corrupt),
    /// Work in the background broke off.
    #[error("the work of history broke off: {0}")]
    Broken(String),
}

impl From<HistoryError> for FaceError {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Store(error) => error.into(),
            HistoryError::Archive(error) => failed(error),
            HistoryError::Corrupt(error) => error.into(),
            HistoryError::Broken(_) => Self::Bug("the work of history broke off"),
        }
    }
}

/// What a client reads of an archive's error.
pub(crate) fn failed(error: ArchiveError) -> FaceError {
    let (kind, detail) = match error {
        ArchiveError::TooComplex(detail) => (ErrorKind::TooComplexQuery, detail),
        damaged @ ArchiveError::Damaged { .. } => (ErrorKind::InternalError, damaged.text()),
        other => (ErrorKind::Unavailable, other.text()),
    };
    FaceError::Refused { kind, detail }
}

/// For operators.
pub(crate) fn reason(error: &HistoryError) -> Text {
    match error {
        HistoryError::Archive(error) => error.text(),
        _ => Text::both(error.to_string(), error.to_string()),
    }
}

/// In English, for the log.
pub(crate) fn told(error: &HistoryError) -> String {
    match error {
        HistoryError::Archive(ArchiveError::TooComplex(detail)) => detail.in_language(Language::English).to_owned(),
        _ => error.to_string(),
    }
}
