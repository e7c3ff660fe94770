//! HTTP at a [`Door`]: gives each connection its time-outs, and what it asks to the edge.

mod connection;
mod farewell;
mod figures;
mod guarded;
mod phase;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use connection::Shared;
use figures::Figures;

use crate::edge::Edge;
use crate::metrics::Registry;
use crate::{Door, Shutdown};

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
    door: Door,
    limits: ServerLimits,
    figures: Arc<Figures>,
}

impl Server {
    /// Binds an address; port 0 takes any free one.
    pub fn bind(address: SocketAddr, limits: ServerLimits, registry: &Registry) -> io::Result<Self> {
        Ok(Self { door: Door::bind(address)?, limits, figures: Arc::new(Figures::new(registry)) })
    }

    /// The address that was bound, with its real port.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.door.address()
    }

    /// Serves until the shutdown begins, then ends within the grace.
    pub async fn run(self, edge: Arc<Edge>, shutdown: Shutdown) {
        let Self { door, limits, figures } = self;
        let (rooms, grace) = (limits.connections, limits.grace);
        let shared = Arc::new(Shared { edge, limits: Arc::new(limits), figures, shutdown: shutdown.clone() });
        door.serve(rooms, grace, shutdown, |guest| connection::serve(guest, Arc::clone(&shared))).await;
    }
}
