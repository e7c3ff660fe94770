//! What changed between two instants.

use machi_types::Clock;
use serde_json::{Value, json};

use crate::city::{City, EVOLUTIONS, at};

fn room(number: u32, value: i32) -> Value {
    json!({"id": format!("urn:ngsi-ld:Room:{number}"), "type": "Room", "a": at(1, value)})
}

/// The entities of an answer: last part of the id, change, attributes.
fn told(answer: &Value) -> Vec<(String, String, Vec<String>)> {
    let text =
        |value: &Value| value.as_str().unwrap_or_default().rsplit([':', '/']).next().unwrap_or_default().to_owned();
    let attributes = |one: &Value| one["attributes"].as_array().into_iter().flatten().map(text).collect();
    let all = answer["entities"].as_array().unwrap().iter();
    all.map(|one| (text(&one["id"]), text(&one["change"]), attributes(one))).collect()
}

async fn ask(city: &City, query: &str) -> Value {
    let reply = city.send("GET", &format!("/machi/v1/changes?{query}"), &Value::Null).await;
    assert_eq!(reply.status, 200, "{query}: {}", String::from_utf8_lossy(&reply.body));
    serde_json::from_slice(&reply.body).unwrap()
}

fn line(id: &str, change: &str, attributes: &[&str]) -> (String, String, Vec<String>) {
    (id.into(), change.into(), attributes.iter().map(|name| (*name).to_owned()).collect())
}

#[tokio::test]
async fn what_came_changed_and_went_is_told() {
    let city = City::new();
    for number in 1..=6 {
        city.write(&[room(number, 1)]).await;
    }
    city.later(1);
    let from = city.clock.now();
    city.later(1);
    city.write(&[room(1, 2)]).await;
    city.write(&[room(2, 2)]).await;
    city.history.archive_now().await.unwrap();
    city.write(&[room(2, 1)]).await;
    city.remove("urn:ngsi-ld:Room:3").await;
    city.remove("urn:ngsi-ld:Room:4").await;
    city.write(&[room(4, 1)]).await;
    city.write(&[json!({"id": "urn:ngsi-ld:Room:5", "type": "Room", "scope": "/A", "b": at(1, 1)})]).await;
    city.write(&[room(7, 1)]).await;
    // What is told of the past is no change.
    city.done("POST", EVOLUTIONS, &room(6, 5)).await;
    city.later(1);
    let to = city.clock.now();
    city.later(1);
    city.write(&[room(8, 1)]).await;
    let expected = [
        line("1", "changed", &["a"]),
        line("3", "deleted", &[]),
        line("5", "changed", &["b"]),
        line("7", "created", &[]),
    ];
    let answer = ask(&city, &format!("from={from}&to={to}")).await;
    assert_eq!(told(&answer), expected);
    assert_eq!((&answer["from"], &answer["to"]), (&json!(from.to_string()), &json!(to.to_string())));
    assert_eq!(answer["entities"][2]["itself"], json!(true));
    assert_eq!(told(&ask(&city, &format!("from={from}&type=Room")).await).len(), 5);
    assert_eq!(told(&ask(&city, &format!("from={from}&type=Car")).await).len(), 0);
    assert_eq!(told(&ask(&city, &format!("from={to}&to={to}")).await).len(), 0);
}

#[tokio::test]
async fn pages_follow_each_other() {
    let city = City::new();
    let from = city.clock.now();
    city.later(1);
    for number in 10..30 {
        city.write(&[room(number, 1)]).await;
    }
    let (mut ids, mut next) = (Vec::new(), String::new());
    loop {
        let answer = ask(&city, &format!("from={from}&limit=7{next}")).await;
        ids.extend(told(&answer).into_iter().map(|(id, ..)| id));
        match answer["next"].as_str() {
            Some(id) => next = format!("&after={id}"),
            None => break,
        }
    }
    assert_eq!(ids, (10..30).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let city = City::new();
    city.write(&[room(1, 1)]).await;
    for wrong in [
        "",
        "from=yesterday",
        "from=2999-01-01T00:00:00Z",
        "from=2026-11-22T10:00:00Z&to=2026-11-22T09:00:00Z",
        "from=2026-11-22T10:00:00Z&limit=0",
        "from=2026-11-22T10:00:00Z&limit=5000",
        "from=2026-11-22T10:00:00Z&after=x",
        "from=2026-11-22T10:00:00Z&type=(",
    ] {
        let fault = city.fault("GET", &format!("/machi/v1/changes?{wrong}"), &Value::Null).await;
        assert_eq!(fault, (400, "BadRequestData".into()), "{wrong}");
    }
    let fault = city.fault("GET", "/machi/v1/changes?from=2026-11-22T10:00:00Z&until=1", &Value::Null).await;
    assert_eq!(fault, (400, "InvalidRequest".into()));
}
