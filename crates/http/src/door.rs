//! A door: an address that is listened at, room for so many at once, and an end within a grace.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{error, warn};

use crate::Shutdown;

/// How many connections the kernel may keep waiting for us.
const BACKLOG: u32 = 4096;
/// How long to wait when the kernel has no file descriptor left.
const OUT_OF_FILES: Duration = Duration::from_millis(50);

/// A bound address, at which nobody is let in yet.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
}

/// A connection that was let in.
#[derive(Debug)]
pub struct Guest {
    /// Its bytes.
    pub stream: TcpStream,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Its room, which the next one gets when it is dropped.
    pub room: OwnedSemaphorePermit,
}

impl Door {
    /// Binds an address; port 0 takes any free one.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // Without it a restart would have to wait until the connections before it are forgotten.
        socket.set_reuseaddr(true)?;
        // Connections may rest for hours; those whose client is gone without a word must not hold their rooms.
        socket.set_keepalive(true)?;
        socket.bind(address)?;
        Ok(Self { listener: socket.listen(BACKLOG)? })
    }

    /// The address that was bound, with its real port.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Lets in at most `rooms` at once, more wait in the kernel's backlog; each is served until the shutdown begins,
    /// and may then go on for the grace.
    pub async fn serve<F>(
        self,
        rooms: usize,
        grace: Duration,
        mut shutdown: Shutdown,
        mut serve: impl FnMut(Guest) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let rooms = Arc::new(Semaphore::new(rooms.clamp(1, Semaphore::MAX_PERMITS)));
        let mut guests = JoinSet::new();
        loop {
            let guest = tokio::select! {
                biased;
                () = shutdown.begun() => break,
                guest = self.next(&rooms) => guest,
            };
            reap(&mut guests);
            if let Some(guest) = guest {
                guests.spawn(serve(guest));
            }
        }
        drop(self);
        end(&mut guests, grace).await;
    }

    /// The next connection, once there is room for one; none where it went as it came.
    async fn next(&self, rooms: &Arc<Semaphore>) -> Option<Guest> {
        let room = Arc::clone(rooms).acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok((stream, peer)) => Some(Guest { stream, peer, room }),
            Err(error) if is_about_one_connection(&error) => None,
            Err(error) => {
                warn!(%error, "no connection can be accepted at the moment");
                sleep(OUT_OF_FILES).await;
                None
            }
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
fn reap(guests: &mut JoinSet<()>) {
    while let Some(ended) = guests.try_join_next() {
        if let Err(failure) = ended
            && failure.is_panic()
        {
            error!(cause = %failure, "a connection ended by a panic");
        }
    }
}

/// Waits for what is at work, but not longer than the grace.
async fn end(guests: &mut JoinSet<()>, grace: Duration) {
    let all_ended = timeout(grace, async { while guests.join_next().await.is_some() {} }).await;
    if all_ended.is_err() {
        warn!(connections = guests.len(), "requests that did not end in time are broken off");
        guests.shutdown().await;
    }
}
