//! The batch operations, their verdicts, and how they cope with broken and with large input.

use std::fmt::Write;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use machi_face::config::{FaceConfig, LimitsConfig};
use serde_json::{Value, json};

use crate::city::City;

fn fault(status: u16, kind: &str) -> (u16, String) {
    (status, kind.to_owned())
}

fn entity(id: &str, value: i64) -> String {
    format!(r#"{{"id":"urn:x:{id}","type":"T","a":{{"type":"Property","value":{value}}}}}"#)
}

fn array(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

fn failed(value: &Value) -> Vec<(String, u64)> {
    let errors = value["errors"].as_array().unwrap();
    let one =
        |error: &Value| (error["entityId"].as_str().unwrap().to_owned(), error["error"]["status"].as_u64().unwrap());
    errors.iter().map(one).collect()
}

#[tokio::test]
async fn creating_many_tells_the_created_and_the_others() {
    let city = City::new();
    let reply = city.json("POST", "/entityOperations/create", &[], &array(&[entity("1", 1), entity("2", 2)])).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    assert_eq!(reply.value(), json!(["urn:x:1", "urn:x:2"]));

    // §5.5.11.1: of several instances the first one counts.
    let body = array(&[entity("2", 9), entity("3", 3), entity("3", 4), r#"{"id":"urn:x:4"}"#.into(), "7".into()]);
    let reply = city.json("POST", "/entityOperations/create", &[], &body).await;
    assert_eq!(reply.status, 207, "{}", reply.text());
    let value = reply.value();
    assert_eq!(value["success"], json!(["urn:x:3"]));
    let name = |n: u32| format!("urn:machi:batch:item:{n}");
    let expected = [("urn:x:2".into(), 409), ("urn:x:3".into(), 409), ("urn:x:4".into(), 400), (name(5), 400)];
    assert_eq!(failed(&value), expected);
    assert_eq!(value["errors"][0]["error"]["type"], "https://uri.etsi.org/ngsi-ld/errors/AlreadyExists");
    assert_eq!(city.values("urn:x:3").await.unwrap()["a"], json!(3));
}

#[tokio::test]
async fn upserting_creates_replaces_or_updates() {
    let city = City::new();
    city.given(&entity("1", 1)).await;
    let other = r#"{"id":"urn:x:1","type":"T","b":{"type":"Property","value":2}}"#.to_owned();
    let reply = city.json("POST", "/entityOperations/upsert", &[], &array(&[other.clone(), entity("2", 2)])).await;
    assert_eq!((reply.status.as_u16(), reply.value()), (201, json!(["urn:x:2"])));
    assert_eq!(json!(city.values("urn:x:1").await), json!({"@type": ["T"], "b": 2}));

    let reply = city.json("POST", "/entityOperations/upsert?options=update", &[], &array(&[entity("1", 5)])).await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (204, 0));
    assert_eq!(json!(city.values("urn:x:1").await), json!({"@type": ["T"], "a": 5, "b": 2}));

    // §5.5.11.2: several instances follow each other.
    let reply = city
        .json(
            "POST",
            "/entityOperations/upsert?options=update",
            &[],
            &array(&[entity("3", 1), other.replace("x:1", "x:3")]),
        )
        .await;
    assert_eq!((reply.status.as_u16(), reply.value()), (201, json!(["urn:x:3"])));
    assert_eq!(json!(city.values("urn:x:3").await), json!({"@type": ["T"], "a": 1, "b": 2}));

    let both = city.json("POST", "/entityOperations/upsert?options=update,replace", &[], "[]").await;
    assert_eq!(both.fault(), fault(400, "InvalidRequest"));
    let untyped = r#"[{"id":"urn:x:4","a":{"type":"Property","value":2}}]"#;
    let reply = city.json("POST", "/entityOperations/upsert?options=update", &[], untyped).await;
    assert_eq!(failed(&reply.value()), [("urn:x:4".to_owned(), 400)]);
}

#[tokio::test]
async fn updating_merging_and_deleting_need_entities() {
    let city = City::new();
    city.given(&entity("1", 1)).await;
    for operation in ["update", "merge"] {
        let path = format!("/entityOperations/{operation}");
        let reply = city.json("POST", &path, &[], &array(&[entity("1", 2), entity("9", 9)])).await;
        assert_eq!(reply.status, 207, "{operation}: {}", reply.text());
        assert_eq!(reply.value()["success"], json!(["urn:x:1"]));
        assert_eq!(failed(&reply.value()), [("urn:x:9".to_owned(), 404)]);
        assert_eq!(city.json("POST", &path, &[], &array(&[entity("1", 3)])).await.status, 204);
    }
    let keep = city.json("POST", "/entityOperations/update?options=noOverwrite", &[], &array(&[entity("1", 7)])).await;
    assert_eq!((keep.status.as_u16(), failed(&keep.value())), (207, vec![("urn:x:1".to_owned(), 409)]));
    assert_eq!(city.values("urn:x:1").await.unwrap()["a"], json!(3));

    let reply = city.json("POST", "/entityOperations/delete", &[], r#"["urn:x:1","urn:x:1",{},"no iri"]"#).await;
    assert_eq!(reply.status, 207);
    assert_eq!(reply.value()["success"], json!(["urn:x:1"]));
    let statuses: Vec<u64> = failed(&reply.value()).into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, [404, 400, 400]);
    city.given(&entity("1", 1)).await;
    assert_eq!(city.json("POST", "/entityOperations/delete", &[], r#"["urn:x:1"]"#).await.status, 204);
}

#[tokio::test]
async fn a_broken_batch_changes_nothing() {
    let city = City::new();
    let good = entity("1", 1);
    for (body, kind) in [
        (String::new(), "InvalidRequest"),
        ("{}".into(), "BadRequestData"),
        ("[]".into(), "BadRequestData"),
        (format!("[{good}"), "InvalidRequest"),
        (format!("[{good},]"), "InvalidRequest"),
        (format!("[{good},{{\"a\":NaN}}]"), "InvalidRequest"),
        (format!("[{good},null]"), "BadRequestData"),
        (format!("[{good}] x"), "InvalidRequest"),
    ] {
        let reply = city.json("POST", "/entityOperations/create", &[], &body).await;
        assert_eq!(reply.fault(), fault(400, kind), "{body}: {}", reply.text());
    }
    let null =
        city.json("POST", "/entityOperations/create", &[("accept-language", "ja")], &format!("[{good},null]")).await;
    assert!(null.detail().starts_with("item 2 of the array: "), "{}", null.text());
    assert!(city.document("", "urn:x:1").await.is_none());
}

#[tokio::test]
async fn a_large_batch_is_done_as_it_comes_and_says_how_far_it_came() {
    let limits = LimitsConfig { batch_checked_bytes: 1000, ..LimitsConfig::default() };
    let city = City::with(FaceConfig { limits, ..FaceConfig::default() });
    let items: Vec<String> = (0..5000).map(|n| entity(&n.to_string(), n)).collect();
    let whole = array(&items);
    let broken = whole.trim_end_matches(']').to_owned() + ",{]";
    let pieces: Vec<Result<Bytes, std::io::Error>> =
        broken.as_bytes().chunks(777).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let headers = [("content-type", "application/json"), ("transfer-encoding", "chunked")];
    let reply = city.send("POST", "/entityOperations/upsert", &headers, Body::from_stream(stream::iter(pieces))).await;
    assert_eq!(reply.status, 207, "{}", reply.text());
    let value = reply.value();
    assert_eq!(value["success"].as_array().unwrap().len(), 5000);
    assert_eq!(failed(&value), [("urn:machi:batch:item:5001".to_owned(), 400)]);
    assert!(city.document("", "urn:x:4999").await.is_some());
    let again = city.json("POST", "/entityOperations/upsert", &[], &whole).await;
    assert_eq!(again.status, 204);
}

#[tokio::test]
async fn too_many_items_are_refused() {
    let limits = LimitsConfig { batch_items: 10, ..LimitsConfig::default() };
    let city = City::with(FaceConfig { limits, ..FaceConfig::default() });
    let items: Vec<String> = (0..11).map(|n| entity(&n.to_string(), n)).collect();
    assert_eq!(city.json("POST", "/entityOperations/create", &[], &array(&items)).await.status, 413);
    assert_eq!(city.json("POST", "/entityOperations/create", &[], &array(&items[..10])).await.status, 201);
}

#[tokio::test]
async fn every_item_has_its_own_context() {
    let city = City::new();
    city.web.put("https://example.org/c", r#"{"@context":{"a":"https://example.org/a","T":"https://example.org/T"}}"#);
    let mut body = String::from("[");
    for (n, context) in
        [r#""https://example.org/c""#, r#"{"a":"https://example.org/other"}"#, r#""https://example.org/none""#]
            .iter()
            .enumerate()
    {
        write!(body, r#"{{"@context":{context},"id":"urn:x:{n}","type":"T","a":{{"type":"Property","value":1}}}},"#)
            .unwrap();
    }
    body.push_str(&entity("3", 1));
    body.push(']');
    let reply = city.json("POST", "/entityOperations/create", &[("content-type", "application/ld+json")], &body).await;
    assert_eq!(reply.status, 207, "{}", reply.text());
    assert_eq!(reply.value()["success"], json!(["urn:x:0", "urn:x:1"]));
    assert_eq!(failed(&reply.value()), [("urn:x:2".to_owned(), 504), ("urn:x:3".to_owned(), 400)]);
    assert!(city.values("urn:x:0").await.unwrap().contains_key("https://example.org/a"));
    assert!(city.values("urn:x:1").await.unwrap().contains_key("https://example.org/other"));
}
