//! Orders, joins and conditions on added indexes over a million entities while others update them: how long a page and
//! an exact count take, and whether the number of matches is what a plain evaluation of the generated entities says.
//!
//! `cargo run --release -p machi-bench --bin indexes -- target/release/machi [entities]`

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use machi_bench::client::Client;
use machi_bench::load::{self, Traffic};
use machi_bench::names::{mix, seed, word};
use machi_bench::process::Server;
use machi_bench::took::Took;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often each question is asked.
const TIMES: usize = 60;
/// Entities that link to five others each.
const JOINED: u64 = 2000;
const FAN_OUT: u64 = 5;
const UPDATES_A_SECOND: u64 = 200;

/// The names of a run, and the entities that follow from their numbers.
#[derive(Clone)]
struct City {
    count: u64,
    terms: Vec<String>,
}

/// What there is to know of one entity.
struct Facts {
    random: u64,
    kind: char,
    level: u64,
    accuracy: u64,
    half: u64,
    other: u64,
    east: f64,
    north: f64,
}

impl City {
    fn new(count: u64) -> Self {
        let seed = seed();
        Self { count, terms: (0..9).map(|n| word(seed, n)).collect() }
    }

    fn term(&self, at: usize) -> &str {
        &self.terms[at]
    }

    fn id(n: u64) -> String {
        format!("urn:ngsi-ld:Sensor:{:08x}-{n}", mix(n + 9) as u32)
    }

    fn facts(n: u64) -> Facts {
        let random = mix(n);
        let half = random >> 20 & 1;
        let is_both = random.is_multiple_of(50_000);
        Facts {
            random,
            kind: if n < JOINED {
                'J'
            } else if n % 10 < 3 {
                'B'
            } else {
                'A'
            },
            level: random % 100_000,
            accuracy: (random >> 8) % 1000,
            half,
            other: if is_both { half } else { 1 - half },
            east: 135.0 + (mix(n + 1) % 20_000) as f64 / 10_000.0,
            north: 35.0 + (mix(n + 2) % 20_000) as f64 / 10_000.0,
        }
    }

    /// A text with three letters that one in about a thousand entities has.
    fn text(n: u64) -> String {
        let letter = |at: u64| char::from(b'a' + (mix(n * 3 + at) % 10) as u8);
        format!("street {n} {}{}{}", letter(0), letter(1), letter(2))
    }

