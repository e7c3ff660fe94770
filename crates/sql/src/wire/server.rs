//! Listens, lets clients in up to a bound, and ends them when the city closes.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::Duration;

use machi_http::edge::Peers;
use machi_http::{Door, Shutdown};
use machi_types::RequestId;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::{Semaphore, watch};

use super::connection;
use crate::Sql;

/// Connections beyond the bound that are heard at once, for they may ask to cancel a query; more wait at the door.
const SPARE: usize = 16;

/// Who may come in, and how many.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Where to listen.
    pub address: SocketAddr,
    /// Connections at once; more are told that there is no room.
    pub connections: usize,
    /// Who may ask.
    pub peers: Peers,
    /// How long queries may go on once the city closes.
    pub grace: Duration,
}

/// A bound address.
#[derive(Debug)]
pub struct Listener {
    door: Door,
    bounds: Bounds,
}

impl Listener {
    /// Binds the address; port 0 takes any free one.
    pub fn bind(bounds: Bounds) -> io::Result<Self> {
        Ok(Self { door: Door::bind(bounds.address)?, bounds })
    }

    /// The address that was bound, with its real port.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.door.address()
    }

    /// Serves until the shutdown begins, then ends within the grace.
    pub async fn run(self, sql: Arc<Sql>, shutdown: Shutdown) {
        let Self { door, bounds } = self;
        let most = bounds.connections.clamp(1, Semaphore::MAX_PERMITS - SPARE);
        let places = Arc::new(Semaphore::new(most));
        let shared = Arc::new(Shared::new(sql, most, shutdown.clone()));
        door.serve(most + SPARE, bounds.grace, shutdown, |guest| {
            let place = Arc::clone(&places).try_acquire_owned().ok();
            // Strangers are told nothing, as long as there is no sign-in.
            let is_known = bounds.peers.admit(guest.peer.ip());
            let shared = Arc::clone(&shared);
            async move {
                if is_known {
                    connection::serve(guest, place, shared).await;
                }
            }
        })
        .await;
    }
}

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) sql: Arc<Sql>,
    pub(super) most: usize,
    pub(super) shutdown: Shutdown,
    next: AtomicI32,
    requests: AtomicU64,
    /// Keyed at random at start-up, so that nobody can guess another's secret.
    random: RandomState,
    /// By which queries are cancelled: another connection names its number and its secret.
    cancels: Mutex<FxHashMap<(i32, i32), watch::Sender<u64>>>,
}

impl Shared {
    fn new(sql: Arc<Sql>, most: usize, shutdown: Shutdown) -> Self {
        let (next, requests) = (AtomicI32::new(1), AtomicU64::new(0));
        Self { sql, most, shutdown, next, requests, random: RandomState::new(), cancels: Mutex::default() }
    }

    /// A number and a secret for a connection, and by what it hears that its query is to end.
    pub(super) fn enter(self: &Arc<Self>) -> (Entry, watch::Receiver<u64>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed) & i32::MAX;
        let secret = self.random.hash_one(number) as i32;
        let (cancel, cancelled) = watch::channel(0);
        self.cancels.lock().insert((number, secret), cancel);
        (Entry { number, secret, shared: Arc::clone(self) }, cancelled)
    }

    /// Ends the query of a connection, if it is known by this secret.
    pub(super) fn cancel(&self, number: i32, secret: i32) {
        if let Some(cancel) = self.cancels.lock().get(&(number, secret)) {
            cancel.send_modify(|count| *count += 1);
        }
    }

    pub(super) fn request(&self) -> RequestId {
        RequestId(self.random.hash_one(("request", self.requests.fetch_add(1, Ordering::Relaxed))))
    }
}

/// The name of a connection, forgotten when it ends.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) number: i32,
    pub(super) secret: i32,
    shared: Arc<Shared>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.shared.cancels.lock().remove(&(self.number, self.secret));
    }
}
