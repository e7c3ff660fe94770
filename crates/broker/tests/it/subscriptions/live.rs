//! The live feed: what a reader hears, and what becomes of one who is slow.

use axum::body::Body;
use futures_util::StreamExt;
use http::Request;
use machi_http::shutdown;
use serde_json::{Value, json};
use tower_service::Service;

use super::{entity, quick};
use crate::city::City;

/// Reads events until one meets the condition, a few seconds at most.
async fn read_until(body: Body, is_last: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    let mut stream = body.into_data_stream();
    let read = async {
        while let Some(Ok(piece)) = stream.next().await {
            text.push_str(std::str::from_utf8(&piece).unwrap());
            if is_last(&text) {
                break;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), read).await.unwrap();
    text
}

async fn follow(
    city: &City,
    query: &str,
    last: Option<&str>,
) -> (axum::response::Response, machi_http::ShutdownTrigger) {
    let (trigger, heard) = shutdown();
    let mut router = machi_broker::http::live(city.broker.clone(), heard).into_router();
    let mut request = Request::get(format!("/machi/v1/live{query}"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    (router.call(request.body(Body::empty()).unwrap()).await.unwrap(), trigger)
}

fn events(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

#[tokio::test]
async fn readers_hear_of_what_they_asked_for() {
    let city = City::with(quick());
    let (response, _trigger) = follow(&city, "?type=T&attrs=a", None).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    city.given(r#"{"id":"urn:x:0","type":"U","a":{"type":"Property","value":0}}"#).await;
    city.given(&entity("urn:x:1", 1)).await;
    city.set("urn:x:1", "b", json!(2)).await;
    city.set("urn:x:1", "a", json!(3)).await;
    assert_eq!(city.ask("DELETE", "/entities/urn:x:1", &[]).await.status, 204);
    let text = read_until(response.into_body(), |text| text.contains("deleted")).await;
    let events = events(&text);
    let changes: Vec<&str> = events.iter().map(|event| event["change"].as_str().unwrap()).collect();
    assert_eq!(changes, ["created", "changed", "deleted"]);
    assert_eq!((&events[1]["entity"]["a"], &events[1]["attributes"]), (&json!(3), &json!(["a"])));
    assert!(events[2].get("entity").is_none() && text.contains("event: change\n") && text.contains("id: "));
    assert_eq!((&events[2]["types"], events[1].get("types")), (&json!(["T"]), None));
}

#[tokio::test]
async fn a_reader_goes_on_where_it_was() {
    let city = City::with(quick());
    city.given(&entity("urn:x:1", 1)).await;
    city.given(&entity("urn:x:2", 2)).await;
    let (response, _trigger) = follow(&city, "", Some("1")).await;
    let text =
        read_until(response.into_body(), |text| text.contains("\n\nid: ") || text.matches("event:").count() == 1).await;
    assert_eq!(events(&text)[0]["id"], "urn:x:2");
}

#[tokio::test]
async fn whoever_breaks_off_within_a_commit_hears_the_rest_of_it() {
    let city = City::with(quick());
    let all: Vec<Value> = (1..4).map(|n| serde_json::from_str(&entity(&format!("urn:x:{n}"), n)).unwrap()).collect();
    let body = Value::Array(all).to_string();
    assert_eq!(city.json("POST", "/entityOperations/create", &[], &body).await.status, 201);
    let (response, _trigger) = follow(&city, "", Some("0")).await;
    let text = read_until(response.into_body(), |text| text.matches("event:").count() == 3).await;
    let ids: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids, ["0", "0", "1"]);
}

#[tokio::test]
async fn a_place_that_is_not_reached_yet_begins_now() {
    let city = City::with(quick());
    let (response, _trigger) = follow(&city, "", Some("999")).await;
    city.given(&entity("urn:x:1", 1)).await;
    let text = read_until(response.into_body(), |text| text.contains("event:")).await;
    assert_eq!(events(&text)[0]["id"], "urn:x:1");
}

#[tokio::test]
async fn what_nobody_could_ever_hear_is_refused() {
    let city = City::with(quick());
    for (query, status) in [
        ("?type=", 400),
        ("?type=A%3B", 400),
        ("?type=A,", 400),
        ("?id=urn:x:1,", 400),
        ("?id=x%20y", 400),
        ("?attrs=%20", 400),
        ("?attrs=a%20b", 400),
        ("?attrs=a,createdAt", 400),
        ("?tenant=nobody", 404),
        ("?type=T,https://example.org/U&id=urn:x:1,urn:x:2&attrs=a,b", 200),
    ] {
        assert_eq!(follow(&city, query, None).await.0.status(), status, "{query}");
    }
}

#[tokio::test]
async fn there_is_a_bound_on_readers_and_the_city_ends_them() {
    let mut config = quick();
    config.subscriptions.live_readers = 1;
    let city = City::with(config);
    let (first, trigger) = follow(&city, "", None).await;
    let refused = follow(&city, "", None).await.0;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"5".parse().unwrap()));
    trigger.begin();
    let text = read_until(first.into_body(), |_| false).await;
    assert_eq!(text, "retry: 2000\n\n");
    let bad = follow(&city, "?what=1", None).await.0;
    assert_eq!(bad.status(), 400);
}
