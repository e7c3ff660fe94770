//! A receiver of notifications that can be told how to behave.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A notification as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

#[derive(Debug)]
struct Behaviour {
    received: std::sync::Mutex<Vec<Received>>,
    status: AtomicU16,
    delay_millis: AtomicU64,
    asked: AtomicU64,
}

/// A receiver on a port of its own.
pub(crate) struct Receiver {
    address: SocketAddr,
    behaviour: Arc<Behaviour>,
    server: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::start_on("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn start_on(address: SocketAddr) -> Self {
        let behaviour = Arc::new(Behaviour {
            received: std::sync::Mutex::default(),
            status: AtomicU16::new(200),
            delay_millis: AtomicU64::new(0),
            asked: AtomicU64::new(0),
        });
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(take).with_state(behaviour.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, behaviour, server }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn answer(&self, status: u16) {
        self.behaviour.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn delay(&self, millis: u64) {
        self.behaviour.delay_millis.store(millis, Ordering::SeqCst);
    }

    /// What was taken, that is, answered with success.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.behaviour.received.lock().unwrap().clone()
    }

    pub(crate) fn times_asked(&self) -> u64 {
        self.behaviour.asked.load(Ordering::SeqCst)
    }

    /// Waits until so many were taken.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Received> {
        let enough = wait_for(|| self.received().len() >= count).await;
        let received = self.received();
        assert!(enough, "only {} of {count} notifications came", received.len());
        received
    }

    /// Waits until it was asked so often, whatever it answered.
    pub(crate) async fn wait_asked(&self, count: u64) {
        assert!(wait_for(|| self.times_asked() >= count).await, "asked only {} times of {count}", self.times_asked());
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(behaviour): State<Arc<Behaviour>>, request: Request) -> StatusCode {
    behaviour.asked.fetch_add(1, Ordering::SeqCst);
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let delay = behaviour.delay_millis.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(delay)).await;
    let status = StatusCode::from_u16(behaviour.status.load(Ordering::SeqCst)).unwrap();
    if status.is_success() {
        let received = Received {
            path: parts.uri.path().to_owned(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap(),
        };
        behaviour.received.lock().unwrap().push(received);
    }
    status
}

/// Waits for a condition, ten seconds at most.
pub(crate) async fn wait_for(mut condition: impl FnMut() -> bool) -> bool {
    for _ in 0..1000 {
        if condition() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    condition()
}
