//! What happens to every request and answer, whatever handler it is for.
//!
//! On the way in: a request id, who may connect, how many may be at work. On the way out: errors in their final
//! form, OPTIONS and 405, the tenant's echo, CORS, gzip, figures and the access log. All of it is plain
//! function calls around one router; a hot read pays less than a microsecond for it.

mod access_log;
mod cors;
mod figures;
mod finish;
mod gate;
mod gzip;
mod ids;
mod origins;
mod peers;
mod pressure;
mod room;
mod shortcut;

use std::any::Any;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderValue, Method, Request, Uri};
use tower_service::Service;

use figures::Figures;
use gate::Gate;
use ids::{Identity, Ids};
pub use origins::Origins;
pub use peers::Peers;
use room::Room;
pub use shortcut::Shortcut;

use crate::metrics::Registry;
use crate::request::{Arrival, TENANT_HEADER};
use crate::{Face, Language, Problem, Repeats, language_of};

/// How the edge behaves.
#[derive(Clone, Debug)]
pub struct EdgeSettings {
    /// Requests that may be at work at once.
    pub concurrency: usize,
    /// Requests of one tenant that may be at work at once while other tenants ask too.
    pub share: usize,
    /// Requests that may wait for their turn; more are answered 503.
    pub queue: usize,
    /// How long a request waits for its turn before it is answered 503.
    pub queue_patience: Duration,
    /// Bytes of large bodies that may be in memory at once; more wait for their turn.
    pub body_bytes: u64,
    /// Bytes of large answers that may wait for their readers; further ones are answered 503.
    pub answer_bytes: u64,
    /// Paths that never wait for their turn, so that an overloaded city can still be looked at.
    pub always: Vec<&'static str>,
    /// Pages of which sites may use the city.
    pub origins: Origins,
    /// Answers of at least so many bytes are compressed for clients that take gzip.
    pub gzip_from: u64,
    /// Requests that take longer are logged as slow.
    pub slow: Duration,
    /// Who may connect.
    pub peers: Peers,
}

/// The edge around one router.
#[derive(Debug)]
pub struct Edge {
    /// Answers until [`open`](Edge::open) gives the real one.
    before: Router,
    opened: OnceLock<Opened>,
    settings: EdgeSettings,
    gate: Gate,
    bodies: Room,
    answers: Room,
    figures: Figures,
    ids: Ids,
    repeats: Repeats,
}

/// Where requests go once the city is open.
#[derive(Debug)]
struct Opened {
    router: Router,
    shortcut: Option<Arc<dyn Shortcut>>,
}

/// What of a request is still needed when its answer is finished.
struct Asked {
    method: Method,
    uri: Uri,
    face: Face,
    language: Language,
    tenant: Option<HeaderValue>,
    origin: Option<HeaderValue>,
    requested_headers: Option<HeaderValue>,
    takes_gzip: bool,
    identity: Identity,
    peer: Option<SocketAddr>,
    at: Instant,
}

impl Edge {
    /// An edge around `router`, whose figures go to `registry`.
    pub fn new(router: Router, settings: EdgeSettings, registry: &Registry) -> Arc<Self> {
        let edge = Self::opening(Router::new(), settings, registry);
        edge.open(router, None);
        edge
    }

    /// An edge around a router that answers until the real one is there.
    pub fn opening(before: Router, settings: EdgeSettings, registry: &Registry) -> Arc<Self> {
        let figures = Figures::new(registry);
        let gate = Gate::new(&settings, registry);
        let bodies = Room::for_bodies(settings.body_bytes, registry);
        let answers = Room::for_answers(settings.answer_bytes, registry);
        Arc::new(Self {
            before,
            opened: OnceLock::new(),
            settings,
            gate,
            bodies,
            answers,
            figures,
            ids: Ids::new(),
            repeats: Repeats::default(),
        })
    }

    /// Lets requests through to the real router, before which a shortcut may be asked; the first that is given stays.
    pub fn open(&self, router: Router, shortcut: Option<Arc<dyn Shortcut>>) {
        let _ = self.opened.set(Opened { router, shortcut });
    }