    fn entity(&self, n: u64) -> String {
        let Facts { random, kind, level, accuracy, half, other, east, north } = Self::facts(n);
        let [name, value, sub, one, two, address, tick, link, long] =
            [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|at| self.term(at));
        let text = Self::text(n);
        let mut entity = format!(
            r#"{{"id":"{}","type":"{kind}","scope":"/ward/w{}","{name}":{{"type":"Property","value":"{text}"}},"{value}":{{"type":"Property","value":{level},"{sub}":{{"type":"Property","value":{accuracy}}}}},"{one}":{{"type":"Property","value":{half}}},"{two}":{{"type":"Property","value":{other}}},"{address}":{{"type":"Property","value":{{"city":"c{}","n":{}}}}},"{tick}":{{"type":"Property","value":0}},"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{east},{north}]}}}}"#,
            Self::id(n),
            n % 10,
            random % 500,
            random % 7,
        );
        if n % 20 == 7 {
            let _ = write!(entity, r#","{long}":[{{"value":1}},{{"value":{},"datasetId":"urn:d:1"}}]"#, n % 1000);
        }
        if kind == 'J' {
            let targets: Vec<String> =
                (1..=FAN_OUT).map(|at| format!("\"{}\"", Self::id((n * FAN_OUT + at) % JOINED))).collect();
            let _ = write!(entity, r#","{link}":{{"type":"Relationship","object":[{}]}}"#, targets.join(","));
        }
        entity + "}"
    }
}

/// A question, and which entities it is about.
struct Question {
    what: &'static str,
    query: String,
    most: Duration,
    is_meant: Box<dyn Fn(u64) -> bool>,
    is_counted: bool,
}

fn question(what: &'static str, query: impl Into<String>, is_meant: impl Fn(u64) -> bool + 'static) -> Question {
    Question {
        what,
        query: query.into(),
        most: Duration::from_millis(20),
        is_meant: Box::new(is_meant),
        is_counted: false,
    }
}

impl Question {
    fn counted(mut self) -> Self {
        (self.is_counted, self.most) = (true, Duration::from_millis(200));
        self
    }

    fn within(mut self, milliseconds: u64) -> Self {
        self.most = Duration::from_millis(milliseconds);
        self
    }
}

fn is_b(n: u64) -> bool {
    City::facts(n).kind == 'B'
}

fn questions(city: &City) -> Vec<Question> {
    let [name, value, one] = [0, 1, 3].map(|at| city.term(at).to_owned());
    let ordered = |what, order: String| question(what, format!("type=B&local=true&orderBy={order}"), is_b);
    let near = "georel=near;maxDistance==200000&geometry=Point&coordinates=[136,36]";
    let by_distance = "local=true&orderBy=location;dist-asc&orderFrom=[136,36]&orderGeometry=Point";
    vec![
        ordered("300,000 by a number", value.clone()),
        ordered("300,000 by a text, descending", format!("{name};desc")),
        ordered("300,000 by id", "id".to_owned()),
        ordered("300,000 by id, descending", "id;desc".to_owned()),
        ordered("300,000 by createdAt, descending", "createdAt;desc".to_owned()),
        ordered("300,000 by modifiedAt, descending", "modifiedAt;desc".to_owned()),
        ordered("300,000 by two keys", format!("{one};desc,{value}")),
        question("300,000 by distance", format!("type=B&{near}&{by_distance}"), is_b),
        question("joinLevel=2, fan-out 5", "type=J&local=true&join=inline&joinLevel=2", |n| n < JOINED),
        question("idPattern", "type=A&idPattern=-12345.$", |n| is_a(n) && n / 10 == 12_345).within(200),
    ]
}

fn is_a(n: u64) -> bool {
    City::facts(n).kind == 'A'
}

fn added_questions(city: &City) -> Vec<Question> {
    let [name, value, sub, _, _, address, ..] = [0, 1, 2, 3, 4, 5, 6].map(|at| city.term(at).to_owned());
    let q = |q: String| format!("type=A&q={}", encoded(&q));
    let all = vec![
        question("sub-attribute, one in 1,000", q(format!("{value}.{sub}==77")), move |n| {
            is_a(n) && City::facts(n).accuracy == 77
        }),
        question("sub-attribute, half", q(format!("{value}.{sub}<500")), move |n| {
            is_a(n) && City::facts(n).accuracy < 500
        }),
        question("JSON path, one in 500", q(format!("{address}[city]==\"c77\"")), move |n| {
            is_a(n) && City::facts(n).random % 500 == 77
        }),
        question("JSON path, a seventh", q(format!("{address}[n]==3")), move |n| {
            is_a(n) && City::facts(n).random % 7 == 3
        }),
        question("~= with three letters", q(format!("{name}~=abc")), move |n| is_a(n) && City::text(n).contains("abc")),
        question("~= with three letters, none", q(format!("{name}~=xyz")), |_| false),
        question("~= with three letters, all", q(format!("{name}~=tre")), is_a),
    ];
    all.into_iter().map(|question| question.within(200)).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// One attribute that no question asks for changes all the time.
struct Updates(City);

impl Traffic for Updates {
    fn request(&self, random: u64, out: &mut Vec<u8>) -> [u64; 2] {
        let path = format!("/ngsi-ld/v1/entities/{}/attrs", City::id(random % self.0.count));
        let body = format!(r#"{{"{}":{{"type":"Property","value":{}}}}}"#, self.0.term(6), random % 1000);
        load::write_request("PATCH", &path, "", &body, out);
        [0; 2]
    }
}

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let binary = arguments.get(1).cloned().unwrap_or_else(|| "target/release/machi".to_owned());
    let count = arguments.get(2).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let city = City::new(count);
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("city").to_string_lossy().into_owned();
    let machi = Server::start(&binary, &["serve", "--listen", "127.0.0.1:0", "--open", "--data", &data])?;
    fill(&machi, &city)?;
    println!("{count} entities; resident {} MB, peak {} MB", machi.memory("VmRSS"), machi.memory("VmHWM"));
    let stop = Arc::new(AtomicBool::new(false));
    let updates =
        runtime.spawn(load::pace(machi.address, UPDATES_A_SECOND, Arc::new(Updates(city.clone())), Arc::clone(&stop)));
    let mut client = Client::connect(machi.address)?;
    for question in questions(&city) {
        ask(&mut client, &city, &question)?;
    }
    for order in [city.term(1), "id;desc"] {
        page_1000(&mut client, &format!("type=B&local=true&orderBy={order}"))?;
    }
    let [name, value, sub, address] = [0, 1, 2, 5].map(|at| city.term(at));
    for (path, is_for_patterns) in [
        (format!("{value}.{sub}"), false),
        (format!("{address}[city]"), false),
        (format!("{address}[n]"), false),
        (name.to_owned(), true),
    ] {
        add_index(&mut client, &path, is_for_patterns)?;
    }
    for question in added_questions(&city) {
        ask(&mut client, &city, &question)?;
        ask(&mut client, &city, &question.counted())?;
    }
    stop.store(true, Ordering::Relaxed);
    let refused = runtime.block_on(updates).map_err(std::io::Error::other)?;
    println!("{UPDATES_A_SECOND} updates a second went on meanwhile, {refused} of them refused");
    println!("resident {} MB, peak {} MB", machi.memory("VmRSS"), machi.memory("VmHWM"));
    Ok(())
}

fn fill(machi: &Server, city: &City) -> std::io::Result<()> {
    let (next, address) = (AtomicU64::new(0), machi.address);
    std::thread::scope(|scope| {
        let send = || -> std::io::Result<()> {
            let mut client = Client::connect(address)?;
            loop {
                let first = next.fetch_add(1000, Ordering::Relaxed);
                if first >= city.count {
                    return Ok(());
                }
                let entities: Vec<String> = (first..first + 1000).map(|n| city.entity(n)).collect();
                let body = format!("[{}]", entities.join(","));
                let answer = client.ask(&load::with_body("POST", "/ngsi-ld/v1/entityOperations/upsert", &body))?;
                if answer.status != 201 {
                    return Err(std::io::Error::other(format!("a batch is answered {}", answer.text())));
                }
            }
        };
        let workers = [scope.spawn(send), scope.spawn(send)];
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| std::io::Error::other("a worker failed"))?)
    })
}

/// Asks a question often, and says how long it took and whether the number of matches is right.
fn ask(client: &mut Client, city: &City, question: &Question) -> std::io::Result<()> {
    let path = format!("/ngsi-ld/v1/entities?{}&limit=20", question.query);
    let counted = format!("/ngsi-ld/v1/entities?{}&limit=0&count=true", question.query);
    let request = load::get(if question.is_counted { &counted } else { &path }, "");
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let started = Instant::now();
        let answer = client.ask(&request)?;
        took.push(started.elapsed());
        if answer.status != 200 {
            println!("{:36} MISS: {} {}", question.what, answer.status, String::from_utf8_lossy(&answer.body));
            return Ok(());
        }
    }
    let p95 = Took::from_iter(took).within(0.95);
    let answer = client.ask(&load::get(&counted, ""))?;
    let found: u64 = answer.header("ngsild-results-count").and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
    let expected = (0..city.count).filter(|n| (question.is_meant)(*n)).count() as u64;
    let verdict = if found != expected {
        "WRONG"
    } else if p95 > question.most {
        "SLOW"
    } else {
        ""
    };
    let counted = if question.is_counted { ", counted" } else { "" };
    println!("{:44} p95 {p95:>9.3?}  of {found} {verdict}", format!("{}{counted}", question.what));
    Ok(())
}

