//! 200 tenants in one process: what an empty one costs, and what one that floods the broker does to the others.
//!
//! Rounds of each kind take turns, since processors and disks drift. A flood of another city, a process of its own
//! on the same machine, is the ceiling: what the processors and the disk cost the others, no broker can give back.
//!
//! `cargo run --release -p machi-bench --bin tenants -- target/release/machi [tenants] [seconds] [rounds] [get] [patch]`

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use machi_bench::load::{self, MakeRequest};
use machi_bench::names::mix;
use machi_bench::paced::{self, MakeNumbered};
use machi_bench::process::Server;
use machi_bench::took::Took;

/// The quiet tenants together ask so often a second, on so many connections, at beats of a clock: with a rest after
/// each answer instead, all connections would wait for one slow sync of the disk, and come back together.
const QUIET: u64 = 750;
const CONNECTIONS: u64 = 32;
/// What the engine gets to write and merge after a flood, so that the next round finds it at rest.
const SETTLE: Duration = Duration::from_secs(3);
/// Connections of the one that floods.
const FLOOD: u64 = 64;
const ENTITIES: u64 = 20;
/// What it floods with.
const PATCHES: &str = "PATCH";
const BATCHES: &str = "batches of 1,000";
/// Different batches that are made before the flood begins.
const PREPARED: u64 = 50;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let binary = arguments.get(1).map_or("target/release/machi", String::as_str);
    let number = |at: usize, otherwise: u64| arguments.get(at).and_then(|n| n.parse().ok()).unwrap_or(otherwise);
    let (tenants, seconds, rounds) = (number(2, 200), number(3, 5), number(4, 15));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if binary == "--flood" {
        let flood = |at: usize| arguments.get(at).map(String::as_str).unwrap_or_default();
        return runtime.block_on(flood_with(flood(2), flood(3), Duration::from_secs(number(4, 10))));
    }
    let own = arguments.first().map(String::as_str).unwrap_or_default();
    let chosen = arguments.get(5..).unwrap_or_default();
    runtime.block_on(run(own, binary, tenants, (Duration::from_secs(seconds), rounds), chosen))
}

/// The flood comes from a process of its own, so that the quiet ones are timed by somebody who has nothing else to do.
async fn flood_with(address: &str, what: &str, time: Duration) -> std::io::Result<()> {
    let address = address.parse().map_err(std::io::Error::other)?;
    let make = if what == PATCHES { patches() } else { batches() };
    let load = load::run(address, FLOOD, time, make).await;
    let generator = 100.0 * load.generator;
    println!("the flood gets {:.0}/s, {} refused, generator {generator:.0}% of a core", load.rate, load.refused);
    Ok(())
}

async fn run(
    own: &str,
    binary: &str,
    tenants: u64,
    (time, rounds): (Duration, u64),
    chosen: &[String],
) -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let start = |name: &str| {
        let data = folder.path().join(name).to_string_lossy().into_owned();
        Server::start(binary, &["serve", "--listen", "127.0.0.1:0", "--open", "--data", &data])
    };
    let (machi, other) = (start("city")?, start("other")?);
    cost_of_empty_ones(&machi, &folder.path().join("city"), tenants).await?;
    fill(machi.address, 0..tenants).await?;
    fill(other.address, 0..1).await?;
    let questions =
        [("get", "GET by id", reads(tenants)), ("patch", "PATCH of one attribute, durable", writes(tenants))];
    for (name, what, make) in questions {
        if !chosen.is_empty() && !chosen.iter().any(|one| one == name) {
            continue;
        }
        println!("\n{what}, {QUIET}/s of {tenants} tenants; {rounds} rounds of each:");
        let mut kinds = kinds(machi.address, other.address);
        for _ in 0..rounds {
            for kind in &mut kinds {
                kind.round(own, machi.address, time, &make).await?;
            }
        }
        tell(kinds);
    }
    Ok(())
}

