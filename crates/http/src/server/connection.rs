//! One connection: HTTP/1.1 requests one after another, each through the edge.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::response::Response;
use http::header::CONNECTION;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing::debug;

use super::ServerLimits;
use super::figures::Figures;
use super::guarded::Guarded;
use super::phase::{Phase, SharedPhase};
use crate::edge::Edge;
use crate::metrics::Gauge;
use crate::{Guest, Shutdown};

/// hyper reads heads into a buffer that is never smaller.
const LEAST_BUFFER_BYTES: usize = 8192;
const MOST_HEADERS: usize = 100;

/// What all connections share.
pub(super) struct Shared {
    pub(super) edge: Arc<Edge>,
    pub(super) limits: Arc<ServerLimits>,
    pub(super) figures: Arc<Figures>,
    pub(super) shutdown: Shutdown,
}

/// Serves one connection to its end; it holds its room as long as it lives.
pub(super) async fn serve(guest: Guest, shared: Arc<Shared>) {
    let Guest { stream, peer, room: _room } = guest;
    shared.figures.accepted.inc();
    let _open = Open::new(&shared.figures.open);
    // Answers are small and wanted at once; waiting to fill a packet would cost 40 ms.
    if stream.set_nodelay(true).is_err() || !speaks(&stream, &shared).await {
        return;
    }
    // Boxed, so that a silent connection does not hold the room that a speaking one needs.
    Box::pin(converse(stream, peer, &shared)).await;
}

async fn converse(stream: TcpStream, peer: SocketAddr, shared: &Shared) {
    let phase = Arc::new(SharedPhase::new());
    let socket = Guarded::new(stream, Arc::clone(&phase), Arc::clone(&shared.limits), Arc::clone(&shared.figures));
    let (edge, of_requests) = (Arc::clone(&shared.edge), Arc::clone(&phase));
    let service = service_fn(move |request| {
        of_requests.set(Phase::Busy);
        answer(request, peer, Arc::clone(&edge), Arc::clone(&of_requests))
    });
    let mut builder = http1::Builder::new();
    builder
        // The buffer may come to hold more than its size by a read; the head itself is measured as well.
        .max_buf_size(shared.limits.head_bytes.max(LEAST_BUFFER_BYTES))
        .max_header_size(shared.limits.head_bytes)
        .max_headers(MOST_HEADERS)
        .header_read_timeout(None)
        // A client that has said all may close its side and still read the answer; what was begun is finished.
        .half_close(true);
    let connection = builder.serve_connection(TokioIo::new(socket), service).with_upgrades();
    if let Err(error) = drive(connection, &phase, shared.shutdown.clone()).await {
        debug!(peer.ip = %peer.ip(), %error, "connection ended early");
    }
}

/// Waits for the first byte, so that a silent connection costs no buffers.
async fn speaks(stream: &TcpStream, shared: &Shared) -> bool {
    let mut shutdown = shared.shutdown.clone();
    let mut first = [0];
    tokio::select! {
        () = shutdown.begun() => false,
        peeked = timeout(shared.limits.idle_timeout, stream.peek(&mut first)) => matches!(peeked, Ok(Ok(1))),
    }
}

async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    edge: Arc<Edge>,
    phase: Arc<SharedPhase>,
) -> Result<Response, Infallible> {
    let response = edge.answer(request, Some(peer)).await;
    let is_last = || response.headers().get(CONNECTION).is_some_and(|value| value == "close");
    phase.set(match response.status() {
        StatusCode::SWITCHING_PROTOCOLS => Phase::Upgraded,
        // Whoever is too slow, or may not come in at all, is not waited for.
        StatusCode::REQUEST_TIMEOUT | StatusCode::FORBIDDEN => Phase::Idle,
        _ if is_last() => Phase::Parting,
        _ => Phase::Idle,
    });
    Ok(response)
}

/// Serves until the client goes away; once the city closes, until the request at work is answered.
async fn drive<S>(
    connection: http1::UpgradeableConnection<TokioIo<Guarded>, S>,
    phase: &SharedPhase,
    mut shutdown: Shutdown,
) -> hyper::Result<()>
where
    S: hyper::service::HttpService<Incoming, ResBody = axum::body::Body> + Send,
    S::Error: Into<axum::BoxError>,
    S::Future: Send,
{
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        () = shutdown.begun() => {}
    }
    // A request whose head is not complete has not begun; nobody waits for the rest of it.
    if phase.now() == Phase::Head {
        return Ok(());
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}

/// Counts a connection as open for as long as it lives.
struct Open<'a>(&'a Gauge);

impl<'a> Open<'a> {
    fn new(gauge: &'a Gauge) -> Self {
        gauge.add(1);
        Self(gauge)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.sub(1);
    }
}