/// Follows `next` for a thousand pages, and says how long the last of them took.
fn page_1000(client: &mut Client, query: &str) -> std::io::Result<()> {
    let mut next = format!("/ngsi-ld/v1/entities?{query}&limit=20");
    let mut took = Vec::new();
    for _ in 0..1000 {
        let started = Instant::now();
        let answer = client.ask(&load::get(&next, ""))?;
        took.push(started.elapsed());
        let Some(link) = answer.next() else { break };
        link.find("/ngsi-ld").and_then(|at| link.get(at..)).unwrap_or_default().clone_into(&mut next);
    }
    let pages = took.len();
    let last: Took = took.split_off(pages.saturating_sub(60)).into_iter().collect();
    println!("page {pages} by its cursor, {query}: p95 {:.3?}", last.within(0.95));
    Ok(())
}

fn add_index(client: &mut Client, path: &str, is_for_patterns: bool) -> std::io::Result<()> {
    let body = format!(r#"{{"path":"{path}","patterns":{is_for_patterns}}}"#);
    let started = Instant::now();
    client.ask(&load::with_body("POST", "/machi/v1/indexes", &body))?;
    while String::from_utf8_lossy(&client.ask(&load::get("/machi/v1/indexes", ""))?.body).contains("building") {
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("machi index add {path}: built in {:.1?}", started.elapsed());
    Ok(())
}
