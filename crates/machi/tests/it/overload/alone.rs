//! Overload with real sockets; it measures time and memory, and has the machine to itself.
//!
//! `MACHI_SOAK_CONNECTIONS` says how many idle connections there are, as far as the system allows so many files.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::kit::*;

/// As many as most systems allow without asking; `make soak` opens ten thousand.
const IDLE: u64 = 400;
const SLOW_HEADS: usize = 100;
/// Twice as many as would fill all turns, were they to hold one each.
const SLOW_BODIES: usize = 200;
/// What one idle connection may cost, and what the rest of the noise may.
const PER_CONNECTION: u64 = 8 << 10;
const NOISE: u64 = 32 << 20;

fn told(name: &str) -> Option<u64> {
    std::env::var_os(name)?.to_str()?.parse().ok()
}

fn city(config: &str) -> City {
    let options = Options { config: Some(config.to_owned()), ..Options::default() };
    City::start_with(env!("CARGO_BIN_EXE_machi"), options)
}

fn connect(city: &City) -> TcpStream {
    TcpStream::connect(city.address()).expect("the server listens")
}

/// The time in which 95 of 100 are answered: a read by id, a query, a change.
fn p95_of_requests(city: &City) -> Duration {
    let mut connection = KeptConnection::open(city.address()).expect("the server listens");
    let entity = format!("/ngsi-ld/v1/entities/{}", thing("x"));
    let body = r#"{"a":2}"#;
    let asked = [
        (format!("GET {entity} HTTP/1.1\r\nHost: x\r\n\r\n"), 200),
        ("GET /ngsi-ld/v1/entities?type=T&q=a%3E0 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 200),
        (
            format!(
                "PATCH {entity}/attrs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
            204,
        ),
    ];
    let mut took: Vec<Duration> = (0..400)
        .flat_map(|_| &asked)
        .map(|(request, status)| {
            let started = Instant::now();
            let answer = connection.exchange(request.as_bytes()).expect("it is answered");
            assert_eq!(answer.status, *status, "{answer:?}");
            started.elapsed()
        })
        .collect();
    took.sort_unstable();
    took[took.len() * 95 / 100]
}

/// A body that began to come: an entity or a batch, from which a few bytes or a good piece are there.
fn slow_body(city: &City, number: usize) -> TcpStream {
    let path = if number.is_multiple_of(2) { "entities" } else { "entityOperations/upsert" };
    let mut stream = connect(city);
    let head = format!(
        "POST /ngsi-ld/v1/{path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n["
    );
    let begun = if number % 4 < 2 { 1 } else { 100_000 };
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&vec![b' '; begun])).expect("it is taken");
    stream
}

// Issue 2, section 7: 10,000 idle and 100 slowloris connections do no harm.
#[test]
fn idle_and_slow_connections_harm_nobody() {
    let city = city("[server]\nhead_timeout = \"2 s\"\nidle_timeout = \"5 min\"\n");
    city.client().create(&t("x", json!({"a": property(1)})));
    let alone = p95_of_requests(&city);
    let before = city.memory("VmRSS");
    let wanted = told("MACHI_SOAK_CONNECTIONS").unwrap_or(IDLE);
    let idle: Vec<TcpStream> = (0..wanted).map_while(|_| TcpStream::connect(city.address()).ok()).collect();
    assert_eq!(idle.len() as u64, wanted, "the system allows so many open files");
    let mut slow: Vec<TcpStream> = (0..SLOW_HEADS).map(|_| connect(&city)).collect();
    let mut slow_bodies: Vec<TcpStream> = (0..SLOW_BODIES).map(|number| slow_body(&city, number)).collect();
    let is_over = AtomicBool::new(false);
    let crowded = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                // A connection that was given up takes no more.
                slow.iter_mut().for_each(|stream| drop(stream.write_all(b"G")));
                slow_bodies.iter_mut().for_each(|stream| stream.write_all(b" ").expect("a slow body is still taken"));
                thread::sleep(Duration::from_millis(100));
            }
            for stream in &mut slow {
                stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out can be set");
                let mut rest = Vec::new();
                // A connection that was given up is at its end, or was reset.
                let ended = stream.read_to_end(&mut rest);
                let is_patient = ended.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
                assert!(!is_patient, "a slow head is given up");
            }
        });
        let crowded = p95_of_requests(&city);
        thread::sleep(Duration::from_secs(3));
        is_over.store(true, Ordering::Relaxed);
        crowded
    });
    let grown = city.memory("VmRSS").saturating_sub(before);
    println!("{wanted} idle connections: requests {alone:?} before, {crowded:?} among them, {} KB more", grown >> 10);
    assert!(crowded <= alone * 5 + Duration::from_millis(20), "{alone:?} before, {crowded:?} among them");
    assert!(grown <= wanted * PER_CONNECTION + NOISE, "{grown} bytes for {wanted} connections");
    drop(idle);
}

