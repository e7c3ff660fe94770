//! A million entities in the real binary: memory, restarts, and the 95th percentile of every shape of query while
//! 200 updates a second run. Every answer is held against a plain evaluation of all entities.
//!
//! `cargo run --release -p machi-bench --bin queries -- target/release/machi [entities] [minutes of writes]`

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use machi_bench::client::{Answer, Client};
use machi_bench::grid::{Cell, Grid};
use machi_bench::load;
use machi_bench::names::{self, mix};
use machi_bench::process::Server;
use machi_bench::questions::{Question, SHAPES, question};
use machi_bench::took::Took;
use machi_types::{Json, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PAGE: usize = 20;
const UPDATES_A_SECOND: u64 = 200;
const ASKED_EACH: u64 = 200;
const MIXED_CONNECTIONS: u64 = 4;
const MIXED: Duration = Duration::from_secs(20);

type Result<T> = std::io::Result<T>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize, default| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let binary = arguments.get(1).cloned().unwrap_or_else(|| "target/release/machi".to_owned());
    run(&binary, number(2, 1_000_000), number(3, 1))
}

/// The city, and what is known of its entities.
struct World {
    grid: Grid,
    cells: Vec<Cell>,
    link: String,
    /// Every level that an entity was given since.
    levels: RwLock<HashMap<u64, Vec<f64>>>,
    misses: AtomicU64,
}

fn run(binary: &str, count: u64, minutes: u64) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("city").to_string_lossy().into_owned();
    let start = || Server::start(binary, &["serve", "--listen", "127.0.0.1:0", "--open", "--data", &data]);
    let machi = start()?;
    println!("empty: resident {} MB", machi.memory("VmRSS"));
    let world = Arc::new(World::load(&machi, count)?);
    println!("loaded {count}: peak {} MB, resident {} MB", machi.memory("VmHWM"), machi.memory("VmRSS"));
    shapes(&world, &machi, UPDATES_A_SECOND, "with 200 updates a second")?;
    let stop = Arc::new(AtomicBool::new(false));
    let writers = spawn_updates(&world, &machi, 5000, &stop);
    std::thread::sleep(Duration::from_mins(minutes));
    stop.store(true, Ordering::Relaxed);
    writers.join().expect("the writer ends")?;
    println!(
        "after {minutes} minutes of writes: peak {} MB, resident {} MB",
        machi.memory("VmHWM"),
        machi.memory("VmRSS")
    );
    machi.stop()?;
    let started = Instant::now();
    let machi = start()?;
    println!("ready {:.2?} after a clean stop, resident {} MB", started.elapsed(), machi.memory("VmRSS"));
    let stop = Arc::new(AtomicBool::new(false));
    let writers = spawn_updates(&world, &machi, 5000, &stop);
    std::thread::sleep(Duration::from_secs(10));
    stop.store(true, Ordering::Relaxed);
    writers.join().expect("the writer ends")?;
    drop(machi);
    let started = Instant::now();
    let machi = start()?;
    println!("ready {:.2?} after kill -9", started.elapsed());
    shapes(&world, &machi, 0, "after that, at rest")?;
    println!("peak {} MB; wrong answers: {}", machi.memory("VmHWM"), world.misses.load(Ordering::Relaxed));
    Ok(())
}

