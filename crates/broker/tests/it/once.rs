//! Requests that are repeated under an `Idempotency-Key`.

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use machi_face::config::{FaceConfig, LimitsConfig};
use serde_json::json;

use crate::city::City;

const ENTITY: &str = r#"{"id":"urn:x:1","type":"T","a":{"type":"Property","value":1}}"#;
const KEY: &[(&str, &str)] = &[("idempotency-key", "abc")];

#[tokio::test]
async fn a_repeated_create_gets_the_first_answer() {
    let city = City::new();
    let first = city.json("POST", "/entities", KEY, ENTITY).await;
    let second = city.json("POST", "/entities", KEY, ENTITY).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201), "{}", second.text());
    assert_eq!((first.header("location"), first.header("etag")), (second.header("location"), second.header("etag")));
    let other_key = city.json("POST", "/entities", &[("idempotency-key", "def")], ENTITY).await;
    assert_eq!(other_key.status, 409);
    let other_request = city.json("POST", "/entities", KEY, &ENTITY.replace("x:1", "x:2")).await;
    assert_eq!(other_request.status, 422);
    assert!(city.document("", "urn:x:2").await.is_none());
}

#[tokio::test]
async fn a_repeated_change_is_done_once_and_told_alike() {
    let city = City::new();
    city.given(ENTITY).await;
    let path = "/entities/urn:x:1/attrs?options=noOverwrite";
    let body = r#"{"a":{"type":"Property","value":2},"b":{"type":"Property","value":2}}"#;
    let first = city.json("POST", path, KEY, body).await;
    let second = city.json("POST", path, KEY, body).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (207, 207));
    assert_eq!(first.value(), second.value());
    assert_eq!(first.value()["updated"].as_array().unwrap().len(), 1);
    let deleted = [
        city.ask("DELETE", "/entities/urn:x:1", &[("idempotency-key", "d")]).await,
        city.ask("DELETE", "/entities/urn:x:1", &[("idempotency-key", "d")]).await,
    ];
    assert_eq!(deleted.map(|reply| reply.status.as_u16()), [204, 204]);
}

#[tokio::test]
async fn answers_are_forgotten_after_a_day_and_belong_to_a_tenant() {
    let city = City::new();
    city.json("POST", "/entities", KEY, ENTITY).await;
    let elsewhere = city.json("POST", "/entities", &[KEY[0], ("ngsild-tenant", "aoi")], ENTITY).await;
    assert_eq!(elsewhere.status, 201);
    assert!(city.document("aoi", "urn:x:1").await.is_some());
    city.later(24 * 3600 + 1);
    assert_eq!(city.json("POST", "/entities", KEY, ENTITY).await.status, 409);
    city.broker.keep_house().await.unwrap();
    let status = city.broker.tenant(&machi_types::TenantId::default_tenant()).await.unwrap();
    let answers = status.documents.iter().find(|(name, _)| **name == *"answers").map_or(0, |(_, n)| *n);
    assert_eq!(answers, 0);
}

#[tokio::test]
async fn a_repeated_batch_gets_the_first_answer() {
    let city = City::new();
    let body = format!("[{ENTITY}]");
    let path = "/entityOperations/create";
    let first = city.json("POST", path, KEY, &body).await;
    let second = city.json("POST", path, KEY, &body).await;
    assert_eq!((first.status.as_u16(), first.value()), (201, json!(["urn:x:1"])));
    assert_eq!((second.status.as_u16(), second.value()), (201, json!(["urn:x:1"])));
    // A batch that was refused as a whole leaves its key free.
    let key = [("idempotency-key", "free")];
    assert_eq!(city.json("POST", path, &key, "[1").await.status, 400);
    assert_eq!(city.json("POST", path, &key, "[7]").await.status, 207);
    assert_eq!(city.json("POST", path, &key, "[77]").await.status, 422);
    assert_eq!(city.json("POST", path, &[("idempotency-key", "")], "[]").await.status, 400);
}

#[tokio::test]
async fn another_batch_under_a_key_is_never_told_as_done() {
    let city = City::new();
    let (body, other) = (format!("[{ENTITY}]"), format!("[{}]", ENTITY.replace("x:1", "x:2")));
    assert_eq!(body.len(), other.len());
    let path = "/entityOperations/upsert";
    assert_eq!(city.json("POST", path, KEY, &body).await.status, 201);
    let refused = city.json("POST", path, KEY, &other).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.detail().contains("abc"), "{}", refused.detail());
    assert!(city.document("", "urn:x:2").await.is_none());
    // The same text under another @context names other things.
    let link = [KEY[0], ("link", "<https://example.org/c>; rel=\"http://www.w3.org/ns/json-ld#context\"")];
    assert_eq!(city.json("POST", path, &link, &body).await.status, 422);
    let headers = [KEY[0], ("content-type", "application/json"), ("transfer-encoding", "chunked")];
    for (text, status) in [(body, 201), (other, 422)] {
        let pieces: Vec<_> = text.bytes().map(|byte| Ok::<_, std::io::Error>(Bytes::from(vec![byte]))).collect();
        let reply = city.send("POST", path, &headers, Body::from_stream(stream::iter(pieces))).await;
        assert_eq!(reply.status, status, "{text}: {}", reply.text());
    }
}

#[tokio::test]
async fn a_batch_that_was_cut_off_is_done_when_it_is_sent_again() {
    let limits = LimitsConfig { batch_checked_bytes: 1, ..LimitsConfig::default() };
    let city = City::with(FaceConfig { limits, ..FaceConfig::default() });
    let entity = |n: u32| format!(r#"{{"id":"urn:x:{n}","type":"T","a":{{"type":"Property","value":1}}}}"#);
    let entities: Vec<String> = (0..3000).map(entity).collect();
    let body = format!("[{}]", entities.join(","));
    let (begun, _) = body.split_at(body.len() / 2);
    let pieces = [Ok(Bytes::from(begun.to_owned())), Err(std::io::Error::other("the line is cut"))];
    let headers = [KEY[0], ("content-type", "application/json"), ("transfer-encoding", "chunked")];
    let path = "/entityOperations/upsert";
    let cut = city.send("POST", path, &headers, Body::from_stream(stream::iter(pieces))).await;
    assert_eq!(cut.status, 207, "{}", cut.text());
    assert!(city.document("", "urn:x:0").await.is_some() && city.document("", "urn:x:2999").await.is_none());
    let again = city.json("POST", path, KEY, &body).await;
    assert_eq!(again.status, 201, "{}", again.text());
    assert!(city.document("", "urn:x:2999").await.is_some());
    assert_eq!(city.json("POST", path, KEY, &body).await.value(), again.value());
}
