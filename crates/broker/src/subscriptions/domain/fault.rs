//! What is wrong with a subscription, and where.

use std::borrow::Cow;
use std::fmt;

use machi_face::{FaceError, japanese};
use machi_http::{Language, Text};
use machi_model::context::ContextError;
use machi_model::query::QueryError;
use machi_types::ErrorKind;

/// A member that is not as ETSI GS CIM 009 §5.2.12 has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The way to the member, such as `notification.endpoint.uri`.
    path: String,
    /// What happened, and what would be right.
    reason: Text,
    kind: ErrorKind,
}

impl Fault {
    /// A fault of the member at this place, in English and Japanese.
    pub(crate) fn at(
        path: impl Into<String>,
        en: impl Into<Cow<'static, str>>,
        ja: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { path: path.into(), reason: Text::both(en, ja), kind: ErrorKind::BadRequestData }
    }

    /// A member that the standard knows and this broker does not serve (§5.5.2).
    pub(super) fn unsupported(
        path: impl Into<String>,
        en: impl Into<Cow<'static, str>>,
        ja: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { kind: ErrorKind::OperationNotSupported, ..Self::at(path, en, ja) }
    }

    /// A member of a kept subscription that cannot be read; users never meet it, for what is kept was checked.
    pub(crate) fn broken(path: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self::at(path, reason.to_string(), "保存されている内容を読み取れません")
    }

    /// The same, seen from one level above.
    pub(super) fn below(self, parent: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{parent}{separator}{}", self.path), ..self }
    }

    /// A text that is not of its query language.
    pub(super) fn of_query(path: &str, error: &QueryError) -> Self {
        // The error names its language, which mostly is the member itself.
        let prefix = format!("{}: ", path.rsplit('.').next().unwrap_or(path));
        let once = |text: String| text.strip_prefix(&prefix).map(str::to_owned).unwrap_or(text);
        Self::at(path, once(error.to_string()), once(japanese::query(error)))
    }

    /// A name that the @context cannot expand.
    pub(super) fn of_name(path: &str, error: &ContextError) -> Self {
        let ja = format!("名前を@contextで展開できません({})", japanese::context(error));
        Self::at(path, error.to_string(), ja)
    }

    /// What is wrong, and where.
    fn in_language(&self, language: Language) -> String {
        let Self { path, reason, .. } = self;
        let reason = reason.in_language(language);
        if path.is_empty() { reason.to_owned() } else { format!("{path}: {reason}") }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_language(Language::English))
    }
}

impl From<Fault> for FaceError {
    fn from(fault: Fault) -> Self {
        let ja = fault.in_language(Language::Japanese);
        let detail = match fault.kind {
            ErrorKind::OperationNotSupported => Text::both(
                format!("the subscription cannot be served: {fault}"),
                format!("このサブスクリプションには対応していません: {ja}"),
            ),
            _ => Text::both(
                format!("the subscription is not valid: {fault}"),
                format!("サブスクリプションの内容が正しくありません: {ja}"),
            ),
        };
        Self::Refused { kind: fault.kind, detail }
    }
}
