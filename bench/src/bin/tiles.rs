//! Vector tiles of a million entities in the real binary: how long a tile takes at each zoom, one of 10,000 features
//! among them, with and without updates that move entities, and against a bare server that hands out the same bytes.
//!
//! `cargo run --release -p machi-bench --bin tiles -- target/release/machi [entities]`

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use machi_bench::client::{Answer, Client};
use machi_bench::load;
use machi_bench::names::mix;
use machi_bench::process::Server;
use machi_bench::took::Took;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often each tile is asked for.
const TIMES: usize = 60;
/// The middle of the city.
const MIDDLE: (f64, f64) = (137.5, 34.3);
/// How many entities stand in one tile of the deepest zoom.
const DENSE: u64 = 10_000;
const DEEPEST: u32 = 16;
const UPDATES_A_SECOND: u64 = 1000;

type Result<T> = std::io::Result<T>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|argument| argument == "--bare") {
        let body = std::fs::read(arguments.get(2).map_or("", String::as_str))?;
        return tokio::runtime::Runtime::new()?.block_on(machi_bench::bare::serve(body.into()));
    }
    let count = arguments.get(2).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let binary = arguments.get(1).cloned().unwrap_or_else(|| "target/release/machi".to_owned());
    run(&binary, count, arguments.first().map_or("", String::as_str))
}

fn run(binary: &str, count: u64, own: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("city").to_string_lossy().into_owned();
    let machi = Server::start(binary, &["serve", "--listen", "127.0.0.1:0", "--open", "--data", &data])?;
    let mut client = Client::connect(machi.address)?;
    for first in (0..count).step_by(1000) {
        let answer = client.ask(&batch(first, count))?;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    println!("loaded {count}: resident {} MB", machi.memory("VmRSS"));
    let started = Instant::now();
    get(&mut client, &path(0, "")?, "")?;
    println!("the first tile of all took {:.2?}; resident {} MB", started.elapsed(), machi.memory("VmRSS"));
    println!("at rest:");
    zooms(&mut client)?;
    let dense = dense_tile(&mut client)?;
    let file = folder.path().join("tile");
    std::fs::write(&file, &dense.body)?;
    let bare = Server::start(own, &["--bare", &file.to_string_lossy()])?;
    let mut at_bare = Client::connect(bare.address)?;
    measure("the same bytes from a bare server", || get(&mut at_bare, "/tile", ""))?;
    let stop = Arc::new(AtomicBool::new(false));
    let updates = spawn_updates(machi.address, count, &stop);
    println!("with up to {UPDATES_A_SECOND} updates a second, each tenth of which moves an entity:");
    zooms(&mut client)?;
    dense_tile(&mut client)?;
    stop.store(true, Ordering::Relaxed);
    println!("{} updates in all", updates.join().expect("the writer ends")?);
    println!("peak {} MB", machi.memory("VmHWM"));
    Ok(())
}

/// A tile over the middle at each zoom, with two attributes, and some with a condition.
fn zooms(client: &mut Client) -> Result<()> {
    for zoom in (0..=DEEPEST + 2).step_by(2) {
        let path = path(zoom, "?attrs=level,state")?;
        measure(&format!("zoom {zoom}"), || get(client, &path, ""))?;
    }
    for zoom in [0, 10, 14] {
        let path = path(zoom, "?attrs=level,state&q=level%3C500")?;
        measure(&format!("zoom {zoom}, q that half meet"), || get(client, &path, ""))?;
    }
    let path = path(8, "?attrs=level,state")?;
    let etag = get(client, &path, "")?.header("etag").unwrap_or_default().to_owned();
    measure("zoom 8, If-None-Match", || get(client, &path, &format!("If-None-Match: {etag}\r\n")))?;
    Ok(())
}

/// The tile of ten thousand features, whose ids are counted.
fn dense_tile(client: &mut Client) -> Result<Answer> {
    let path = path(DEEPEST, "?attrs=level,state")?;
    let answer = get(client, &path, "")?;
    let features = memchr::memmem::find_iter(&answer.body, b"urn:ngsi-ld:Lamp:").count();
    measure(&format!("{features} features with two attributes"), || get(client, &path, ""))?;
    let path = format!("{path},name&lang=ja");
    measure(&format!("{features} features, names read from documents"), || get(client, &path, ""))?;
    Ok(answer)
}

fn measure(what: &str, mut ask: impl FnMut() -> Result<Answer>) -> Result<()> {
    let mut bytes = 0;
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let started = Instant::now();
        bytes = ask()?.body.len();
        times.push(started.elapsed());
    }
    let took: Took = times.into_iter().collect();
    println!("    {what:44} p50 {:>8.2?}  p95 {:>8.2?}  {bytes:>8} bytes", took.within(0.5), took.within(0.95));
    Ok(())
}

