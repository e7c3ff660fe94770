//! Policies for the past: what they leave of it, how that is told, and what is held.

use std::time::Duration;

use http::StatusCode;
use machi_archive::retention::Retained;
use machi_history::config::Config;
use machi_types::{Clock, TenantId};
use serde_json::{Value, json};

use crate::city::{City, EVOLUTIONS, Reply};

const ROOM: &str = "urn:ngsi-ld:Room:1";
const POLICIES: &str = "/machi/v1/history/policies";
const HOLDS: &str = "/machi/v1/history/holds";
const DAY: i64 = 86_400;

fn body(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_default()
}

fn city() -> City {
    City::with(Config { memory: usize::MAX, archive_after: Duration::from_hours(1), ..Config::default() })
}

/// Writes the same attributes every ten minutes for so many hours.
async fn live(city: &City, hours: u32) {
    for tick in 0..hours * 6 {
        let observed = city.clock.now().to_string();
        let room = json!({
            "id": ROOM, "type": "Room",
            "temperature": {"type": "Property", "value": f64::from(tick % 17) / 10.0, "unitCode": "CEL", "observedAt": observed},
            "isOpen": {"type": "Property", "value": tick % 3 == 0, "observedAt": observed},
            "state": {"type": "Property", "value": format!("s{}", tick % 5), "observedAt": observed},
        });
        city.write(&[room]).await;
        city.later(600);
    }
}

async fn apply(city: &City) -> Retained {
    city.history.archive_now().await.unwrap();
    city.history.apply_policies(&TenantId::default_tenant()).await.unwrap()
}

async fn get(city: &City, path: &str) -> Value {
    let reply = city.send("GET", path, &Value::Null).await;
    assert_eq!(reply.status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&reply.body));
    body(&reply)
}

/// Figures of hours, from the beginning of the day on.
async fn figures(city: &City, attribute: &str, methods: &str) -> Value {
    let range = "timerel=after&timeAt=2026-11-22T00:00:00Z";
    let path = format!(
        "{EVOLUTIONS}/{ROOM}?{range}&attrs={attribute}&format=aggregatedValues&aggrMethods={methods}&aggrPeriodDuration=PT1H"
    );
    get(city, &path).await[attribute].clone()
}

#[tokio::test]
async fn figures_of_whole_periods_are_the_same_as_before() {
    let city = city();
    live(&city, 30).await;
    city.done("PUT", &format!("{POLICIES}/Room"), &json!({"raw": "PT6H", "hours": "P30D"})).await;
    let exact = "avg,min,max,sum,totalCount,sumsq,stddev";
    let before = [figures(&city, "temperature", exact).await, figures(&city, "isOpen", "avg,sum,totalCount").await];
    let done = apply(&city).await;
    assert!(done.summed > 400 && done.summaries > 60, "{done:?}");
    let after = [figures(&city, "temperature", exact).await, figures(&city, "isOpen", "avg,sum,totalCount").await];
    for (after, before) in after.iter().zip(&before) {
        for method in ["avg", "min", "max", "sum", "totalCount"] {
            assert_eq!(after[method], before[method], "{method}");
        }
        for method in ["sumsq", "stddev"] {
            let (one, other) = (after[method].as_array(), before[method].as_array());
            let pairs = one.into_iter().flatten().zip(other.into_iter().flatten());
            pairs.for_each(|(one, other)| {
                assert!((one[0].as_f64().unwrap() - other[0].as_f64().unwrap()).abs() < 1e-9, "{one} {other}");
            });
        }
    }
    let counts = figures(&city, "state", "totalCount").await;
    assert!(counts["totalCount"].as_array().unwrap().iter().all(|count| count[0] == 6), "{counts}");
    // What cannot be known any more is left out.
    let distinct = figures(&city, "temperature", "distinctCount").await;
    assert!(distinct["distinctCount"].as_array().unwrap().len() < 10);
}

