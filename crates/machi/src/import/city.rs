//! The running city as an import sees it: it takes batches and says which entities it refuses.

use std::collections::HashMap;
use std::time::Duration;

use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderName, LINK};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use machi_http::Language;
use machi_http::client::{Client, ClientAnswer, ClientRequest, ClientSettings, Egress};
use machi_types::{Iri, Json, TenantId, json};

use super::batch::{Batch, Sent};

/// How long one batch may take.
const PATIENCE: Duration = Duration::from_mins(5);
/// The longest verdict on a batch.
const LARGEST_ANSWER: u64 = 64 << 20;
/// How often a busy or silent city is asked again, and the first pause, which doubles.
const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Why the city did not take a batch at all.
#[derive(Debug, thiserror::Error)]
pub enum CityError {
    /// It does not answer.
    #[error(
        "the city at {server} does not answer ({why}); start it, or name it with --server, and run the command again"
    )]
    Silent {
        /// Where it should be.
        server: String,
        /// What the network says.
        why: String,
    },
    /// It answers with an error that has nothing to do with the rows.
    #[error("the city at {server} answers {status}: {detail}")]
    Answer {
        /// Where it is.
        server: String,
        /// Its status.
        status: StatusCode,
        /// What it says.
        detail: String,
    },
    /// The request cannot be made.
    #[error("{0}")]
    Request(String),
}

/// A row that the city refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The row.
    pub row: u64,
    /// Its entity.
    pub id: String,
    /// What the city says.
    pub detail: String,
}

/// A connection to a city, as one tenant.
#[derive(Debug)]
pub struct City {
    server: String,
    tenant: Option<HeaderValue>,
    update: bool,
    language: Language,
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl City {
    /// A city at an address; with `update`, attributes that a row does not name stay as they are. It is asked to
    /// tell what is wrong in this language.
    pub fn new(server: &str, tenant: Option<&TenantId>, update: bool, language: Language) -> Result<Self, CityError> {
        let fail = |error: &dyn std::fmt::Display| CityError::Request(error.to_string());
        let tenant = tenant.map(|tenant| HeaderValue::from_str(&tenant.to_string())).transpose();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            server: server.trim_end_matches('/').to_owned(),
            tenant: tenant.map_err(|error| fail(&error))?,
            update,
            language,
            client: Client::new(settings()).map_err(|error| fail(&error))?,
            runtime: runtime.map_err(|error| fail(&error))?,
        })
    }

    /// Where it is.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// Asks an endpoint of our own; what is not well is an error.
    pub fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        context: Option<&Iri>,
    ) -> Result<(StatusCode, Vec<u8>), CityError> {
        let mut request = ClientRequest::post(format!("{}{path}", self.server), body.unwrap_or_default());
        request.method = method;
        request.headers = self.headers(false, context)?;
        request.patience = PATIENCE;
        let silent = |why: String| CityError::Silent { server: self.server.clone(), why };
        let answer = self.runtime.block_on(self.client.send(request)).map_err(|error| silent(error.to_string()))?;
        if answer.status.is_success() {
            return Ok((answer.status, answer.body.to_vec()));
        }
        let detail = detail(&answer.body);
        Err(CityError::Answer { server: self.server.clone(), status: answer.status, detail })
    }

    /// Sends entities, and gives those that were refused; the others are durable.
    pub(super) fn upsert(
        &self,
        items: &[Sent],
        has_contexts: bool,
        context: Option<&Iri>,
    ) -> Result<Vec<Refused>, CityError> {
        let answer = self.send(items, has_contexts, context)?;
        match answer.status {
            StatusCode::CREATED | StatusCode::NO_CONTENT | StatusCode::OK => Ok(Vec::new()),
            StatusCode::MULTI_STATUS => Ok(verdicts(items, &answer.body)),
            status if is_about_content(status) => self.divide(items, has_contexts, context, &answer),
            status => {
                let detail = detail(&answer.body);
                Err(CityError::Answer { server: self.server.clone(), status, detail })
            }
        }
    }

    /// A batch that was refused whole is sent in halves, until the rows at fault are alone.
    fn divide(
        &self,
        items: &[Sent],
        has_contexts: bool,
        context: Option<&Iri>,
        answer: &ClientAnswer,
    ) -> Result<Vec<Refused>, CityError> {
        if let [item] = items {
            return Ok(vec![Refused { row: item.row, id: item.id.clone(), detail: detail(&answer.body) }]);
        }
        let (first, second) = items.split_at(items.len() / 2);
        let mut refused = self.upsert(first, has_contexts, context)?;
        refused.extend(self.upsert(second, has_contexts, context)?);
        Ok(refused)
    }

    fn send(&self, items: &[Sent], has_contexts: bool, context: Option<&Iri>) -> Result<ClientAnswer, CityError> {
        let request = self.request(items, has_contexts, context)?;
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let answer = self.runtime.block_on(self.client.send(request.clone()));
            let is_busy = matches!(&answer, Ok(answer) if answer.status == StatusCode::SERVICE_UNAVAILABLE);
            if attempt == ATTEMPTS || (answer.is_ok() && !is_busy) {
                let silent = |error: machi_http::client::ClientError| CityError::Silent {
                    server: self.server.clone(),
                    why: error.to_string(),
                };
                return answer.map_err(silent);
            }
            // An upsert may be sent twice: the second one finds what the first one did.
            std::thread::sleep(pause);
            pause *= 2;
            attempt += 1;
        }
    }

    fn request(&self, items: &[Sent], has_contexts: bool, context: Option<&Iri>) -> Result<ClientRequest, CityError> {
        let options = if self.update { "?options=update" } else { "" };
        let url = format!("{}/ngsi-ld/v1/entityOperations/upsert{options}", self.server);
        let mut request = ClientRequest::post(url, Batch::body(items));
        request.headers = self.headers(has_contexts, context)?;
        request.patience = PATIENCE;
        request.largest = LARGEST_ANSWER;
        Ok(request)
    }

    fn headers(&self, has_contexts: bool, context: Option<&Iri>) -> Result<HeaderMap, CityError> {
        let mut headers = HeaderMap::new();
        let media = if has_contexts { "application/ld+json" } else { "application/json" };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(self.language.tag()));
        // ETSI GS CIM 009 §6.3.5: a body that carries its @context has no Link beside it.
        if let Some(context) = context.filter(|_| !has_contexts) {
            let relation = "http://www.w3.org/ns/json-ld#context";
            let link = format!("<{}>; rel=\"{relation}\"; type=\"application/ld+json\"", context.as_str());
            let link = HeaderValue::from_str(&link);
            headers.insert(LINK, link.map_err(|error| CityError::Request(format!("--context: {error}")))?);
        }
        if let Some(tenant) = &self.tenant {
            headers.insert(HeaderName::from_static("ngsild-tenant"), tenant.clone());
        }
        Ok(headers)
    }
}

