//! A running city as the command line sees it: it takes batches, and answers what else it is asked.

use std::time::Duration;

use http::{Method, StatusCode};
use machi_http::Language;
use machi_http::client::{Client, ClientRequest, ClientSettings, Egress, Pauses, Silence, heard, insist};
use machi_types::{Iri, TenantId, json};

use super::upsert::{Answer, Door, Errand, Manner, is_about_content};

/// How long one batch may take.
const PATIENCE: Duration = Duration::from_mins(5);
/// The longest verdict on a batch.
const LARGEST_ANSWER: u64 = 64 << 20;
/// How often a busy or silent city is asked.
const ATTEMPTS: u32 = 6;

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

/// A connection to a city, as one tenant.
#[derive(Debug)]
pub struct City {
    server: String,
    manner: Manner,
    client: Client,
    runtime: tokio::runtime::Runtime,
}

/// The way of batches whose entities, where they carry no @context, are written in the words of this one.
pub(super) struct Way<'a> {
    city: &'a City,
    context: Option<Iri>,
}

impl City {
    /// A city at an address; with `update`, attributes that a row does not name stay as they are. It is asked to
    /// tell what is wrong in this language.
    pub fn new(server: &str, tenant: Option<&TenantId>, update: bool, language: Language) -> Result<Self, CityError> {
        let fail = |error: &dyn std::fmt::Display| CityError::Request(error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            server: server.trim_end_matches('/').to_owned(),
            manner: Manner::new(tenant, update, language),
            client: Client::new(settings()).map_err(|error| fail(&error))?,
            runtime: runtime.map_err(|error| fail(&error))?,
        })
    }

    /// Where it is.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// The way for batches under a @context.
    pub(super) fn way(&self, context: Option<Iri>) -> Way<'_> {
        Way { city: self, context }
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
        request.headers = self.manner.headers(false, context);
        request.patience = PATIENCE;
        let answer = self.runtime.block_on(self.client.send(request)).map_err(|error| self.silent(error.into()))?;
        if answer.status.is_success() {
            return Ok((answer.status, answer.body.to_vec()));
        }
        Err(self.refused(answer.status, detail(&answer.body)))
    }

    fn silent(&self, silence: Silence) -> CityError {
        match silence.status {
            Some(status) => self.refused(status, silence.why),
            None => CityError::Silent { server: self.server.clone(), why: silence.why },
        }
    }

    fn refused(&self, status: StatusCode, detail: String) -> CityError {
        CityError::Answer { server: self.server.clone(), status, detail }
    }
}

impl Door for Way<'_> {
    type Error = CityError;

    /// Each errand may be done twice: the second time finds what the first one did.
    fn ask(&self, errand: Errand, body: Vec<u8>, has_contexts: bool) -> Result<Answer, CityError> {
        let City { server, manner, client, runtime } = self.city;
        let mut request = ClientRequest::post(format!("{server}{}", manner.path(errand)), body);
        request.headers = manner.headers(has_contexts, self.context.as_ref());
        request.patience = PATIENCE;
        request.largest = LARGEST_ANSWER;
        let ask = async || heard(client.send(request.clone()).await?, detail);
        let asked = insist(Pauses::between(ATTEMPTS), ask, |silence: &Silence| silence.again);
        let answer = runtime.block_on(asked).map_err(|silence| self.city.silent(silence))?;
        let (status, body) = (answer.status, answer.body);
        match Answer::of(status, &body) {
            Some(told) => Ok(told),
            None if is_about_content(status, has_contexts) => Ok(Answer::Refused(detail(&body))),
            None => Err(self.city.refused(status, detail(&body))),
        }
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

/// The detail of a problem, or whatever was answered instead.
fn detail(body: &[u8]) -> String {
    let problem = json::parse(body, 8).ok();
    let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
    detail.map_or_else(|| String::from_utf8_lossy(body).chars().take(500).collect(), str::to_owned)
}
