//! A load generator for HTTP/1.1 over kept connections: each sends its next request when it has the answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Makes the bytes of a request from a random number.
pub type MakeRequest = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Answers with status 2xx a second.
    pub rate: f64,
    /// Answers with another status.
    pub refused: u64,
    /// Half of the answers took at most this.
    pub p50: Duration,
    /// 99 of 100 answers took at most this.
    pub p99: Duration,
    /// The bytes of an answer's body, on average.
    pub body: u64,
    /// The generator's own processor time, as a share of one core.
    pub generator: f64,
}

/// Sends requests on so many connections for so long.
pub async fn run(address: SocketAddr, connections: u64, time: Duration, make: MakeRequest) -> Outcome {
    let (started, cpu) = (Instant::now(), own_cpu());
    let mut tasks = tokio::task::JoinSet::new();
    for connection in 0..connections {
        let make = Arc::clone(&make);
        tasks.spawn(async move { drive(address, connection, started + time, make).await });
    }
    let mut all = Samples::default();
    while let Some(samples) = tasks.join_next().await {
        all.add(samples.unwrap_or_default());
    }
    let elapsed = started.elapsed().as_secs_f64();
    all.took.sort_unstable();
    let at = |share: f64| all.took.get((all.took.len() as f64 * share) as usize).copied().unwrap_or_default();
    Outcome {
        rate: all.took.len() as f64 / elapsed,
        refused: all.refused,
        p50: at(0.5),
        p99: at(0.99),
        body: all.bytes / (all.took.len() as u64).max(1),
        generator: (own_cpu() - cpu) / elapsed,
    }
}

#[derive(Debug, Default)]
struct Samples {
    took: Vec<Duration>,
    refused: u64,
    bytes: u64,
}

impl Samples {
    fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        self.refused += other.refused;
        self.bytes += other.bytes;
    }
}

async fn drive(address: SocketAddr, connection: u64, end: Instant, make: MakeRequest) -> Samples {
    let mut samples = Samples::default();
    let Ok(mut stream) = TcpStream::connect(address).await else { return samples };
    let _ = stream.set_nodelay(true);
    let mut random = connection.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut buffer = Vec::with_capacity(1 << 16);
    while Instant::now() < end {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let request = make(random);
        let sent = Instant::now();
        let Some((status, bytes)) = exchange(&mut stream, &request, &mut buffer).await else { break };
        if (200..300).contains(&status) {
            samples.took.push(sent.elapsed());
            samples.bytes += bytes as u64;
        } else {
            samples.refused += 1;
        }
    }
    samples
}

/// Sends one request and reads its answer, the status and the length of the body; `None` where the connection ended.
pub(crate) async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> Option<(u16, usize)> {
    stream.write_all(request).await.ok()?;
    read_answer(stream, buffer).await
}

/// Reads one answer; `None` where the connection ended.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(u16, usize)> {
    buffer.clear();
    let head = loop {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let text = std::str::from_utf8(buffer.get(..head)?).ok()?.to_ascii_lowercase();
    let status = text.split(' ').nth(1)?.parse().ok()?;
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.trim().parse::<usize>().ok()).unwrap_or(0);
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    Some((status, length))
}

/// The processor time of this process, in seconds.
pub fn own_cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}

/// A request without a body.
pub fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n").into_bytes()
}

/// A request with a JSON body.
pub fn with_body(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}
