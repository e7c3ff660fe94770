//! Linked entity retrieval: inline and flat, over levels, around circles, through lists.

use serde_json::{Value, json};

use crate::city::City;

/// A vehicle in a parking, which belongs to a company, which owns the vehicle; two passengers; a route.
async fn city() -> City {
    let city = City::new();
    for entity in [
        r#"{"id":"urn:x:car","type":"Vehicle","brand":"M","isParked":{"type":"Relationship","object":"urn:x:parking"},
            "passengers":{"type":"Relationship","object":["urn:x:alice","urn:x:nobody","urn:x:bob"]},
            "route":{"type":"ListRelationship","objectList":["urn:x:fukui","urn:x:sabae"]}}"#,
        r#"{"id":"urn:x:parking","type":"Parking","name":"Top","spots":10,"operatedBy":{"type":"Relationship","object":"urn:x:company"}}"#,
        r#"{"id":"urn:x:company","type":"Company","name":"Big","owns":{"type":"Relationship","object":"urn:x:car"}}"#,
        r#"{"id":"urn:x:alice","type":"Person","name":"Alice"}"#,
        r#"{"id":"urn:x:bob","type":"Person","name":"Bob","knows":{"type":"Relationship","object":"urn:x:alice"}}"#,
        r#"{"id":"urn:x:fukui","type":"City","name":"Fukui"}"#,
        r#"{"id":"urn:x:sabae","type":"City","name":"Sabae"}"#,
    ] {
        city.given(entity).await;
    }
    city
}

async fn get(city: &City, path: &str) -> Value {
    let reply = city.ask("GET", path, &[]).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.value()
}

#[tokio::test]
async fn inline_embeds_linked_entities_in_their_relationships() {
    let city = city().await;
    let value = get(&city, "/entities/urn:x:car?join=inline&omit=route").await;
    assert_eq!(
        value["isParked"],
        json!({"type": "Relationship", "object": "urn:x:parking", "entity": {"id": "urn:x:parking", "type": "Parking",
            "name": {"type": "Property", "value": "Top"}, "spots": {"type": "Property", "value": 10},
            "operatedBy": {"type": "Relationship", "object": "urn:x:company"}}})
    );
    let names: Vec<&Value> =
        value["passengers"]["entity"].as_array().unwrap().iter().map(|entity| &entity["name"]["value"]).collect();
    assert_eq!(names, ["Alice", "Bob"], "what is not here is left out");
    let list = get(&city, "/entities/urn:x:car?join=inline&pick=route,name&format=concise").await;
    assert_eq!(
        list,
        json!({"route": {"objectList": ["urn:x:fukui", "urn:x:sabae"], "entityList": [{"name": "Fukui"}, {"name": "Sabae"}]}})
    );
}

#[tokio::test]
async fn simplified_puts_the_entity_in_place_of_its_id() {
    let city = city().await;
    let value = get(&city, "/entities/urn:x:car?join=inline&joinLevel=2&format=simplified").await;
    assert_eq!(
        value,
        json!({"id": "urn:x:car", "type": "Vehicle", "brand": "M",
            "isParked": {"id": "urn:x:parking", "type": "Parking", "name": "Top", "spots": 10,
                "operatedBy": {"id": "urn:x:company", "type": "Company", "name": "Big", "owns": "urn:x:car"}},
            "passengers": [{"id": "urn:x:alice", "type": "Person", "name": "Alice"}, "urn:x:nobody",
                {"id": "urn:x:bob", "type": "Person", "name": "Bob", "knows": {"id": "urn:x:alice", "type": "Person", "name": "Alice"}}],
            "route": [{"id": "urn:x:fukui", "type": "City", "name": "Fukui"}, {"id": "urn:x:sabae", "type": "City", "name": "Sabae"}]})
    );
}

#[tokio::test]
async fn circles_end_where_they_close() {
    let city = city().await;
    let value = get(&city, "/entities/urn:x:car?join=inline&joinLevel=9&format=simplified").await;
    assert_eq!(value["isParked"]["operatedBy"]["owns"], "urn:x:car");
    let flat =
        get(&city, "/entities/urn:x:car?join=flat&joinLevel=999999&pick=id,isParked,operatedBy,owns&format=simplified")
            .await;
    let ids: Vec<&Value> = flat.as_array().unwrap().iter().map(|entity| &entity["id"]).collect();
    assert_eq!(ids, ["urn:x:car", "urn:x:parking", "urn:x:company"]);
}