    /// Answers one request.
    pub async fn answer<B>(&self, request: Request<B>, peer: Option<SocketAddr>) -> Response
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let asked = self.read(&request, peer);
        let response = match self.refusal(&asked, &request) {
            Some(problem) => problem.into_response(),
            // What the shortcut gives lies in memory whether anybody reads it or not.
            None => match self.cut_short(&request) {
                Some(response) => {
                    self.gate.note(&asked.tenant);
                    response
                }
                None => self.answers.hold(self.route(request, &asked).await),
            },
        };
        let response = finish::finish(response, &asked, &self.settings, &self.repeats);
        let took = asked.at.elapsed();
        self.figures.count(&asked.method, response.status(), took);
        access_log::write(&asked, response.status(), took, self.settings.slow, &self.repeats);
        response
    }

    fn read<B>(&self, request: &Request<B>, peer: Option<SocketAddr>) -> Asked {
        let headers = request.headers();
        Asked {
            method: request.method().clone(),
            uri: request.uri().clone(),
            face: Face::of(request.uri().path()),
            language: language_of(headers),
            tenant: headers.get(TENANT_HEADER).cloned(),
            origin: headers.get(http::header::ORIGIN).cloned(),
            requested_headers: headers.get(http::header::ACCESS_CONTROL_REQUEST_HEADERS).cloned(),
            takes_gzip: gzip::is_taken(headers),
            identity: self.ids.of(headers),
            peer,
            at: Instant::now(),
        }
    }

    /// Why this request is not even routed.
    fn refusal<B>(&self, asked: &Asked, request: &Request<B>) -> Option<Problem> {
        if let Some(peer) = asked.peer
            && !self.settings.peers.admit(peer.ip())
        {
            return Some(peers::refused(peer.ip()));
        }
        let is_open = self.settings.always.contains(&asked.uri.path());
        self.settings.origins.refusal(asked, request.headers(), is_open)
    }

    /// The answer that needs no router and waits for nothing, where there is one.
    fn cut_short<B>(&self, request: &Request<B>) -> Option<Response> {
        let shortcut = self.opened.get()?.shortcut.as_ref()?;
        let answer = || shortcut.answer(request.method(), request.uri(), request.headers());
        match std::panic::catch_unwind(AssertUnwindSafe(answer)) {
            Ok(response) => response,
            Err(panic) => Some(Problem::internal(panic_text(&*panic)).into_response()),
        }
    }

    async fn route<B>(&self, request: Request<B>, asked: &Asked) -> Response
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let path = asked.uri.path();
        let _turn = if self.settings.always.contains(&path) {
            None
        } else {
            match self.gate.enter(asked.tenant.clone(), length(request.headers())).await {
                Ok(turn) => Some(turn),
                Err(problem) => return problem.into_response(),
            }
        };
        // Only behind the gate, so that those who wait in one tenant's lane take no room from the others.
        let _body = match self.bodies.enter(request.headers(), self.settings.queue_patience).await {
            Ok(taken) => taken,
            Err(problem) => return problem.into_response(),
        };
        let _at_work = self.figures.at_work();
        let mut request = request.map(into_body);
        request.extensions_mut().insert(Arrival { request: asked.identity.id, peer: asked.peer, at: asked.at });
        if let Some(uri) = without_trailing_slash(asked) {
            *request.uri_mut() = uri;
        }
        let mut router = self.opened.get().map_or(&self.before, |opened| &opened.router).clone();
        match AssertUnwindSafe(router.call(request)).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(panic) => Problem::internal(panic_text(&*panic)).into_response(),
        }
    }
}

/// How long the body is to be; nothing for one that does not say.
fn length(headers: &http::HeaderMap) -> u64 {
    let length = headers.get(http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Most requests have no body; those cost no allocation.
fn into_body<B>(body: B) -> Body
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    if body.is_end_stream() { Body::empty() } else { Body::new(body) }
}

/// ETSI GS CIM 009 Table 6.2-1 writes `/entities/`, clients write `/entities`: both are one resource. With a method
/// that only a single entity takes, it is the entity whose id was left out (§5.6.17.4, §5.6.18.4).
fn without_trailing_slash(asked: &Asked) -> Option<Uri> {
    let path = asked.uri.path().strip_suffix('/')?;
    let is_of_one = matches!(asked.method, Method::PUT | Method::PATCH);
    if asked.face != Face::NgsiLd || path.is_empty() || (is_of_one && path.ends_with("/entities")) {
        return None;
    }
    match asked.uri.query() {
        Some(query) => format!("{path}?{query}").parse().ok(),
        None => path.parse().ok(),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no text".to_owned());
    format!("a handler panicked: {text}")
}
