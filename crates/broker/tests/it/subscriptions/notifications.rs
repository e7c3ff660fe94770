//! What makes a notification due, and what it says.

use serde_json::{Value, json};

use super::{Working, entity, notifying, quick};
use crate::city::City;
use crate::receiver::Receiver;

async fn seen(receiver: &Receiver, count: usize) -> Vec<Value> {
    let received = receiver.wait(count).await;
    assert_eq!(received.len(), count, "more came than are due");
    received.into_iter().map(|received| received.body).collect()
}

#[tokio::test]
async fn each_change_is_told_once_with_the_state_of_its_commit() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    let id = city
        .subscribe(&receiver, json!({"notification": {"endpoint": {"receiverInfo": [{"key": "X-Key", "value": "k"}]}}}))
        .await;
    city.given(&entity("urn:x:1", 0)).await;
    for n in 1..20 {
        city.set("urn:x:1", "a", json!(n)).await;
    }
    city.set("urn:x:1", "a", json!(19)).await;
    let bodies = seen(&receiver, 20).await;
    for (n, body) in bodies.iter().enumerate() {
        assert_eq!(body["type"], "Notification");
        assert_eq!(body["subscriptionId"], json!(id));
        assert_eq!(body["data"][0]["a"], json!({"type": "Property", "value": n}), "in order, each of its own commit");
    }
    let first = &receiver.received()[0];
    assert_eq!(first.headers["content-type"], "application/json");
    assert_eq!(first.headers["x-key"], "k");
    assert!(first.headers["link"].to_str().unwrap().contains("ngsi-ld-core-context"));
    assert!(first.headers.get("ngsild-tenant").is_none());
    let mut ids: Vec<&str> = bodies.iter().map(|body| body["id"].as_str().unwrap()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 20);
    let shown = city.shown(&id).await;
    assert_eq!((&shown["notification"]["timesSent"], &shown["notification"]["status"]), (&json!(20), &json!("ok")));
    working.close().await;
}

#[tokio::test]
async fn only_what_is_asked_for_is_told() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    for members in [
        json!({"q": "a>5"}),
        json!({"watchedAttributes": ["b"]}),
        json!({"entities": [{"type": "T", "idPattern": "^urn:y:.*"}]}),
        json!({"scopeQ": "/here/#"}),
        json!({"geoQ": {"georel": "near;maxDistance==100", "geometry": "Point", "coordinates": [1, 1]}}),
        json!({"isActive": false}),
        json!({"notificationTrigger": ["entityDeleted"]}),
        json!({"entities": [{"type": "U"}]}),
    ] {
        city.subscribe(&receiver, members).await;
    }
    city.given(&entity("urn:x:1", 1)).await;
    city.set("urn:x:1", "a", json!(9)).await;
    city.set("urn:x:1", "b", json!(1)).await;
    city.given(&entity("urn:y:1", 1)).await;
    let located = json!({"id": "urn:x:2", "type": "T", "scope": "/here/now", "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 1]}}});
    city.given(&located.to_string()).await;
    assert_eq!(city.ask("DELETE", "/entities/urn:x:2", &[]).await.status, 204);
    // q twice (once with b, the value still meets it), watched once, pattern once, scope and place once, deletion once.
    let bodies = seen(&receiver, 7).await;
    let deleted = bodies.iter().find(|body| body["data"][0].get("deletedAt").is_some()).unwrap();
    let data = deleted["data"][0].as_object().unwrap();
    assert_eq!(data.keys().collect::<Vec<_>>(), ["deletedAt", "id", "type"]);
    working.close().await;
}

#[tokio::test]
async fn previous_values_and_deletions_are_shown() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    let triggers = json!(["attributeCreated", "attributeUpdated", "attributeDeleted"]);
    city.subscribe(&receiver, json!({"notificationTrigger": triggers, "notification": {"showChanges": true}})).await;
    city.given(&entity("urn:x:1", 1)).await;
    city.set("urn:x:1", "a", json!(2)).await;
    city.set("urn:x:1", "b", json!(3)).await;
    assert_eq!(city.ask("DELETE", "/entities/urn:x:1/attrs/a", &[]).await.status, 204);
    let bodies = seen(&receiver, 4).await;
    assert_eq!(bodies[0]["data"][0]["a"], json!({"type": "Property", "value": 1}));
    assert_eq!(bodies[1]["data"][0]["a"], json!({"type": "Property", "value": 2, "previousValue": 1}));
    assert_eq!(bodies[3]["data"][0]["a"], json!({"type": "Property", "value": "urn:ngsi-ld:null", "previousValue": 2}));
    assert_eq!(bodies[3]["data"][0]["b"], json!({"type": "Property", "value": 3}));
    working.close().await;
}

