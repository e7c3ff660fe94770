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
    /// A backup wants the archive to stay as it is, and no more fits into memory meanwhile.
    #[error("the past waits for a backup that is being made, and what came meanwhile fills its memory")]
    HeldBack,
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
            HistoryError::HeldBack => Self::Refused { kind: ErrorKind::Unavailable, detail: held_back() },
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

fn held_back() -> Text {
    Text::both(
        "a backup is being made, and more has come meanwhile than is kept in memory: ask for the past again when it is done",
        "バックアップの作成中に、メモリに置ける量を超える変更がありました。作成が終わってから履歴を要求してください",
    )
}

/// What keeps history from being written, and what that means for it.
pub(crate) fn trouble(error: &HistoryError) -> Text {
    let reason = match error {
        HistoryError::Archive(error) => error.text(),
        other => Text::both(other.to_string(), other.to_string()),
    };
    let (en, ja) = (reason.in_language(Language::English), reason.in_language(Language::Japanese));
    Text::both(
        format!("{en}; history does not go on until this is mended"),
        format!("{ja}。解消するまで履歴は記録されません"),
    )
}

/// In English, for the log.
pub(crate) fn told(error: &HistoryError) -> String {
    match error {
        HistoryError::Archive(ArchiveError::TooComplex(detail)) => detail.in_language(Language::English).to_owned(),
        _ => error.to_string(),
    }
}
