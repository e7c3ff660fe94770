//! A city in memory behind its whole HTTP edge, asked without sockets.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use machi_broker::{Broker, collections, config::Config};
use machi_face::Face;
use machi_face::config::FaceConfig;
use machi_face::contexts::{LoadDocument, Loading};
use machi_http::edge::{Edge, EdgeSettings, Origins, Peers};
use machi_http::metrics::Registry;
use machi_store::memory::MemoryStore;
use machi_types::FixedClock;
use tokio::runtime::Runtime;

/// A city that has answered so many requests is forgotten, so that what it holds stays small.
const AGE: usize = 500;

/// The answer to one request.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) location: Option<String>,
    pub(crate) body: Bytes,
}

struct World {
    runtime: Runtime,
    edge: Arc<Edge>,
    asked: usize,
}

/// A network where nothing can be found.
#[derive(Debug)]
pub(crate) struct NoNetwork;

impl LoadDocument for NoNetwork {
    fn load<'a>(&'a self, _url: &'a str) -> Loading<'a> {
        Box::pin(async { Err(("there is no network here", "ここにネットワークはありません").into()) })
    }
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(FixedClock::new("2026-11-22T10:00:00Z".parse().expect("it is a time")));
        let store = Arc::new(MemoryStore::new(collections::specs(), clock.clone()));
        let face = Face::new(store, clock, FaceConfig::default(), Arc::new(NoNetwork));
        let broker = Arc::new(Broker::new(Arc::new(face), Config::default()));
        let own = machi_broker::http::api(Arc::clone(&broker)).into_router();
        let router = machi_broker::http::router(broker).merge(own);
        let settings = EdgeSettings {
            concurrency: 4,
            share: 4,
            queue: 4,
            queue_patience: Duration::from_secs(1),
            body_patience: Duration::from_secs(5),
            body_bytes: 64 << 20,
            answer_bytes: 64 << 20,
            always: Vec::new(),
            origins: Origins::any(),
            gzip_from: 100_000,
            slow: Duration::from_secs(60),
            peers: Peers::loopback(),
        };
        let edge = Edge::new(router, settings, &Registry::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let world = Self { runtime: runtime.expect("a runtime of one thread can be made"), edge, asked: 0 };
        world.furnish();
        world
    }

    /// So that requests find something.
    fn furnish(&self) {
        let entities = crate::targets::entity::SEEDS.join(",");
        let answer = self.ask(batch(&format!("[{entities}]")));
        assert_eq!(answer.status, StatusCode::CREATED, "{}", String::from_utf8_lossy(&answer.body));
    }

    fn ask(&self, request: Request<Full<Bytes>>) -> Answer {
        self.runtime.block_on(async {
            let response = self.edge.answer(request, None).await;
            let (parts, body) = response.into_parts();
            let body: Body = body;
            let body = body.collect().await.expect("the answer is in memory").to_bytes();
            let location = parts.headers.get(http::header::LOCATION).and_then(|location| location.to_str().ok());
            Answer { status: parts.status, location: location.map(str::to_owned), body }
        })
    }
}

/// Makes a new city where the one there is has answered enough; called between two inputs.
pub(crate) fn renew() {
    WORLD.with_borrow_mut(|world| {
        if world.as_ref().is_none_or(|world| world.asked >= AGE) {
            *world = Some(World::new());
        }
    });
}

/// Asks a city that knows the entities of the seeds, and maybe what was asked before.
pub(crate) fn ask(request: Request<Full<Bytes>>) -> Answer {
    WORLD.with_borrow_mut(|world| {
        let world = world.get_or_insert_with(World::new);
        world.asked += 1;
        let shown = format!("{} {}", request.method(), request.uri());
        let answer = world.ask(request);
        let is_bug = answer.status == StatusCode::INTERNAL_SERVER_ERROR;
        assert!(!is_bug, "{shown} was answered {}", String::from_utf8_lossy(&answer.body));
        answer
    })
}

/// A request with a JSON body.
pub(crate) fn json(method: &str, path: &str, body: &[u8]) -> Option<Request<Full<Bytes>>> {
    let builder = Request::builder().method(method).uri(path).header("content-type", "application/json");
    builder.header("content-length", body.len()).body(Full::new(Bytes::copy_from_slice(body))).ok()
}

/// A request as a text: a line with method and address, headers, an empty line, the body.
pub(crate) fn read(text: &[u8]) -> Option<Request<Full<Bytes>>> {
    let end = text.windows(2).position(|two| two == b"\n\n");
    let (head, body) = text.split_at(end.unwrap_or(text.len()));
    let body = body.get(2..).unwrap_or_default();
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let (method, address) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(address);
    for line in lines.take(50) {
        let (name, value) = line.split_once(':')?;
        let name: HeaderName = name.parse().ok()?;
        request = request.header(name, HeaderValue::from_str(value.trim()).ok()?);
    }
    if !body.is_empty() {
        request = request.header("content-length", body.len());
    }
    request.body(Full::new(Bytes::copy_from_slice(body))).ok()
}

fn batch(body: &str) -> Request<Full<Bytes>> {
    json("POST", "/ngsi-ld/v1/entityOperations/upsert", body.as_bytes()).expect("it is well formed")
}