#[tokio::test]
async fn notifications_take_the_form_that_is_asked_for() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    let linked = json!({"id": "urn:x:9", "type": "U", "n": {"type": "Property", "value": "linked"}});
    city.given(&linked.to_string()).await;
    for (path, members) in [
        ("/values", json!({"notification": {"format": "keyValues", "attributes": ["a"]}})),
        ("/concise", json!({"notification": {"format": "concise", "omit": ["r"]}})),
        ("/ld", json!({"notification": {"endpoint": {"accept": "application/ld+json"}}})),
        ("/geo", json!({"notification": {"endpoint": {"accept": "application/geo+json"}}})),
        (
            "/plain-geo",
            json!({"notification": {"endpoint": {"accept": "application/geo+json", "receiverInfo": [{"key": "Prefer", "value": "body=json"}]}}}),
        ),
        ("/sys", json!({"notification": {"sysAttrs": true}})),
        ("/inline", json!({"notification": {"join": "inline", "format": "simplified"}})),
        ("/flat", json!({"notification": {"join": "flat", "format": "simplified"}})),
        ("/old", json!({"ngsildConformance": "1.3", "notification": {"format": "simplified"}})),
    ] {
        let mut members = members;
        super::merge(&mut members, json!({"notification": {"endpoint": {"uri": receiver.url(path)}}}));
        city.subscribe(&receiver, members).await;
    }
    let entity = json!({"id": "urn:x:1", "type": "T", "scope": "/s", "a": {"type": "Property", "value": 1}, "r": {"type": "Relationship", "object": "urn:x:9"}});
    city.given(&entity.to_string()).await;
    let received = receiver.wait(9).await;
    let of = |path: &str| received.iter().find(|one| one.path == path).unwrap();
    assert_eq!(of("/values").body["data"], json!([{"id": "urn:x:1", "type": "T", "scope": "/s", "a": 1}]));
    assert_eq!(of("/concise").body["data"], json!([{"id": "urn:x:1", "type": "T", "scope": "/s", "a": 1}]));
    assert_eq!(of("/ld").headers["content-type"], "application/ld+json");
    assert!(of("/ld").body["@context"].is_string() && of("/ld").headers.get("link").is_none());
    let geo = of("/geo");
    assert_eq!(
        (&geo.body["data"]["type"], &geo.body["data"]["features"][0]["id"]),
        (&json!("FeatureCollection"), &json!("urn:x:1"))
    );
    assert!(geo.body["data"]["@context"].is_string());
    let plain = of("/plain-geo");
    assert!(plain.body["data"].get("@context").is_none() && plain.headers.get("link").is_some());
    assert!(of("/sys").body["data"][0]["a"]["createdAt"].is_string());
    assert_eq!(of("/inline").body["data"][0]["id"], "urn:x:1");
    assert_eq!(of("/flat").body["data"][1]["n"], "linked");
    assert!(of("/old").body["data"][0].get("scope").is_none());
    working.close().await;
}

#[tokio::test]
async fn names_are_written_as_the_context_of_the_subscription_has_them() {
    let city = City::with(quick());
    city.web.put(
        "https://example.org/c.jsonld",
        r#"{"@context":{"Thing":"https://example.org/T","level":"https://example.org/level"}}"#,
    );
    let working = Working::start(&city).await;
    let receiver = Receiver::start().await;
    let link = [(
        "link",
        "<https://example.org/c.jsonld>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"",
    )];
    let body = json!({"type": "Subscription", "entities": [{"type": "Thing"}], "watchedAttributes": ["level"], "q": "level>1", "notification": {"endpoint": {"uri": receiver.url("/")}}});
    assert_eq!(city.json("POST", "/subscriptions", &link, &body.to_string()).await.status, 201);
    let entity =
        r#"{"id":"urn:x:1","type":"https://example.org/T","https://example.org/level":{"type":"Property","value":5}}"#;
    assert_eq!(city.json("POST", "/entities", &[], entity).await.status, 201);
    let received = receiver.wait(1).await;
    assert_eq!(received[0].body["data"][0]["level"]["value"], 5);
    assert!(received[0].headers["link"].to_str().unwrap().starts_with("<https://example.org/c.jsonld>"));
    working.close().await;
}

