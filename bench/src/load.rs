//! A load generator for HTTP/1.1 over kept connections: each sends its next request when it has the answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::names::mix;
use crate::took::Took;

/// Makes the bytes of a request from a random number.
pub type MakeRequest = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// What is sent, and what is thought of the answers.
pub trait Traffic: Send + Sync {
    /// Writes a request that follows from a random number. What is returned comes back with the answer.
    fn request(&self, random: u64, out: &mut Vec<u8>) -> [u64; 2];

    /// Whether an answer with status 2xx is right.
    fn is_right(&self, _asked: [u64; 2], _body: &[u8]) -> bool {
        true
    }
}

struct Plain(MakeRequest);

impl Traffic for Plain {
    fn request(&self, random: u64, out: &mut Vec<u8>) -> [u64; 2] {
        out.extend_from_slice(&(self.0)(random));
        [0; 2]
    }
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Answers with status 2xx a second.
    pub rate: f64,
    /// Answers with another status.
    pub refused: u64,
    /// Answers that were not right.
    pub wrong: u64,
    /// How long the answers with status 2xx took.
    pub took: Took,
    /// The bytes of an answer's body, on average.
    pub body: u64,
    /// The generator's own processor time, as a share of one core.
    pub generator: f64,
}

/// Sends requests on so many connections for so long.
pub async fn run(address: SocketAddr, connections: u64, time: Duration, make: MakeRequest) -> Outcome {
    run_traffic(address, connections, time, Arc::new(Plain(make))).await
}

/// Sends one request and reads the status of its answer.
pub async fn ask(address: SocketAddr, request: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    Some(exchange(&mut stream, request, &mut Vec::new()).await?.0)
}

/// The same with answers that are looked at.
pub async fn run_traffic(address: SocketAddr, connections: u64, time: Duration, traffic: Arc<dyn Traffic>) -> Outcome {
    let (started, cpu) = (Instant::now(), own_cpu());
    let mut tasks = tokio::task::JoinSet::new();
    for connection in 0..connections {
        let traffic = Arc::clone(&traffic);
        tasks.spawn(async move { drive(address, connection, started + time, &*traffic).await });
    }
    let mut all = Samples::default();
    while let Some(samples) = tasks.join_next().await {
        all.add(samples.unwrap_or_default());
    }
    let elapsed = started.elapsed().as_secs_f64();
    Outcome {
        rate: all.took.len() as f64 / elapsed,
        refused: all.refused,
        wrong: all.wrong,
        body: all.bytes / (all.took.len() as u64).max(1),
        took: all.took.into_iter().collect(),
        generator: (own_cpu() - cpu) / elapsed,
    }
}

/// Sends so many requests a second on one connection, until the flag is set. Returns how many were refused or wrong.
pub async fn pace(address: SocketAddr, a_second: u64, traffic: Arc<dyn Traffic>, stop: Arc<AtomicBool>) -> u64 {
    let mut samples = Samples::default();
    let Ok(mut connection) = Connection::open(address, mix(a_second)).await else { return u64::MAX };
    let mut ticks = tokio::time::interval(Duration::from_nanos(1_000_000_000 / a_second.max(1)));
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        if connection.exchange(&*traffic, &mut samples).await.is_none() {
            return u64::MAX;
        }
    }
    samples.refused + samples.wrong
}

#[derive(Debug, Default)]
struct Samples {
    took: Vec<Duration>,
    refused: u64,
    wrong: u64,
    bytes: u64,
}

impl Samples {
    fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        self.refused += other.refused;
        self.wrong += other.wrong;
        self.bytes += other.bytes;
    }
}

async fn drive(address: SocketAddr, number: u64, end: Instant, traffic: &dyn Traffic) -> Samples {
    let mut samples = Samples::default();
    let Ok(mut connection) = Connection::open(address, mix(number + 1)).await else { return samples };
    while Instant::now() < end {
        if connection.exchange(traffic, &mut samples).await.is_none() {
            break;
        }
    }
    samples
}

struct Connection {
    stream: TcpStream,
    random: u64,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr, seed: u64) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, random: seed | 1, request: Vec::with_capacity(4096), answer: Vec::with_capacity(1 << 16) })
    }

    /// One request and its answer; `None` where the connection ended.
    async fn exchange(&mut self, traffic: &dyn Traffic, samples: &mut Samples) -> Option<()> {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.request.clear();
        let asked = traffic.request(self.random, &mut self.request);
        let sent = Instant::now();
        self.stream.write_all(&self.request).await.ok()?;
        let (status, body) = read_answer(&mut self.stream, &mut self.answer).await?;
        let body = self.answer.get(body).unwrap_or_default();
        if !(200..300).contains(&status) {
            samples.refused += 1;
            return Some(());
        }
        samples.took.push(sent.elapsed());
        samples.bytes += body.len() as u64;
        samples.wrong += u64::from(!traffic.is_right(asked, body));
        Some(())
    }
}

/// Sends one request and reads its answer: the status, and the body as a part of the buffer; `None` where the
/// connection ended.
pub(crate) async fn exchange<'b>(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &'b mut Vec<u8>,
) -> Option<(u16, &'b [u8])> {
    stream.write_all(request).await.ok()?;
    let (status, body) = read_answer(stream, buffer).await?;
    Some((status, buffer.get(body)?))
}

/// Reads one answer: the status, and where in the buffer the body lies; `None` where the connection ended.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(u16, std::ops::Range<usize>)> {
    buffer.clear();
    let head = loop {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let text = std::str::from_utf8(buffer.get(..head)?).ok()?;
    let status = text.get(9..12)?.parse().ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let end = head + length.unwrap_or(0);
    while buffer.len() < end {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    Some((status, head..end))
}

/// The processor time of this process, in seconds.
pub fn own_cpu() -> f64 {
    cpu_of("self")
}

/// The processor time of a process, in seconds.
pub fn cpu_of(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
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
    let mut request = Vec::with_capacity(body.len() + 256);
    write_request(method, path, "", body, &mut request);
    request
}

/// Writes a request with a JSON body; each of the headers ends with its line.
pub fn write_request(method: &str, path: &str, headers: &str, body: &str, out: &mut Vec<u8>) {
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: bench\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(body.as_bytes());
}
