//! Answers as handlers make them: bodies, locations, links to contexts and pages, counts.

mod link;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

pub use link::{PageLinks, context_link_value};

use crate::Language;
use crate::request::{Etag, MediaType, SpecVersion};

/// The header that tells the number of all matches (ETSI GS CIM 009 §6.3.13).
pub const RESULTS_COUNT: HeaderName = HeaderName::from_static("ngsild-results-count");
/// The header that tells which preferences were honoured (RFC 7240 §3).
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// 200 with a body of this type.
pub fn representation(media: MediaType, body: impl Into<Bytes>) -> Response {
    of_type(media.header(), body)
}

/// 200 with a body of any type.
pub fn of_type(content_type: HeaderValue, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// 204: done, and nothing to say.
pub fn no_content() -> Response {
    status(StatusCode::NO_CONTENT)
}

/// 201 with the address of what was made; `location` is a path whose segments are encoded already.
pub fn created(location: &str) -> Response {
    let mut response = status(StatusCode::CREATED);
    if let Ok(value) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// 304: the client has this version already.
pub fn not_modified(etag: &Etag) -> Response {
    let mut response = status(StatusCode::NOT_MODIFIED);
    response.headers_mut().insert(header::ETAG, etag.header());
    response
}

/// An answer with a status and nothing else.
pub fn status(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// What handlers add to an answer.
pub trait AnswerExt: Sized {
    /// Adds the version of what is sent.
    #[must_use]
    fn with_etag(self, etag: &Etag) -> Self;

    /// Adds the number of all matches.
    #[must_use]
    fn with_count(self, count: u64) -> Self;

    /// Says in which language the answer speaks; nothing of English, in which we speak unasked.
    #[must_use]
    fn with_language(self, language: Language) -> Self;

    /// Adds one value of the Link header.
    #[must_use]
    fn with_link(self, value: HeaderValue) -> Self;

    /// Says that the answer keeps to a version of the standard; 203 where it had to be changed for that
    /// (ETSI GS CIM 009 §6.3.6).
    #[must_use]
    fn with_preference_applied(self, version: SpecVersion, is_changed: bool) -> Self;
}

impl AnswerExt for Response {
    fn with_etag(mut self, etag: &Etag) -> Self {
        self.headers_mut().insert(header::ETAG, etag.header());
        self
    }

    fn with_count(mut self, count: u64) -> Self {
        self.headers_mut().insert(RESULTS_COUNT, HeaderValue::from(count));
        self
    }

    fn with_language(mut self, language: Language) -> Self {
        if language != Language::English {
            self.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        }
        self
    }

    fn with_link(mut self, value: HeaderValue) -> Self {
        self.headers_mut().append(header::LINK, value);
        self
    }

    fn with_preference_applied(mut self, version: SpecVersion, is_changed: bool) -> Self {
        self.headers_mut().insert(PREFERENCE_APPLIED, version.preference_applied());
        if is_changed && self.status() == StatusCode::OK {
            *self.status_mut() = StatusCode::NON_AUTHORITATIVE_INFORMATION;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_carry_what_they_should() {
        let etag = Etag::of_version(7);
        let response = representation(MediaType::JsonLd, "[]").with_etag(&etag).with_count(42);
        assert_eq!(response.headers()["content-type"], "application/ld+json");
        assert_eq!(response.headers()["etag"], "\"7\"");
        assert_eq!(response.headers()["ngsild-results-count"], "42");
        assert_eq!(created("/ngsi-ld/v1/entities/urn:a:b").headers()["location"], "/ngsi-ld/v1/entities/urn:a:b");
        assert_eq!(no_content().status(), 204);
        let old = SpecVersion { major: 1, minor: 5 };
        let changed = representation(MediaType::Json, "{}").with_preference_applied(old, true);
        assert_eq!(
            (changed.status().as_u16(), &changed.headers()["preference-applied"]),
            (203, &HeaderValue::from_static("ngsi-ld=1.5"))
        );
    }
}
