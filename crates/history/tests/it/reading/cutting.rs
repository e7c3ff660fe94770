//! Answers that are cut in time: 206, Content-Range, and the links that lead on.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::city::{City, Reply, SINCE_1970, T, fill_rooms, property};

const P1: &str = "/temporal/entities/urn:ngsi-ld:P:1";
const P2: &str = "/temporal/entities/urn:ngsi-ld:P:2";
const AFTER: &str = "timerel=after&timeAt=2025-01-01T00:00:00Z";
const BEFORE: &str = "timerel=before&timeAt=2027-01-01T00:00:00Z";
const BETWEEN: &str = "timerel=between&timeAt=2025-01-01T00:00:00Z&endTimeAt=2027-01-01T00:00:00Z";

/// Instances each minute from 01:01 of a day on.
fn each_minute(day: u32, count: u32) -> Value {
    let instance = |minute| json!({"type": "Property", "value": minute, "observedAt": format!("2026-03-0{day}T01:{minute:02}:00Z")});
    (1..=count).map(instance).collect()
}

/// The paged entities P1, P2 and P3, where an answer holds 30 instances.
fn paged() -> City {
    let city = City::cutting(30);
    city.given(&json!({"id": "urn:ngsi-ld:P:1", "type": "Paged", "a": each_minute(1, 59), "b": each_minute(2, 59)}));
    city.given(&json!({"id": "urn:ngsi-ld:P:2", "type": "Paged2", "x": each_minute(1, 20), "y": each_minute(1, 20)}));
    city
}

fn with_a_third() -> City {
    let city = paged();
    let late = |values: &[i64]| -> Value {
        values
            .iter()
            .map(|n| json!({"type": "Property", "value": n, "observedAt": format!("2026-09-01T00:0{n}:00Z")}))
            .collect()
    };
    city.given(&json!({"id": "urn:ngsi-ld:P:3", "type": "Paged2", "x": late(&[1, 2, 3]), "y": late(&[1, 2, 3])}));
    city
}

fn minute(minute: u32) -> String {
    format!("2026-03-01T01:{minute:02}:00Z")
}

fn count(attribute: &Value) -> usize {
    attribute.as_array().map_or(0, Vec::len)
}

/// The answer to a query that is cut, and its range.
async fn cut(city: &City, path: &str) -> (Value, String) {
    let reply = city.ask(path).await;
    assert_eq!(reply.status, 206, "{path}: {}", reply.text());
    let range = reply.header("content-range").strip_prefix("DateTime ").unwrap().to_owned();
    (reply.value(), range)
}

// §6.3.10: An answer that would hold too many instances is cut in time: 206, and Content-Range tells what it covers.
#[tokio::test]
async fn too_many_instances_are_cut_in_time() {
    let city = paged();
    for (query, range) in [
        (String::new(), format!("{}-{}/*", minute(1), minute(15))),
        (AFTER.to_owned(), format!("2025-01-01T00:00:00Z-{}/*", minute(15))),
        (BEFORE.to_owned(), format!("{}-{}/*", minute(1), minute(15))),
        (BETWEEN.to_owned(), format!("2025-01-01T00:00:00Z-{}/*", minute(15))),
    ] {
        let (value, found) = cut(&city, &format!("{P2}?{query}")).await;
        assert_eq!((count(&value["x"]), count(&value["y"])), (15, 15), "{query}");
        assert_eq!(found, range, "{query}");
        let values = cut(&city, &format!("{P2}?format=temporalValues&{query}")).await;
        assert_eq!((count(&values.0["x"]["values"]), values.1), (15, range), "{query}");
    }
}

// §6.3.10: Where the last instances are asked for, the newest are told first.
#[tokio::test]
async fn the_newest_are_told_first_where_the_last_are_asked_for() {
    let city = paged();
    for (query, range) in [
        ("lastN=20".to_owned(), format!("{}-{}/20", minute(20), minute(6))),
        (format!("lastN=20&{BEFORE}"), format!("2027-01-01T00:00:00Z-{}/20", minute(6))),
        (format!("lastN=20&{BETWEEN}"), format!("2027-01-01T00:00:00Z-{}/20", minute(6))),
        (format!("lastN=20&{AFTER}"), format!("{}-{}/20", minute(20), minute(6))),
    ] {
        let (value, found) = cut(&city, &format!("{P2}?{query}")).await;
        assert_eq!((count(&value["x"]), &value["x"][0]["value"]), (15, &json!(6)), "{query}");
        assert_eq!(found, range, "{query}");
    }
    let few = city.ask(&format!("{P2}?lastN=5")).await;
    assert_eq!((few.status.as_u16(), few.header("content-range"), count(&few.value()["x"])), (200, "", 5));
}

