//! The ways in which an archive fails.

use machi_types::{Language, Text};

/// Why an archive could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file of it cannot be read, or is not what it was.
    #[error(
        "{file} of the history is damaged: {reason}; what it held is not told until it is brought back from a backup"
    )]
    Damaged {
        /// The file, as a person finds it.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Where it lies cannot be read or written now.
    #[error("the history at {place} cannot be {what}: {}", reason.in_language(Language::English))]
    Unreachable {
        /// Where it lies.
        place: String,
        /// `read` or `written`.
        what: &'static str,
        /// What the system or the bucket said.
        reason: Text,
    },
    /// What is asked needs more than it may.
    #[error("the query needs more than its budget: {0:?}")]
    TooComplex(Text),
}

impl ArchiveError {
    /// What happened, in both languages.
    pub fn text(&self) -> Text {
        let ja = match self {
            Self::Damaged { file, reason } => {
                format!("履歴のファイル{file}が壊れています({reason})。バックアップから戻すまで、その内容は読めません")
            }
            Self::Unreachable { place, what, reason } => {
                let what = if *what == "read" { "読み取り" } else { "書き込み" };
                format!("履歴の保存先{place}の{what}ができません: {}", reason.in_language(Language::Japanese))
            }
            Self::TooComplex(detail) => return detail.clone(),
        };
        Text::both(self.to_string(), ja)
    }
}
