//! Following `next` while others write: what matches all the time and keeps its place appears exactly once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::kit::*;

/// Entities that no writer touches, and entities that come, go and change.
const STILL: usize = 60;
const RESTLESS: usize = 30;

fn still(i: usize) -> Value {
    let rest =
        json!({"n": property(i * 7 % 10), "m": property("text"), "location": point(136.0 + i as f64 / 100.0, 36.0)});
    t(&format!("still{i:02}"), rest)
}

fn restless(i: usize, round: usize) -> Value {
    let rest = json!({"n": property((i + round) % 10), "m": property(round), "location": point(136.0 + (round % 60) as f64 / 100.0, 36.1)});
    t(&format!("restless{i:02}"), rest)
}

/// A still entity whose other attributes change all the time, though not those that it is ordered by.
fn touch(tenant: &Client, i: usize, round: usize) {
    let path = format!("/entities/{}/attrs", thing(&format!("still{i:02}")));
    tenant.patch(&path).json(json!({"m": property(format!("text {round}"))})).send().expect_status(204);
}

fn write_until(tenant: &Client, done: &AtomicBool) {
    let mut round = 0;
    while !done.load(Ordering::Relaxed) {
        round += 1;
        for i in 0..RESTLESS {
            match (i + round) % 3 {
                0 => drop(tenant.delete(&format!("/entities/{}", thing(&format!("restless{i:02}")))).send()),
                _ => drop(tenant.post("/entityOperations/upsert").json(json!([restless(i, round)])).send()),
            }
            touch(tenant, (i * 7 + round) % STILL, round);
            if done.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

#[track_caller]
fn walk(tenant: &Client, order: &[(&str, &str)]) {
    let query: Vec<(&str, &str)> =
        [("type", "T"), ("limit", "4"), ("local", "true")].into_iter().chain(order.iter().copied()).collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut page = tenant.get("/entities").query(&query).send().expect_status(200);
    for pages in 0.. {
        assert!(pages < 500, "the links lead in a circle");
        ids(&page.json()).into_iter().for_each(|id| *seen.entry(id).or_default() += 1);
        let Some(next) = page.link("next") else { break };
        page = tenant.get(&next).send().expect_status(200);
    }
    for i in 0..STILL {
        assert_eq!(seen.get(&thing(&format!("still{i:02}"))), Some(&1), "{order:?}: still{i:02}");
    }
}

// §5.5.9.1: While others write, an entity that matches all the time and keeps its place in the order appears once.
#[test]
fn what_keeps_its_place_appears_once() {
    let tenant = tenant();
    tenant.create_all(&(0..STILL).map(still).collect::<Vec<_>>());
    tenant.create_all(&(0..RESTLESS).map(|i| restless(i, 0)).collect::<Vec<_>>());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| write_until(&tenant, &done));
        }
        let from = [("orderFrom", "[136.2,36]"), ("orderGeometry", "Point")];
        let distance = [&[("orderBy", "location;dist-asc")][..], &from].concat();
        let orders: [&[(&str, &str)]; 7] = [
            &[],
            &[("orderBy", "id")],
            &[("orderBy", "id;desc")],
            &[("orderBy", "createdAt;desc")],
            &[("orderBy", "n")],
            &[("orderBy", "n;desc,id")],
            &distance,
        ];
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..2 {
                orders.iter().for_each(|order| walk(&tenant, order));
            }
        }));
        done.store(true, Ordering::Relaxed);
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

// §6.3.10: An offset beyond the limit is refused with a clear error.
#[test]
fn an_offset_beyond_the_limit_is_refused() {
    let tenant = tenant_with(&[still(1)]);
    tenant.get("/entities").query(&[("type", "T"), ("offset", "10000")]).send().expect_status(200);
    let detail = refuses(&tenant, &[("type", "T"), ("offset", "10001")], "TooManyResults");
    assert!(detail.contains("10000"), "{detail}");
}
