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
    let _response = read(&mut router, INBOX).await;
    let mut taken = 0;
    while post(&mut router, INBOX, b"{}").await == 204 {
        taken += 1;
    }
    assert_eq!(taken, 4);
    assert_eq!(post(&mut router, INBOX, b"{}").await, 503);
    assert_eq!(post(&mut router, INBOX, &vec![b' '; 300_000]).await, 413);
    assert_eq!(post(&mut router, INBOX, b"\xff").await, 400);
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