#[tokio::test]
async fn throttled_subscriptions_rest_between_notifications() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    city.subscribe(&receiver, json!({"throttling": 2.5})).await;
    city.given(&entity("urn:x:1", 0)).await;
    city.later(2);
    city.set("urn:x:1", "a", json!(1)).await;
    city.later(1);
    city.set("urn:x:1", "a", json!(2)).await;
    let bodies = seen(&receiver, 2).await;
    assert_eq!(bodies[1]["data"][0]["a"]["value"], 2);
    working.close().await;
}

#[tokio::test]
async fn periodic_notifications_tell_what_is_there() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    for (id, value) in [("urn:x:1", 1), ("urn:x:2", 7), ("urn:x:3", 9)] {
        city.given(&entity(id, value)).await;
    }
    city.subscribe(&receiver, json!({"timeInterval": 10, "q": "a>5"})).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(receiver.received().is_empty(), "the first one comes after an interval");
    city.later(11);
    let body = seen(&receiver, 1).await.remove(0);
    assert_eq!(body["data"].as_array().unwrap().len(), 2);
    // What was missed is not made up for.
    city.later(35);
    seen(&receiver, 2).await;
    working.close().await;
}

#[tokio::test]
async fn tenants_hear_of_their_own_entities_alone() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    let body = json!({"type": "Subscription", "entities": [{"type": "T"}], "notification": {"endpoint": {"uri": receiver.url("/")}}}).to_string();
    assert_eq!(city.json("POST", "/subscriptions", &[("ngsild-tenant", "aoi")], &body).await.status, 201);
    city.given(&entity("urn:x:1", 0)).await;
    assert_eq!(city.json("POST", "/entities", &[("ngsild-tenant", "aoi")], &entity("urn:x:2", 0)).await.status, 201);
    let received = receiver.wait(1).await;
    assert_eq!(received[0].body["data"][0]["id"], "urn:x:2");
    assert_eq!(received[0].headers["ngsild-tenant"], "aoi");
    working.close().await;
}

#[tokio::test]
async fn a_batch_is_told_in_one_notification() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    city.subscribe(&receiver, json!({})).await;
    let items: Vec<String> = (0..50).map(|n| entity(&format!("urn:x:{n}"), n)).collect();
    let reply = city.json("POST", "/entityOperations/create", &[], &format!("[{}]", items.join(","))).await;
    assert_eq!(reply.status, 201);
    receiver.wait(1).await;
    let told = |receiver: &Receiver| {
        receiver.received().iter().map(|one| one.body["data"].as_array().unwrap().len()).sum::<usize>()
    };
    assert!(crate::receiver::wait_for(|| told(&receiver) == 50).await, "{} told", told(&receiver));
    working.close().await;
}

#[tokio::test]
async fn an_entity_that_one_commit_changes_twice_is_told_of_twice() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    let triggers = json!(["attributeCreated", "attributeUpdated", "entityDeleted"]);
    city.subscribe(&receiver, json!({"notificationTrigger": triggers})).await;
    city.given(&entity("urn:x:1", 0)).await;
    receiver.wait(1).await;
    let body = format!("[{},{},{}]", entity("urn:x:1", 1), entity("urn:x:2", 9), entity("urn:x:1", 2));
    let reply = city.json("POST", "/entityOperations/upsert?options=update", &[], &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let all = |receiver: &Receiver| -> Vec<(String, i64)> {
        let bodies = receiver.received();
        let data = bodies.iter().flat_map(|one| one.body["data"].as_array().unwrap().clone());
        data.map(|one| (one["id"].as_str().unwrap().to_owned(), one["a"]["value"].as_i64().unwrap())).collect()
    };
    assert!(crate::receiver::wait_for(|| all(&receiver).len() == 4).await, "{:?}", all(&receiver));
    let of_first: Vec<i64> =
        all(&receiver).into_iter().filter(|(id, _)| id == "urn:x:1").map(|(_, value)| value).collect();
    assert_eq!(of_first, [0, 1, 2]);
    working.close().await;
}
