//! A steady load for a long time, in which neither the answers' time nor the memory may drift.
//!
//! `cargo run --release -p machi-bench --bin steady -- target/release/machi [seconds]`
//!
//! Requests are due at fixed times whatever the answers take, and their time counts from when they were due. The run
//! is cut into sixty windows. The first ten warm up; of the others the first third is compared with the last: the
//! median of the windows' p99 may grow by a quarter and 2 ms, that of the resident memory by a tenth and 16 MB.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use machi_bench::process::Server;
use machi_bench::took::Took;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

const ENTITIES: u64 = 20_000;
const CONNECTIONS: u64 = 16;
/// Requests a second, of which two in five write.
const RATE: u64 = 400;
const WINDOWS: usize = 60;
const WARM_UP: usize = 10;

type Windows = Arc<Mutex<Vec<Vec<Duration>>>>;

fn main() -> std::io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().collect();
    let binary = arguments.get(1).map_or("target/release/machi", String::as_str);
    let seconds = arguments.get(2).and_then(|seconds| seconds.parse().ok()).unwrap_or(3600);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(binary, Duration::from_secs(seconds)))
}

async fn run(binary: &str, time: Duration) -> std::io::Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("city");
    let machi =
        Server::start(binary, &["serve", "--listen", "127.0.0.1:0", "--open", "--data", &data.to_string_lossy()])?;
    furnish(machi.address).await?;
    let window = time / WINDOWS as u32;
    let windows: Windows = Arc::new(Mutex::new(vec![Vec::new(); WINDOWS]));
    let start = Instant::now() + Duration::from_millis(100);
    let mut tasks = tokio::task::JoinSet::new();
    for connection in 0..CONNECTIONS {
        tasks.spawn(send(machi.address, connection, start, window, Arc::clone(&windows)));
    }
    let mut memory = Vec::new();
    for number in 1..=WINDOWS {
        sleep_until(start + window * number as u32).await;
        memory.push(machi.memory("VmRSS"));
        let p99 = p99(&windows.lock().await[number - 1]);
        println!("window {number:2}: p99 {p99:.2?}, {} MB", memory[number - 1]);
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(std::io::Error::other)??;
    }
    let windows = windows.lock().await;
    let times: Vec<Duration> = windows.iter().map(|times| p99(times)).collect();
    let sent: usize = windows.iter().map(Vec::len).sum();
    println!("{sent} requests in {time:?}, {} MB at most", machi.memory("VmHWM"));
    let is_steady = judge(&times, &memory);
    Ok(if is_steady { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says whether anything drifts.
fn judge(times: &[Duration], memory: &[u64]) -> bool {
    let thirds = |from: usize| from + (WINDOWS - WARM_UP) / 3;
    let (first, last) = (WARM_UP..thirds(WARM_UP), WINDOWS + WARM_UP - thirds(WARM_UP)..WINDOWS);
    let (early, late) = (median(&times[first.clone()]), median(&times[last.clone()]));
    let (before, after) = (median(&memory[first]), median(&memory[last]));
    let is_prompt = late <= early * 5 / 4 + Duration::from_millis(2);
    let is_lean = after <= before * 11 / 10 + 16;
    let verdict = |holds: bool| if holds { "steady" } else { "DRIFTS" };
    println!("p99 {early:.2?} early, {late:.2?} late: {}", verdict(is_prompt));
    println!("memory {before} MB early, {after} MB late: {}", verdict(is_lean));
    is_prompt && is_lean
}

fn median<T: Copy + Ord>(values: &[T]) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

fn p99(times: &[Duration]) -> Duration {
    times.iter().copied().collect::<Took>().within(0.99)
}

/// Creates the entities that the load is about.
async fn furnish(address: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    for first in (0..ENTITIES).step_by(1000) {
        let entities: Vec<String> = (first..first + 1000).map(|number| entity(number, number)).collect();
        let body = format!("[{}]", entities.join(","));
        exchange(&mut stream, &request("POST", "/ngsi-ld/v1/entityOperations/upsert", &body)).await?;
    }
    Ok(())
}

fn entity(number: u64, value: u64) -> String {
    format!(
        r#"{{"id":"urn:ngsi-ld:Sensor:{number}","type":"Sensor","temperature":{{"type":"Property","value":{},"unitCode":"CEL"}},"status":{{"type":"Property","value":"state {}"}},"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[135.{},35.{}]}}}},"room":{{"type":"Relationship","object":"urn:ngsi-ld:Room:{}"}}}}"#,
        value % 400,
        value % 7,
        number % 1000,
        number / 20,
        number % 100
    )
}

fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Sends this connection's share of the load.
async fn send(
    address: SocketAddr,
    connection: u64,
    start: Instant,
    window: Duration,
    windows: Windows,
) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let step = Duration::from_micros(1_000_000 * CONNECTIONS / RATE);
    let mut due = start + step * connection as u32 / CONNECTIONS as u32;
    let end = start + window * WINDOWS as u32;
    let mut random = connection.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    while due < end {
        sleep_until(due).await;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        exchange(&mut stream, &one_of_the_mix(random)).await?;
        let number = ((due - start).as_micros() / window.as_micros().max(1)) as usize;
        windows.lock().await[number.min(WINDOWS - 1)].push(due.elapsed());
        due += step;
    }
    Ok(())
}

fn one_of_the_mix(random: u64) -> Vec<u8> {
    let (number, value) = (random % ENTITIES, random >> 20);
    let path = format!("/ngsi-ld/v1/entities/urn:ngsi-ld:Sensor:{number}");
    match random >> 40 & 15 {
        0..=5 => request("GET", &path, ""),
        6 => request("GET", &format!("/ngsi-ld/v1/entities?type=Sensor&q=temperature=={}&limit=20", value % 400), ""),
        7 => request(
            "GET",
            &format!(
                "/ngsi-ld/v1/entities?type=Sensor&limit=20&georel=near;maxDistance==500&geometry=Point&coordinates=%5B135.{},35.1%5D",
                value % 1000
            ),
            "",
        ),
        8 => request("GET", &format!("/ngsi-ld/v1/entities?type=Sensor&limit=20&offset={}", value % 1000), ""),
        9 => request("PUT", &path, &entity(number, value)),
        10 => {
            request("POST", &format!("{path}/attrs"), &format!(r#"{{"note":{{"type":"Property","value":"{value}"}}}}"#))
        }
        _ => request("PATCH", &format!("{path}/attrs/temperature"), &format!(r#"{{"value":{}}}"#, value % 400)),
    }
}

/// Sends a request and reads its answer, which must be a success.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> std::io::Result<()> {
    stream.write_all(request).await?;
    let mut buffer = Vec::with_capacity(4096);
    let head = loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(std::io::Error::other("the server closed the connection"));
        }
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
    if !text.starts_with("http/1.1 2") {
        return Err(std::io::Error::other(text));
    }
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
    while buffer.len() < head + length {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(std::io::Error::other("the server closed the connection"));
        }
    }
    Ok(())
}
