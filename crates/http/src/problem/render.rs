//! How a problem becomes an answer; the edge renders it last, when request id and language are known.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use machi_types::json::write_string;
use machi_types::{Json, RequestId};

use super::Problem;
use crate::Language;
use crate::answer::AnswerExt;

/// Which family of addresses was asked; it decides the form of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// `/ngsi-ld/...`: the standard says `application/json`, and some statuses without a body.
    NgsiLd,
    /// Everything of our own: `application/problem+json`.
    Own,
}

impl Face {
    /// The face that a path belongs to.
    pub fn of(path: &str) -> Self {
        match path.strip_prefix("/ngsi-ld") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Self::NgsiLd,
            _ => Self::Own,
        }
    }

    // ETSI GS CIM 009 §5.5.3 and §6.3.3: the standard keeps to the plain JSON type, RFC 9457 or not.
    fn content_type(self) -> HeaderValue {
        match self {
            Self::NgsiLd => HeaderValue::from_static("application/json"),
            Self::Own => HeaderValue::from_static("application/problem+json"),
        }
    }
}

/// A problem on its way out, carried by the response until the edge renders it.
#[derive(Clone, Debug)]
pub(crate) struct Failure(pub(crate) Arc<Problem>);

impl IntoResponse for Problem {
    /// The answer in English; behind the edge it is rendered again with request id and language.
    fn into_response(self) -> Response {
        let mut response = self.render(Face::NgsiLd, Language::English, None);
        response.extensions_mut().insert(Failure(Arc::new(self)));
        response
    }
}

impl Problem {
    /// Takes the problem out of an answer that is one, before the edge has rendered it.
    pub fn taken_from(response: &mut Response) -> Option<Self> {
        let Failure(problem) = response.extensions_mut().remove()?;
        Arc::into_inner(problem)
    }

    /// The whole answer.
    pub(crate) fn render(&self, face: Face, language: Language, request: Option<RequestId>) -> Response {
        // ETSI GS CIM 009 §6.3.4: 411 and 415 are answered "without any payload body".
        let is_bare = self.0.row.bare && face == Face::NgsiLd;
        let mut response = if is_bare {
            Response::new(Body::empty())
        } else {
            let mut response = Response::new(Body::from(self.body(language, request)));
            response.headers_mut().insert(header::CONTENT_TYPE, face.content_type());
            response.with_language(language)
        };
        *response.status_mut() = self.status();
        for (name, value) in &self.0.headers {
            response.headers_mut().append(name, value.clone());
        }
        response
    }

    /// The body (ETSI GS CIM 009 §5.5.3, RFC 9457 §3.1).
    pub(crate) fn body(&self, language: Language, request: Option<RequestId>) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(b"{\"type\":");
        write_string(self.type_uri(), &mut out);
        out.extend_from_slice(b",\"title\":");
        write_string(self.title(language), &mut out);
        out.extend_from_slice(b",\"status\":");
        out.extend_from_slice(self.status().as_str().as_bytes());
        out.extend_from_slice(b",\"detail\":");
        write_string(&shortened(self.detail(language)), &mut out);
        if let Some(request) = request {
            out.extend_from_slice(b",\"instance\":");
            write_string(&format!("urn:machi:request:{request}"), &mut out);
        }
        for (name, value) in &self.0.members {
            write_member(name, value, &mut out);
        }
        out.push(b'}');
        out
    }

    /// The problem as a member of a larger body, such as one entity's verdict in a batch.
    pub fn to_json(&self, language: Language) -> Json<'static> {
        let mut members = vec![
            ("type".into(), Json::from(self.type_uri())),
            ("title".into(), Json::from(self.title(language))),
            ("status".into(), Json::from(u64::from(self.status().as_u16()))),
            ("detail".into(), Json::from(shortened(self.detail(language)).into_owned())),
        ];
        members.extend(self.0.members.iter().map(|(name, value)| ((*name).into(), value.clone())));
        Json::Object(members)
    }
}

/// How many bytes of one word a detail shows: a name that a client sent may be megabytes long.
const WORD: usize = 160;
/// The same where there are no spaces between words, as in Japanese: a whole sentence.
const SENTENCE: usize = 1500;
/// How many bytes of a detail are shown, about.
const DETAIL: usize = 6000;

/// A detail whose words are of a length that people read.
fn shortened(detail: &str) -> Cow<'_, str> {
    if detail.len() <= WORD {
        return Cow::Borrowed(detail);
    }
    let mut text = String::with_capacity(detail.len().min(SENTENCE));
    for run in runs(detail) {
        let longest = if run.is_ascii() { WORD } else { SENTENCE };
        let (shown, cut) = run.split_at(run.floor_char_boundary(longest));
        text.push_str(shown);
        let is_long = text.len() > DETAIL;
        if is_long || !cut.is_empty() {
            text.push('…');
        }
        if is_long {
            break;
        }
    }
    if text == detail { Cow::Borrowed(detail) } else { Cow::Owned(text) }
}

/// The runs of a text: words of ASCII, the spaces between them, and whatever is not ASCII.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let kind = |c: char| (c == ' ', c.is_ascii());
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = kind(rest.chars().next()?);
        let end = rest.find(|c| kind(c) != first).unwrap_or(rest.len());
        let (run, behind) = rest.split_at(end);
        rest = behind;
        Some(run)
    })
}

fn write_member(name: &str, value: &Json<'_>, out: &mut Vec<u8>) {
    out.push(b',');
    write_string(name, out);
    out.push(b':');
    value.write(out);
}
