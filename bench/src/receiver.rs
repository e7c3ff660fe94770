//! A receiver of notifications over HTTP/1.1 that only notes what came and when.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use machi_types::{Clock, SystemClock, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How a receiver answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// 204 at once.
    Healthy = 0,
    /// 204 after three seconds.
    Slow = 1,
    /// 503 at once.
    Failing = 2,
    /// Never.
    Silent = 3,
}

/// A notification that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The number at the end of the subscription's id.
    pub subscription: u32,
    /// The number that the notified entity carries.
    pub serial: u32,
    /// When the commit was.
    pub notified_at: Timestamp,
    /// When it came.
    pub arrived_at: Timestamp,
}

impl Arrival {
    /// From the commit until it came.
    pub fn latency(&self) -> Duration {
        let micros = self.arrived_at.micros() - self.notified_at.micros();
        Duration::from_micros(micros.max(0).cast_unsigned())
    }
}

/// A receiver on a port of its own; it ends when this goes.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Shared {
    arrivals: Mutex<Vec<Arrival>>,
    count: AtomicU64,
    garbled: AtomicU64,
    behaviour: AtomicU8,
    /// What stands before the serial number in a notification.
    mark: String,
}

impl Receiver {
    /// Listens on a free port. Serial numbers are found behind `mark`, the beginning of an attribute's name.
    pub async fn start(mark: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { mark: format!("\"{mark}"), ..Shared::default() });
        let theirs = Arc::clone(&shared);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&theirs);
                connections.spawn(async move { serve(stream, &shared).await.unwrap_or_default() });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, shared, _tasks: tasks })
    }

    /// Where notifications go.
    pub fn url(&self) -> String {
        format!("http://{}/notify", self.address)
    }

    /// Answers so from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.shared.behaviour.store(behaviour as u8, Ordering::Relaxed);
    }

    /// How many notifications were taken.
    pub fn count(&self) -> u64 {
        self.shared.count.load(Ordering::Relaxed)
    }

    /// How many came that could not be read.
    pub fn garbled(&self) -> u64 {
        self.shared.garbled.load(Ordering::Relaxed)
    }

    /// What was taken since this was last asked.
    pub fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut *self.shared.arrivals.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(1 << 14);
    loop {
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let end = head + 4 + content_length(buffer.get(..head).unwrap_or_default());
        while buffer.len() < end {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        let status = answer(shared, buffer.get(head + 4..end).unwrap_or_default()).await;
        buffer.drain(..end);
        stream.write_all(status.as_bytes()).await?;
    }
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0)
}

async fn answer(shared: &Shared, body: &[u8]) -> &'static str {
    let arrived_at = SystemClock.now();
    let behaviour = shared.behaviour.load(Ordering::Relaxed);
    if behaviour == Behaviour::Failing as u8 {
        return "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    }
    if behaviour == Behaviour::Silent as u8 {
        std::future::pending::<()>().await;
    }
    if behaviour == Behaviour::Slow as u8 {
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    match read(body, &shared.mark, arrived_at) {
        Some(arrival) => shared.arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(arrival),
        None => drop(shared.garbled.fetch_add(1, Ordering::Relaxed)),
    }
    shared.count.fetch_add(1, Ordering::Relaxed);
    "HTTP/1.1 204 No Content\r\n\r\n"
}

fn read(body: &[u8], mark: &str, arrived_at: Timestamp) -> Option<Arrival> {
    let body = std::str::from_utf8(body).ok()?;
    let (_, subscription) = body.split_once("\"subscriptionId\":\"")?;
    let (_, notified_at) = body.split_once("\"notifiedAt\":\"")?;
    let (_, attribute) = body.split_once(mark)?;
    let (_, serial) = attribute.split_once("\"value\":")?;
    let serial = serial.split(|c: char| !c.is_ascii_digit()).next()?;
    Some(Arrival {
        subscription: subscription.split('"').next()?.rsplit(':').next()?.parse().ok()?,
        serial: serial.parse().ok()?,
        notified_at: notified_at.split('"').next()?.parse().ok()?,
        arrived_at,
    })
}
