//! Requests that are repeated under an `Idempotency-Key`.

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