fn get(client: &mut Client, path: &str, headers: &str) -> Result<Answer> {
    let answer = client.ask(&load::get(path, headers))?;
    assert!(matches!(answer.status, 200 | 304), "{path}: {} {}", answer.status, answer.text());
    Ok(answer)
}

/// The tile over the middle of the city.
fn path(zoom: u32, parameters: &str) -> Result<String> {
    let (x, y) = tile(zoom, MIDDLE);
    let mut path = String::new();
    write!(path, "/machi/v1/tiles/Lamp/{zoom}/{x}/{y}{parameters}").map_err(std::io::Error::other)?;
    Ok(path)
}

fn tile(zoom: u32, (longitude, latitude): (f64, f64)) -> (u32, u32) {
    let tiles = f64::from(1_u32 << zoom);
    let sine = latitude.to_radians().sin();
    let y = 0.5 - ((1.0 + sine) / (1.0 - sine)).ln() / (4.0 * std::f64::consts::PI);
    (((longitude / 360.0 + 0.5) * tiles) as u32, (y * tiles) as u32)
}

/// Where an entity stands: the first ones all in one tile, the others all around it.
fn place(n: u64) -> (f64, f64) {
    let share = |salt: u64| (mix(n ^ salt) % 1_000_000) as f64 / 1_000_000.0;
    let (x, y) = tile(DEEPEST, MIDDLE);
    let width = 360.0 / f64::from(1_u32 << DEEPEST);
    let west = f64::from(x) * width - 180.0;
    if n < DENSE {
        // The tile is a little less high than it is wide; its middle lies near that of the city.
        let at = (west + width * (0.1 + 0.8 * share(1)), MIDDLE.1 + width * 0.2 * (share(2) - 0.5));
        if tile(DEEPEST, at) == (x, y) {
            return at;
        }
        return (at.0, MIDDLE.1);
    }
    let at = (MIDDLE.0 + 0.2 * (share(3) - 0.5), MIDDLE.1 + 0.2 * (share(4) - 0.5));
    if tile(DEEPEST, at) == (x, y) { (at.0 + 2.0 * width, at.1) } else { at }
}

fn entity(n: u64) -> String {
    let (longitude, latitude) = place(n);
    let random = mix(n + 7);
    let state = ["on", "off", "dimmed"][(random >> 20) as usize % 3];
    format!(
        r#"{{"id":"urn:ngsi-ld:Lamp:{n}","type":"Lamp","level":{{"type":"Property","value":{}}},"state":{{"type":"Property","value":"{state}"}},"name":{{"type":"LanguageProperty","languageMap":{{"ja":"街灯{n}","en":"Lamp {n}"}}}},"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{longitude},{latitude}]}}}}}}"#,
        random % 1000
    )
}

fn batch(first: u64, count: u64) -> Vec<u8> {
    let entities: Vec<String> = (first..(first + 1000).min(count)).map(entity).collect();
    let mut request = Vec::new();
    load::write_request(
        "POST",
        "/ngsi-ld/v1/entityOperations/upsert",
        "",
        &format!("[{}]", entities.join(",")),
        &mut request,
    );
    request
}

/// Changes levels, and now and then places, of random entities; returns how many.
fn spawn_updates(address: SocketAddr, count: u64, stop: &Arc<AtomicBool>) -> std::thread::JoinHandle<Result<u64>> {
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        let mut client = Client::connect(address)?;
        let (started, mut sent) = (Instant::now(), 0_u64);
        while !stop.load(Ordering::Relaxed) {
            let due = Duration::from_nanos(1_000_000_000 / UPDATES_A_SECOND * sent);
            if let Some(wait) = due.checked_sub(started.elapsed()) {
                std::thread::sleep(wait);
            }
            // Those of the dense tile stay where they are, so that it keeps its ten thousand.
            let n = DENSE + mix(sent + 99) % (count - DENSE).max(1);
            let body = if sent.is_multiple_of(10) {
                let (longitude, latitude) = place(n);
                let shift = 0.0001 * (mix(sent) % 10) as f64;
                let latitude = latitude + if latitude > MIDDLE.1 { shift } else { -shift };
                format!(
                    r#"{{"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{longitude},{latitude}]}}}}}}"#
                )
            } else {
                format!(r#"{{"level":{{"type":"Property","value":{}}}}}"#, mix(sent) % 1000)
            };
            let mut request = Vec::new();
            load::write_request(
                "PATCH",
                &format!("/ngsi-ld/v1/entities/urn:ngsi-ld:Lamp:{n}/attrs"),
                "",
                &body,
                &mut request,
            );
            let answer = client.ask(&request)?;
            assert_eq!(answer.status, 204, "{}", answer.text());
            sent += 1;
        }
        Ok(sent)
    })
}
