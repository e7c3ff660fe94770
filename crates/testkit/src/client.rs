//! A blocking client, bound to one server and one tenant.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::config::AutoHeaderValue;
use ureq::http;

use crate::entities::ids;
use crate::{Answer, error_type};

const BASE: &str = "/ngsi-ld/v1";
const TIMEOUT: Duration = Duration::from_mins(2);

/// Sends requests to one server as one tenant.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    base: String,
    tenant: Option<String>,
}

impl Client {
    /// A client of the server at `base`, such as `http://127.0.0.1:8080`.
    pub fn new(base: &str, tenant: Option<&str>) -> Self {
        // Each request has a connection of its own, so that a restarted server is never met by a dead one.
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .timeout_global(Some(TIMEOUT))
            .proxy(None)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
            .build();
        Self { agent: config.into(), base: base.to_owned(), tenant: tenant.map(str::to_owned) }
    }

    /// The tenant; none stands for the default one.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Where the server is, such as `http://127.0.0.1:8080`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request with any method. A path below `/ngsi-ld/v1` may be given without that prefix
    /// (`/entities`); a full URL is taken as it is.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let short = [
            "/entities",
            "/entityOperations",
            "/types",
            "/attributes",
            "/subscriptions",
            "/jsonldContexts",
            "/temporal",
        ];
        let url = if path.starts_with("http://") {
            path.to_owned()
        } else if short.iter().any(|start| path.starts_with(start)) || path.starts_with("/info/") {
            format!("{}{BASE}{path}", self.base)
        } else {
            format!("{}{path}", self.base)
        };
        let headers = self.tenant.iter().map(|tenant| ("NGSILD-Tenant".to_owned(), tenant.clone())).collect();
        Request { agent: self.agent.clone(), method: method.to_owned(), url, headers, body: None }
    }

    /// A GET request.
    pub fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    /// A POST request.
    pub fn post(&self, path: &str) -> Request {
        self.request("POST", path)
    }

    /// A PUT request.
    pub fn put(&self, path: &str) -> Request {
        self.request("PUT", path)
    }

    /// A PATCH request.
    pub fn patch(&self, path: &str) -> Request {
        self.request("PATCH", path)
    }

    /// A DELETE request.
    pub fn delete(&self, path: &str) -> Request {
        self.request("DELETE", path)
    }

    /// Creates an entity, which must succeed.
    #[track_caller]
    pub fn create(&self, entity: &Value) {
        self.post("/entities").document(entity).send().expect_status(201);
    }

    /// Creates several entities one by one.
    #[track_caller]
    pub fn create_all<'a>(&self, entities: impl IntoIterator<Item = &'a Value>) {
        for entity in entities {
            self.create(entity);
        }
    }

    /// The entity of this id in normalized representation.
    #[track_caller]
    pub fn retrieve(&self, id: &str) -> Value {
        self.get(&format!("/entities/{id}")).send().expect_status(200).json()
    }

    /// The entity of this id with these parameters.
    #[track_caller]
    pub fn retrieve_with(&self, id: &str, query: &[(&str, &str)]) -> Value {
        self.get(&format!("/entities/{id}")).query(query).send().expect_status(200).json()
    }

    /// Expects that there is no entity of this id.
    #[track_caller]
    pub fn expect_absent(&self, id: &str) {
        let answer = self.get(&format!("/entities/{id}")).send().expect_status(404);
        let absent = ["ResourceNotFound", "NonexistentTenant"].map(error_type);
        assert!(absent.iter().any(|absent| answer.json()["type"] == **absent), "{answer:?}");
    }

    /// The entities that a query finds, as they were answered.
    #[track_caller]
    pub fn find(&self, query: &[(&str, &str)]) -> Value {
        self.get("/entities").query(query).send().expect_status(200).json()
    }

    /// The ids that a query finds, sorted.
    #[track_caller]
    pub fn query(&self, query: &[(&str, &str)]) -> Vec<String> {
        let mut found = ids(&self.find(query));
        found.sort();
        found
    }

    /// Creates a subscription and gives its id.
    #[track_caller]
    pub fn subscribe(&self, subscription: &Value) -> String {
        let answer = self.post("/subscriptions").document(subscription).send().expect_status(201);
        let location = answer.expect_header("location");
        match location.strip_prefix("/ngsi-ld/v1/subscriptions/") {
            Some(id) => id.to_owned(),
            None => panic!("the location is not below /ngsi-ld/v1/subscriptions/: {answer:?}"),
        }
    }
}

/// A request before it is sent.
#[must_use]
pub struct Request {
    agent: Agent,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// Adds parameters to the URL.
    pub fn query(mut self, parameters: &[(&str, &str)]) -> Self {
        for (name, value) in parameters {
            let mark = if self.url.contains('?') { '&' } else { '?' };
            self.url.push(mark);
            self.url.push_str(&encoded(name));
            self.url.push('=');
            self.url.push_str(&encoded(value));
        }
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Asks for a media type.
    pub fn accept(self, kind: &str) -> Self {
        self.header("Accept", kind)
    }

    /// Names the @context by a Link header (ETSI GS CIM 009 §6.3.5).
    pub fn link(self, context: &str) -> Self {
        let link = format!("<{context}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"");
        self.header("Link", &link)
    }

    /// A body of `application/json`.
    #[expect(clippy::needless_pass_by_value, reason = "it is called with json!(..) at every place")]
    pub fn json(self, body: Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// A body of `application/ld+json`, which names its @context itself.
    #[expect(clippy::needless_pass_by_value, reason = "it is called with json!(..) at every place")]
    pub fn ld(self, body: Value) -> Self {
        self.body("application/ld+json", body.to_string())
    }

    /// A body of `application/ld+json` where it names an @context, of `application/json` where not.
    pub fn document(self, body: &Value) -> Self {
        let kind = if body.get("@context").is_some() { "application/ld+json" } else { "application/json" };
        self.body(kind, body.to_string())
    }

    /// A body of any media type.
    pub fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("Content-Type", kind)
    }

    /// A body without a media type.
    pub fn untyped_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends the request and takes whatever is answered.
    #[track_caller]
    pub fn send(self) -> Answer {
        let asked = format!("{self:?}");
        match self.exchange() {
            Ok(mut answer) => {
                answer.asked = asked;
                answer
            }
            Err(error) => panic!("no answer ({error}) to {asked}"),
        }
    }

    /// Sends the request; fails where the server cannot be reached or hangs up.
    pub fn exchange(self) -> Result<Answer, ureq::Error> {
        let mut request = http::Request::builder().method(self.method.as_str()).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = match self.body {
            Some(body) => self.agent.run(request.body(body)?)?,
            None if matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") => {
                self.agent.run(request.body(Vec::new())?)?
            }
            None => self.agent.run(request.body(())?)?,
        };
        let (head, mut body) = response.into_parts();
        let value = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = head.headers.iter().map(|(name, text)| (name.as_str().to_owned(), value(text))).collect();
        let bytes = body.with_config().limit(u64::MAX).read_to_vec()?;
        Ok(Answer { asked: String::new(), status: head.status.as_u16(), headers, body: bytes })
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)?;
        for (name, value) in &self.headers {
            write!(f, "\n   {name}: {value}")?;
        }
        let body = self.body.as_deref().unwrap_or_default();
        let text: String = String::from_utf8_lossy(body).chars().take(2000).collect();
        write!(f, "\n   {text}")
    }
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
