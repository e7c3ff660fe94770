//! The API over HTTP against a bare axum server that hands out, or takes, the same bytes.
//!
//! `cargo run --release -p machi-bench --bin http -- target/release/machi [entities] [seconds] [part ...]`
//! where the parts are `upsert`, `get`, `list` and `patch`; without any, all are run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use machi_bench::ceiling;
use machi_bench::client::{Answer, Client};
use machi_bench::fresh::{Fresh, Updates};
use machi_bench::load::{self, Outcome, Traffic};
use machi_bench::names;
use machi_bench::process::Server;
use machi_bench::sensors::{LISTED, Sensors};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: u64 = 64;
const UPDATES_A_SECOND: u64 = 200;
const HOT: u64 = 10_000;
/// How long reads ask one server before they ask the other.
const TURN: Duration = Duration::from_secs(3);
const PAGE: u64 = 20;
const LIST_PATH: &str = "/ngsi-ld/v1/entities";

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if arguments.get(1).is_some_and(|argument| argument == "--bare") {
        let body = std::fs::read(arguments.get(2).map_or("", String::as_str))?;
        return runtime.block_on(machi_bench::bare::serve(body.into()));
    }
    let number = |at: usize, default| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let run = Run {
        own: arguments.first().cloned().unwrap_or_default(),
        binary: arguments.get(1).cloned().unwrap_or_else(|| "target/release/machi".to_owned()),
        count: number(2, 1_000_000),
        time: Duration::from_secs(number(3, 10)),
        parts: arguments.into_iter().skip(4).collect(),
    };
    runtime.block_on(run.all())
}

struct Run {
    own: String,
    binary: String,
    count: u64,
    time: Duration,
    parts: Vec<String>,
}

/// A city with its entities in it.
struct Setup {
    machi: Server,
    sensors: Arc<Sensors>,
    fresh: Arc<Fresh>,
    folder: tempfile::TempDir,
}

impl Run {
    fn has(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }

    async fn all(&self) -> std::io::Result<()> {
        let setup = self.set_up().await?;
        if self.has("get") {
            self.gets(&setup).await?;
        }
        if self.has("list") {
            self.lists(&setup).await?;
        }
        if self.has("patch") {
            self.patches(&setup).await?;
        }
        println!("peak memory {} MB", setup.machi.memory("VmHWM"));
        Ok(())
    }

