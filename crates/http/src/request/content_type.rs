//! What a request body is, and which kind of JSON (ETSI GS CIM 009 §6.3.4).

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use machi_types::ErrorKind;

use super::parameters::Parameterized;
use crate::{Problem, Text};

/// The form of a request body; it decides where the @context must stand (§6.3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyType {
    /// `application/json`, and for PATCH `application/merge-patch+json`: the @context stands in a Link header.
    Json,
    /// `application/ld+json`: the @context stands in the body.
    JsonLd,
}

/// The media types that PATCH takes.
pub(crate) const PATCH_TYPES: &str = "application/json, application/ld+json, application/merge-patch+json";
const OTHER_TYPES: &str = "application/json, application/ld+json";

/// The form that `Content-Type` states, or 415.
pub fn body_type(headers: &HeaderMap, method: &Method) -> Result<BodyType, Problem> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let Some(value) = values.next() else {
        return Err(unsupported("there is no Content-Type header", method));
    };
    if values.next().is_some() {
        return Err(several());
    }
    match value.as_bytes() {
        b"application/json" => return Ok(BodyType::Json),
        b"application/ld+json" => return Ok(BodyType::JsonLd),
        _ => {}
    }
    let text = value.to_str().unwrap_or_default();
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    if !is_utf8(parameters) {
        return Err(unsupported("the charset of JSON is UTF-8", method));
    }
    match essence.trim().to_ascii_lowercase().as_str() {
        "application/json" => Ok(BodyType::Json),
        "application/ld+json" => Ok(BodyType::JsonLd),
        "application/merge-patch+json" if method == Method::PATCH => Ok(BodyType::Json),
        _ => Err(unsupported("this Content-Type is not taken here", method)),
    }
}

/// What `Content-Type` states; none where there is no such header.
pub fn stated_type(headers: &HeaderMap) -> Result<Option<Parameterized>, Problem> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(several());
    }
    Ok(Some(Parameterized::parse(value.to_str().unwrap_or_default())))
}

/// The refusal of a POST whose body is of a type that is not among those taken (RFC 9110 §15.5.16).
pub fn unsupported_type(detail: Text, taken: &'static str) -> Problem {
    Problem::new(ErrorKind::UnsupportedMediaType, detail)
        .with_header(HeaderName::from_static("accept-post"), HeaderValue::from_static(taken))
}

fn is_utf8(parameters: &str) -> bool {
    parameters.split(';').filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        let value = value.trim().trim_matches('"');
        !is_charset || value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8")
    })
}

/// RFC 9110 §8.3: of two media types nobody knows which one holds.
fn several() -> Problem {
    Problem::new(
        ErrorKind::InvalidRequest,
        Text::both(
            "the header Content-Type is given more than once; a body has one media type",
            "Content-Typeヘッダーが複数あります",
        ),
    )
}

fn unsupported(reason: &str, method: &Method) -> Problem {
    let (header, types): (HeaderName, _) = match *method {
        Method::PATCH => (HeaderName::from_static("accept-patch"), PATCH_TYPES),
        Method::POST => (HeaderName::from_static("accept-post"), OTHER_TYPES),
        _ => (ACCEPT, OTHER_TYPES),
    };
    let detail = Text::both(
        format!("{reason}; a {method} takes {types}"),
        format!("{method}で利用できるContent-Typeは{types}です"),
    );
    Problem::new(ErrorKind::UnsupportedMediaType, detail).with_header(header, HeaderValue::from_static(types))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str, method: &Method) -> Option<BodyType> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, value.parse().unwrap());
        body_type(&headers, method).ok()
    }

    #[test]
    fn json_in_its_forms_is_taken_and_nothing_else() {
        for (value, method, expected) in [
            ("application/json", Method::POST, Some(BodyType::Json)),
            ("application/ld+json", Method::POST, Some(BodyType::JsonLd)),
            ("Application/JSON; charset=UTF-8", Method::PUT, Some(BodyType::Json)),
            ("application/merge-patch+json", Method::PATCH, Some(BodyType::Json)),
            ("application/merge-patch+json", Method::POST, None),
            ("application/json; charset=shift_jis", Method::POST, None),
            ("text/plain", Method::POST, None),
            ("application/jsonx", Method::POST, None),
            ("", Method::POST, None),
        ] {
            assert_eq!(of(value, &method), expected, "{value}");
        }
        assert!(body_type(&HeaderMap::new(), &Method::POST).is_err());
    }
}
