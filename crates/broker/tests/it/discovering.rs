//! Discovering types and attributes.

use serde_json::{Value, json};

use crate::city::City;

const DEFAULT: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

async fn city() -> City {
    let city = City::new();
    for entity in [
        r#"{"id":"urn:x:1","type":["Room","Place"],"name":"a","level":1,"in":{"type":"Relationship","object":"urn:x:3"}}"#,
        r#"{"id":"urn:x:2","type":"Room","name":{"languageMap":{"en":"b"}},"level":[{"value":1},{"value":2,"datasetId":"urn:d:1"}]}"#,
        r#"{"id":"urn:x:3","type":"House","name":"c","location":{"type":"Point","coordinates":[1,2]}}"#,
    ] {
        city.given(entity).await;
    }
    city
}

async fn get(city: &City, path: &str) -> Value {
    let reply = city.ask("GET", path, &[]).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    assert!(reply.header("link").contains("json-ld#context"), "{path}");
    reply.value()
}

#[tokio::test]
async fn types_are_listed() {
    let city = city().await;
    let list = get(&city, "/types").await;
    assert_eq!((&list["type"], &list["typeList"]), (&json!("EntityTypeList"), &json!(["House", "Place", "Room"])));
    assert!(list["id"].as_str().unwrap().starts_with("urn:ngsi-ld:EntityTypeList:"));
    let details = get(&city, "/types?details=true&local=true").await;
    assert_eq!(
        details[2],
        json!({"id": format!("{DEFAULT}Room"), "type": "EntityType", "typeName": "Room", "attributeNames": ["in", "level", "name"]})
    );
    assert_eq!(details.as_array().unwrap().len(), 3);
    assert_eq!(get(&City::new(), "/types").await["typeList"], json!([]));
}

#[tokio::test]
async fn a_type_is_told_with_its_attributes() {
    let city = city().await;
    assert_eq!(
        get(&city, "/types/Room").await,
        json!({"id": format!("{DEFAULT}Room"), "type": "EntityTypeInfo", "typeName": "Room", "entityCount": 2, "attributeDetails": [
            {"id": format!("{DEFAULT}in"), "type": "Attribute", "attributeName": "in", "attributeTypes": ["Relationship"]},
            {"id": format!("{DEFAULT}level"), "type": "Attribute", "attributeName": "level", "attributeTypes": ["Property"]},
            {"id": format!("{DEFAULT}name"), "type": "Attribute", "attributeName": "name", "attributeTypes": ["Property", "LanguageProperty"]}]})
    );
    let house = get(&city, &format!("/types/{}", DEFAULT.replace('/', "%2F") + "House")).await;
    assert_eq!(house["attributeDetails"][0]["attributeTypes"], json!(["Property"]), "only what houses have: {house}");
    assert_eq!(house["attributeDetails"][1]["attributeTypes"], json!(["GeoProperty"]));
    assert_eq!(city.ask("GET", "/types/Nothing", &[]).await.fault(), (404, "ResourceNotFound".to_owned()));
    assert_eq!(city.ask("GET", "/types/no-name", &[]).await.fault(), (400, "BadRequestData".to_owned()));
    assert_eq!(city.ask("GET", "/types/Room?details=true", &[]).await.fault(), (400, "InvalidRequest".to_owned()));
    assert_eq!(city.ask("GET", "/types", &[("accept", "application/geo+json")]).await.status, 406);
}

#[tokio::test]
async fn attributes_are_listed_and_told() {
    let city = city().await;
    let list = get(&city, "/attributes").await;
    assert_eq!(
        (&list["type"], &list["attributeList"]),
        (&json!("AttributeList"), &json!(["in", "level", "name", "location"]))
    );
    let details = get(&city, "/attributes?details=true").await;
    assert_eq!(
        details[2],
        json!({"id": format!("{DEFAULT}name"), "type": "Attribute", "attributeName": "name", "typeNames": ["House", "Place", "Room"]})
    );
    assert_eq!(
        get(&city, "/attributes/level").await,
        json!({"id": format!("{DEFAULT}level"), "type": "Attribute", "attributeName": "level", "attributeCount": 3,
            "attributeTypes": ["Property"], "typeNames": ["Place", "Room"]})
    );
    assert_eq!(city.ask("GET", "/attributes/nothing", &[]).await.fault(), (404, "ResourceNotFound".to_owned()));
}

