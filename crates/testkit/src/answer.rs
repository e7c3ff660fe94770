//! What the server answered, with the expectations that nearly every test has of it.

use std::fmt;

use serde_json::Value;

/// An answer with its status, headers and body; a status of 400 or more is a value, not an error.
#[derive(Clone)]
pub struct Answer {
    pub(crate) asked: String,
    /// The status code.
    pub status: u16,
    /// The headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// One link-value of a Link header (RFC 8288).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkValue {
    /// The target between `<` and `>`.
    pub target: String,
    /// The relation.
    pub rel: String,
    /// The media type of the target.
    pub kind: String,
}

/// The whole URI of an NGSI-LD error type.
pub fn error_type(name: &str) -> String {
    format!("https://uri.etsi.org/ngsi-ld/errors/{name}")
}

/// ETSI GS CIM 009 §6.3.2, table 6.3.2-1: the status that belongs to each error type.
fn status_of(name: &str) -> u16 {
    match name {
        "AlreadyExists" | "Conflict" => 409,
        "BadRequestData" | "InvalidRequest" => 400,
        "InternalError" => 500,
        "LdContextNotAvailable" => 504,
        "NoMultiTenantSupport" => 501,
        "NonexistentTenant" | "ResourceNotFound" => 404,
        "OperationNotSupported" => 422,
        "TooComplexQuery" | "TooManyResults" => 403,
        other => panic!("{other} is no error type of the standard"),
    }
}

#[expect(clippy::return_self_not_must_use, reason = "an expectation may end a statement")]
impl Answer {
    /// Expects one status.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Expects a status and a body of no bytes.
    #[track_caller]
    pub fn expect_empty(self, status: u16) -> Self {
        assert!(self.status == status && self.body.is_empty(), "not an empty {status}: {self:?}");
        self
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("the body is no JSON ({error}): {self:?}"),
        }
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Expects an error of this type with the status, media type and members that §6.3.2, §6.3.3 and
    /// §5.5.3 of ETSI GS CIM 009 ask for, and gives its detail.
    #[track_caller]
    pub fn problem(&self, name: &str) -> String {
        assert_eq!(self.status, status_of(name), "{self:?}");
        assert_eq!(self.media_type(), "application/json", "{self:?}");
        let body = self.json();
        assert_eq!(body["type"], Value::String(error_type(name)), "{self:?}");
        let filled = |member: &str| body[member].as_str().is_some_and(|text| !text.trim().is_empty());
        assert!(filled("title"), "an error has a title: {self:?}");
        assert!(filled("detail"), "an error has a detail: {self:?}");
        let status = body.get("status").and_then(Value::as_u64);
        assert!(status.is_none_or(|status| status == u64::from(self.status)), "{self:?}");
        // §6.3.6: an error does not carry a Link to an @context.
        assert_eq!(self.context_link(), None, "{self:?}");
        body["detail"].as_str().unwrap_or_default().to_owned()
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let same = |header: &&(String, String)| header.0.eq_ignore_ascii_case(name);
        self.headers.iter().find(same).map(|(_, value)| value.as_str())
    }

    /// The header of this name, which must be there.
    #[track_caller]
    pub fn expect_header(&self, name: &str) -> &str {
        match self.header(name) {
            Some(value) => value,
            None => panic!("no header {name}: {self:?}"),
        }
    }

    /// The media type without its parameters, in lower case; empty where there is none.
    pub fn media_type(&self) -> String {
        let whole = self.header("content-type").unwrap_or_default();
        whole.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// All link-values of all Link headers.
    pub fn links(&self) -> Vec<LinkValue> {
        let values = self.headers.iter().filter(|(name, _)| name == "link");
        values.flat_map(|(_, value)| link_values(value)).collect()
    }

    /// The target of the first link with this relation.
    pub fn link(&self, rel: &str) -> Option<String> {
        self.links().into_iter().find(|link| link.rel == rel).map(|link| link.target)
    }

    /// The @context that a Link header names.
    pub fn context_link(&self) -> Option<String> {
        self.link("http://www.w3.org/ns/json-ld#context")
    }
}

fn link_values(header: &str) -> Vec<LinkValue> {
    let mut links = Vec::new();
    let mut rest = header;
    while let Some((_, opened)) = rest.split_once('<') {
        let Some((target, tail)) = opened.split_once('>') else {
            break;
        };
        let parameters = tail.split('<').next().unwrap_or_default();
        let parameter = |name: &str| {
            let pairs = parameters.split(';').filter_map(|pair| pair.split_once('='));
            let found = pairs.map(|(key, value)| (key.trim(), value)).find(|(key, _)| *key == name);
            found.map(|(_, value)| value.trim_matches([' ', ',', '"']).to_owned()).unwrap_or_default()
        };
        links.push(LinkValue { target: target.to_owned(), rel: parameter("rel"), kind: parameter("type") });
        rest = tail;
    }
    links
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}\n-> {}", self.asked, self.status)?;
        for (name, value) in &self.headers {
            write!(f, "\n   {name}: {value}")?;
        }
        let text: String = self.text().chars().take(4000).collect();
        write!(f, "\n   {text}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_headers_are_taken_apart() {
        let header = "</e?q=a,b>; rel=\"next\"; type=\"application/json\", <https://x/c>; \
                      rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"";
        let links = link_values(header);
        assert_eq!(links.len(), 2);
        assert_eq!((links[0].target.as_str(), links[0].rel.as_str()), ("/e?q=a,b", "next"));
        assert_eq!(links[0].kind, "application/json");
        assert_eq!(links[1].rel, "http://www.w3.org/ns/json-ld#context");
    }
}
