//! What a batch of the largest size and a list of large contexts cost; they have the machine to themselves.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;

use crate::kit::*;

const ENTITIES: usize = 100_000;

/// An entity of about 600 bytes with six attributes, one of them a point.
fn entity_text(number: usize) -> String {
    let value = number % 1000;
    let filling = "x".repeat(120);
    format!(
        r#"{{"id":"urn:ngsi-ld:T:{number}","type":"T","a":{{"type":"Property","value":{value}}},"b":{{"type":"Property","value":"{filling}"}},"c":{{"type":"Property","value":true,"observedAt":"2026-01-01T00:00:00Z"}},"d":{{"type":"Relationship","object":"urn:ngsi-ld:T:{value}"}},"e":{{"type":"Property","value":[1,2,3],"unitCode":"CEL"}},"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[139.{value},35.{value}]}}}}}}"#
    )
}

/// Streams a batch in chunks, so that nobody needs it as a whole, and gives the answer's bytes.
fn stream(city: &City, operation: &str, every_bad: usize) -> String {
    let mut stream = TcpStream::connect(city.address()).expect("the server listens");
    let head = format!(
        "POST /ngsi-ld/v1/entityOperations/{operation} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the head is taken");
    let mut piece = String::from("[");
    for number in 0..ENTITIES {
        if number > 0 {
            piece.push(',');
        }
        if number.is_multiple_of(every_bad) {
            write!(piece, r#"{{"id":"urn:ngsi-ld:T:{number}","type":"T","a":{{"type":"Property"}}}}"#)
                .expect("a String takes everything");
        } else {
            piece.push_str(&entity_text(number));
        }
        if piece.len() > 64 << 10 {
            write!(stream, "{:x}\r\n{piece}\r\n", piece.len()).expect("a piece is taken");
            piece.clear();
        }
    }
    piece.push(']');
    write!(stream, "{:x}\r\n{piece}\r\n0\r\n\r\n", piece.len()).expect("the last piece is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer comes");
    answer
}

/// The memory of the city at rest: opened on its entities, with nothing in the making.
fn at_rest(city: &City) -> u64 {
    assert!(city.stop().success());
    city.restart();
    city.memory("VmRSS")
}

// Issue 2, section 4: A batch of 100,000 entities works, streamed, with at most 64 MB above idle and a verdict per entity.
#[test]
fn a_batch_of_100_000_entities_is_streamed() {
    let city = City::start(env!("CARGO_BIN_EXE_machi"));
    let client = city.client();
    client.create(&t("first", json!({"a": property(1)})));
    let empty = city.memory("VmRSS");
    let started = std::time::Instant::now();
    let answer = stream(&city, "create", 100);
    let (took, most) = (started.elapsed(), city.memory("VmHWM"));
    assert!(answer.starts_with("HTTP/1.1 207 "), "{}", answer.chars().take(500).collect::<String>());
    let (_, body) = answer.split_once("\r\n\r\n").expect("the answer has a body");
    let verdicts: Value = serde_json::from_str(body).expect("the answer is JSON");
    let count = |member: &str| verdicts[member].as_array().map_or(0, Vec::len);
    assert_eq!((count("success"), count("errors")), (ENTITIES - ENTITIES / 100, ENTITIES / 100));
    assert_eq!(verdicts["errors"][1]["entityId"], json!("urn:ngsi-ld:T:100"));
    city.kill();
    city.restart();
    let found = client.get("/entities").query(&[("type", "T"), ("count", "true"), ("limit", "0")]).send();
    assert_eq!(found.expect_header("ngsild-results-count"), (ENTITIES - ENTITIES / 100 + 1).to_string());
    // What the entities take as long as they are there, their facets above all, is not what the batch takes.
    let idle = at_rest(&city);
    let above = most.saturating_sub(idle);
    let megabytes = |bytes: u64| bytes >> 20;
    println!(
        "{} MB empty, {} MB at most in the batch, {} MB at rest with its entities: {} MB above idle, in {took:?}",
        megabytes(empty),
        megabytes(most),
        megabytes(idle),
        megabytes(above)
    );
    assert!(above <= ABOVE_IDLE + WHERE_BUSY, "the batch took {} MB above idle", megabytes(above));
}

// §5.13.3: The list of contexts tells of each what is known, and costs no more memory than that, however large they are.
#[test]
fn a_list_of_large_contexts_reads_none_of_their_texts() {
    const CONTEXTS: usize = 20;
    let settings = "[store]\ncache = \"8 MiB\"\n";
    let city = City::start_with(
        env!("CARGO_BIN_EXE_machi"),
        Options { config: Some(settings.to_owned()), ..Options::default() },
    );
    let client = city.client();
    let mut text = String::from("{\"@context\":{");
    for term in 0..40_000 {
        let separator = if term == 0 { "" } else { "," };
        write!(text, "{separator}\"term{term:06}\":\"https://example.org/vocabulary/of/terms/term{term:06}\"")
            .expect("a String takes everything");
    }
    text.push_str("}}");
    assert!(text.len() > 2_500_000, "{}", text.len());
    for _ in 0..CONTEXTS {
        client.post("/jsonldContexts").body("application/json", text.clone()).send().expect_status(201);
    }
    assert!(city.stop().success());
    city.restart();
    // What the city needs for its first requests is no part of it.
    city.client().get("/jsonldContexts").send().expect_status(200);
    // Writing 5 here lets the kernel forget the peak so far, that of the start.
    std::fs::write(format!("/proc/{}/clear_refs", city.process_id()), "5").expect("the process is ours");
    let before = city.memory("VmHWM");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let listed = city.client().get("/jsonldContexts").send().expect_status(200);
                assert_eq!(listed.json().as_array().map(Vec::len), Some(CONTEXTS));
            });
        }
    });
    let taken = city.memory("VmHWM").saturating_sub(before) >> 20;
    assert!(taken <= 16, "eight lists of {CONTEXTS} contexts took {taken} MB");
}

