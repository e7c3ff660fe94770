//! Names get numbers by what is stored: reading and refused writes leave none behind.

use machi_face::config::FaceConfig;
use serde_json::{Map, Value, json};

use crate::city::City;

const DEFAULT: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

/// Whether a name of this kind is known.
fn knows(city: &City, name: &str) -> bool {
    city.store.names().lookup(name).is_some()
}

fn room(attributes: impl Iterator<Item = String>) -> String {
    let mut members = Map::new();
    members.insert("id".to_owned(), json!("urn:ngsi-ld:Room:1"));
    members.insert("type".to_owned(), json!("Room"));
    let property = json!({"type": "Property", "value": 1, "datasetId": "urn:x:unheardOf"});
    members.extend(attributes.map(|name| (name, property.clone())));
    Value::Object(members).to_string()
}

#[tokio::test]
async fn what_is_only_asked_for_becomes_no_name() {
    let city = City::new();
    assert_eq!(city.json("POST", "/entities", &[], &room(["a".to_owned()].into_iter())).await.status, 201);
    for path in [
        "/machi/v1/dead-letters?subscription=urn:s:invented",
        "/machi/v1/deliveries?subscription=urn:s:invented",
        "/entities?type=Invented&attrs=invented&q=invented%3E1;invented.deep==2",
        "/entities?type=Room&scopeQ=/invented&orderBy=invented",
        "/entities?georel=within&geometry=Point&coordinates=%5B1,1%5D&geoproperty=invented",
        "/entities/urn:ngsi-ld:Room:1?attrs=invented&datasetId=urn:s:invented",
        "/types/Invented",
        "/attributes/invented",
    ] {
        let reply = city.ask("GET", path, &[]).await;
        assert!(reply.status.as_u16() < 500, "{path}: {}", reply.text());
    }
    for name in ["urn:s:invented", "/invented", &format!("{DEFAULT}invented"), &format!("{DEFAULT}Invented")] {
        assert!(!knows(&city, name), "{name}");
    }
}

#[tokio::test]
async fn a_refused_write_leaves_no_name_behind() {
    let mut config = FaceConfig::default();
    config.limits.attributes = 5;
    let city = City::with(config);
    assert_eq!(city.json("POST", "/entities", &[], &room(["known".to_owned()].into_iter())).await.status, 201);
    let many = room((0..6).map(|n| format!("new{n}")));
    let one = room(["new0".to_owned()].into_iter());
    let part = |text: &str| {
        let mut members: Map<String, Value> = serde_json::from_str(text).unwrap();
        members.remove("id");
        members.remove("type");
        Value::Object(members).to_string()
    };
    let path = "/entities/urn:ngsi-ld:Room:1";
    let (attributes, other) = (format!("{path}/attrs"), "/entities/urn:ngsi-ld:Room:2/attrs");
    let stale = [("if-match", "\"stale\"")];
    for (method, path, headers, body, status) in [
        ("POST", "/entities", &[][..], one.clone(), 409),
        ("POST", "/entities", &[], many.replace("Room:1", "Room:2"), 400),
        ("PUT", path, &[], many.clone(), 400),
        ("PUT", path, &stale, one.clone(), 412),
        ("POST", &attributes, &[], part(&many), 400),
        ("PATCH", &attributes, &[], part(&many), 400),
        ("PATCH", path, &[], part(&many), 400),
        ("PATCH", path, &stale, part(&one), 412),
        ("POST", other, &[], part(&one), 404),
        ("POST", "/entityOperations/create", &[], format!("[{one}]"), 207),
        ("POST", "/entityOperations/upsert", &[], format!("[{many}]"), 207),
    ] {
        let reply = city.json(method, path, headers, &body).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        for name in (0..6).map(|n| format!("{DEFAULT}new{n}")) {
            assert!(!knows(&city, &name), "{method} {path} left {name}");
        }
    }
    assert!(knows(&city, &format!("{DEFAULT}known")));
}
