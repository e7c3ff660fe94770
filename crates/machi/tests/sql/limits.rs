//! The limits of a query: time, memory, rows, and how many there are at once.

use std::thread;
use std::time::Duration;

use crate::kit::*;

/// Queries that would never end, or not before everybody has gone home.
const ENDLESS: [&str; 5] = [
    "SELECT count(*) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b",
    "SELECT count(*) FROM generate_series(1, 1000000) a JOIN generate_series(1, 1000000) b ON a.value + b.value < 0",
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    "SELECT sum(value) FROM generate_series(1, 9000000000000000000)",
    "SELECT count(*) FROM Room a, Room b, Room c, Room d, Room e, Room f, Room g, Room h",
];

fn rooms(client: &Client, count: usize) {
    let rooms: Vec<Value> = (0..count).map(|n| entity(&format!("urn:ngsi-ld:Room:{n}"), "Room", json!({}))).collect();
    client.create_all(&rooms);
}

// Issue 4, bad input: a query that would not end has its exact answer.
#[test]
fn a_query_that_would_not_end_ends_in_its_time() {
    let city = city_with("[sql]\ntime = \"1s\"\nqueries = 2\n");
    let client = city.client();
    rooms(&client, 500);
    for text in ENDLESS {
        let detail = refused(&query(&client, text).send(), 403, "TooComplexQuery");
        assert!(detail.contains("[sql]"), "{text}: {detail}");
        // Its thread is free again: others are not kept from theirs.
        eventually("others are answered", || {
            let answer = query(&client, "SELECT count(*) FROM Room").send();
            (answer.status == 200).then_some(())
        });
    }
}

#[test]
fn a_query_that_needs_too_much_memory_is_refused() {
    let city = city_with("[sql]\nmemory = \"1 MiB\"\n");
    let text = "SELECT value, count(*) FROM generate_series(1, 5000000) GROUP BY 1 ORDER BY 2";
    let detail = refused(&query(&city.client(), text).send(), 403, "TooComplexQuery");
    assert!(detail.contains("[sql] memory"), "{detail}");
    assert_eq!(value(&city.client(), "SELECT 1 AS a"), json!(1));
}

#[test]
fn an_answer_with_too_many_rows_is_refused() {
    let city = city_with("[sql]\nrows = 100\n");
    let client = city.client();
    let of = |count: u32| query(&client, &format!("SELECT value FROM generate_series(1, {count})")).send();
    assert_eq!(of(100).expect_status(200).json().as_array().map(Vec::len), Some(100));
    let detail = refused(&of(101), 403, "TooManyResults");
    assert!(detail.contains("[sql] rows"), "{detail}");
}

#[test]
fn queries_at_once_are_bounded_and_the_city_answers_meanwhile() {
    let city = city_with("[sql]\ntime = \"2s\"\nqueries = 1\n");
    let client = city.client();
    rooms(&client, 10);
    thread::scope(|scope| {
        let endless = scope.spawn(|| query(&client, ENDLESS[0]).send());
        thread::sleep(Duration::from_millis(300));
        let waiting = scope.spawn(|| query(&client, "SELECT count(*) FROM Room").send());
        while !endless.is_finished() {
            client.get("/entities/urn:ngsi-ld:Room:1").send().expect_status(200);
        }
        refused(&endless.join().expect("it was answered"), 403, "TooComplexQuery");
        let waited = waiting.join().expect("it was answered");
        assert!(waited.status == 200 || waited.status == 503, "{waited:?}");
    });
}

#[test]
fn a_deep_query_is_answered_or_refused_and_ends_nothing() {
    let city = city_with("[sql]\ntime = \"5s\"\n");
    let client = city.client();
    rooms(&client, 1);
    let sums = |count: usize| format!("SELECT {}", vec!["1"; count].join("+"));
    let deep = |count: usize| format!("SELECT {}1{}", "(".repeat(count), ")".repeat(count));
    for text in [sums(500), sums(15_000), deep(30), deep(15_000)] {
        let status = query(&client, &text).send().status;
        assert!([200, 400, 403].contains(&status), "{status}");
    }
    let detail = refused(&query(&client, &sums(20_000)).send(), 400, "BadRequestData");
    assert!(detail.contains("longer"), "{detail}");
    assert_eq!(value(&client, "SELECT count(*) FROM Room"), json!(1));
}
