//! The running Machi as the simulator sees it: asked until it answers, with a sentence when it does not.

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use machi_http::Shutdown;
use machi_http::client::{
    Again, Client, ClientAnswer, ClientRequest, ClientSettings, Egress, Pauses, Silence, heard, insist,
};
use machi_types::{Clock, Json, Text, Timestamp, json};

use super::Simulator;
use super::error::{self, DemoError};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_mins(2);
/// The longest verdict on a batch.
const LARGEST_ANSWER: u64 = 64 << 20;

/// A connection to a running Machi.
pub(super) struct City<'a> {
    url: String,
    client: Client,
    clock: &'a dyn Clock,
    shutdown: Shutdown,
    tell: &'a dyn Fn(&Text),
    is_silent: Cell<bool>,
}

impl fmt::Debug for City<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("City").field("url", &self.url).finish_non_exhaustive()
    }
}

impl<'a> City<'a> {
    pub(super) fn new<T: Fn(&Text)>(url: &str, simulator: &'a Simulator<T>) -> Result<Self, DemoError> {
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            client: Client::new(settings())?,
            clock: &*simulator.clock,
            shutdown: simulator.shutdown.clone(),
            tell: &simulator.tell,
            is_silent: Cell::new(false),
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn tell(&self, text: &Text) {
        (self.tell)(text);
    }

    /// An entity in simplified representation, if there is one.
    pub(super) async fn entity(&self, id: &str) -> Result<Option<Json<'static>>, DemoError> {
        let request = ClientRequest::get(format!("{}/ngsi-ld/v1/entities/{id}?options=keyValues", self.url));
        let answer = self.insist(&request).await?;
        match answer.status {
            StatusCode::OK => Ok(json::parse(&answer.body, json::DEFAULT_DEPTH).ok().map(Json::into_owned)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(self.refused(&answer)),
        }
    }

    /// Whether there is no entity at all.
    pub(super) async fn is_empty(&self) -> Result<bool, DemoError> {
        let answer = self.insist(&ClientRequest::get(format!("{}/ngsi-ld/v1/types", self.url))).await?;
        match answer.status {
            StatusCode::OK => {
                let types = json::parse(&answer.body, json::DEFAULT_DEPTH).ok();
                let known = types.as_ref().and_then(|types| types.get("typeList")?.as_array());
                Ok(known.is_some_and(<[_]>::is_empty))
            }
            _ => Err(self.refused(&answer)),
        }
    }

    /// Creates entities or replaces them, however long it takes to reach the city.
    pub(super) async fn upsert(&self, body: Vec<u8>) -> Result<(), DemoError> {
        let answer = self.insist(&self.batch("upsert", body)).await?;
        match answer.status {
            StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
            _ => Err(self.refused(&answer)),
        }
    }

    /// Changes attributes of entities once; what is late is not worth sending again. Gives the verdict where
    /// entities are missing, which people may delete.
    pub(super) async fn update(&self, body: Vec<u8>) -> Result<Result<Option<String>, Silence>, DemoError> {
        let request = self.batch("update", body);
        let answer = match self.until_end(self.once(&request)).await? {
            Ok(answer) => answer,
            Err(silence) if silence.again != Again::Never => return Ok(Err(silence)),
            Err(silence) => return Err(DemoError::Address(silence.why)),
        };
        match answer.status {
            StatusCode::NO_CONTENT => Ok(Ok(None)),
            StatusCode::MULTI_STATUS => Ok(Ok(Some(String::from_utf8_lossy(&answer.body).into_owned()))),
            _ => Err(self.refused(&answer)),
        }
    }

    /// Tells of the past of an entity, however long it takes to reach the city; what is told again comes in the place of
    /// what was told before.
    pub(super) async fn tell_past(&self, body: Vec<u8>) -> Result<(), DemoError> {
        let answer = self.insist(&posting(format!("{}/ngsi-ld/v1/temporal/entities", self.url), body)).await?;
        match answer.status {
            StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
            _ => Err(self.refused(&answer)),
        }
    }

    /// Those of these entities of which something was measured before a second.
    pub(super) async fn measured_before(&self, seconds: i64, ids: &[String]) -> Result<Vec<String>, DemoError> {
        let time = Timestamp::from_micros(seconds * 1_000_000);
        let request = ClientRequest::get(format!(
            "{}/ngsi-ld/v1/temporal/entities?id={}&local=true&timerel=before&timeAt={time}&lastN=1&limit={}",
            self.url,
            ids.join(","),
            ids.len()
        ));
        let answer = self.insist(&request).await?;
        if !answer.status.is_success() {
            return Err(self.refused(&answer));
        }
        let found = json::parse(&answer.body, json::DEFAULT_DEPTH).ok();
        let found = found.as_ref().and_then(Json::as_array).unwrap_or_default();
        Ok(found.iter().filter_map(|entity| entity.get("id")?.as_str().map(str::to_owned)).collect())
    }

    /// Waits for what comes, or for the end.
    pub(super) async fn until_end<F: Future>(&self, future: F) -> Result<F::Output, DemoError> {
        let mut shutdown = self.shutdown.clone();
        tokio::select! {
            biased;
            () = shutdown.begun() => Err(DemoError::Ended),
            output = future => Ok(output),
        }
    }

    /// Asks until there is an answer.
    async fn insist(&self, request: &ClientRequest) -> Result<ClientAnswer, DemoError> {
        let again = |silence: &Silence| {
            if silence.again != Again::Never {
                self.tell_silent(silence);
            }
            silence.again
        };
        let asked = insist(Pauses::endless(), async || self.once(request).await, again);
        let answer = self.until_end(asked).await?.map_err(|silence| DemoError::Address(silence.why))?;
        if self.is_silent.replace(false) {
            self.tell(&error::answers_again());
        }
        Ok(answer)
    }

    /// Tells once that the city is silent, until it answers again.
    pub(super) fn tell_silent(&self, silence: &Silence) {
        if !self.is_silent.replace(true) {
            self.tell(&error::silent(&self.url, &silence.to_string()));
        }
    }

    async fn once(&self, request: &ClientRequest) -> Result<ClientAnswer, Silence> {
        heard(self.client.send(request.clone()).await?, detail)
    }

    fn batch(&self, operation: &str, body: Vec<u8>) -> ClientRequest {
        posting(format!("{}/ngsi-ld/v1/entityOperations/{operation}", self.url), body)
    }

    fn refused(&self, answer: &ClientAnswer) -> DemoError {
        DemoError::Refused { url: self.url.clone(), status: answer.status, detail: detail(&answer.body) }
    }
}

fn posting(url: String, body: Vec<u8>) -> ClientRequest {
    let mut request = ClientRequest::post(url, body);
    request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request.patience = PATIENCE;
    request.largest = LARGEST_ANSWER;
    request
}

fn settings() -> ClientSettings {
    ClientSettings {
        egress: Egress::everywhere(),
        authorities: None,
        connect_patience: Duration::from_secs(5),
        kept_per_host: 4,
        kept_for: Duration::from_secs(30),
    }
}

/// What a problem or the first error of a batch says (ETSI GS CIM 009 §5.2.16), or the beginning of whatever was
/// answered instead.
fn detail(body: &[u8]) -> String {
    let answer = json::parse(body, json::DEFAULT_DEPTH).ok();
    let first = answer.as_ref().and_then(|answer| answer.get("errors")?.as_array()?.first());
    let problem = first.map_or(answer.as_ref(), |first| first.get("error"));
    let Some(detail) = problem.and_then(|problem| problem.get("detail")?.as_str()) else {
        return String::from_utf8_lossy(body).chars().take(500).collect();
    };
    match first.and_then(|first| first.get("entityId")?.as_str()) {
        Some(id) => format!("{id}: {detail}"),
        None => detail.to_owned(),
    }
}

#[cfg(test)]
mod tests;
