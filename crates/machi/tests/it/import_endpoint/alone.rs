//! How much memory a long import takes; it has the machine to itself.

use super::*;

/// How many entities a round has; each round replaces those of the one before.
const ENTITIES: usize = 1000;
const ROUNDS: usize = 12;
/// How long the text of an entity is, about.
const LENGTH: usize = 8 << 10;

fn round(number: usize) -> String {
    let filling = "x".repeat(LENGTH);
    let line =
        |n: usize| format!("{{\"id\":\"urn:ngsi-ld:T:{n}\",\"type\":\"T\",\"n\":{number},\"a\":\"{filling}\"}}\n");
    (0..ENTITIES).map(line).collect()
}

// Issue 2, real data: a file is imported as it comes, in bounded memory, however long it is.
#[test]
fn a_long_file_takes_no_more_memory_than_a_batch() {
    let city = own_city("[store]\ncache = \"8 MiB\"\nrendered = \"1 MiB\"\n");
    let client = city.client();
    assert_eq!(
        counts(&send(&client, "application/x-ndjson", round(0).as_bytes()).expect_status(200).json()),
        [1000, 1000, 0]
    );
    let before = city.memory("VmRSS");
    let started = std::time::Instant::now();
    let mut stream = Stream::open(&city, "application/x-ndjson");
    for number in 1..=ROUNDS {
        stream.send(&round(number));
    }
    let answer = stream.answer();
    let took = started.elapsed();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("\"rows\":12000,\"taken\":12000,\"rejected\":0"), "{answer}");
    assert_eq!(client.retrieve("urn:ngsi-ld:T:999")["n"], property(ROUNDS));
    let above = city.memory("VmHWM").saturating_sub(before) >> 20;
    let megabytes = (ROUNDS * ENTITIES * LENGTH) >> 20;
    println!("{megabytes} MB were imported in {took:?}, with {above} MB above idle at most");
    assert!(above << 20 <= ABOVE_IDLE + WHERE_BUSY, "an import of {megabytes} MB took {above} MB above idle");
}
