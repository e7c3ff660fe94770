//! Errors as clients read them: RFC 9457 problem details, in English or Japanese.
//!
//! A problem has a public detail and a private cause. The cause goes to the log with the request id; there
//! is no function that writes it into a body.

mod render;
mod table;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode, header};
use machi_types::{ErrorKind, Json};

pub use render::Face;
pub(crate) use render::Failure;
use table::Row;

use crate::{Language, Text};

/// Why a request was not done, for the client and for the log.
pub struct Problem(Box<Parts>);

struct Parts {
    row: &'static Row,
    detail: Text,
    members: Vec<(&'static str, Json<'static>)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem of this kind; the detail says what happened, where, and what would be right.
    pub fn new(kind: ErrorKind, detail: impl Into<Text>) -> Self {
        Self::of_row(table::of(kind), detail.into())
    }

    /// A bug of ours: the client reads that the log knows more, the log reads the cause.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(
            ErrorKind::InternalError,
            Text::both(
                "the request failed through a fault of this server; its log says more under the id in \"instance\"",
                "サーバー側の不具合により処理できませんでした。詳細は\"instance\"のIDでサーバーのログに記録されています",
            ),
        )
        .because(cause)
    }

    /// The body did not arrive in time.
    pub fn request_timeout(detail: impl Into<Text>) -> Self {
        Self::of_row(&table::REQUEST_TIMEOUT, detail.into())
            .with_header(header::CONNECTION, HeaderValue::from_static("close"))
    }

    /// The peer or the page that asks is not among those that may.
    pub fn forbidden(detail: impl Into<Text>) -> Self {
        Self::of_row(&table::FORBIDDEN, detail.into())
    }

    /// The head of the request is longer than is taken.
    pub(crate) fn head_too_large(detail: impl Into<Text>) -> Self {
        Self::of_row(&table::HEAD_TOO_LARGE, detail.into())
    }

    /// The address of the request is longer than is taken.
    pub(crate) fn uri_too_long(detail: impl Into<Text>) -> Self {
        Self::of_row(&table::URI_TOO_LONG, detail.into())
    }

    fn of_row(row: &'static Row, detail: Text) -> Self {
        Self(Box::new(Parts { row, detail, members: Vec::new(), headers: Vec::new(), cause: None }))
    }

    /// Adds what the log should know and the client should not.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Adds `Retry-After` in whole seconds, at least one.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Adds an extension member to the body (RFC 9457 §3.2).
    #[must_use]
    pub fn with_member(mut self, name: &'static str, value: Json<'static>) -> Self {
        self.0.members.push((name, value));
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.0.row.status
    }

    /// The type URI.
    pub fn type_uri(&self) -> &'static str {
        self.0.row.type_uri
    }

    /// The title in a language.
    pub fn title(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.0.row.en,
            Language::Japanese => self.0.row.ja,
        }
    }

    /// The detail in a language.
    pub fn detail(&self, language: Language) -> &str {
        self.0.detail.in_language(language)
    }

    /// The cause and all that lies below it, for the log alone.
    pub(crate) fn private_cause(&self) -> Option<String> {
        let mut error: &dyn Error = self.0.cause.as_deref()?;
        let mut text = error.to_string();
        while let Some(source) = error.source() {
            text.push_str(": ");
            text.push_str(&source.to_string());
            error = source;
        }
        Some(text)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("type", &self.type_uri())
            .field("detail", &self.0.detail)
            .field("cause", &self.private_cause())
            .finish_non_exhaustive()
    }
}
