//! The city that this process is, as an import sees it: batches go to the NGSI-LD API without leaving the process.

use axum::Router;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use machi_http::Problem;
use machi_http::client::{Again, Pauses, insist};
use machi_http::request::Arrival;
use machi_types::Iri;
use tokio::runtime::Handle;
use tower_service::Service;

use crate::import::upsert::{Answer, Door, Errand, Manner, is_about_content};

/// How often a busy city is asked; whoever imports waits meanwhile.
const ATTEMPTS: u32 = 4;

/// The way of the batches of one import.
#[derive(Debug)]
pub(super) struct Inside {
    /// The operations that take the batches.
    pub(super) doors: Router,
    pub(super) manner: Manner,
    /// The @context of entities that carry none.
    pub(super) context: Option<Iri>,
    /// The request that is served, under whose id the batches are told of.
    pub(super) arrival: Option<Arrival>,
    pub(super) runtime: Handle,
}

impl Door for Inside {
    type Error = Problem;

    fn ask(&self, errand: Errand, body: Vec<u8>, has_contexts: bool) -> Result<Answer, Problem> {
        let body = Bytes::from(body);
        let ask = async || self.once(errand, body.clone(), has_contexts).await;
        let again = |problem: &Problem| match problem.status() {
            StatusCode::SERVICE_UNAVAILABLE => Again::Soon,
            _ => Again::Never,
        };
        self.runtime.block_on(insist(Pauses::between(ATTEMPTS), ask, again))
    }
}

impl Inside {
    async fn once(&self, errand: Errand, body: Bytes, has_contexts: bool) -> Result<Answer, Problem> {
        let length = HeaderValue::from(body.len());
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static(self.manner.path(errand));
        *request.headers_mut() = self.manner.headers(has_contexts, self.context.as_ref());
        request.headers_mut().insert(CONTENT_LENGTH, length);
        if let Some(arrival) = self.arrival {
            request.extensions_mut().insert(arrival);
        }
        let mut response = match self.doors.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        match Problem::taken_from(&mut response) {
            Some(problem) if is_about_content(status, has_contexts) => {
                Ok(Answer::Refused(problem.detail(self.manner.language()).to_owned()))
            }
            Some(problem) => Err(problem),
            None => {
                // The verdicts on one batch: they are in memory already.
                let body = to_bytes(response.into_body(), usize::MAX).await.map_err(Problem::internal)?;
                Answer::of(status, &body)
                    .ok_or_else(|| Problem::internal(format!("a batch of an import was answered {status}")))
            }
        }
    }
}
