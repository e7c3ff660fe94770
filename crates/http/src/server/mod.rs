//! The listening side: accepts connections up to a bound, gives each its time-outs, and ends them in time.

mod connection;
mod farewell;
mod figures;
mod guarded;
mod phase;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{error, warn};

use connection::{Accepted, Shared};
use figures::Figures;

use crate::Shutdown;
use crate::edge::Edge;
use crate::metrics::Registry;

/// How many connections the kernel may keep waiting for us.
const BACKLOG: u32 = 4096;
/// How long to wait when the kernel has no file descriptor left.
const OUT_OF_FILES: Duration = Duration::from_millis(50);

/// Bounds on connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Open connections; more wait in the kernel's backlog.
    pub connections: usize,
    /// How long a request's head may take from its first byte on.
    pub head_timeout: Duration,
    /// How long a connection may rest between requests; it is closed after one to two times this.
    pub idle_timeout: Duration,
    /// How long a client may leave an answer unread.
    pub write_timeout: Duration,
    /// The most bytes of a request's head, from its first line to the empty one at its end; an address is at most
    /// 65,534 bytes long in any case.
    pub head_bytes: usize,
    /// How long requests at work may go on once the city closes.
    pub grace: Duration,
}

/// A bound address.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    limits: ServerLimits,
    figures: Arc<Figures>,
}

impl Server {
    /// Binds an address; port 0 takes any free one.
    pub fn bind(address: SocketAddr, limits: ServerLimits, registry: &Registry) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // Without it a restart would have to wait until the connections before it are forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        Ok(Self { listener, limits, figures: Arc::new(Figures::new(registry)) })
    }

    /// The address that was bound, with its real port.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the shutdown begins, then ends within the grace.
    pub async fn run(self, edge: Arc<Edge>, mut shutdown: Shutdown) {
        let Self { listener, limits, figures } = self;
        let slots = Arc::new(Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS)));
        let grace = limits.grace;
        let limits = Arc::new(limits);
        let shared = Arc::new(Shared { edge, limits, figures, shutdown: shutdown.clone() });
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.begun() => break,
                accepted = accept(&listener, &slots) => accepted,
            };
            reap(&mut connections);
            if let Some(accepted) = accepted {
                connections.spawn(connection::serve(accepted, Arc::clone(&shared)));
            }
        }
        drop(listener);
        end(&mut connections, grace).await;
    }
}

/// The next connection, once there is room for one.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> Option<Accepted> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some(Accepted { stream, peer, slot }),
        Err(error) if is_about_one_connection(&error) => None,
        Err(error) => {
            warn!(%error, "no connection can be accepted at the moment");
            sleep(OUT_OF_FILES).await;
            None
        }
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

/// Forgets connections that have ended.
fn reap(connections: &mut JoinSet<()>) {
    while let Some(ended) = connections.try_join_next() {
        if let Err(failure) = ended
            && failure.is_panic()
        {
            error!(cause = %failure, "a connection ended by a panic");
        }
    }
}

/// Waits for the requests at work, but not longer than the grace.
async fn end(connections: &mut JoinSet<()>, grace: Duration) {
    let all_ended = timeout(grace, async { while connections.join_next().await.is_some() {} }).await;
    if all_ended.is_err() {
        warn!(connections = connections.len(), "requests that did not end in time are broken off");
        connections.shutdown().await;
    }
}
