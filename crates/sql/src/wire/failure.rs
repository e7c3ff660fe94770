//! What a client is told when something does not work: a code of PostgreSQL's (SQLSTATE), and a text.

use machi_types::{Language, Text};

use crate::{Fault, SqlError};

/// Why something was not done. The connection goes on.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) code: &'static str,
    pub(super) detail: Text,
}

/// Why a message is not answered.
#[derive(Debug)]
pub(super) enum Stop {
    Failed(Failure),
    /// The client is gone, or does not speak our language: nothing more is told.
    Gone,
}

impl Failure {
    pub(super) fn new(code: &'static str, en: impl Into<String>, ja: impl Into<String>) -> Self {
        Self { code, detail: Text::both(en.into(), ja.into()) }
    }

    /// A message that the protocol does not allow here.
    pub(super) fn protocol(en: impl Into<String>, ja: impl Into<String>) -> Self {
        Self::new("08P01", en, ja)
    }

    pub(super) fn text(&self, language: Language) -> &str {
        self.detail.in_language(language)
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Refused { fault, detail, .. } => Self { code: code(fault), detail },
            SqlError::Bug(_) => Self::new(
                code(Fault::Ours),
                "the query failed by a fault of our own; the log of the city tells more",
                "内部エラーのためクエリを実行できませんでした。詳細は都市のログを確認してください",
            ),
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Self {
        Self::Failed(error.into())
    }
}

/// The SQLSTATE of a fault.
const fn code(fault: Fault) -> &'static str {
    match fault {
        Fault::Syntax => "42601",
        Fault::Table => "42P01",
        Fault::Column => "42703",
        Fault::Ambiguous => "42702",
        Fault::Function => "42883",
        Fault::Query => "42000",
        Fault::Value => "22000",
        Fault::Text => "22P02",
        Fault::Range => "22003",
        Fault::Zero => "22012",
        Fault::Length => "54001",
        Fault::Write => "25006",
        Fault::Unsupported => "0A000",
        Fault::Time | Fault::Cancelled => "57014",
        Fault::Memory => "53200",
        Fault::Rows => "54000",
        Fault::Busy => "53300",
        Fault::Tenant => "3D000",
        Fault::Ours => "XX000",
    }
}
