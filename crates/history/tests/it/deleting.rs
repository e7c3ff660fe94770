//! What is deleted from the past is gone for good.

use machi_types::TenantId;
use serde_json::{Value, json};

use crate::city::{City, EVOLUTIONS, at};

const ROOM: &str = "urn:ngsi-ld:Room:1";

/// A room that is there at present, with a past of two datasets.
async fn given() -> City {
    let city = City::new();
    let of = |dataset: &str| json!({"value": 5, "datasetId": dataset, "observedAt": "2026-03-01T09:00:00Z"});
    let room = json!({"id": ROOM, "type": "Room", "a": [at(9, 1), of("urn:d:1")], "b": at(9, 1), "scope": "/A"});
    city.write(&[room]).await;
    city.write(&[json!({"id": ROOM, "type": "Room", "a": at(10, 2)})]).await;
    city
}

async fn delete(city: &City, path: &str) -> u16 {
    city.send("DELETE", &format!("{EVOLUTIONS}/{ROOM}{path}"), &Value::Null).await.status.as_u16()
}

// §5.6.16: the evolution goes, the entity stays; what comes then begins anew.
#[tokio::test]
async fn an_evolution_is_deleted() {
    let city = given().await;
    assert_eq!(delete(&city, "").await, 204);
    assert!(city.evolution(ROOM).await.is_none());
    assert_eq!(city.said(ROOM, "a").await, []);
    assert_eq!(delete(&city, "").await, 404);
    assert!(city.is_there(ROOM).await);
    city.write(&[json!({"id": ROOM, "type": "Room", "a": at(11, 3)})]).await;
    assert_eq!(city.said(ROOM, "a").await.len(), 1);
}

// §5.6.13: the default dataset, one by its id, or all.
#[tokio::test]
async fn an_attribute_is_deleted() {
    for (query, left) in [
        ("", 1),
        ("?datasetId=@none", 1),
        ("?datasetId=urn:d:1", 2),
        ("?deleteAll=true", 0),
        ("?deleteAll=true&datasetId=urn:d:1", 0),
    ] {
        let city = given().await;
        assert_eq!(delete(&city, &format!("/attrs/a{query}")).await, 204, "{query}");
        assert_eq!(city.said(ROOM, "a").await.len(), left, "{query}");
        assert_eq!(delete(&city, &format!("/attrs/a{query}")).await, 404, "{query}");
        assert_eq!(city.said(ROOM, "b").await.len(), 1);
    }
    let city = given().await;
    assert_eq!(delete(&city, "/attrs/scope").await, 204);
    assert_eq!(city.said(ROOM, "scope").await, []);
    assert_eq!(delete(&city, "/attrs/c").await, 404);
    assert_eq!(delete(&city, "/attrs/a?deleteAll=perhaps").await, 400);
    assert_eq!(delete(&city, "/attrs/a?datasetId=no%20iri").await, 400);
    assert_eq!(delete(&city, "/attrs/a?type=Room").await, 400);
}

// §5.6.15: one instance; the evolution stays, even if nothing else is left.
#[tokio::test]
async fn an_instance_is_deleted() {
    let city = given().await;
    let all = city.instances(ROOM, "a").await;
    for (number, (_, one)) in all.iter().enumerate() {
        // Two instances of one commit have one key, each in its own dataset: the first that is found goes.
        let path = format!("/attrs/a/{}", one.key);
        assert_eq!(delete(&city, &path).await, 204);
        assert_eq!(city.said(ROOM, "a").await.len(), all.len() - number - 1);
    }
    assert_eq!(delete(&city, &format!("/attrs/a/{}", all[0].1.key)).await, 404);
    assert!(city.evolution(ROOM).await.is_some());
}

// A path that lost its instanceId deletes nothing.
#[tokio::test]
async fn a_path_without_its_instance_deletes_nothing() {
    let city = given().await;
    assert_eq!(delete(&city, "/attrs/a/").await, 400);
    assert_eq!(city.said(ROOM, "a").await.len(), 3);
}

// A tenant that is erased leaves no past, wherever that lies, and may come again.
#[tokio::test]
async fn an_erased_tenant_leaves_no_past() {
    let city = given().await;
    city.history.archive_now().await.unwrap();
    city.done("POST", &format!("{EVOLUTIONS}/{ROOM}/attrs"), &json!({"a": at(12, 1)})).await;
    city.face().erase(&TenantId::default_tenant(), &[]).await.unwrap();
    assert!(city.evolution(ROOM).await.is_none());
    assert_eq!(city.said(ROOM, "a").await, []);
    city.write(&[json!({"id": ROOM, "type": "Room", "a": at(13, 2)})]).await;
    assert_eq!(city.said(ROOM, "a").await.len(), 1);
    assert_eq!(city.restarted().said(ROOM, "a").await.len(), 1);
}
