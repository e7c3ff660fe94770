//! Listens, lets clients in up to a bound, and ends them when the city closes.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::Duration;

use machi_http::Shutdown;
use machi_http::edge::Peers;
use machi_types::RequestId;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{error, warn};

use super::connection;
use crate::Sql;

/// How many connections the kernel may keep waiting for us.
const BACKLOG: u32 = 128;
/// Connections beyond the bound that are heard at once, for they may ask to cancel a query; more wait in the backlog.
const SPARE: usize = 16;
/// How long to wait when the kernel has no file descriptor left.
const OUT_OF_FILES: Duration = Duration::from_millis(50);

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
    listener: TcpListener,
    bounds: Bounds,
}

impl Listener {
    /// Binds the address; port 0 takes any free one.
    pub fn bind(bounds: Bounds) -> io::Result<Self> {
        let address = bounds.address;
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // Without it a restart would have to wait until the connections before it are forgotten.
        socket.set_reuseaddr(true)?;
        // Connections rest for hours; those whose client is gone without a word must not hold their places.
        socket.set_keepalive(true)?;
        socket.bind(address)?;
        Ok(Self { listener: socket.listen(BACKLOG)?, bounds })
    }

    /// The address that was bound, with its real port.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the shutdown begins, then ends within the grace.
    pub async fn run(self, sql: Arc<Sql>, mut shutdown: Shutdown) {
        let Self { listener, bounds } = self;
        let most = bounds.connections.clamp(1, Semaphore::MAX_PERMITS - SPARE);
        let (places, rooms) = (Arc::new(Semaphore::new(most)), Arc::new(Semaphore::new(most + SPARE)));
        let shared = Arc::new(Shared::new(sql, bounds.connections, shutdown.clone()));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.begun() => break,
                accepted = accept(&listener, &rooms) => accepted,
            };
            let Some((accepted, room)) = accepted else { break };
            reap(&mut connections);
            match accepted {
                Ok((stream, peer)) if bounds.peers.admit(peer.ip()) => {
                    let place = Arc::clone(&places).try_acquire_owned().ok();
                    connections.spawn(connection::serve(Accepted { stream, peer, place, room }, Arc::clone(&shared)));
                }
                // Strangers are told nothing, as long as there is no sign-in.
                Ok(_) => {}
                Err(error) if is_about_one_connection(&error) => {}
                Err(error) => {
                    warn!(%error, "no SQL connection can be accepted at the moment");
                    sleep(OUT_OF_FILES).await;
                }
            }
        }
        drop(listener);
        let all_ended = timeout(bounds.grace, async { while connections.join_next().await.is_some() {} }).await;
        if all_ended.is_err() {
            warn!(connection.count = connections.len(), "queries that did not end in time are broken off");
            connections.shutdown().await;
        }
    }
}

/// The next connection, once there is room for one.
async fn accept(
    listener: &TcpListener,
    rooms: &Arc<Semaphore>,
) -> Option<(io::Result<(TcpStream, SocketAddr)>, OwnedSemaphorePermit)> {
    let room = Arc::clone(rooms).acquire_owned().await.ok()?;
    Some((listener.accept().await, room))
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

/// Forgets connections that have ended.
fn reap(connections: &mut JoinSet<()>) {
    while let Some(ended) = connections.try_join_next() {
        if let Err(failure) = ended
            && failure.is_panic()
        {
            error!(cause = %failure, "a SQL connection ended by a panic");
        }
    }
}

/// A connection that was taken in; without a place there is no room for it.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) place: Option<OwnedSemaphorePermit>,
    pub(super) room: OwnedSemaphorePermit,
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