    /// Starts a city and fills it, which is the figure of batch upserts.
    async fn set_up(&self) -> std::io::Result<Setup> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("city").to_string_lossy().into_owned();
        let machi = Server::start(&self.binary, &["serve", "--listen", "127.0.0.1:0", "--open", "--data", &data])?;
        let mut sensors = Sensors::new(names::seed());
        let mut request = Vec::new();
        load::write_request("POST", "/ngsi-ld/v1/jsonldContexts", "", &sensors.context(), &mut request);
        let answer = Client::connect(machi.address)?.ask(&request)?;
        let location = answer.header("location").unwrap_or_default();
        sensors.link_to(&format!("http://{}{}", machi.address, location));
        let setup = Setup { machi, sensors: Arc::new(sensors), fresh: Arc::new(Fresh::new(self.count, 1)), folder };
        let new = self.upsert(&setup, Duration::ZERO).await;
        if self.has("upsert") {
            let old = self.upsert(&setup, self.time.max(Duration::from_secs(10))).await;
            let folder = setup.folder.path().join("bare");
            let hold = self.time;
            let count = self.count;
            let ceiling = tokio::task::spawn_blocking(move || ceiling::bare_engine(&folder, count, hold)).await;
            let ceiling = ceiling.map_err(std::io::Error::other)?;
            for (what, ours, ceiling) in [("new", &new, ceiling.0), ("existing", &old, ceiling.1)] {
                println!("batch upsert, {what}: {ours} = {:.0}% of {ceiling:.0}/s", 100.0 * ours.rate / ceiling);
            }
        }
        if self.has("get") || self.has("list") {
            setup.machi.rest().await;
        }
        Ok(setup)
    }

    /// Two connections send batches of 1,000 until all entities are there, and for so long.
    async fn upsert(&self, setup: &Setup, hold: Duration) -> Upserted {
        let next = Arc::new(AtomicU64::new(0));
        let (started, cpu, own) = (Instant::now(), setup.machi.cpu(), load::own_cpu());
        let written = setup.machi.written();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let (next, sensors, address) = (Arc::clone(&next), Arc::clone(&setup.sensors), setup.machi.address);
            let count = self.count;
            tasks.spawn_blocking(move || -> std::io::Result<u64> {
                let mut client = Client::connect(address)?;
                let mut sent = 0;
                loop {
                    let first = next.fetch_add(1000, Ordering::Relaxed);
                    if first >= count && started.elapsed() >= hold {
                        return Ok(sent);
                    }
                    let answer = client.ask(&sensors.batch(first % count))?;
                    assert!(matches!(answer.status, 201 | 204), "a batch was answered {}", answer.status);
                    sent += 1000;
                }
            });
        }
        let mut sent = 0;
        while let Some(done) = tasks.join_next().await {
            sent += done.map_err(std::io::Error::other).flatten().expect("batches are sent");
        }
        let seconds = started.elapsed().as_secs_f64();
        Upserted {
            rate: sent as f64 / seconds,
            server: (setup.machi.cpu() - cpu) / sent as f64,
            generator: (load::own_cpu() - own) / sent as f64,
            written: (setup.machi.written() - written) / sent,
        }
    }

    async fn gets(&self, setup: &Setup) -> std::io::Result<()> {
        for (what, among) in [("10,000 hot ids", HOT.min(self.count)), ("all ids", self.count)] {
            let traffic = Arc::new(Reads {
                sensors: Arc::clone(&setup.sensors),
                fresh: Arc::clone(&setup.fresh),
                paths: Paths::ById(among),
                rows: 1,
            });
            self.compare(setup, &format!("GET by id, {what}"), traffic, among).await?;
        }
        Ok(())
    }

    async fn lists(&self, setup: &Setup) -> std::io::Result<()> {
        let first = format!("{LIST_PATH}?type={}&limit={PAGE}", setup.sensors.listed_kind());
        let pages = walk(setup, &first)?;
        let listed = LISTED.min(self.count);
        assert_eq!(pages.len() as u64, listed.div_ceil(PAGE), "the pages of a walk");
        for (what, paths, among) in [("first page", vec![first], PAGE), ("random cursors", pages, listed)] {
            let traffic = Arc::new(Reads {
                sensors: Arc::clone(&setup.sensors),
                fresh: Arc::clone(&setup.fresh),
                paths: Paths::Among(paths),
                rows: PAGE,
            });
            self.compare(setup, &format!("list of 20 among {listed}, {what}"), traffic, among).await?;
        }
        Ok(())
    }

    async fn patches(&self, setup: &Setup) -> std::io::Result<()> {
        let among = self.count.min(100_000);
        let updates = Arc::new(updates(setup, among));
        let bare = self.bare(setup, b"")?;
        let ceiling = measure(&bare, self.time, Arc::clone(&updates) as Arc<dyn Traffic>).await;
        drop(bare);
        let ours = measure(&setup.machi, self.time, updates).await;
        report("PATCH of one attribute, durable", &ours, &ceiling);
        Ok(())
    }

    fn bare(&self, setup: &Setup, body: &[u8]) -> std::io::Result<Server> {
        let file = setup.folder.path().join("body");
        std::fs::write(&file, body)?;
        Server::start(&self.own, &["--bare", &file.to_string_lossy()])
    }

    /// Reads while the first so many entities change.
    async fn compare(&self, setup: &Setup, what: &str, reads: Arc<Reads>, among: u64) -> std::io::Result<()> {
        let mut request = Vec::new();
        reads.request(0, &mut request);
        let answer = Client::connect(setup.machi.address)?.ask(&request)?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let bare = self.bare(setup, &answer.body)?;
        let (mut ours, mut ceiling, mut refused) = (Vec::new(), Vec::new(), 0);
        // By turns, so that a machine that is now faster and now slower is so for both.
        let turns = (self.time.as_secs() / TURN.as_secs()).max(1);
        for _ in 0..turns {
            ceiling.push(measure(&bare, TURN, Arc::clone(&reads) as Arc<dyn Traffic>).await);
            let stop = Arc::new(AtomicBool::new(false));
            let writer = Arc::new(updates(setup, among));
            let writer = tokio::spawn(load::pace(setup.machi.address, UPDATES_A_SECOND, writer, Arc::clone(&stop)));
            ours.push(measure(&setup.machi, TURN, Arc::clone(&reads) as Arc<dyn Traffic>).await);
            stop.store(true, Ordering::Relaxed);
            refused += writer.await.map_err(std::io::Error::other)?;
        }
        let (ours, ceiling) = (Measured::all(&ours), Measured::all(&ceiling));
        report(what, &ours, &ceiling);
        assert_eq!((ours.outcome.wrong, ours.outcome.refused, refused), (0, 0, 0), "stale, refused, updates refused");
        Ok(())
    }
}

fn updates(setup: &Setup, among: u64) -> Updates<'static> {
    let sensors = Arc::clone(&setup.sensors);
    Updates {
        fresh: Arc::clone(&setup.fresh),
        choose: Box::new(move |random| random % among),
        headers: sensors.link.clone(),
        write: Box::new(move |n, value| (format!("{}/attrs", Sensors::path(n)), sensors.change(value))),
    }
}