// §6.3.10: One boundary holds for all attributes; those that it leaves nothing of stay as empty arrays.
#[tokio::test]
async fn attributes_beyond_the_cut_stay_empty() {
    let city = paged();
    let (value, _) = cut(&city, &format!("{P1}?{AFTER}")).await;
    assert_eq!((count(&value["a"]), &value["b"]), (30, &json!([])));
    let (value, _) = cut(&city, &format!("{P1}?lastN=100&{BEFORE}")).await;
    assert_eq!((count(&value["b"]), &value["a"]), (30, &json!([])));
    let (value, _) = cut(&city, &format!("{P1}?{AFTER}&format=temporalValues")).await;
    assert_eq!(value["b"], json!({"type": "Property", "values": []}));
}

// §6.3.10: Entities of the page that the cut leaves nothing of stay, too.
#[tokio::test]
async fn entities_beyond_the_cut_stay() {
    let city = with_a_third();
    let (value, range) = cut(&city, &format!("{T}?type=Paged2&{AFTER}")).await;
    assert_eq!(value[1]["id"], json!("urn:ngsi-ld:P:3"));
    assert_eq!((&value[1]["x"], &value[1]["y"]), (&json!([]), &json!([])));
    assert_eq!(range, format!("2025-01-01T00:00:00Z-{}/*", minute(15)));
    let (value, _) = cut(&city, &format!("{T}?type=Paged2&{AFTER}&format=temporalValues")).await;
    assert_eq!(value[1]["x"], json!({"type": "Property", "values": []}));
    let (value, _) = cut(&city, &format!("{T}?type=Paged2&lastN=20&{BEFORE}")).await;
    assert_eq!((count(&value[1]["x"]), count(&value[0]["x"]), count(&value[0]["y"])), (3, 12, 12));
}

/// All instances of answers that lead to one another, each once.
async fn follow(city: &City, path: &str, relation: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut next = Some(path.to_owned());
    let mut answers = 0;
    while let Some(path) = next {
        let reply = city.ask(&path).await;
        collect(&reply, &mut all);
        next = reply.link(relation);
        assert_eq!(reply.status, 206, "{path}");
        answers += 1;
        assert!(answers < 50, "the links come to an end");
    }
    all
}

fn collect(reply: &Reply, all: &mut BTreeSet<String>) {
    let raw = reply.raw();
    let entities = raw.as_array().cloned().unwrap_or_else(|| vec![raw]);
    for entity in &entities {
        for (name, instances) in entity.as_object().unwrap() {
            for one in instances.as_array().into_iter().flatten().filter(|one| one.is_object()) {
                let key = format!("{} {name} {}", entity["id"], one["observedAt"]);
                assert!(all.insert(key.clone()), "{key} came twice");
            }
        }
    }
}

// §6.3.10: A client that follows the links is given every instance once.
#[tokio::test]
async fn links_lead_through_all_of_the_time() {
    let city = with_a_third();
    for (path, relation, expected) in [
        (P1.to_owned(), "intervalafter", 118),
        (format!("{P1}?{AFTER}"), "intervalafter", 118),
        (format!("{P1}?{BEFORE}"), "intervalafter", 118),
        (format!("{P1}?{BETWEEN}"), "intervalafter", 118),
        (format!("{P1}?lastN=50"), "intervalbefore", 100),
        (format!("{P1}?lastN=50&{BETWEEN}"), "intervalbefore", 100),
        (format!("{T}?type=Paged2&{AFTER}"), "intervalafter", 46),
        (format!("{T}?type=Paged,Paged2&{AFTER}&limit=2&lastN=40"), "intervalbefore", 120),
        (format!("{T}?type=Paged,Paged2&{AFTER}&limit=2&offset=1"), "intervalafter", 46),
    ] {
        assert_eq!(follow(&city, &path, relation).await.len(), expected, "{path}");
    }
}

// §6.3.10: A client may also go on by itself, one microsecond behind what was told.
#[tokio::test]
async fn a_client_may_go_on_by_hand() {
    let city = paged();
    let mut all = BTreeSet::new();
    let mut start = "2025-01-01T00:00:00Z".to_owned();
    loop {
        let reply = city.ask(&format!("{P1}?timerel=after&timeAt={start}")).await;
        collect(&reply, &mut all);
        if reply.status == 200 {
            break;
        }
        let end = reply.header("content-range").strip_suffix("/*").unwrap().rsplit_once("Z-").unwrap().1.to_owned();
        start = end.replace('Z', ".000001Z");
    }
    assert_eq!(all.len(), 118);
}

