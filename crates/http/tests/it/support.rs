//! A small city of test handlers, and a client that writes raw bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, patch, post};
use http::{HeaderMap, Uri};
use machi_http::edge::{Edge, EdgeSettings, Origins, Peers};
use machi_http::live::{LiveEvent, LiveSource, sse, websocket};
use machi_http::metrics::Registry;
use machi_http::request::{
    BodyLimits, Conditions, Etag, MediaType, Query, RequestCaller, accept, body_type, read_body,
};
use machi_http::server::{Server, ServerLimits};
use machi_http::{Problem, Shutdown, ShutdownTrigger, answer, shutdown};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub(crate) const BODY: BodyLimits = BodyLimits { largest: 100_000, key: "[limits] body" };

pub(crate) struct City {
    pub(crate) address: SocketAddr,
    pub(crate) registry: Arc<Registry>,
    trigger: ShutdownTrigger,
    task: JoinHandle<()>,
}

pub(crate) fn limits() -> ServerLimits {
    ServerLimits {
        connections: 1000,
        head_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(400),
        write_timeout: Duration::from_millis(400),
        head_bytes: 16 * 1024,
        grace: Duration::from_millis(500),
    }
}

pub(crate) fn settings() -> EdgeSettings {
    EdgeSettings {
        body_patience: Duration::from_millis(300),
        body_bytes: 64 << 20,
        answer_bytes: 64 << 20,
        share: 8,
        concurrency: 64,
        queue: 64,
        queue_patience: Duration::from_secs(5),
        always: vec!["/healthz"],
        origins: Origins::any(),
        gzip_from: 1000,
        slow: Duration::from_secs(1),
        peers: Peers::loopback(),
    }
}

impl City {
    pub(crate) fn start() -> Self {
        Self::start_with(limits(), settings())
    }

    pub(crate) fn start_with(limits: ServerLimits, settings: EdgeSettings) -> Self {
        let registry = Arc::new(Registry::new());
        let (trigger, heard) = shutdown();
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), limits, &registry).unwrap();
        let address = server.address().unwrap();
        let edge = Edge::new(router(heard.clone()), settings, &registry);
        let task = tokio::spawn(server.run(edge, heard));
        Self { address, registry, trigger, task }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn ask(&self, request: &str) -> Answer {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        Answer::read(&mut stream).await
    }

    /// A GET with these further header lines.
    pub(crate) async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        let lines = headers.iter().fold(String::new(), |lines, line| lines + line + "\r\n");
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: city\r\n{lines}\r\n")).await
    }

    pub(crate) fn close(&self) {
        self.trigger.begin();
    }

    pub(crate) async fn closed(self) {
        self.task.await.unwrap();
    }

    pub(crate) fn figure(&self, name: &str) -> u64 {
        let text = self.registry.render();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(
                stream.read_buf(&mut bytes).await.unwrap() > 0,
                "closed after {:?}",
                String::from_utf8_lossy(&bytes)
            );
        };
        let body = bytes.split_off(end);
        let head = String::from_utf8(bytes).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Self { status, head, body };
        answer.read_body(stream).await;
        answer
    }

    async fn read_body(&mut self, stream: &mut TcpStream) {
        if let Some(length) = self.header("content-length") {
            let length: usize = length.parse().unwrap();
            while self.body.len() < length && stream.read_buf(&mut self.body).await.unwrap() > 0 {}
        } else if self.header("transfer-encoding").is_some() {
            while !self.body.ends_with(b"0\r\n\r\n") && stream.read_buf(&mut self.body).await.unwrap() > 0 {}
            self.body = unchunked(&self.body);
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
    whole
}

fn router(heard: Shutdown) -> Router {
    let (for_sse, for_socket) = (heard.clone(), heard);
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route(
            "/large",
            get(|| async { answer::representation(MediaType::Json, "[1,2,3]".repeat(1000)) }),
        )
        .route(
            "/huge",
            get(|| async { answer::representation(MediaType::Json, vec![b'x'; 64 << 20]) }),
        )
        .route(
            "/slow",
            get(|| async { tokio::time::sleep(Duration::from_millis(300)).await }),
        )
        .route("/forever", get(std::future::pending::<()>))
        .route("/panic", get(|| async { panic_now() }))
        .route(
            "/named/{name}",
            get(|axum::extract::Path(name): axum::extract::Path<String>| async { name }),
        )
        .route("/live", get(move || async move { sse(events(), for_sse) }))
        .route(
            "/socket",
            get(
                move |upgrade: axum::extract::ws::WebSocketUpgrade| async move {
                    websocket(upgrade, events(), for_socket)
                },
            ),
        )
        .route("/ngsi-ld/v1/entities", get(list).post(create))
        .route("/ngsi-ld/v1/entities/{id}", patch(create).get(one))
        .route("/machi/v1/things", post(create))
        .route("/echo", post(echo))
}

fn panic_now() -> String {
    panic!("a handler that breaks")
}

fn events() -> LiveSource {
    let (sender, source) = mpsc::channel(8);
    tokio::spawn(async move {
        for number in 1..=3 {
            let event = LiveEvent { id: Some(number.to_string()), name: "change", data: format!("{{\"n\":{number}}}") };
            let _ = sender.send(event).await;
        }
        sender.closed().await;
    });
    source
}

async fn list(
    RequestCaller(caller): RequestCaller,
    headers: HeaderMap,
    uri: Uri,
) -> Result<axum::response::Response, Problem> {
    Query::parse(uri.query(), &["limit", "offset"])?;
    let media = accept(&headers, MediaType::STANDARD)?;
    Ok(answer::representation(media, format!("[\"{}\"]", caller.tenant())))
}

async fn one(conditions: Conditions) -> axum::response::Response {
    let etag = Etag::of_version(1);
    if conditions.is_unmodified(&etag) {
        return answer::not_modified(&etag);
    }
    answer::AnswerExt::with_etag(answer::representation(MediaType::Json, "{}"), &etag)
}

async fn create(method: http::Method, headers: HeaderMap, body: Body) -> Result<axum::response::Response, Problem> {
    body_type(&headers, &method)?;
    read_body(&headers, body, &BODY).await?;
    Ok(answer::created("/ngsi-ld/v1/entities/urn:a:1"))
}

async fn echo(headers: HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    Ok(read_body(&headers, body, &BODY).await?.to_vec())
}
