//! An instance is replaced by another, under its key.

use serde_json::{Value, json};

use crate::city::{City, EVOLUTIONS, at, hour, said};

const ROOM: &str = "urn:ngsi-ld:Room:1";

async fn given() -> (City, Vec<String>) {
    let city = City::new();
    let dataset = json!({"value": 5, "datasetId": "urn:d:1", "observedAt": "2026-03-01T09:00:00Z"});
    let all = json!([at(9, 1), {"value": 2, "unitCode": "CEL", "observedAt": "2026-03-01T10:00:00Z"}, dataset]);
    city.done("POST", EVOLUTIONS, &json!({"id": ROOM, "type": "Room", "a": all})).await;
    city.later(60);
    let ids = city.instances(ROOM, "a").await.iter().map(|(_, one)| one.key.to_string()).collect();
    (city, ids)
}

fn path(attribute: &str, id: &str) -> String {
    format!("{EVOLUTIONS}/{ROOM}/attrs/{attribute}/{id}")
}

/// The instance with this id.
async fn one(city: &City, id: &str) -> machi_archive::Instance {
    let all = city.instances(ROOM, "a").await;
    all.into_iter().map(|(_, one)| one).find(|one| one.key.to_string() == id).unwrap()
}

// §5.6.14: the instance is replaced, not merged; it keeps what identifies it.
#[tokio::test]
async fn an_instance_is_replaced() {
    let (city, ids) = given().await;
    let all = city.instances(ROOM, "a").await;
    let (_, second) = all.iter().find(|(_, one)| said(one).1 == "2").unwrap();
    let id = second.key.to_string();
    let reply = city.send("PATCH", &path("a", &id), &json!({"type": "Property", "value": 7})).await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (204, 0));
    let now = one(&city, &id).await;
    assert_eq!(said(&now), ("Property".into(), "7".into(), None));
    assert_eq!(now.key, second.key);
    assert!(now.modified_at > second.modified_at);
    city.done("PATCH", &path("a", &id), &json!({"a": [at(12, "x")]})).await;
    assert_eq!(said(&one(&city, &id).await), ("Property".into(), "\"x\"".into(), Some(hour(12))));
    assert_eq!(city.instances(ROOM, "a").await.len(), ids.len());
    assert_eq!(city.past().await.replaced(&[ROOM.into()]).unwrap().len(), 2);
}

#[tokio::test]
async fn an_instance_of_a_dataset_stays_in_it() {
    let (city, _) = given().await;
    let all = city.instances(ROOM, "a").await;
    let (series, inner) = all.iter().find(|(series, _)| series.dataset.is_some()).unwrap();
    let id = inner.key.to_string();
    assert_eq!(series.dataset.as_deref(), Some("urn:d:1"));
    city.done("PATCH", &path("a", &id), &json!({"value": 6})).await;
    let other = json!({"value": 6, "datasetId": "urn:d:2"});
    assert_eq!(city.fault("PATCH", &path("a", &id), &other).await, (400, "BadRequestData".into()));
    let all = city.instances(ROOM, "a").await;
    assert_eq!(all.iter().filter(|(series, _)| series.dataset.is_some()).count(), 1);
}

// docs/temporal-api.md, D3: no two instances of a series are moved to one time.
#[tokio::test]
async fn an_instance_is_not_moved_onto_another() {
    let (city, _) = given().await;
    let all = city.instances(ROOM, "a").await;
    let (_, second) = all.iter().find(|(_, one)| said(one).1 == "2").unwrap();
    let reply = city.send("PATCH", &path("a", &second.key.to_string()), &at(9, 3)).await;
    assert_eq!(reply.status, 400);
    let (_, first) = all.iter().find(|(series, one)| series.dataset.is_none() && said(one).1 == "1").unwrap();
    assert!(String::from_utf8(reply.body).unwrap().contains(&first.key.to_string()));
}

#[tokio::test]
async fn what_is_not_there_or_wrong_is_refused() {
    let (city, ids) = given().await;
    let body = json!({"value": 1});
    for (wrong, fault) in [
        (path("a", "urn:ngsi-ld:Instance:1-0"), (404, "ResourceNotFound")),
        (path("a", "urn:x:1"), (404, "ResourceNotFound")),
        (path("b", &ids[0]), (404, "ResourceNotFound")),
        (path("a", "no%20iri"), (400, "BadRequestData")),
        (format!("{EVOLUTIONS}/urn:ngsi-ld:Room:2/attrs/a/{}", ids[0]), (404, "ResourceNotFound")),
        (format!("{EVOLUTIONS}/room/attrs/a/{}", ids[0]), (400, "BadRequestData")),
    ] {
        assert_eq!(city.fault("PATCH", &wrong, &body).await, (fault.0, fault.1.to_owned()), "{wrong}");
        assert_eq!(city.fault("DELETE", &wrong, &Value::Null).await, (fault.0, fault.1.to_owned()), "{wrong}");
    }
    for wrong in [
        json!({"a": []}),
        json!({"a": [{"value": 1}, {"value": 2}]}),
        json!({"a": {"value": 1}, "b": {"value": 1}}),
        json!({"type": "Property"}),
    ] {
        assert_eq!(city.fault("PATCH", &path("a", &ids[0]), &wrong).await, (400, "BadRequestData".into()), "{wrong}");
    }
    assert_eq!(city.past().await.replaced(&[ROOM.into()]).unwrap(), []);
}
