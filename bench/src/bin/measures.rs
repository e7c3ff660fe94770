//! Measures through the normal write path, history on: how many a second, and what those of a city's buildings take.
//!
//! `cargo run --release -p machi-bench --bin measures -- target/release/machi [seconds] [part ...]`
//! where the parts are `reports` (60 attributes of an entity each), `singles` (one attribute each), and 2,000,000 points of
//! 30,000 equipment every five minutes, as `equipment` (whole reports) or as `points` (one by one), and how history catches up
//! with 5,000 measures a second after a `pause`; without any, all are run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use machi_bench::client::Client;
use machi_bench::load::{self, Traffic};
use machi_bench::names::{mix, seed, word};
use machi_bench::paced;
use machi_bench::process::Server;
use machi_types::{Clock, SystemClock, Timestamp};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: u64 = 4;
/// The processors of the machine.
const PROCESSORS: f64 = 2.0;
/// In how many seconds each point of a building is measured once.
const ROUND: u64 = 300;
/// The folder of the city's data.
const CITY: &str = "city";
/// How often a batch comes while history rests, and while it catches up.
const BEAT: Duration = Duration::from_millis(50);

/// Who measures, and how it is told.
struct Plan {
    kind: String,
    names: Vec<String>,
    entities: u64,
    /// How many entities a request tells of, and how many of their attributes.
    batch: u64,
    told: u64,
    next: AtomicU64,
}

impl Plan {
    fn new(entities: u64, attributes: u64, batch: u64, told: u64) -> Self {
        let seed = seed();
        let names = (0..attributes).map(|n| word(seed, n)).collect();
        Self { kind: format!("T{}", word(seed, 1 << 20)), names, entities, batch, told, next: AtomicU64::new(0) }
    }

    /// How many measures are in a request.
    fn measures(&self) -> u64 {
        self.batch * self.told
    }

    /// The request of this number: first all entities with their first attributes, then with the next ones.
    fn write(&self, number: u64, out: &mut Vec<u8>) {
        let turns = self.entities / self.batch;
        let (first, part) = (number % turns * self.batch, number / turns * self.told);
        let now = SystemClock.now().micros() / 1000;
        let entities: Vec<String> = (first..first + self.batch).map(|n| self.entity(n, part, now)).collect();
        let body = format!("[{}]", entities.join(","));
        load::write_request("POST", "/ngsi-ld/v1/entityOperations/upsert?options=update", "", &body, out);
    }

    fn entity(&self, entity: u64, part: u64, now: i64) -> String {
        use std::fmt::Write as _;
        let mut text = format!(r#"{{"id":"urn:ngsi-ld:Equipment:{entity:06}","type":"{}""#, self.kind);
        for place in part..part + self.told {
            let name = &self.names[place as usize % self.names.len()];
            let random = mix(now as u64 ^ mix(entity << 20 | place));
            // Sensors tell tenths, and do not look at the same clock.
            let (value, at) = (random % 400, Timestamp::from_micros((now - (random >> 32) as i64 % 50) * 1000));
            let _ = write!(
                text,
                r#","{name}":{{"type":"Property","value":{}.{},"observedAt":"{at}"}}"#,
                value / 10,
                value % 10
            );
        }
        text.push('}');
        text
    }
}

impl Traffic for Plan {
    fn request(&self, _: u64, out: &mut Vec<u8>) -> [u64; 2] {
        self.write(self.next.fetch_add(1, Ordering::Relaxed), out);
        [0; 2]
    }
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments.next().unwrap_or_else(|| "target/release/machi".to_owned());
    let time = Duration::from_secs(arguments.next().and_then(|text| text.parse().ok()).unwrap_or(120));
    let parts: Vec<String> = arguments.collect();
    let has = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if has("reports") {
        runtime.block_on(flat_out(&binary, "reports of 60 attributes", Plan::new(10_000, 60, 20, 60), time))?;
    }
    if has("singles") {
        runtime.block_on(flat_out(&binary, "one attribute each", Plan::new(100_000, 1, 1000, 1), time))?;
    }
    // 30,000 equipment with 67 points each, a little more than 2,000,000.
    if has("equipment") {
        let whole = Plan::new(30_000, 67, 15, 67);
        runtime.block_on(in_beats(&binary, "2,000,000 points in whole reports", whole, time))?;
    }
    if has("points") {
        let singles = Plan::new(30_000, 67, 1000, 1);
        runtime.block_on(in_beats(&binary, "2,000,000 points one by one, 1,000 a batch", singles, time))?;
    }
    if has("pause") {
        runtime.block_on(after_pause(&binary, Plan::new(100_000, 1, 250, 1), time))?;
    }
    Ok(())
}

/// A city whose entities have been told of once.
struct City {
    machi: Server,
    plan: Arc<Plan>,
    /// Where its data lies; goes when it is no more needed.
    folder: tempfile::TempDir,
}

/// What a city had used at some moment.
struct Used {
    at: Instant,
    cpu: f64,
    written: u64,
    journal: u64,
}

impl City {
    async fn begin(binary: &str, plan: Plan) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join(CITY);
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--open", "--data", &data.to_string_lossy()];
        let city = Self { machi: Server::start(binary, &arguments)?, plan: Arc::new(plan), folder };
        let attributes = city.plan.names.len() as u64;
        let first = city.plan.entities / city.plan.batch * (attributes / city.plan.told);
        let run = paced::run(city.machi.address, CONNECTIONS, first, None, city.numbered()).await;
        if run.refused > 0 {
            return Err(std::io::Error::other(format!("{} requests of the first round were refused", run.refused)));
        }
        city.plan.next.store(first, Ordering::Relaxed);
        city.machi.rest().await;
        Ok(city)
    }

