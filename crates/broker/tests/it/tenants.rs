//! Tenants: born by their first write, kept apart, measured and erased.

use machi_face::config::{FaceConfig, TenantsConfig};
use serde_json::json;

use crate::city::City;

const ENTITY: &str = r#"{"id":"urn:x:1","type":"T","a":{"type":"Property","value":1}}"#;
const AOI: &[(&str, &str)] = &[("ngsild-tenant", "aoi")];

#[tokio::test]
async fn only_creating_makes_a_tenant() {
    let city = City::new();
    for (method, path, body) in [
        ("PATCH", "/entities/urn:x:1/attrs", "{}"),
        ("PUT", "/entities/urn:x:1", ENTITY),
        ("POST", "/entityOperations/update", "[{}]"),
        ("POST", "/entityOperations/delete", r#"["urn:x:1"]"#),
    ] {
        let reply = city.json(method, path, AOI, body).await;
        assert_eq!(reply.fault(), (404, "NonexistentTenant".to_owned()), "{method} {path}: {}", reply.text());
    }
    assert_eq!(city.ask("DELETE", "/entities/urn:x:1", AOI).await.fault().1, "NonexistentTenant");
    assert_eq!(city.ask("GET", "/jsonldContexts", AOI).await.fault().1, "NonexistentTenant");
    assert_eq!(city.json("POST", "/entities", AOI, ENTITY).await.status, 201);
    assert_eq!(city.ask("DELETE", "/entities/urn:x:1", &[]).await.fault().1, "ResourceNotFound");
    assert!(city.document("", "urn:x:1").await.is_none());
    assert_eq!(city.ask("DELETE", "/entities/urn:x:1", AOI).await.status, 204);
    let bad = city.json("POST", "/entities", &[("ngsild-tenant", "a b")], ENTITY).await;
    assert_eq!(bad.fault(), (400, "BadRequestData".to_owned()));
}

#[tokio::test]
async fn a_city_may_refuse_new_tenants() {
    let city = City::with(FaceConfig { tenants: TenantsConfig { create: false }, ..FaceConfig::default() });
    for (path, body) in
        [("/entities", ENTITY), ("/entityOperations/create", "[{}]"), ("/jsonldContexts", r#"{"@context":{}}"#)]
    {
        let reply = city.json("POST", path, AOI, body).await;
        assert_eq!(reply.fault(), (404, "NonexistentTenant".to_owned()), "{path}");
    }
    assert_eq!(city.json("POST", "/entities", &[], ENTITY).await.status, 201);
}

#[tokio::test]
async fn tenants_are_listed_measured_and_erased() {
    let city = City::new();
    city.given(ENTITY).await;
    city.json("POST", "/entities", AOI, ENTITY).await;
    let list = city.ask("GET", "/machi/v1/tenants", &[]).await.value();
    let names: Vec<&str> = list.as_array().unwrap().iter().map(|tenant| tenant["tenant"].as_str().unwrap()).collect();
    assert_eq!(names, ["-", "aoi"]);
    let one = city.ask("GET", "/machi/v1/tenants/aoi", &[]).await.value();
    assert_eq!((&one["entities"], one["bytes"].as_u64().unwrap() > 0), (&json!(1), true));
    assert_eq!(city.ask("GET", "/machi/v1/tenants/none", &[]).await.status, 404);
    assert_eq!(city.ask("DELETE", "/machi/v1/tenants/aoi", &[]).await.status, 204);
    assert_eq!(city.ask("DELETE", "/machi/v1/tenants/aoi", &[]).await.status, 404);
    assert!(city.document("", "urn:x:1").await.is_some());
    assert_eq!(city.ask("DELETE", "/entities/urn:x:1", AOI).await.fault().1, "NonexistentTenant");
}

#[tokio::test]
async fn the_source_tells_who_it_is() {
    let city = City::new();
    let reply = city.ask("GET", "/info/sourceIdentity", &[]).await;
    assert_eq!(reply.status, 200);
    let value = reply.value();
    assert_eq!((&value["type"], &value["contextSourceAlias"]), (&json!("ContextSourceIdentity"), &json!("machi")));
    assert_eq!(value["contextSourceTimeAt"], "2026-11-22T10:00:00Z");
    assert!(reply.header("link").contains("json-ld#context"));
    city.json("POST", "/entities", AOI, ENTITY).await;
    assert_eq!(city.ask("GET", "/info/sourceIdentity", AOI).await.value()["contextSourceAlias"], "machi~aoi");
    let unborn = city.ask("GET", "/info/sourceIdentity", &[("ngsild-tenant", "none")]).await;
    assert_eq!(unborn.value()["contextSourceAlias"], "machi~none");
    let linked = city.ask("GET", "/info/sourceIdentity", &[("accept", "application/ld+json")]).await;
    assert!(linked.value()["@context"].is_string());
}
