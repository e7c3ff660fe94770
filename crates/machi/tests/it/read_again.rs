//! Entities that are read again and again: what was written for an earlier reader must not tell on itself
//! (docs/adr/0012), and of many writers nobody is lost.

use std::time::{Duration, Instant};

use machi_types::{Clock, SystemClock, Timestamp};

use crate::kit::*;

const TIMES: usize = 6;

fn sensor() -> Value {
    t("sensor", json!({"level": property(json!(1)), "place": point(139.7, 35.6)}))
}

fn path() -> String {
    format!("/entities/{}", thing("sensor"))
}

fn told(answer: &Answer) -> (String, [Option<String>; 4]) {
    let headers = ["content-type", "etag", "link", "ngsild-tenant"];
    (answer.text(), headers.map(|name| answer.header(name).map(str::to_owned)))
}

// RFC 9110 §9.2.1: Reading is safe: the answer does not depend on how often it was asked for.
#[test]
fn an_entity_reads_the_same_however_often_it_is_read() {
    let tenant = tenant_with([&sensor()]);
    let first = told(&tenant.get(&path()).send().expect_status(200));
    for _ in 0..TIMES {
        assert_eq!(told(&tenant.get(&path()).send().expect_status(200)), first);
        let listed = tenant.find(&[("type", "T")]);
        assert_eq!(listed.to_string(), format!("[{}]", tenant.retrieve(&thing("sensor"))));
    }
    // What is not asked for plainly goes the long way, and says the same.
    let long = tenant.get(&path()).query(&[("options", "normalized")]).send().expect_status(200);
    assert_eq!(long.text(), first.0);
}

#[test]
fn each_representation_stays_its_own() {
    let tenant = tenant_with([&sensor()]);
    for _ in 0..TIMES {
        assert_eq!(tenant.retrieve_with(&thing("sensor"), &[("format", "simplified")])["level"], 1);
        assert_eq!(tenant.retrieve(&thing("sensor"))["level"]["type"], "Property");
        let with_times = tenant.retrieve_with(&thing("sensor"), &[("options", "sysAttrs")]);
        assert!(with_times["createdAt"].is_string(), "{with_times}");
        let inside = tenant.get(&path()).accept("application/ld+json").send().expect_status(200);
        assert!(inside.json().get("@context").is_some(), "{inside:?}");
        assert_eq!(inside.context_link(), None);
    }
}

#[test]
fn the_next_reader_sees_a_write() {
    let tenant = tenant_with([&sensor()]);
    for level in 2..20 {
        tenant
            .patch(&format!("{}/attrs", path()))
            .json(json!({"level": property(json!(level))}))
            .send()
            .expect_status(204);
        for _ in 0..4 {
            assert_eq!(tenant.retrieve(&thing("sensor"))["level"]["value"], level);
            assert_eq!(tenant.find(&[("type", "T")])[0]["level"]["value"], level);
        }
    }
    tenant.delete(&path()).send().expect_status(204);
    tenant.expect_absent(&thing("sensor"));
}

// §5.7.1.4: A conditional request is answered as such, also where the entity was read before.
#[test]
fn conditions_hold_for_what_was_read_before() {
    let tenant = tenant_with([&sensor()]);
    for _ in 0..TIMES {
        let etag = tenant.get(&path()).send().expect_status(200).expect_header("etag").to_owned();
        tenant.get(&path()).header("If-None-Match", &etag).send().expect_empty(304);
    }
}

// §4.22: What has expired is nowhere to be seen, also for those who saw it before.
#[test]
fn what_expires_is_gone_for_those_who_read_it_before() {
    let tenant = tenant();
    let soon = time_ahead(Duration::from_secs(2));
    tenant.create(&t("sensor", json!({"level": {"type": "Property", "value": 1, "expiresAt": soon}})));
    for _ in 0..TIMES {
        assert_eq!(tenant.retrieve(&thing("sensor"))["level"]["value"], 1);
    }
    let started = Instant::now();
    while tenant.retrieve(&thing("sensor")).get("level").is_some() {
        assert!(started.elapsed() < Duration::from_secs(10), "the attribute does not expire");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The date and time so far from now, in UTC.
fn time_ahead(ahead: Duration) -> String {
    let now = SystemClock.now().micros();
    Timestamp::from_micros(now + ahead.as_micros() as i64).to_string()
}

// Of writers who meet at one entity, all succeed, and no change is lost.
#[test]
fn sixty_four_writers_of_one_entity_all_succeed() {
    const WRITERS: usize = 64;
    const EACH: usize = 5;
    let tenant = tenant_with([&sensor()]);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let tenant = &tenant;
            scope.spawn(move || {
                for round in 0..EACH {
                    let body = json!({format!("from{writer}round{round}"): property(json!(round))});
                    tenant.post(&format!("{}/attrs", path())).json(body).send().expect_status(204);
                }
            });
        }
    });
    let entity = tenant.retrieve(&thing("sensor"));
    for (writer, round) in (0..WRITERS).flat_map(|writer| (0..EACH).map(move |round| (writer, round))) {
        assert_eq!(entity[format!("from{writer}round{round}")]["value"], round, "writer {writer}");
    }
}