    fn numbered(&self) -> paced::MakeNumbered {
        let plan = Arc::clone(&self.plan);
        Arc::new(move |number| {
            let mut request = Vec::new();
            plan.write(number, &mut request);
            request
        })
    }

    fn used(&self) -> std::io::Result<Used> {
        let journal = metric(self.machi.address, "machi_store_journal_written_bytes")? as u64;
        Ok(Used { at: Instant::now(), cpu: self.machi.cpu(), written: self.machi.written(), journal })
    }

    /// Prints what so many measures have taken since then.
    async fn tell(&self, what: &str, before: &Used, measures: u64) -> std::io::Result<()> {
        let (now, behind) = (self.used()?, metric(self.machi.address, "machi_history_commits_behind")?);
        let seconds = (now.at - before.at).as_secs_f64();
        let busy = (now.cpu - before.cpu) / seconds / PROCESSORS;
        self.machi.rest().await;
        let end = self.used()?;
        let each = |bytes: u64| bytes as f64 / measures as f64;
        println!(
            "{what}: {:.0} measures/s for {seconds:.0} s; the server took {:.1}% of the machine; history was {behind:.0} commits behind at the end; \
             {:.2} µs of processor time for each measure, with all that is done in the background later",
            measures as f64 / seconds,
            100.0 * busy,
            (end.cpu - before.cpu) * 1e6 / measures as f64,
        );
        println!(
            "    for each: {:.1} bytes of journal, {:.1} bytes to disk in all; peak memory {} MB",
            each(end.journal - before.journal),
            each(end.written - before.written),
            self.machi.memory("VmHWM"),
        );
        Ok(())
    }
}

/// Tells as much as the city takes.
async fn flat_out(binary: &str, what: &str, plan: Plan, time: Duration) -> std::io::Result<()> {
    let city = City::begin(binary, plan).await?;
    let (before, first) = (city.used()?, city.plan.next.load(Ordering::Relaxed));
    let traffic = Arc::clone(&city.plan) as Arc<dyn Traffic>;
    let outcome = load::run_traffic(city.machi.address, CONNECTIONS, time, traffic).await;
    if outcome.refused > 0 {
        return Err(std::io::Error::other(format!("{} requests were refused", outcome.refused)));
    }
    let measures = (city.plan.next.load(Ordering::Relaxed) - first) * city.plan.measures();
    println!("generator {:.0}% of one processor", 100.0 * outcome.generator);
    city.tell(what, &before, measures).await
}

/// Tells all points once in each round.
async fn in_beats(binary: &str, what: &str, plan: Plan, time: Duration) -> std::io::Result<()> {
    let city = City::begin(binary, plan).await?;
    let a_round = city.plan.entities * city.plan.names.len() as u64 / city.plan.measures();
    let beat = Duration::from_secs(ROUND).div_f64(a_round as f64);
    let (before, first) = (city.used()?, city.plan.next.load(Ordering::Relaxed));
    let count = (time.as_secs_f64() / beat.as_secs_f64()) as u64;
    let numbered = city.numbered();
    let later: paced::MakeNumbered = Arc::new(move |number| numbered(first + number));
    let run = paced::run(city.machi.address, CONNECTIONS, count, Some(beat), later).await;
    if run.refused > 0 {
        return Err(std::io::Error::other(format!("{} requests were refused", run.refused)));
    }
    city.plan.next.store(first + count, Ordering::Relaxed);
    city.tell(what, &before, count * city.plan.measures()).await
}

/// Keeps history from its folder for a while, and tells how fast it catches up when it has it again, while as much goes on
/// to come.
async fn after_pause(binary: &str, plan: Plan, time: Duration) -> std::io::Result<()> {
    let city = City::begin(binary, plan).await?;
    let (archive, aside) = (city.folder.path().join(CITY).join("history"), city.folder.path().join("aside"));
    let count = 3 * (time.as_secs_f64() / BEAT.as_secs_f64()) as u64;
    let writing = tokio::spawn(paced::run(city.machi.address, CONNECTIONS, count, Some(BEAT), city.numbered()));
    std::fs::rename(&archive, &aside)?;
    // A file stands where the folder was, so that nothing can be written there.
    std::fs::write(&archive, "")?;
    tokio::time::sleep(time).await;
    let address = city.machi.address;
    let behind = move || metric(address, "machi_history_commits_behind");
    let owed = behind()?;
    std::fs::remove_file(&archive)?;
    std::fs::rename(&aside, &archive)?;
    let begun = Instant::now();
    while behind()? > 2.0 / BEAT.as_secs_f64() && !writing.is_finished() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let is_over = writing.is_finished();
    writing.abort();
    // What is written in a second, in commits.
    let a_second = owed / time.as_secs_f64();
    println!(
        "after {:.0} s without its folder history was {owed:.0} commits behind, and {} up within {seconds:.1} s, at {:.1} times the rate of writing",
        time.as_secs_f64(),
        if is_over { "had NOT caught" } else { "caught" },
        (owed / seconds + a_second) / a_second,
    );
    Ok(())
}

/// A figure of the city's own.
fn metric(address: SocketAddr, name: &str) -> std::io::Result<f64> {
    let answer = Client::connect(address)?.ask(&load::get("/metrics", ""))?;
    let line = answer.text().lines().find(|line| line.starts_with(name)).unwrap_or_default();
    let value = line.split_whitespace().nth(1).and_then(|value| value.parse().ok());
    value.ok_or_else(|| std::io::Error::other(format!("there is no figure {name}")))
}