#[tokio::test]
async fn a_reader_can_tell_what_stands_for_a_period() {
    let city = city();
    live(&city, 30).await;
    city.done("PUT", &format!("{POLICIES}/Room"), &json!({"raw": "PT6H", "hours": "P30D"})).await;
    apply(&city).await;
    let room = get(&city, &format!("{EVOLUTIONS}/{ROOM}")).await;
    let first = &room["temperature"][0];
    let told = &first["urn:machi:summary"]["value"];
    assert_eq!(first["observedAt"], "2026-11-22T10:00:00Z");
    assert_eq!(first["unitCode"], "CEL");
    assert_eq!(
        (&told["period"], &told["count"], &told["min"], &told["max"]),
        (&json!("PT1H"), &json!(6), &json!(0), &json!(0.5))
    );
    assert!((first["value"].as_f64().unwrap() - 0.25).abs() < 1e-12);
    let open = &room["isOpen"][0];
    assert_eq!((&open["value"], &open["urn:machi:summary"]["value"]["sum"]), (&json!(false), &json!(2)));
    let state = &room["state"][0];
    assert_eq!((&state["value"], &state["urn:machi:summary"]["value"]["count"]), (&json!("s0"), &json!(6)));
    assert!(room["temperature"].as_array().unwrap().last().unwrap().get("urn:machi:summary").is_none());
    // Nobody takes the place of a summary by telling of the same instant.
    let late = json!({"temperature": {"value": 99, "observedAt": "2026-11-22T10:00:00Z"}});
    city.done("POST", &format!("{EVOLUTIONS}/{ROOM}/attrs"), &late).await;
    let sum = figures(&city, "temperature", "totalCount,max").await;
    assert_eq!((&sum["totalCount"][0][0], &sum["max"][0][0]), (&json!(7), &json!(99)));
    city.later(3600);
    apply(&city).await;
    let sum = figures(&city, "temperature", "totalCount,max").await;
    assert_eq!((&sum["totalCount"][0][0], &sum["max"][0][0]), (&json!(7), &json!(99)));
}

#[tokio::test]
async fn the_city_is_known_as_it_was_from_when_it_is_told() {
    let city = city();
    city.write(&[json!({"id": "urn:ngsi-ld:Room:2", "type": "Room", "name": {"type": "Property", "value": "old"}})])
        .await;
    live(&city, 30).await;
    let asked = "/machi/v1/changes?from=2026-11-22T12:00:00Z";
    assert_eq!(city.send("GET", asked, &Value::Null).await.status, StatusCode::OK);
    city.done("PUT", &format!("{POLICIES}/*"), &json!({"raw": "PT6H"})).await;
    assert!(apply(&city).await.dropped > 0);
    let kept = get(&city, POLICIES).await;
    let since = kept["asOfFrom"].as_str().unwrap().to_owned();
    assert_eq!(since, "2026-11-23T09:45:00Z");
    assert_eq!(kept["applied"]["dropped"].as_u64().map(|dropped| dropped > 0), Some(true));
    let reply = city.send("GET", asked, &Value::Null).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(body(&reply)["detail"].as_str().unwrap().contains(&since), "{reply:?}");
    let changes = get(&city, &format!("/machi/v1/changes?from={since}")).await;
    assert_eq!(changes["entities"].as_array().map(Vec::len), Some(1), "Room 2 has not changed: {changes}");
    let room = get(&city, &format!("{EVOLUTIONS}/urn:ngsi-ld:Room:2")).await;
    assert_eq!(room["name"][0]["value"], "old", "what is in force stays");
}