#[tokio::test]
async fn what_comes_between_two_answers_is_in_the_second() {
    let city = paged();
    let first = city.ask(&format!("{P2}?{AFTER}")).await;
    city.given(&json!({"id": "urn:ngsi-ld:P:2", "type": "Paged2", "x": [{"type": "Property", "value": 99, "observedAt": "2026-03-01T01:19:30Z"}]}));
    let second = city.ask(&first.link("intervalafter").unwrap()).await;
    assert_eq!((second.status.as_u16(), second.link("intervalafter")), (206, None));
    assert_eq!((count(&second.value()["x"]), count(&second.value()["y"])), (6, 5));
    assert_eq!(second.header("content-range"), format!("DateTime 2026-03-01T01:15:00.000001Z-{}/*", minute(20)));
}

// §6.3.10: What has one time is never split; where it alone is too much, the answer says so.
#[tokio::test]
async fn one_instant_is_never_split() {
    let city = City::cutting(30);
    let at_once = |value: i64| json!([{"type": "Property", "value": value, "observedAt": "2026-03-01T09:00:00Z"}]);
    for number in 0..31 {
        city.given(&json!({"id": format!("urn:ngsi-ld:Y:{number:02}"), "type": "Y", "a": at_once(number)}));
    }
    let reply = city.ask(&format!("{T}?type=Y&limit=100&{SINCE_1970}")).await;
    assert_eq!(reply.fault(), (403, "TooManyResults".to_owned()));
    assert!(reply.text().contains("[limits] instances"), "{}", reply.text());
    assert_eq!(city.ask(&format!("{T}?type=Y&limit=30&{SINCE_1970}")).await.status, 200);
    let tie =
        |minute: &str| json!({"type": "Property", "value": 1, "observedAt": format!("2026-03-01T01:{minute}:00Z")});
    city.given(
        &json!({"id": "urn:ngsi-ld:Z:1", "type": "Z", "a": each_minute(1, 29), "b": [tie("29"), tie("30"), tie("31")]}),
    );
    let (value, range) = cut(&city, &format!("{T}?type=Z&{AFTER}")).await;
    assert_eq!((count(&value[0]["a"]), count(&value[0]["b"])), (29, 1));
    assert_eq!(range, format!("2025-01-01T00:00:00Z-{}/*", minute(29)));
}

// §6.3.10: Of aggregated values, periods are counted and cut.
#[tokio::test]
async fn periods_are_cut_like_instances() {
    let city = paged();
    let query = "format=aggregatedValues&aggrMethods=max&aggrPeriodDuration=PT1M";
    let (value, range) = cut(&city, &format!("{P2}?{query}&timerel=after&timeAt=2026-03-01T00:00:00Z")).await;
    assert_eq!((count(&value["x"]["max"]), count(&value["y"]["max"])), (15, 15));
    assert_eq!(range, format!("2026-03-01T00:00:00Z-{}/*", minute(15)));
    let reply = city.ask(&format!("{P2}?{query}&timerel=after&timeAt=2026-03-01T00:00:00Z")).await;
    let rest = city.ask(&reply.link("intervalafter").unwrap()).await;
    assert_eq!((rest.status.as_u16(), count(&rest.value()["x"]["max"]), rest.link("intervalafter")), (206, 5, None));
    assert_eq!(rest.value()["x"]["max"][0][0], json!(16));
    let (value, _) = cut(&city, &format!("{P1}?{query}&{AFTER}")).await;
    assert_eq!((count(&value["a"]["max"]), &value["b"]["max"]), (30, &json!([])));
    let (value, range) = cut(&city, &format!("{P2}?{query}&lastN=20&{AFTER}")).await;
    assert_eq!((count(&value["x"]["max"]), &value["x"]["max"][0][0]), (15, &json!(6)));
    assert!(range.ends_with("/20"), "{range}");
}

// §6.3.10: HEAD tells of the cut as GET does.
#[tokio::test]
async fn head_tells_of_the_cut() {
    let city = paged();
    let reply = city.send("HEAD", &format!("{P2}?{AFTER}"), &[], "").await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (206, 0));
    assert!(reply.header("content-range").starts_with("DateTime "));
    assert!(reply.link("intervalafter").is_some());
}

#[tokio::test]
async fn few_instances_are_not_cut() {
    let city = City::new();
    fill_rooms(&city);
    let reply = city.ask(&format!("{T}?type=Room,Bus&{SINCE_1970}")).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-range"), reply.link("intervalafter")), (200, "", None));
    city.given(&json!({"id": "urn:ngsi-ld:Room:1", "type": "Room", "temperature": property(&[(1.0, "08:00")])}));
    assert_eq!(city.ask("/temporal/entities/urn:ngsi-ld:Room:1?lastN=99999999999").await.status, 200);
}
