//! What happens to every request and answer, whatever handler it is for.
//!
//! On the way in: a request id, who may connect, how many may be at work. On the way out: errors in their final
//! form, OPTIONS and 405, the tenant's echo, CORS, gzip, figures and the access log. All of it is plain
//! function calls around one router; a hot read pays less than a microsecond for it.

mod access_log;
mod arriving;
mod cors;
mod doors;
mod figures;
mod finish;
mod gate;
mod gzip;
mod host;
mod ids;
mod origins;
mod peers;
mod porch;
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

use doors::Doors;
use figures::Figures;
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
    /// How long a body may stand still; a small one must be complete by then.
    pub body_patience: Duration,
    /// Bytes of large bodies that may be in memory at once; more wait for their turn. As many again may have come of
    /// bodies that come slowly, and have no turn yet.
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
    doors: Arc<Doors>,
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
        let doors = Arc::new(Doors::new(&settings, registry));
        let answers = Room::for_answers(settings.answer_bytes, registry);
        Arc::new(Self {
            before,
            opened: OnceLock::new(),
            settings,
            doors,
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
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let asked = self.read(&request, peer);
        let response = match self.refusal(&asked, &request) {
            Some(problem) => problem.into_response(),
            // What the shortcut gives lies in memory whether anybody reads it or not.
            None => match self.cut_short(&request) {
                Some(response) => {
                    self.doors.gate.note(&asked.tenant);
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
        // What comes over no connection needs no host.
        if asked.peer.is_some()
            && let Some(fault) = host::fault(request.version(), request.headers())
        {
            return Some(fault);
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
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let (mut request, _held) = if self.settings.always.contains(&asked.uri.path()) {
            (request.map(Body::new), None)
        } else {
            match self.doors.admit(request, asked.tenant.clone()).await {
                Ok((request, held)) => (request, Some(held)),
                Err(problem) => return problem.into_response(),
            }
        };
        let _at_work = self.figures.at_work();
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
