//! A million entities with a year of past, in the real binary under a clock that is set: how long it takes to read them as
//! of an instant within the last day and a year back. Every answer is held against what was written until then.
//!
//! `cargo run --release -p machi-bench --bin then -- target/release/machi [entities] [FOLDER]`: a folder that holds such a
//! city is asked as it is.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use machi_bench::client::{Answer, Client};
use machi_bench::grid::{FAN_OUT, Grid};
use machi_bench::load;
use machi_bench::names::mix;
use machi_bench::process::Server;
use machi_bench::questions::distance;
use machi_bench::took::Took;
use machi_testkit::ShiftedClock;
use machi_types::{Clock, Json, SystemClock, Timestamp, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A city that is kept in a folder is asked by another run.
const SEED: u64 = 20_261_123;
const DAY: i64 = 86_400;
/// Every time there is a tenth of the entities of which the level changes, and one of 500 moves.
const CHANGE: u64 = 10;
const MOVE: u64 = 500;
/// A hundredth of the entities tells a level so many times more each time.
const BUSY: u64 = 100;
const OFTEN: u64 = 10;
/// How many days before now something was written; in the last day there is more every two hours.
const DAYS: [i64; 10] = [360, 320, 280, 240, 200, 160, 120, 80, 40, 10];
const HOURS: i64 = 12;
const ASKED: u64 = 100;
const METRES: f64 = 3000.0;
const PAGE: usize = 20;
const HALF: f64 = 52_428.0;

type Result<T> = std::io::Result<T>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let binary = arguments.get(1).cloned().unwrap_or_else(|| "target/release/machi".to_owned());
    let count = arguments.get(2).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let kept = tempfile::tempdir()?;
    let folder = arguments.get(3).map_or_else(|| kept.path().to_owned(), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let mut world = World::new(binary, count, &folder);
    let begins = folder.join("begins");
    if let Ok(begun) = std::fs::read_to_string(&begins) {
        world.remember(begun.trim().parse().expect("it is the time at which the city began"));
    } else {
        world.live()?;
        std::fs::write(begins, world.begun.to_string())?;
    }
    world.ask_all()
}

/// A change of an entity: since when, its level or its place.
#[derive(Clone, Copy)]
enum Change {
    Level(f64),
    Place((f64, f64)),
}

struct World {
    binary: String,
    data: String,
    clock: ShiftedClock,
    grid: Grid,
    /// When it was made, in seconds.
    begun: i64,
    /// What was written of each entity behind what it had first, with the number of the time.
    changes: HashMap<u64, Vec<(usize, Change)>>,
    link: String,
    misses: u64,
}

/// The times at which something is written, in seconds before the city is asked.
fn times() -> Vec<i64> {
    let days = DAYS.iter().map(|days| days * DAY);
    days.chain((1..=HOURS).rev().map(|place| place * DAY / HOURS)).collect()
}

impl World {
    fn new(binary: String, count: u64, folder: &Path) -> Self {
        let clock = ShiftedClock::new(&folder.join("clock"));
        let data = folder.join("city").to_string_lossy().into_owned();
        let begun = SystemClock.now().micros() / 1_000_000;
        let grid = Grid::new(SEED, count);
        Self { binary, data, clock, grid, begun, changes: HashMap::new(), link: String::new(), misses: 0 }
    }

    fn start(&self) -> Result<Server> {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--open", "--data", &self.data];
        Server::start_in(&self.clock.environment(), &self.binary, &arguments)
    }

    /// Writes the city and its year.
    fn live(&mut self) -> Result<()> {
        let started = Instant::now();
        self.clock.set(-370 * DAY);
        let machi = self.start()?;
        let mut client = Client::connect(machi.address)?;
        self.name(&mut client, &machi)?;
        for first in (0..self.grid.count).step_by(1000) {
            let answer = client.ask(&self.grid.batch(first, &self.link))?;
            assert_eq!(answer.status, 201, "{}", answer.text());
        }
        machi.stop()?;
        for (place, before) in times().into_iter().enumerate() {
            self.clock.set(-before);
            let machi = self.start()?;
            let mut client = Client::connect(machi.address)?;
            self.name(&mut client, &machi)?;
            self.write(place, |body| {
                let mut request = Vec::with_capacity(body.len() + 512);
                load::write_request("POST", "/ngsi-ld/v1/entityOperations/update", "", body, &mut request);
                let answer = client.ask(&request)?;
                assert_eq!(answer.status, 204, "{}", answer.text());
                Ok(())
            })?;
            machi.stop()?;
        }
        self.clock.set(0);
        let written: usize = self.changes.values().map(Vec::len).sum();
        println!("{} entities and {written} changes in {:.0?}", self.grid.count, started.elapsed());
        Ok(())
    }

    /// Knows what a run before has written.
    fn remember(&mut self, begun: i64) {
        self.begun = begun;
        for place in 0..times().len() {
            self.write(place, |_| Ok(())).expect("nothing is sent");
        }
    }

    /// Gives the server the @context of the names.
    fn name(&mut self, client: &mut Client, machi: &Server) -> Result<()> {
        let mut request = Vec::new();
        load::write_request("POST", "/ngsi-ld/v1/jsonldContexts", "", &self.grid.context(), &mut request);
        let location = client.ask(&request)?.header("location").unwrap_or_default().to_owned();
        self.link = format!(
            "Link: <http://{}{location}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"\r\n",
            machi.address
        );
        Ok(())
    }

    /// What is written at a time, as bodies of a thousand entities.
    fn write(&mut self, place: usize, mut send: impl FnMut(&str) -> Result<()>) -> Result<()> {
        let count = self.grid.count;
        let rounds = (0..OFTEN).map(|round| (round, if round == 0 { count / CHANGE } else { count / BUSY }));
        for (round, many) in rounds {
            let levels = (0..many).map(|at| {
                let random = mix(at ^ mix(place as u64 * OFTEN + round));
                let n = if round == 0 { at * CHANGE + random % CHANGE } else { at * BUSY };
                (n, Change::Level((random >> 32 & 0xf_ffff) as f64 / 10.0))
            });
            let moves = (0..count / MOVE).filter(|_| round == 0).map(|at| {
                let random = mix(at ^ mix(place as u64 + 7777));
                let (east, north) = (random % 1_000_000, random / 1_000_000 % 1_000_000);
                (at * MOVE, Change::Place((135.0 + east as f64 / 500_000.0, 35.0 + north as f64 / 500_000.0)))
            });
            for changes in [levels.collect::<Vec<_>>(), moves.collect()] {
                for some in changes.chunks(1000) {
                    send(&self.body(some))?;
                }
                changes.iter().for_each(|(n, change)| self.changes.entry(*n).or_default().push((place, *change)));
            }
        }
        Ok(())
    }

    fn body(&self, changes: &[(u64, Change)]) -> String {
        let Grid { kind, level, .. } = &self.grid;
        let entity = |(n, change): &(u64, Change)| {
            let attribute = match change {
                Change::Level(number) => {
                    format!(r#""https://example.org/city/{level}":{{"type":"Property","value":{number}}}"#)
                }
                Change::Place((x, y)) => {
                    format!(r#""location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{x},{y}]}}}}"#)
                }
            };
            format!(r#"{{"id":"{}","type":"https://example.org/city/{kind}",{attribute}}}"#, Grid::id(*n))
        };
        let entities: Vec<String> = changes.iter().map(entity).collect();
        format!("[{}]", entities.join(","))
    }

    /// The level and the place of an entity behind so many times of writing.
    fn at(&self, n: u64, written: usize) -> (f64, (f64, f64)) {
        let cell = self.grid.cell(n);
        let mut then = (cell.level, cell.place);
        for (place, change) in self.changes.get(&n).into_iter().flatten() {
            match change {
                _ if *place >= written => break,
                Change::Level(level) => then.0 = *level,
                Change::Place(place) => then.1 = *place,
            }
        }
        then
    }

    /// A moment behind so many times of writing and before the next.
    fn moment(&self, written: usize, random: u64) -> Timestamp {
        let times = times();
        let from = written.checked_sub(1).map_or(369 * DAY, |place| times[place]);
        let to = times.get(written).copied().unwrap_or_default();
        // It takes some minutes to write; the clock went on meanwhile.
        let slack = 600.min((from - to) / 2);
        let before = to + (random % (from - to - slack) as u64) as i64;
        Timestamp::from_micros((self.begun - before) * 1_000_000)
    }

    fn ask_all(&mut self) -> Result<()> {
        let machi = self.start()?;
        tokio::runtime::Runtime::new()?.block_on(machi.rest());
        let mut client = Client::connect(machi.address)?;
        self.name(&mut client, &machi)?;
        let (all, days) = (times().len(), DAYS.len());
        println!("at rest: resident {} MB", machi.memory("VmRSS"));
        for (name, range) in [("the last day", days + 1..all), ("the year", 1..days)] {
            let instants = |round: u64| range.start + mix(round) as usize % range.len();
            let one = (0..ASKED).map(|round| self.ask_one(&mut client, instants(round), mix(round + 1000)));
            let one: Took = one.collect::<Result<_>>()?;
            print_line(&format!("one entity, {name}"), &one);
            let mut took = Vec::new();
            for round in 0..ASKED {
                took.push(self.ask_near(&mut client, instants(round), mix(round + 5000))?);
            }
            print_line(&format!("q, geo and joinLevel=2, {name}"), &took.into_iter().collect());
        }
        println!("peak {} MB; wrong answers: {}", machi.memory("VmHWM"), self.misses);
        Ok(())
    }

    fn ask_one(&self, client: &mut Client, written: usize, random: u64) -> Result<Duration> {
        let n = random % self.grid.count;
        let at = self.moment(written, random >> 20);
        let path = format!("/ngsi-ld/v1/entities/{}?asOf={at}&options=keyValues", Grid::id(n));
        let (took, answer) = self.timed(client, &path)?;
        let entity = json::parse(&answer.body, 64).unwrap_or(Json::Null);
        let level = match entity.get(&self.grid.level) {
            Some(Json::Object(members)) => members.first().map(|(_, value)| value),
            level => level,
        };
        let wanted = self.at(n, written).0;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(level.is_some() && text.contains(&format!("{wanted}")), "{path}: {text}, but {wanted} was meant");
        Ok(took)
    }

    fn ask_near(&mut self, client: &mut Client, written: usize, random: u64) -> Result<Duration> {
        let (x, y) = (135.1 + (random % 1_700) as f64 / 1000.0, 35.1 + (random / 1_700 % 1_700) as f64 / 1000.0);
        let at = self.moment(written, random >> 32);
        let Grid { kind, level, .. } = &self.grid;
        let path = format!(
            "/ngsi-ld/v1/entities?type={kind}&limit={PAGE}&q={level}%3C{HALF}&georel=near;maxDistance=={METRES}&geometry=Point\
             &coordinates=[{x},{y}]&join=inline&joinLevel=2&asOf={at}"
        );
        let (took, answer) = self.timed(client, &path)?;
        self.judge(&path, &answer, written, (x, y));
        Ok(took)
    }

    fn timed(&self, client: &mut Client, path: &str) -> Result<(Duration, Answer)> {
        let request = load::get(path, &self.link);
        let started = Instant::now();
        let answer = client.ask(&request)?;
        Ok((started.elapsed(), answer))
    }

    /// A full page of entities that met the query then, each with what it links to; or all that surely did.
    fn judge(&mut self, path: &str, answer: &Answer, written: usize, at: (f64, f64)) {
        let Ok(Json::Array(rows)) = json::parse(&answer.body, 64) else { return self.miss(path, answer.text()) };
        let number = |row: &Json<'_>| row.get("id").and_then(Json::as_str).and_then(Grid::number);
        let found: Vec<u64> = rows.iter().filter_map(number).collect();
        let meets = |n: u64, metres: f64| {
            let (level, place) = self.at(n, written);
            level < HALF && distance(place, at) < metres
        };
        let is_joined = |row: &Json<'_>| match row.get(&self.grid.next).and_then(|next| next.get("entity")) {
            Some(Json::Array(entities)) => entities.len() as u64 >= FAN_OUT - 1,
            _ => false,
        };
        let is_right = found.iter().all(|n| meets(*n, METRES * 1.01)) && rows.iter().all(is_joined);
        let surely = (0..self.grid.count).filter(|n| meets(*n, METRES * 0.99)).take(PAGE);
        if answer.status != 200 || !is_right || found.len() < surely.count() {
            self.miss(path, &format!("{found:?}"));
        }
    }

    fn miss(&mut self, path: &str, reason: &str) {
        self.misses += 1;
        if self.misses < 10 {
            let reason: String = reason.chars().take(300).collect();
            println!("    MISS {path}: {reason}");
        }
    }
}

fn print_line(name: &str, took: &Took) {
    println!(
        "    {name:44} p50 {:>8.2?}  p95 {:>8.2?}  max {:>8.2?}  ({})",
        took.within(0.5),
        took.within(0.95),
        took.within(1.0),
        took.count()
    );
}
