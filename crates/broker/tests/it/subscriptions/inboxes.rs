//! Inboxes: what a browser gets of a subscription, and what becomes of notifications that nobody reads.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt;
use http::Request;
use machi_http::{ShutdownTrigger, shutdown};
use tower_service::Service;

use super::quick;
use crate::city::City;

const INBOX: &str = "/machi/v1/inboxes/0123456789abcdef";

fn inboxes(city: &City) -> (Router, ShutdownTrigger) {
    let (trigger, heard) = shutdown();
    (machi_broker::http::live(city.broker.clone(), heard).into_router(), trigger)
}

async fn read(router: &mut Router, path: &str) -> Response {
    router.call(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
}

async fn post(router: &mut Router, path: &str, body: &[u8]) -> u16 {
    let request = Request::post(path).header("content-type", "application/json").header("content-length", body.len());
    router.call(request.body(Body::from(body.to_vec())).unwrap()).await.unwrap().status().as_u16()
}

/// The next piece of a stream.
async fn heard(stream: &mut (impl futures_util::Stream<Item = Result<bytes::Bytes, axum::Error>> + Unpin)) -> String {
    let next = tokio::time::timeout(std::time::Duration::from_secs(5), stream.next()).await.unwrap();
    String::from_utf8(next.unwrap().unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn what_is_posted_reaches_the_reader() {
    let city = City::with(quick());
    let (mut router, _trigger) = inboxes(&city);
    let response = read(&mut router, INBOX).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    assert!(heard(&mut stream).await.starts_with("retry:"));
    assert_eq!(post(&mut router, INBOX, br#"{"type":"Notification"}"#).await, 204);
    assert_eq!(heard(&mut stream).await, "event: notification\ndata: {\"type\":\"Notification\"}\n\n");
}

#[tokio::test]
async fn an_inbox_is_gone_with_its_reader() {
    let city = City::with(quick());
    let (mut router, _trigger) = inboxes(&city);
    assert_eq!(post(&mut router, INBOX, b"{}").await, 404);
    let response = read(&mut router, INBOX).await;
    assert_eq!(post(&mut router, INBOX, b"{}").await, 204);
    drop(response);
    assert_eq!(post(&mut router, INBOX, b"{}").await, 404);
}

#[tokio::test]
async fn a_reader_who_does_not_read_costs_little() {
    let city = City::with(quick());
    let (mut router, _trigger) = inboxes(&city);
    let response = read(&mut router, INBOX).await;
    // Four of the longest, and those that are on their way to the reader already.
    let long = taken(&mut router, &vec![b' '; 256 << 10]).await;
    assert!((4..=6).contains(&long), "{long}");
    assert_eq!(post(&mut router, INBOX, &vec![b' '; 300_000]).await, 413);
    assert_eq!(post(&mut router, INBOX, b"\xff").await, 400);
    drop(response);
    let _response = read(&mut router, INBOX).await;
    let short = taken(&mut router, b"{}").await;
    assert!((1024..=1026).contains(&short), "{short}");
}

/// How many posts an inbox takes until it is full.
async fn taken(router: &mut Router, body: &[u8]) -> usize {
    let mut taken = 0;
    loop {
        match post(router, INBOX, body).await {
            204 => taken += 1,
            status => {
                assert_eq!(status, 503);
                return taken;
            }
        }
    }
}

#[tokio::test]
async fn a_reader_who_takes_its_time_gets_everything() {
    let city = City::with(quick());
    let (mut router, _trigger) = inboxes(&city);
    let mut stream = read(&mut router, INBOX).await.into_body().into_data_stream();
    for n in 0..1000 {
        assert_eq!(post(&mut router, INBOX, format!("{{\"n\":{n}}}").as_bytes()).await, 204);
    }
    assert!(heard(&mut stream).await.starts_with("retry:"));
    for n in 0..1000 {
        assert_eq!(heard(&mut stream).await, format!("event: notification\ndata: {{\"n\":{n}}}\n\n"));
    }
}

#[tokio::test]
async fn a_reader_who_comes_again_takes_the_place_of_the_one_before() {
    let city = City::with(quick());
    let (mut router, _trigger) = inboxes(&city);
    let mut before = read(&mut router, INBOX).await.into_body().into_data_stream();
    let mut stream = read(&mut router, INBOX).await.into_body().into_data_stream();
    assert!(heard(&mut before).await.starts_with("retry:"));
    assert!(before.next().await.is_none());
    assert_eq!(post(&mut router, INBOX, b"{}").await, 204);
    assert!(heard(&mut stream).await.starts_with("retry:"));
    assert_eq!(heard(&mut stream).await, "event: notification\ndata: {}\n\n");
}

#[tokio::test]
async fn names_are_hard_to_guess_and_readers_are_counted() {
    let mut config = quick();
    config.subscriptions.live_readers = 1;
    let city = City::with(config);
    let (mut router, trigger) = inboxes(&city);
    for name in ["short", "0123456789abcde%2F", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0"] {
        assert_eq!(read(&mut router, &format!("/machi/v1/inboxes/{name}")).await.status(), 400, "{name}");
    }
    let first = read(&mut router, INBOX).await;
    assert_eq!(read(&mut router, "/machi/v1/inboxes/fedcba9876543210").await.status(), 503);
    trigger.begin();
    let mut stream = first.into_body().into_data_stream();
    while let Some(Ok(_)) = stream.next().await {}
}
