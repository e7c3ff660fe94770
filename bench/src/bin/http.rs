//! The API over HTTP against a bare axum server that hands out, or takes, the same bytes.
//!
//! `cargo run --release -p machi-bench --bin http -- target/release/machi [entities]`

use std::sync::Arc;
use std::time::{Duration, Instant};

use machi_bench::load::{self, MakeRequest, Outcome};
use machi_bench::process::Server;

const TIME: Duration = Duration::from_secs(8);
const CONNECTIONS: u64 = 64;
const LINK: &str = "";

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if arguments.get(1).is_some_and(|argument| argument == "--bare") {
        let size = arguments.get(2).and_then(|size| size.parse().ok()).unwrap_or(0);
        return runtime.block_on(machi_bench::bare::serve(vec![b'x'; size].into()));
    }
    let binary = arguments.get(1).map_or("target/release/machi", String::as_str);
    let count = arguments.get(2).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    runtime.block_on(run(&arguments[0], binary, count))
}

fn entity(n: u64, random: u64) -> String {
    let (east, north) = ((random % 10_000) as f64 / 10_000.0, (random / 10_000 % 10_000) as f64 / 10_000.0);
    format!(
        r#"{{"id":"urn:ngsi-ld:Sensor:{n:07}","type":"Sensor","name":{{"type":"Property","value":"sensor number {n} of the city"}},"status":{{"type":"Property","value":"{}"}},"temperature":{{"type":"Property","value":{},"unitCode":"CEL","observedAt":"2026-11-22T01:00:00Z"}},"humidity":{{"type":"Property","value":{}}},"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{},{}]}}}},"room":{{"type":"Relationship","object":"urn:ngsi-ld:Room:{}"}}}}"#,
        ["ok", "late", "dead"][random as usize % 3],
        random % 400,
        random % 100,
        135.0 + east,
        35.0 + north,
        n % 1000
    )
}

fn batch(first: u64) -> Vec<u8> {
    let entities: Vec<String> =
        (first..first + 1000).map(|n| entity(n, n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 8)).collect();
    load::with_body("POST", "/ngsi-ld/v1/entityOperations/upsert", &format!("[{}]", entities.join(",")))
}

async fn run(own: &str, binary: &str, count: u64) -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("city");
    let machi =
        Server::start(binary, &["serve", "--listen", "127.0.0.1:0", "--open", "--data", &data.to_string_lossy()])?;
    for round in ["new", "existing"] {
        let written = machi.written();
        let rate = upsert(&machi, count).await;
        let each = (machi.written() - written) / count;
        println!(
            "batch upsert, {round}: {rate:.0} entities/s, {each} bytes written each, peak {} MB",
            machi.memory("VmHWM")
        );
    }
    let path = |n: u64| format!("/ngsi-ld/v1/entities/urn:ngsi-ld:Sensor:{n:07}");
    let hot: MakeRequest = Arc::new(move |random| load::get(&path(random % 10_000), LINK));
    compare(own, "GET by id, 10,000 hot ids", &machi, hot).await?;
    let all: MakeRequest = Arc::new(move |random| load::get(&path(random % count), LINK));
    compare(own, "GET by id, all ids", &machi, all).await?;
    let list: MakeRequest = Arc::new(|_| load::get("/ngsi-ld/v1/entities?type=Sensor&limit=20", LINK));
    compare(own, "list of 20, first page", &machi, list).await?;
    let some: MakeRequest = Arc::new(|random| {
        load::get(&format!("/ngsi-ld/v1/entities?type=Sensor&limit=20&offset={}", random % 10_000), LINK)
    });
    compare(own, "list of 20, random offset", &machi, some).await?;
    let patch: MakeRequest = Arc::new(move |random| {
        let body = format!(r#"{{"temperature":{{"type":"Property","value":{}}}}}"#, random % 400);
        load::with_body("PATCH", &format!("{}/attrs", path(random % count)), &body)
    });
    compare(own, "PATCH of one attribute, durable", &machi, patch).await?;
    println!("peak memory {} MB", machi.memory("VmHWM"));
    Ok(())
}

/// Two connections send batches of 1,000 until all entities are there.
async fn upsert(machi: &Server, count: u64) -> f64 {
    let next = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let started = Instant::now();
    let make: MakeRequest = Arc::new(move |_| {
        let first = next.fetch_add(1000, std::sync::atomic::Ordering::Relaxed);
        batch(first % count)
    });
    // Bounded by the count, not by the time: stop when every entity was sent once.
    let batches = count / 1000;
    let mut sent = 0;
    while sent < batches {
        let outcome = load::run(machi.address, 2, Duration::from_millis(500), Arc::clone(&make)).await;
        sent += (outcome.rate * 0.5) as u64 + outcome.refused;
        assert_eq!(outcome.refused, 0, "a batch was refused");
    }
    (sent * 1000) as f64 / started.elapsed().as_secs_f64()
}

async fn compare(own: &str, what: &str, machi: &Server, make: MakeRequest) -> std::io::Result<()> {
    let probe = load::run(machi.address, 1, Duration::from_millis(200), Arc::clone(&make)).await;
    let bare = Server::start(own, &["--bare", &probe.body.to_string()])?;
    let ceiling = load::run(bare.address, CONNECTIONS, TIME, Arc::clone(&make)).await;
    drop(bare);
    let ours = load::run(machi.address, CONNECTIONS, TIME, make).await;
    let ratio = 100.0 * ours.rate / ceiling.rate;
    println!("{what}: {:.0}/s of {:.0}/s = {ratio:.0}%  ({})", ours.rate, ceiling.rate, details(&ours));
    Ok(())
}

fn details(outcome: &Outcome) -> String {
    format!(
        "p50 {:.2?}, p99 {:.2?}, {} bytes, {} refused, generator {:.0}% of a core",
        outcome.p50,
        outcome.p99,
        outcome.body,
        outcome.refused,
        100.0 * outcome.generator
    )
}
