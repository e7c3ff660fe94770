//! What is wrong with a subscription, and where.

use std::fmt;

use machi_http::Text;
use machi_model::query::QueryError;

use crate::BrokerError;

/// A member that is not as ETSI GS CIM 009 §5.2.12 has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The way to the member, such as `notification.endpoint.uri`.
    path: String,
    /// What happened, and what would be right.
    reason: String,
}

impl Fault {
    /// A fault of the member at this place.
    pub(crate) fn at(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    /// The same, seen from one level above.
    pub(super) fn below(self, parent: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{parent}{separator}{}", self.path), ..self }
    }

    /// A text that is not of its query language.
    pub(super) fn of_query(path: &str, error: &QueryError) -> Self {
        Self::at(path, error.to_string())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, reason } = self;
        if path.is_empty() { f.write_str(reason) } else { write!(f, "{path}: {reason}") }
    }
}

impl From<Fault> for BrokerError {
    fn from(fault: Fault) -> Self {
        let ja = format!("サブスクリプションの内容が正しくありません: {fault}");
        Self::bad_data(Text::both(format!("the subscription is not valid: {fault}"), ja))
    }
}
