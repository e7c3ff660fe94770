//! Mutated requests on real sockets: each is answered, none with 500, nothing panics, the store stays whole.
//!
//! The seed is printed; `MACHI_SOAK_SEED` repeats a run, `MACHI_SOAK_REQUESTS` says how many requests are sent.

mod requests;

use std::collections::BTreeMap;
use std::thread;

use requests::Mutator;

use crate::kit::*;

/// As many as fit into `make test`; `make soak` sends a million.
const REQUESTS: u64 = 30_000;
const CONNECTIONS: u64 = 4;
/// How much of a hundred requests must be done, and not be refused before the store is asked.
const REACHING: u64 = 20;

/// A setting of `make soak`.
fn told(name: &str) -> Option<u64> {
    std::env::var_os(name)?.to_str()?.parse().ok()
}

/// What a connection saw: how many answers of each status.
type Statuses = BTreeMap<u16, u64>;

// Issue 2, line 11: Mutated requests: no 500, no dropped connection, no panic in the log, `machi verify` clean.
#[test]
fn mutated_requests_are_all_answered_and_break_nothing() {
    let seed = told("MACHI_SOAK_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 20);
    let requests = told("MACHI_SOAK_REQUESTS").unwrap_or(REQUESTS);
    println!("seed {seed}, {requests} requests");
    // Mutated contexts would be looked for on the network.
    let config = "[contexts]\nfetch = false\n".to_owned();
    let city = City::start_with(env!("CARGO_BIN_EXE_machi"), Options { config: Some(config), ..Options::default() });
    requests::furnish(&city.client());
    let statuses = send_all(&city, seed, requests);
    println!("answers by status: {statuses:?}");
    let done: u64 = statuses.range(200..300).map(|(_, count)| count).sum();
    assert_eq!(statuses.values().sum::<u64>(), requests, "every request was answered");
    assert!(done * 100 >= requests * REACHING, "{done} of {requests} requests reached the store");
    assert!(counted(&city) >= done, "the server counts what it did");
    let log = city.log();
    assert!(!log.contains("panic"), "{log}");
    assert!(city.stop().success());
    let (is_whole, said) = machi(city.environment(), &["verify", "--data"], &[&city.data()]);
    assert!(is_whole, "{said}");
    println!("{}", said.trim());
}

fn send_all(city: &City, seed: u64, requests: u64) -> Statuses {
    thread::scope(|scope| {
        let tasks: Vec<_> = (0..CONNECTIONS)
            .map(|connection| {
                let share = requests / CONNECTIONS + u64::from(connection < requests % CONNECTIONS);
                scope.spawn(move || send(city, Mutator::new(seed + connection), share))
            })
            .collect();
        let mut all = Statuses::new();
        for task in tasks {
            let seen = task.join().expect("the connection's thread said why it failed");
            seen.into_iter().for_each(|(status, count)| *all.entry(status).or_default() += count);
        }
        all
    })
}

fn send(city: &City, mut mutator: Mutator, requests: u64) -> Statuses {
    let connect = || KeptConnection::open(city.address()).expect("the server listens");
    let mut connection = connect();
    let mut statuses = Statuses::new();
    for _ in 0..requests {
        let request = for_japanese(&mutator.next_request());
        let shown = || String::from_utf8_lossy(&request).into_owned();
        let answer = match connection.exchange(&request) {
            Ok(answer) => answer,
            Err(error) => panic!("no answer ({error}) to\n{}\n{}", shown(), city.log()),
        };
        assert_ne!(answer.status, 500, "{}\n{answer:?}\n{}", shown(), city.log());
        *statuses.entry(answer.status).or_default() += 1;
        if answer.header("content-language") == Some("ja") && !answer.text().is_empty() {
            assert!(is_japanese(&answer.json()), "{}\n{answer:?}", shown());
        }
        let closes = answer.headers.iter().any(|(name, value)| name == "connection" && value == "close");
        if closes {
            connection = connect();
        }
    }
    statuses
}

/// The request of a reader of Japanese, as far as it still has a first line.
fn for_japanese(request: &[u8]) -> Vec<u8> {
    let end = request.windows(2).position(|pair| pair == b"\r\n").map_or(0, |end| end + 2);
    let (line, rest) = request.split_at(end);
    let language: &[u8] = if end == 0 { b"" } else { b"Accept-Language: ja\r\n" };
    [line, language, rest].concat()
}

/// Whether all that an answer says of failures is Japanese; what was mutated into it may look like anything.
fn is_japanese(body: &Value) -> bool {
    let verdicts = body["errors"].as_array().into_iter().flatten().map(|error| &error["error"]["detail"]);
    let reasons = body["notUpdated"].as_array().into_iter().flatten().map(|not| &not["reason"]);
    let whole = [&body["title"], &body["detail"]].into_iter().filter(|text| !text.is_null());
    whole.chain(verdicts).chain(reasons).all(|text| has_japanese(text.as_str().unwrap_or_default()))
}

/// What the server says of itself: the requests that it answered 2xx, of all methods that have operations.
fn counted(city: &City) -> u64 {
    let figures = city.client().get("/metrics").send().expect_status(200).text();
    let of_done = |line: &str| line.starts_with("machi_http_requests_total{") && line.contains("status=\"2xx\"");
    let count = |line: &str| line.rsplit(' ').next().and_then(|count| count.parse::<u64>().ok());
    figures.lines().filter(|line| of_done(line)).filter_map(count).sum()
}