#[tokio::test]
async fn names_are_short_by_the_context_and_it_is_in_the_body_of_json_ld() {
    let city = city().await;
    city.web.put("https://example.org/c.jsonld", &format!(r#"{{"@context":{{"Zimmer":"{DEFAULT}Room"}}}}"#));
    let link = ("link", "<https://example.org/c.jsonld>; rel=\"http://www.w3.org/ns/json-ld#context\"");
    let reply = city.ask("GET", "/types", &[link, ("accept", "application/ld+json")]).await;
    assert_eq!(reply.value()["typeList"], json!(["House", "Place", "Zimmer"]));
    let contexts =
        json!(["https://example.org/c.jsonld", "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"]);
    assert_eq!((&reply.value()["@context"], reply.header("link")), (&contexts, ""));
    assert_eq!(city.ask("GET", "/types/Zimmer", &[link]).await.value()["entityCount"], 2);
}

#[tokio::test]
async fn what_has_expired_is_no_longer_told() {
    let city = city().await;
    city.given(r#"{"id":"urn:x:9","type":["Alert","Room"],"expiresAt":"2026-11-22T11:00:00Z","level":5,"code":7}"#)
        .await;
    assert_eq!(get(&city, "/types").await["typeList"], json!(["Alert", "House", "Place", "Room"]));
    city.later(2 * 3600);
    assert_eq!(get(&city, "/types").await["typeList"], json!(["House", "Place", "Room"]));
    assert_eq!(get(&city, "/types/Room").await["entityCount"], 2);
    assert_eq!(get(&city, "/attributes").await["attributeList"], json!(["in", "level", "name", "location"]));
    assert_eq!(city.ask("GET", "/attributes/code", &[]).await.status, 404);
    assert_eq!(city.ask("GET", "/types/Alert", &[]).await.status, 404);
}

#[tokio::test]
async fn an_attribute_is_counted_without_what_has_expired() {
    let city = city().await;
    let soon = r#""expiresAt":"2026-11-22T11:00:00Z""#;
    for (id, attribute) in [
        ("urn:x:7", format!(r#""level":{{"value":1,{soon}}}"#)),
        ("urn:x:8", format!(r#""level":[{{"value":1}},{{"object":"urn:x:1","datasetId":"urn:d:1",{soon}}}]"#)),
        ("urn:x:9", format!(r#"{soon},"level":{{"languageMap":{{"en":"b"}}}}"#)),
    ] {
        city.given(&format!(r#"{{"id":"{id}","type":"Room",{attribute}}}"#)).await;
    }
    let kinds = async || {
        let room = get(&city, "/types/Room").await;
        room["attributeDetails"].as_array().unwrap().iter().find(|told| told["attributeName"] == "level").unwrap()
            ["attributeTypes"]
            .clone()
    };
    let before = get(&city, "/attributes/level").await;
    let all = json!(["Property", "Relationship", "LanguageProperty"]);
    assert_eq!((&before["attributeCount"], &before["attributeTypes"]), (&json!(7), &all));
    assert_eq!(kinds().await, all);
    city.later(2 * 3600);
    let after = get(&city, "/attributes/level").await;
    assert_eq!((&after["attributeCount"], &after["attributeTypes"]), (&json!(4), &json!(["Property"])));
    assert_eq!(kinds().await, json!(["Property"]));
}

#[tokio::test]
async fn tenants_know_their_own_types_alone() {
    let city = city().await;
    let other = ("ngsild-tenant", "other");
    assert_eq!(city.ask("GET", "/types", &[other]).await.fault(), (404, "NonexistentTenant".to_owned()));
    city.json("POST", "/entities", &[other], r#"{"id":"urn:x:1","type":"Tree"}"#).await;
    assert_eq!(city.ask("GET", "/types", &[other]).await.value()["typeList"], json!(["Tree"]));
    assert_eq!(city.ask("GET", "/attributes", &[other]).await.value()["attributeList"], json!([]));
}