// Issue 2, section 7: Writers queue within a bound, then 503 with Retry-After, and what is answered 2xx is done.
#[test]
fn writers_beyond_the_bound_are_told_to_come_back() {
    let city = city("[server]\nrequests = 2\nqueue = 4\nqueue_timeout = \"1 s\"\n");
    city.client().create(&t("x", json!({"a": property(0)})));
    let write = |name: String| {
        let body = t(&name, json!({"a": property(1)})).to_string();
        let request = format!(
            "POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        request.into_bytes()
    };
    let answers: Vec<(String, u16)> = thread::scope(|scope| {
        let writers: Vec<_> = (0..64)
            .map(|writer| {
                let city = &city;
                scope.spawn(move || {
                    let mut connection = KeptConnection::open(city.address()).expect("the server listens");
                    (0..20)
                        .map(|n| {
                            let name = format!("{writer}-{n}");
                            let answer = connection.exchange(&write(name.clone())).expect("each is answered");
                            if answer.status == 503 {
                                assert!(answer.header("retry-after").is_some(), "{answer:?}");
                            }
                            (name, answer.status)
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().expect("the writer said why it failed")).collect()
    });
    let of = |status: u16| answers.iter().filter(|(_, found)| *found == status).count();
    println!("{} done, {} told to come back", of(201), of(503));
    assert_eq!(of(201) + of(503), answers.len());
    assert!(of(201) > 0 && of(503) > 0, "64 writers are more than 2 turns and 4 places in the queue");
    let client = city.client();
    let found = client.get("/entities").query(&[("type", "T"), ("count", "true"), ("limit", "0")]).send();
    assert_eq!(found.expect_header("ngsild-results-count"), (of(201) + 1).to_string());
}

// Issue 2, section 7: Never unbounded memory: readers who do not read what they asked for hold no more than their room.
#[test]
fn answers_that_nobody_reads_do_not_pile_up() {
    let city = city("[server]\nanswers = \"32 MiB\"\nwrite_timeout = \"30 s\"\ngzip_from = \"1 GiB\"\n");
    let client = city.client();
    let large = "x".repeat(60_000);
    (0..200).for_each(|n| client.create(&t(&n.to_string(), json!({"a": property(large.clone())}))));
    let ask = "GET /ngsi-ld/v1/entities?type=T&limit=200 HTTP/1.1\r\nHost: x\r\n\r\n";
    let before = city.memory("VmRSS");
    let mut deaf: Vec<TcpStream> = (0..100).map(|_| connect(&city)).collect();
    deaf.iter_mut().for_each(|stream| stream.write_all(ask.as_bytes()).expect("the request is taken"));
    // Each answer has 12 MB, of which the system holds a few; unbounded, they would be 1.2 GB.
    thread::sleep(Duration::from_secs(3));
    let refused = figure(&client, "machi_http_memory_refusals_total{what=\"answers\"}");
    let grown = city.memory("VmHWM").saturating_sub(before);
    println!("{} MB for 100 readers who do not read, {refused} refused", grown >> 20);
    assert!(refused > 0, "there is no room for all of them");
    assert!(grown <= 200 << 20, "{} MB", grown >> 20);
    client.get(&format!("/entities/{}", thing("1"))).query(&[("pick", "id")]).send().expect_status(200);
    drop(deaf);
    eventually("there is room again", || {
        let answer = client.get("/entities").query(&[("type", "T"), ("limit", "200")]).send();
        (answer.status == 200).then_some(())
    });
}

// Issue 2, section 7: Never unbounded memory: large bodies at work at once are bounded.
#[test]
fn bodies_that_come_slowly_do_not_pile_up() {
    let city = city("[server]\nbodies = \"16 MiB\"\nqueue_timeout = \"500 ms\"\n");
    let before = city.memory("VmRSS");
    let length = 4 << 20;
    let head = format!(
        "POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    let mut slow: Vec<TcpStream> = (0..100).map(|_| connect(&city)).collect();
    let half = vec![b' '; length / 2];
    for stream in &mut slow {
        stream.write_all(head.as_bytes()).expect("the head is taken");
        stream.set_write_timeout(Some(Duration::from_millis(50))).expect("a time-out can be set");
        // Where there is no room, nobody reads the body.
        let _ = stream.write_all(&half);
    }
    thread::sleep(Duration::from_secs(1));
    let client = city.client();
    let for_slowness = figure(&client, "machi_http_slow_bodies_refusals_total");
    let for_want_of_room = ["machi_http_memory_refusals_total{what=\"bodies\"}", "machi_http_overload_total"];
    let refused = for_slowness + for_want_of_room.map(|name| figure(&client, name)).iter().sum::<u64>();
    let grown = city.memory("VmHWM").saturating_sub(before);
    println!("{} MB for 100 bodies of 4 MB, {refused} refused, {for_slowness} as too slow", grown >> 20);
    assert!(refused >= 90 && for_slowness > 0, "there is room for four at once, and for four halves that came");
    assert!(grown <= 100 << 20, "{} MB", grown >> 20);
    client.create(&t("x", json!({"a": property(1)})));
}

// Issue 2, section 7: Never unbounded memory: a reader of the live feed who does not read costs no more than its buffer.
#[test]
fn readers_of_the_live_feed_who_do_not_read_do_not_pile_up() {
    let city = city("");
    let client = city.client();
    let large = "x".repeat(20_000);
    client.create(&t("x", json!({"a": property(0), "b": property(large)})));
    let mut deaf: Vec<TcpStream> = (0..50).map(|_| connect(&city)).collect();
    let ask = "GET /machi/v1/live HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n";
    deaf.iter_mut().for_each(|stream| stream.write_all(ask.as_bytes()).expect("the request is taken"));
    let mut first = [0; 12];
    for stream in &mut deaf {
        stream.read_exact(&mut first).expect("the stream begins");
        assert_eq!(&first, b"HTTP/1.1 200");
    }
    let before = city.memory("VmRSS");
    let mut connection = KeptConnection::open(city.address()).expect("the server listens");
    for n in 0..1500 {
        let body = format!("{{\"value\":{n}}}");
        let request = format!(
            "PATCH /ngsi-ld/v1/entities/{}/attrs/a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            thing("x"),
            body.len()
        );
        assert_eq!(connection.exchange(request.as_bytes()).expect("a write is answered").status, 204);
    }
    let grown = city.memory("VmHWM").saturating_sub(before);
    // Unbounded, 1500 events of 20 KB for each of 50 readers would be 1.5 GB.
    println!("{} MB for 50 readers of the live feed who do not read", grown >> 20);
    assert!(grown <= 200 << 20, "{} MB", grown >> 20);
}

/// A figure of the server; 0 where it is not there yet.
fn figure(client: &Client, name: &str) -> u64 {
    let figures = client.get("/metrics").send().expect_status(200).text();
    let line = figures.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    line.unwrap_or(0)
}