fn settings() -> ClientSettings {
    ClientSettings {
        egress: Egress::everywhere(),
        authorities: None,
        connect_patience: Duration::from_secs(5),
        kept_per_host: 1,
        kept_for: Duration::from_secs(30),
    }
}

/// Whether a status says that the entities are at fault, rather than the city or the request.
fn is_about_content(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::CONFLICT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNPROCESSABLE_ENTITY
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// Which rows a `BatchOperationResult` refuses (ETSI GS CIM 009 §5.2.16).
fn verdicts(items: &[Sent], body: &[u8]) -> Vec<Refused> {
    let parsed = json::parse(body, json::DEFAULT_DEPTH).ok();
    let errors = parsed.as_ref().and_then(|parsed| parsed.get("errors")?.as_array()).unwrap_or_default();
    let rows: HashMap<&str, &Sent> = items.iter().map(|item| (item.id.as_str(), item)).collect();
    errors.iter().filter_map(|error| verdict(items, &rows, error)).collect()
}

fn verdict(items: &[Sent], rows: &HashMap<&str, &Sent>, error: &Json<'_>) -> Option<Refused> {
    let id = error.get("entityId").and_then(Json::as_str)?;
    // An item without an id of its own is named by its place in the batch.
    let place = || id.rsplit(':').next()?.parse::<usize>().ok()?.checked_sub(1);
    let item = rows.get(id).copied().or_else(|| items.get(place()?))?;
    let problem = error.get("error")?;
    let detail =
        problem.get("detail").or_else(|| problem.get("title")).and_then(Json::as_str).unwrap_or("it is refused");
    Some(Refused { row: item.row, id: item.id.clone(), detail: detail.to_owned() })
}

/// The detail of a problem, or whatever was answered instead.
fn detail(body: &[u8]) -> String {
    let problem = json::parse(body, 8).ok();
    let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
    detail.map_or_else(|| String::from_utf8_lossy(body).chars().take(500).collect(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_name_the_rows() {
        let sent = |row, id: &str| Sent { row, id: id.to_owned(), text: Vec::new() };
        let items = [sent(2, "urn:x:1"), sent(3, "urn:x:2"), sent(4, "")];
        let body = r#"{"success":["urn:x:1"],"errors":[
            {"entityId":"urn:x:2","error":{"title":"Bad","detail":"no"}},
            {"entityId":"urn:machi:batch:item:3","error":{"title":"Bad"}}]}"#;
        let refused = |row, id: &str, detail: &str| Refused { row, id: id.to_owned(), detail: detail.to_owned() };
        assert_eq!(verdicts(&items, body.as_bytes()), [refused(3, "urn:x:2", "no"), refused(4, "", "Bad")]);
    }
}
