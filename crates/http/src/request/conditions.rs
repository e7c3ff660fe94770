//! `If-Match` and `If-None-Match`: change only what I have seen, send only what I have not (RFC 9110 §13).

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use machi_types::ErrorKind;

use super::etag::{Etag, EtagList};
use crate::{Problem, Text};

/// The conditions of a request; an extension of the standard, which knows none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    if_match: Option<EtagList>,
    if_none_match: Option<EtagList>,
}

impl Conditions {
    /// Reads the conditions.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self { if_match: list(headers, &IF_MATCH)?, if_none_match: list(headers, &IF_NONE_MATCH)? })
    }

    /// Whether there is no condition.
    pub fn is_empty(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// Refuses a write whose conditions the current version does not meet.
    pub fn check_write(&self, current: Option<&Etag>) -> Result<(), Problem> {
        let matches = self.if_match.as_ref().is_none_or(|list| list.holds_version(current, false));
        let is_new = self.if_none_match.as_ref().is_none_or(|list| !list.holds_version(current, true));
        if matches && is_new {
            return Ok(());
        }
        Err(refusal(if matches { "If-None-Match" } else { "If-Match" }, current))
    }

    /// Refuses a read of another version than the one that is asked for (RFC 9110 §13.1.1).
    pub fn check_read(&self, current: &Etag) -> Result<(), Problem> {
        let matches = self.if_match.as_ref().is_none_or(|list| list.holds_version(Some(current), false));
        if matches { Ok(()) } else { Err(refusal("If-Match", Some(current))) }
    }

    /// Whether the client has this version already, so that a read answers 304.
    pub fn is_unmodified(&self, current: &Etag) -> bool {
        self.if_none_match.as_ref().is_some_and(|list| list.holds(Some(current), true))
    }
}

fn refusal(header: &str, current: Option<&Etag>) -> Problem {
    let now = current.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    Problem::new(
        ErrorKind::PreconditionFailed,
        Text::both(
            format!("{header} does not allow this: the current version is {now}; read it again and decide anew"),
            format!("{header}の条件を満たしていません(現在のバージョン: {now})。再取得してからやり直してください"),
        ),
    )
}

fn list(headers: &HeaderMap, name: &HeaderName) -> Result<Option<EtagList>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else {
        return Ok(None);
    };
    let mut text = first.to_str().unwrap_or("?").to_owned();
    for value in values {
        text.push(',');
        text.push_str(value.to_str().unwrap_or("?"));
    }
    EtagList::parse(&text).map(Some).map_err(|error| {
        Problem::new(
            ErrorKind::InvalidRequest,
            Text::both(format!("header {name}: {error}"), format!("ヘッダー{name}の形式が正しくありません")),
        )
    })
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(name: HeaderName, value: &str) -> Conditions {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        Conditions::of(&headers).unwrap()
    }

    #[test]
    fn writes_go_through_when_the_version_is_the_one_seen() {
        let (one, two) = (Etag::of_version(1), Etag::of_version(2));
        let seen_one = conditions(IF_MATCH, "\"1\"");
        assert!(seen_one.check_write(Some(&one)).is_ok());
        assert_eq!(seen_one.check_write(Some(&two)).unwrap_err().status(), 412);
        assert!(seen_one.check_write(None).is_err());
        let must_be_new = conditions(IF_NONE_MATCH, "*");
        assert!(must_be_new.check_write(None).is_ok());
        assert!(must_be_new.check_write(Some(&one)).is_err());
        assert!(Conditions::default().check_write(None).is_ok());
    }

    #[test]
    fn reads_of_a_known_version_are_not_repeated() {
        let one = Etag::of_version(1);
        assert!(conditions(IF_NONE_MATCH, "W/\"1\"").is_unmodified(&one));
        assert!(!conditions(IF_NONE_MATCH, "\"2\"").is_unmodified(&one));
        assert!(!Conditions::default().is_unmodified(&one));
        assert!(
            conditions(IF_MATCH, "\"1\"").check_read(&one).is_ok() && Conditions::default().check_read(&one).is_ok()
        );
        assert_eq!(conditions(IF_MATCH, "\"2\"").check_read(&one).unwrap_err().status(), 412);
    }

    #[test]
    fn malformed_conditions_are_refused() {
        let mut headers = HeaderMap::new();
        headers.insert(IF_MATCH, "1".parse().unwrap());
        assert_eq!(Conditions::of(&headers).unwrap_err().status(), 400);
    }
}