/// Rounds of the others beside the same flood, or beside none.
struct Kind {
    name: &'static str,
    flood: Option<(SocketAddr, &'static str)>,
    took: Vec<Duration>,
    refused: u64,
    floods: Vec<String>,
}

fn kinds(machi: SocketAddr, other: SocketAddr) -> [Kind; 4] {
    let kind = |name, flood| Kind { name, flood, took: Vec::new(), refused: 0, floods: Vec::new() };
    [
        kind("alone", None),
        kind("one floods with PATCH", Some((machi, PATCHES))),
        kind("one floods with batches of 1,000", Some((machi, BATCHES))),
        kind("another city takes batches of 1,000", Some((other, BATCHES))),
    ]
}

impl Kind {
    /// The others are always there: a flood begins among them, and outlasts what is measured.
    async fn round(&mut self, own: &str, of: SocketAddr, time: Duration, make: &MakeRequest) -> std::io::Result<()> {
        let seconds = (time.as_secs() + 1).to_string();
        let start = |(address, what): (SocketAddr, &str)| {
            Command::new(own).args(["--flood", &address.to_string(), what, &seconds]).stdout(Stdio::piped()).spawn()
        };
        let flood = self.flood.map(start).transpose()?;
        let first = self.took.len() as u64;
        let make = Arc::clone(make);
        let numbered: MakeNumbered = Arc::new(move |n| make(mix(first + n)));
        let beat = Duration::from_secs(1) / QUIET as u32;
        let run = paced::run(of, CONNECTIONS, QUIET * time.as_secs(), Some(beat), numbered).await;
        self.refused += run.refused;
        self.took.extend(run.took());
        if let Some(flood) = flood {
            let output = flood.wait_with_output()?;
            self.floods.push(String::from_utf8_lossy(&output.stdout).trim().to_owned());
            tokio::time::sleep(SETTLE).await;
        }
        Ok(())
    }
}

fn tell(kinds: [Kind; 4]) {
    let mut alone = None;
    for kind in kinds {
        let took = Took::from_iter(kind.took);
        let [p50, p90, p99, p999] = [0.5, 0.9, 0.99, 0.999].map(|share| took.within(share));
        let alone = *alone.get_or_insert(p99);
        let moved = 100.0 * (p99.as_secs_f64() / alone.as_secs_f64() - 1.0);
        println!(
            "  {:36} p50 {p50:.2?}, p90 {p90:.2?}, p99 {p99:.2?} ({moved:+.0}%), p99.9 {p999:.2?}; {} answers, {} refused",
            kind.name,
            took.count(),
            kind.refused
        );
        if let Some(flood) = kind.floods.last() {
            println!("    in the last round {flood}");
        }
    }
}

/// Each tenant is born and emptied again, so that it is there and holds nothing.
async fn cost_of_empty_ones(machi: &Server, data: &std::path::Path, tenants: u64) -> std::io::Result<()> {
    let before = (machi.memory("VmRSS"), size_of(data)?);
    for tenant in 0..tenants {
        ask(machi.address, in_tenant(tenant, &load::with_body("POST", "/ngsi-ld/v1/entities", &entity(0)))).await?;
        let path = format!("/ngsi-ld/v1/entities/{}", id(0));
        ask(machi.address, in_tenant(tenant, &load::with_body("DELETE", &path, ""))).await?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = (machi.memory("VmRSS"), size_of(data)?);
    println!(
        "{tenants} empty tenants: {} MB of memory, {} KB of disk; {:.0} KB and {:.1} KB each",
        after.0.saturating_sub(before.0),
        after.1.saturating_sub(before.1) / 1024,
        after.0.saturating_sub(before.0) as f64 * 1024.0 / tenants as f64,
        after.1.saturating_sub(before.1) as f64 / 1024.0 / tenants as f64,
    );
    Ok(())
}

async fn fill(address: SocketAddr, tenants: std::ops::Range<u64>) -> std::io::Result<()> {
    let entities: Vec<String> = (0..ENTITIES).map(entity).collect();
    let batch = format!("[{}]", entities.join(","));
    for tenant in tenants {
        let upsert = load::with_body("POST", "/ngsi-ld/v1/entityOperations/upsert", &batch);
        ask(address, in_tenant(tenant, &upsert)).await?;
    }
    Ok(())
}

async fn ask(address: SocketAddr, request: Vec<u8>) -> std::io::Result<()> {
    if load::ask(address, &request).await.is_some_and(|status| (200..300).contains(&status)) {
        return Ok(());
    }
    Err(std::io::Error::other("a request was refused"))
}

fn reads(tenants: u64) -> MakeRequest {
    Arc::new(move |random| {
        let path = format!("/ngsi-ld/v1/entities/{}", id(random / tenants % ENTITIES));
        in_tenant(quiet_one(random, tenants), &load::get(&path, ""))
    })
}

fn writes(tenants: u64) -> MakeRequest {
    Arc::new(move |random| in_tenant(quiet_one(random, tenants), &patch(random / tenants % ENTITIES, random)))
}

fn patches() -> MakeRequest {
    Arc::new(|random| in_flood(&patch(random % ENTITIES, random)))
}

fn batches() -> MakeRequest {
    let batch = |number: u64| {
        let entities: Vec<String> = (0..1000).map(|n| entity(number * 1000 + n)).collect();
        let batch = format!("[{}]", entities.join(","));
        in_flood(&load::with_body("POST", "/ngsi-ld/v1/entityOperations/upsert", &batch))
    };
    let prepared: Vec<Vec<u8>> = (0..PREPARED).map(batch).collect();
    Arc::new(move |random| prepared[(random % PREPARED) as usize].clone())
}

fn patch(n: u64, random: u64) -> Vec<u8> {
    let body = format!(r#"{{"temperature":{{"type":"Property","value":{}}}}}"#, random % 400);
    load::with_body("PATCH", &format!("/ngsi-ld/v1/entities/{}/attrs", id(n)), &body)
}

fn id(n: u64) -> String {
    format!("urn:ngsi-ld:Sensor:{n:07}")
}

fn entity(n: u64) -> String {
    let at = n as f64 % 1000.0 / 1000.0;
    format!(
        r#"{{"id":"{}","type":"Sensor","name":{{"type":"Property","value":"sensor number {n} of the city"}},"temperature":{{"type":"Property","value":{},"unitCode":"CEL"}},"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{},{}]}}}},"room":{{"type":"Relationship","object":"urn:ngsi-ld:Room:{}"}}}}"#,
        id(n),
        n % 400,
        135.0 + at,
        35.0 + at,
        n % 1000
    )
}

/// Any but the one that floods.
fn quiet_one(random: u64, tenants: u64) -> u64 {
    1 + random % (tenants - 1)
}

/// The one that floods is the first of the tenants that are filled, so that its entities are there.
fn in_flood(request: &[u8]) -> Vec<u8> {
    in_tenant(0, request)
}

fn in_tenant(tenant: u64, request: &[u8]) -> Vec<u8> {
    let header = format!("\r\nHost: bench\r\nNGSILD-Tenant: tenant{tenant}\r\n");
    String::from_utf8_lossy(request).replacen("\r\nHost: bench\r\n", &header, 1).into_bytes()
}

fn size_of(folder: &std::path::Path) -> std::io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { size_of(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(bytes)
}