/// Asks every shape alone, then all mixed.
fn shapes(world: &Arc<World>, machi: &Server, updates: u64, what: &str) -> Result<()> {
    println!("p95 of a page of {PAGE}, {what}:");
    let stop = Arc::new(AtomicBool::new(false));
    let writers = (updates > 0).then(|| spawn_updates(world, machi, updates, &stop));
    let mut client = Client::connect(machi.address)?;
    for (shape, name) in SHAPES.iter().enumerate() {
        let mut times = Vec::new();
        for round in 0..ASKED_EACH {
            let question = question(&world.grid, shape, mix(round + 1000 * shape as u64));
            times.push(world.ask(&mut client, &question, round < 2)?);
        }
        print_line(name, times);
    }
    print_line("page 1,000 by its cursor", world.deep_page(&mut client)?);
    print_line("exact count of half", world.counts(&mut client)?);
    let started = Instant::now();
    let tasks: Vec<_> = (0..MIXED_CONNECTIONS)
        .map(|connection| {
            let (world, address) = (Arc::clone(world), machi.address);
            std::thread::spawn(move || -> Result<Vec<Duration>> {
                let mut client = Client::connect(address)?;
                let (mut times, mut random) = (Vec::new(), mix(connection + 99));
                while started.elapsed() < MIXED {
                    random = mix(random);
                    let question = question(&world.grid, random as usize % SHAPES.len(), random >> 8);
                    times.push(world.ask(&mut client, &question, false)?);
                }
                Ok(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.join().expect("a reader ends")?);
    }
    print_line(&format!("mixed, {MIXED_CONNECTIONS} connections"), times);
    stop.store(true, Ordering::Relaxed);
    if let Some(writers) = writers {
        writers.join().expect("the writer ends")?;
    }
    Ok(())
}

fn print_line(name: &str, times: Vec<Duration>) {
    let took: Took = times.into_iter().collect();
    println!(
        "    {name:36} p50 {:>8.2?}  p95 {:>8.2?}  max {:>8.2?}  ({})",
        took.within(0.5),
        took.within(0.95),
        took.within(1.0),
        took.count()
    );
}

/// Changes levels of random entities, so many a second, on one connection.
fn spawn_updates(
    world: &Arc<World>,
    machi: &Server,
    a_second: u64,
    stop: &Arc<AtomicBool>,
) -> std::thread::JoinHandle<Result<()>> {
    let (world, stop, address) = (Arc::clone(world), Arc::clone(stop), machi.address);
    std::thread::spawn(move || {
        let mut client = Client::connect(address)?;
        let (started, mut sent, mut random) = (Instant::now(), 0, names::seed());
        while !stop.load(Ordering::Relaxed) {
            let due = Duration::from_nanos(1_000_000_000 / a_second * sent);
            if let Some(wait) = due.checked_sub(started.elapsed()) {
                std::thread::sleep(wait);
            }
            random = mix(random);
            let (n, level) = (random % world.grid.count, (random >> 32 & 0xf_ffff) as f64 / 10.0);
            world.levels.write().expect("no writer panics").entry(n).or_default().push(level);
            let body = format!(r#"{{"{}":{{"type":"Property","value":{level}}}}}"#, world.grid.level);
            let mut request = Vec::new();
            let path = format!("/ngsi-ld/v1/entities/{}/attrs", Grid::id(n));
            load::write_request("PATCH", &path, &world.link, &body, &mut request);
            let answer = client.ask(&request)?;
            assert_eq!(answer.status, 204, "{}", answer.text());
            sent += 1;
        }
        Ok(())
    })
}

impl World {
    fn load(machi: &Server, count: u64) -> Result<Self> {
        let grid = Grid::new(names::seed(), count);
        let mut request = Vec::new();
        load::write_request("POST", "/ngsi-ld/v1/jsonldContexts", "", &grid.context(), &mut request);
        let mut client = Client::connect(machi.address)?;
        let location = client.ask(&request)?.header("location").unwrap_or_default().to_owned();
        let link = format!(
            "Link: <http://{}{location}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"\r\n",
            machi.address
        );
        for first in (0..count).step_by(1000) {
            let answer = client.ask(&grid.batch(first, &link))?;
            assert_eq!(answer.status, 201, "{}", answer.text());
        }
        let cells = (0..count).map(|n| grid.cell(n)).collect();
        Ok(Self { grid, cells, link, levels: RwLock::default(), misses: AtomicU64::new(0) })
    }

    fn path(&self, question: &Question) -> String {
        format!("/ngsi-ld/v1/entities?type={}&limit={PAGE}&{}", self.grid.kind, question.parameters)
    }

    /// Asks, judges, and returns how long the answer took.
    fn ask(&self, client: &mut Client, question: &Question, is_counted: bool) -> Result<Duration> {
        let path = self.path(question);
        let started = Instant::now();
        let answer = client.ask(&load::get(&path, &self.link))?;
        let took = started.elapsed();
        self.judge(&path, &answer, question);
        if is_counted {
            let answer = client.ask(&load::get(&format!("{path}&count=true"), &self.link))?;
            self.judge_count(&path, &answer, question);
        }
        Ok(took)
    }

    /// Whether an entity meets a question with any of the levels that it has had; nothing where it is not sure.
    fn meets(&self, n: u64, question: &Question) -> Option<bool> {
        let cell = self.cells.get(n as usize)?;
        let levels = self.levels.read().expect("no writer panics");
        let mut verdicts = std::iter::once(&cell.level)
            .chain(levels.get(&n).into_iter().flatten())
            .map(|level| (question.meets)(cell, *level));
        let first = verdicts.next().flatten();
        if verdicts.all(|other| other == first) { first } else { None }
    }

    fn judge(&self, path: &str, answer: &Answer, question: &Question) {
        let Some(rows) = rows(answer) else { return self.miss(path, answer.text()) };
        let is_right = rows.iter().all(|(n, _)| self.meets(*n, question) != Some(false));
        let mut distinct: Vec<u64> = rows.iter().map(|(n, _)| *n).collect();
        distinct.sort_unstable();
        distinct.dedup();
        if answer.status != 200 || !is_right || distinct.len() != rows.len() {
            self.miss(path, "a row that does not belong there");
        }
        if path.contains("joinLevel") && !rows.iter().all(|(n, row)| self.is_joined(*n, row)) {
            self.miss(path, "a row without what it links to");
        }
    }

    /// Whether a row shows the five entities that it links to, and with each its five.
    fn is_joined(&self, n: u64, row: &Json<'_>) -> bool {
        let shown = |row: &Json<'_>| -> Vec<(u64, usize)> {
            let Some(Json::Array(entities)) = row.get(&self.grid.next).and_then(|next| next.get("entity")) else {
                return Vec::new();
            };
            let number = |entity: &Json<'_>| entity.get("id").and_then(Json::as_str).and_then(Grid::number);
            let inner = |entity: &Json<'_>| match entity.get(&self.grid.next).and_then(|next| next.get("entity")) {
                Some(Json::Array(entities)) => entities.len(),
                Some(_) => 1,
                None => 0,
            };
            entities.iter().filter_map(|entity| Some((number(entity)?, inner(entity)))).collect()
        };
        let shown = shown(row);
        self.grid
            .linked(n)
            .all(|linked| linked == n || shown.iter().any(|(shown, inner)| *shown == linked && *inner > 0))
    }

    /// The exact number of matches, and the order of the first page, by looking at all entities.
    fn judge_count(&self, path: &str, answer: &Answer, question: &Question) {
        let counted: Option<u64> = answer.header("ngsild-results-count").and_then(|count| count.parse().ok());
        let (mut least, mut most) = (0, 0);
        for n in 0..self.grid.count {
            match self.meets(n, question) {
                Some(true) => (least, most) = (least + 1, most + 1),
                None => most += 1,
                Some(false) => {}
            }
        }
        if !counted.is_some_and(|counted| (least..=most).contains(&counted)) {
            self.miss(path, &format!("counted {counted:?}, but {least} to {most} match"));
        }
        let wanted = least.min(PAGE as u64) as usize;
        let Some(rows) = rows(answer) else { return };
        if rows.len() < wanted {
            self.miss(path, &format!("{} rows, but at least {wanted} match", rows.len()));
        }
        if let Some(key) = &question.key {
            self.judge_order(path, &rows, question, key);
        }
    }

    /// No entity that surely matches and was not changed may come before the last row without being there.
    fn judge_order(&self, path: &str, rows: &[(u64, Json<'_>)], question: &Question, key: &dyn Fn(&Cell, f64) -> f64) {
        let Some((last, _)) = rows.last() else { return };
        let levels = self.levels.read().expect("no writer panics").clone();
        let key_of = |n: u64| self.cells.get(n as usize).map(|cell| key(cell, cell.level));
        let is_changed = |n: u64| levels.contains_key(&n);
        let Some(bound) = key_of(*last).filter(|_| !is_changed(*last)) else { return };
        let is_shown = |n: u64| rows.iter().any(|(row, _)| *row == n);
        let missing = (0..self.grid.count)
            .filter(|n| !is_changed(*n) && self.meets(*n, question) == Some(true))
            .find(|n| key_of(*n).is_some_and(|key| key < bound * 0.999) && !is_shown(*n));
        if let Some(missing) = missing {
            self.miss(path, &format!("entity {missing} comes before the last row"));
        }
    }

    /// Follows a list to its page 1,000, each entity once, and asks for that page again and again.
    fn deep_page(&self, client: &mut Client) -> Result<Vec<Duration>> {
        let mut path = format!("/ngsi-ld/v1/entities?type={}&limit={PAGE}", self.grid.kind);
        let mut seen = std::collections::HashSet::new();
        for _ in 1..1000.min(self.grid.count / PAGE as u64) {
            let answer = client.ask(&load::get(&path, &self.link))?;
            let rows = rows(&answer).unwrap_or_default();
            if !rows.iter().all(|(n, _)| seen.insert(*n)) {
                self.miss(&path, "an entity comes twice");
            }
            let Some(next) = answer.next() else {
                self.miss(&path, "the list ends too early");
                break;
            };
            path = next;
        }
        let mut times = Vec::new();
        for _ in 0..ASKED_EACH {
            let started = Instant::now();
            let answer = client.ask(&load::get(&path, &self.link))?;
            times.push(started.elapsed());
            let rows = rows(&answer).unwrap_or_default();
            if rows.len() != PAGE || rows.iter().any(|(n, _)| seen.contains(n)) {
                self.miss(&path, "a page that is not the thousandth");
            }
        }
        Ok(times)
    }

    fn counts(&self, client: &mut Client) -> Result<Vec<Duration>> {
        let question = question(&self.grid, 1, 0);
        let expected = self.cells.iter().filter(|cell| cell.is_left).count().to_string();
        let path = format!("{}&count=true", self.path(&question).replace(&format!("limit={PAGE}"), "limit=0"));
        let mut times = Vec::new();
        for _ in 0..ASKED_EACH {
            let started = Instant::now();
            let answer = client.ask(&load::get(&path, &self.link))?;
            times.push(started.elapsed());
            if answer.header("ngsild-results-count") != Some(&expected) {
                self.miss(&path, "a wrong count");
            }
        }
        Ok(times)
    }

    fn miss(&self, path: &str, reason: &str) {
        if self.misses.fetch_add(1, Ordering::Relaxed) < 10 {
            let reason: String = reason.chars().take(300).collect();
            println!("    MISS {path}: {reason}");
        }
    }
}

/// The rows of an answer, with the numbers of their entities.
fn rows(answer: &Answer) -> Option<Vec<(u64, Json<'_>)>> {
    let Ok(Json::Array(rows)) = json::parse(&answer.body, 64) else { return None };
    rows.into_iter()
        .map(|row| {
            let n = row.get("id").and_then(Json::as_str).and_then(Grid::number)?;
            Some((n, row))
        })
        .collect()
}