#[tokio::test]
async fn an_entity_of_which_nothing_is_kept_is_forgotten() {
    let city = city();
    live(&city, 2).await;
    city.remove(ROOM).await;
    city.done(
        "POST",
        EVOLUTIONS,
        &json!({"id": "urn:ngsi-ld:Room:3", "type": "Room", "a": {"value": 1, "observedAt": "2026-11-01T00:00:00Z"}}),
    )
    .await;
    city.done("PUT", &format!("{POLICIES}/Room"), &json!({"raw": "P1D"})).await;
    city.later(DAY / 2);
    apply(&city).await;
    assert!(city.evolution(ROOM).await.is_some());
    city.later(2 * DAY);
    apply(&city).await;
    for id in [ROOM, "urn:ngsi-ld:Room:3"] {
        assert!(city.evolution(id).await.is_none(), "{id}");
        assert_eq!(city.send("GET", &format!("{EVOLUTIONS}/{id}"), &Value::Null).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(apply(&city).await, Retained::default());
    // It may come again.
    live(&city, 1).await;
    assert!(city.evolution(ROOM).await.is_some());
}

#[tokio::test]
async fn what_is_held_stays_and_cannot_be_deleted() {
    let city = city();
    live(&city, 2).await;
    city.done("PUT", &format!("{POLICIES}/Room"), &json!({"raw": "PT1H"})).await;
    city.done("PUT", &format!("{HOLDS}/case-7"), &json!({"reason": "court", "types": ["Room"]})).await;
    city.later(DAY);
    assert_eq!(apply(&city).await, Retained::default());
    let path = format!("{EVOLUTIONS}/{ROOM}");
    for path in [path.clone(), format!("{path}/attrs/temperature")] {
        assert_eq!(city.fault("DELETE", &path, &Value::Null).await, (422, "OperationNotSupported".to_owned()));
    }
    let instance = city.instances(ROOM, "temperature").await[0].1.key;
    let one = format!("{path}/attrs/temperature/{instance}");
    assert_eq!(city.fault("DELETE", &one, &Value::Null).await.0, 422);
    let holds = get(&city, HOLDS).await;
    assert_eq!((&holds[0]["name"], &holds[0]["types"]), (&json!("case-7"), &json!(["Room"])));
    assert_eq!(get(&city, POLICIES).await["holds"], holds);
    city.done("DELETE", &format!("{HOLDS}/case-7"), &Value::Null).await;
    assert_eq!(city.send("DELETE", &one, &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert!(apply(&city).await.dropped > 0);
    city.done("DELETE", &path, &Value::Null).await;
}

#[tokio::test]
async fn policies_are_set_shown_and_removed() {
    let city = city();
    let policy = json!({"raw": "P7D", "minutes": "P1M", "days": "forever"});
    let room = format!("{POLICIES}/Room");
    assert_eq!(city.send("PUT", &room, &policy).await.status, StatusCode::CREATED);
    assert_eq!(city.send("PUT", &room, &policy).await.status, StatusCode::NO_CONTENT);
    assert_eq!(city.send("PUT", &format!("{POLICIES}/*"), &json!({"raw": "P1Y"})).await.status, StatusCode::CREATED);
    let expected =
        json!([{"type": "*", "raw": "P1Y"}, {"type": "Room", "raw": "P7D", "minutes": "P1M", "days": "forever"}]);
    assert_eq!(get(&city, POLICIES).await, json!({"policies": expected, "holds": []}));
    assert_eq!(get(&city.restarted(), POLICIES).await["policies"], expected);
    for (body, what) in [
        (json!({}), "raw"),
        (json!({"raw": "soon"}), "raw"),
        (json!({"raw": 7}), "raw"),
        (json!({"raw": "P7D", "hours": "P7D"}), "hours"),
        (json!({"raw": "forever", "days": "P7D"}), "days"),
        (json!({"raw": "P7D", "weeks": "P9W"}), "weeks"),
        (json!(["P7D"]), "object"),
    ] {
        let reply = city.send("PUT", &room, &body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(String::from_utf8_lossy(&reply.body).contains(what), "{reply:?}");
    }
    for (name, body) in
        [("a%20b", json!({"reason": "x"})), ("a", json!({})), ("a", json!({"reason": "x", "ids": ["no iri"]}))]
    {
        assert_eq!(city.send("PUT", &format!("{HOLDS}/{name}"), &body).await.status, StatusCode::BAD_REQUEST, "{body}");
    }
    assert_eq!(city.send("DELETE", &room, &Value::Null).await.status, StatusCode::NO_CONTENT);
    for path in [room, format!("{HOLDS}/unknown")] {
        assert_eq!(city.fault("DELETE", &path, &Value::Null).await, (404, "ResourceNotFound".to_owned()));
    }
    assert_eq!(get(&city, POLICIES).await["policies"].as_array().map(Vec::len), Some(1));
}