#[tokio::test]
async fn flat_appends_each_linked_entity_once() {
    let city = city().await;
    let ids = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|entity| entity["id"].as_str().unwrap().to_owned()).collect()
    };
    let value = get(&city, "/entities/urn:x:car?join=flat").await;
    assert_eq!(ids(&value), ["urn:x:car", "urn:x:parking", "urn:x:alice", "urn:x:bob", "urn:x:fukui", "urn:x:sabae"]);
    assert!(value[0]["isParked"].get("entity").is_none());
    let value = get(&city, "/entities?type=Person&join=flat&joinLevel=3").await;
    assert_eq!(ids(&value), ["urn:x:alice", "urn:x:bob"], "alice is among the entities asked for");
    let value = get(&city, "/entities/urn:x:car?join=flat&joinLevel=2&containedBy=urn:x:parking,urn:x:alice&pick=id,isParked,passengers,operatedBy").await;
    assert_eq!(ids(&value), ["urn:x:car", "urn:x:bob"], "what the client has is not followed to");
    let alone = get(&city, "/entities/urn:x:alice?join=flat").await;
    assert_eq!(ids(&alone), ["urn:x:alice"], "flattened, the answer is always an array");
}

#[tokio::test]
async fn braces_choose_what_is_shown_of_linked_entities() {
    let city = city().await;
    let value = get(
        &city,
        "/entities/urn:x:car?join=inline&joinLevel=2&format=simplified&pick=id,isParked%7Bname,operatedBy%7Bname%7D%7D",
    )
    .await;
    assert_eq!(value, json!({"id": "urn:x:car", "isParked": {"name": "Top", "operatedBy": {"name": "Big"}}}));
    let value = get(
        &city,
        "/entities/urn:x:car?join=inline&format=simplified&omit=route,passengers,id,isParked%7Bspots,operatedBy%7D",
    )
    .await;
    assert_eq!(
        value,
        json!({"type": "Vehicle", "brand": "M", "isParked": {"id": "urn:x:parking", "type": "Parking", "name": "Top"}})
    );
    for query in ["join=inline&pick=isParked%7BoperatedBy%7Bname%7D%7D", "pick=isParked%7Bname%7D"] {
        let reply = city.ask("GET", &format!("/entities/urn:x:car?{query}"), &[]).await;
        assert_eq!(reply.fault(), (400, "BadRequestData".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn conditions_reach_over_links() {
    let city = city().await;
    let found = async |q: &str| -> Vec<String> {
        let value = get(&city, &format!("/entities?q={q}&join=inline&joinLevel=3&pick=id")).await;
        value.as_array().unwrap().iter().map(|entity| entity["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found("isParked%7Bname%7D==%22Top%22").await, ["urn:x:car"]);
    assert_eq!(found("isParked%7BParking:spots%7D%3E5").await, ["urn:x:car"]);
    assert_eq!(found("isParked%7BCompany:spots%7D%3E5").await, Vec::<String>::new());
    assert_eq!(found("owns%7BisParked%7Bspots%7D%7D==10").await, ["urn:x:company"]);
    assert_eq!(found("passengers%7Bname%7D==%22Bob%22;!isParked%7Bunknown%7D").await, ["urn:x:car"]);
    let body = r#"{"type":"Query","q":"route{name}==\"Sabae\"","join":"flat","joinLevel":1,"pick":["id","route"]}"#;
    let reply = city.json("POST", "/entityOperations/query?format=simplified", &[], body).await;
    assert_eq!(reply.value().as_array().unwrap().len(), 3, "{}", reply.text());
}

#[tokio::test]
async fn features_embed_entities_too() {
    let city = city().await;
    let reply = city
        .ask("GET", "/entities/urn:x:bob?join=inline&format=simplified", &[("accept", "application/geo+json")])
        .await;
    assert_eq!(reply.value()["properties"]["knows"]["name"], "Alice");
    let reply = city.ask("GET", "/entities/urn:x:bob?join=flat", &[("accept", "application/geo+json")]).await;
    assert_eq!(reply.value()["features"].as_array().unwrap().len(), 2);
}