/// An entity, under a context, with so many sub-attributes whose names have this prefix.
fn with_names(context: &str, prefix: &str, names: usize) -> String {
    let mut text = format!("{{\"@context\":{context},\"id\":\"urn:ngsi-ld:T:x\",\"type\":\"T\",\"a\":{{\"value\":1");
    for name in 0..names {
        write!(text, ",\"{prefix}b{name}\":1").expect("a String takes everything");
    }
    text + "}}"
}

// Issue 2, limits: What a @context makes of names is bounded for each name and for all of an entity, and so is its memory.
#[test]
fn names_that_a_context_makes_long_cost_no_more_than_a_bound() {
    const BOUND: u64 = 200 << 20;
    let city = City::start(env!("CARGO_BIN_EXE_machi"));
    let refused = |text: String, told: &str| {
        let answer = city.client().post("/entities").body("application/ld+json", text).send();
        let detail = answer.problem("BadRequestData");
        assert!(detail.contains(told), "{detail}");
    };
    let iri = |length: usize| format!("https://example.org/{}/", "x".repeat(length));
    let (prefix, scoped) = (
        |length: usize| format!("{{\"p\":\"{}\"}}", iri(length)),
        |length: usize| {
            format!("{{\"a\":{{\"@id\":\"https://example.org/a\",\"@context\":{{\"@vocab\":\"{}\"}}}}}}", iri(length))
        },
    );
    city.client().create(&t("first", json!({"a": property(1)})));
    let before = city.memory("VmRSS");
    // One name.
    refused(with_names(&prefix(1 << 20), "p:", 10_000), "at most 2048 bytes");
    refused(with_names(&prefix(1100), "p:", 10_000), "the limit is 1024");
    refused(with_names(&scoped(1 << 20), "", 10_000), "an IRI of at most 2048 bytes");
    refused(with_names(&scoped(2015), "b_longer_one_", 10_000), "at most 2048 bytes");
    // All names: without a bound these would come to a gigabyte and a half.
    std::thread::scope(|scope| {
        for context in [prefix(980), scoped(2000), prefix(980), scoped(2000)] {
            let refused = &refused;
            scope.spawn(move || {
                let before_names = if context.contains("@vocab") { "" } else { "p:" };
                refused(with_names(&context, before_names, 250_000), "more than 16 MiB longer than they are written");
            });
        }
    });
    let grown = city.memory("VmHWM").saturating_sub(before);
    println!("{} MB at most above {} MB", grown >> 20, before >> 20);
    assert!(grown <= BOUND, "the names took {} MB", grown >> 20);
    city.client().get("/entities/urn:ngsi-ld:T:x").send().problem("ResourceNotFound");
    // What grows less is taken.
    let short = with_names("{\"p\":\"https://example.org/\"}", "p:", 1000);
    city.client().post("/entities").body("application/ld+json", short).send().expect_status(201);
}

// Issue 2, limits: Resolved contexts are held as long as they fit into [contexts] held, however many there are.
#[test]
fn resolved_contexts_are_held_within_their_memory() {
    const BOUND: u64 = 48 << 20;
    let settings = "[store]\ncache = \"8 MiB\"\n[contexts]\nheld = \"8 MiB\"\n";
    let city = City::start_with(
        env!("CARGO_BIN_EXE_machi"),
        Options { config: Some(settings.to_owned()), ..Options::default() },
    );
    let send = |number: usize| {
        let terms: Vec<String> =
            (0..1500).map(|term| format!("\"t{term}\":\"https://example.org/{number}/{term}\"")).collect();
        let context = format!("{{{}}}", terms.join(","));
        let body = format!("{{\"@context\":{context},\"id\":\"urn:ngsi-ld:T:{number}\",\"type\":\"T\",\"t1\":1}}");
        city.client().post("/entities").body("application/ld+json", body).send().expect_status(201);
    };
    (0..20).for_each(send);
    let before = city.memory("VmRSS");
    (20..400).for_each(send);
    let grown = city.memory("VmRSS").saturating_sub(before);
    println!("{} MB above {} MB", grown >> 20, before >> 20);
    assert!(grown <= BOUND, "the contexts took {} MB", grown >> 20);
}