/// The paths of all pages of a list.
fn walk(setup: &Setup, first: &str) -> std::io::Result<Vec<String>> {
    let mut client = Client::connect(setup.machi.address)?;
    let mut paths = vec![first.to_owned()];
    let mut answer: Answer = client.ask(&load::get(first, &setup.sensors.link))?;
    while let Some(next) = answer.next() {
        answer = client.ask(&load::get(&next, &setup.sensors.link))?;
        paths.push(next);
    }
    Ok(paths)
}

enum Paths {
    /// Any of so many entities.
    ById(u64),
    /// Any of these.
    Among(Vec<String>),
}

struct Reads {
    sensors: Arc<Sensors>,
    fresh: Arc<Fresh>,
    paths: Paths,
    rows: u64,
}

impl Traffic for Reads {
    fn request(&self, random: u64, out: &mut Vec<u8>) -> [u64; 2] {
        use std::io::Write;
        let link = &self.sensors.link;
        let written = match &self.paths {
            Paths::ById(among) => {
                let n = random % among;
                write!(out, "GET /ngsi-ld/v1/entities/urn:ngsi-ld:Sensor:{n:07} HTTP/1.1\r\nHost: bench\r\n{link}\r\n")
            }
            Paths::Among(paths) => {
                let path = &paths[random as usize % paths.len()];
                write!(out, "GET {path} HTTP/1.1\r\nHost: bench\r\n{link}\r\n")
            }
        };
        written.expect("a vector takes what is written");
        [self.fresh.now(), 0]
    }

    fn is_right(&self, [asked, _]: [u64; 2], body: &[u8]) -> bool {
        let mut rows = 0;
        self.sensors.values(body).all(|(n, value)| {
            rows += 1;
            self.fresh.admits(n, value, asked)
        }) && rows == self.rows
    }
}

struct Measured {
    outcome: Outcome,
    /// The server's processor time, as a share of one core.
    server: f64,
}

async fn measure(server: &Server, time: Duration, traffic: Arc<dyn Traffic>) -> Measured {
    load::run_traffic(server.address, CONNECTIONS, Duration::from_millis(500), Arc::clone(&traffic)).await;
    let (cpu, started) = (server.cpu(), Instant::now());
    let outcome = load::run_traffic(server.address, CONNECTIONS, time, traffic).await;
    Measured { outcome, server: (server.cpu() - cpu) / started.elapsed().as_secs_f64() }
}

impl Measured {
    /// What all turns together say: means of the rates, and all answers in one.
    fn all(turns: &[Self]) -> Self {
        let mean = |what: &dyn Fn(&Self) -> f64| turns.iter().map(what).sum::<f64>() / turns.len() as f64;
        let outcome = Outcome {
            rate: mean(&|turn| turn.outcome.rate),
            took: turns.iter().flat_map(|turn| turn.outcome.took.clone()).collect(),
            body: turns.iter().map(|turn| turn.outcome.body).max().unwrap_or_default(),
            wrong: turns.iter().map(|turn| turn.outcome.wrong).sum(),
            refused: turns.iter().map(|turn| turn.outcome.refused).sum(),
            generator: mean(&|turn| turn.outcome.generator),
        };
        Self { outcome, server: mean(&|turn| turn.server) }
    }

    /// Microseconds of processor time for each answer: of the server and of the generator.
    fn costs(&self) -> (f64, f64) {
        (1e6 * self.server / self.outcome.rate, 1e6 * self.outcome.generator / self.outcome.rate)
    }
}

/// The ratio, and beside it what it rests on. Where other work shares the machine, the ratio of the processor
/// time for each answer says what the rates would say on a quiet one.
fn report(what: &str, ours: &Measured, ceiling: &Measured) {
    let (server, generator) = ours.costs();
    let (bare, bare_generator) = ceiling.costs();
    let by_time = 100.0 * (bare + bare_generator) / (server + generator);
    let outcome = &ours.outcome;
    println!(
        "{what}: {:.0}/s of {:.0}/s = {:.0}% ({by_time:.0}% by processor time)",
        outcome.rate,
        ceiling.outcome.rate,
        100.0 * outcome.rate / ceiling.outcome.rate
    );
    println!(
        "    p50 {:.2?}, p99 {:.2?}, {} bytes; {} stale, {} refused; µs for each answer: ours {server:.1}, bare {bare:.1}, \
         generator {generator:.1} and {bare_generator:.1}; cores in use: {:.2}, at the ceiling {:.2}",
        outcome.took.within(0.5),
        outcome.took.within(0.99),
        outcome.body,
        outcome.wrong,
        outcome.refused,
        ours.server + outcome.generator,
        ceiling.server + ceiling.outcome.generator
    );
}

struct Upserted {
    rate: f64,
    server: f64,
    generator: f64,
    written: u64,
}

impl std::fmt::Display for Upserted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.0} entities/s, {} bytes to disk each, µs for each: server {:.1}, generator {:.1}",
            self.rate,
            self.written,
            1e6 * self.server,
            1e6 * self.generator
        )
    }
}
