//! Creating, replacing, merging, deleting entities; appending, updating, replacing, deleting attributes.

use serde_json::json;

use crate::city::City;

const ROOM: &str = r#"{"id":"urn:ngsi-ld:Room:1","type":"Room",
    "temperature":{"type":"Property","value":20,"unitCode":"CEL"},
    "name":[{"type":"Property","value":"main"},{"type":"Property","value":"本館","datasetId":"urn:x:ja"}]}"#;
const PATH: &str = "/entities/urn:ngsi-ld:Room:1";

fn fault(status: u16, kind: &str) -> (u16, String) {
    (status, kind.to_owned())
}

#[tokio::test]
async fn an_entity_is_created_once() {
    let city = City::new();
    let reply = city.json("POST", "/entities", &[], ROOM).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.header("location"), "/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1");
    assert!(!reply.header("etag").is_empty());
    assert!(reply.body.is_empty());
    let values = city.values("urn:ngsi-ld:Room:1").await.unwrap();
    assert_eq!(json!(values), json!({"@type": ["Room"], "temperature": 20, "name": "main", "name@urn:x:ja": "本館"}));

    let again = city.json("POST", "/entities", &[], ROOM).await;
    assert_eq!(again.fault(), fault(409, "AlreadyExists"));
    assert_eq!(again.detail(), "the entity urn:ngsi-ld:Room:1 exists already; PATCH or PUT changes it");
}

#[tokio::test]
async fn bad_input_is_refused_by_its_kind_and_nothing_is_stored() {
    let city = City::new();
    for (body, kind) in [
        ("", "InvalidRequest"),
        ("{", "InvalidRequest"),
        (r#"{"id":"urn:x:1","type":"T","a":NaN}"#, "InvalidRequest"),
        (r#"{"id":"urn:x:1","id":"urn:x:2","type":"T"}"#, "BadRequestData"),
        (r#"{"id":"urn:x:1","type":"T","a":"\ud800"}"#, "InvalidRequest"),
        ("[]", "BadRequestData"),
        ("null", "BadRequestData"),
        (r#"{"type":"T"}"#, "BadRequestData"),
        (r#"{"id":"urn:x:1"}"#, "BadRequestData"),
        (r#"{"id":"no iri","type":"T"}"#, "BadRequestData"),
        (r#"{"id":"urn:x:1","type":"T","a":{"type":"Property","value":"urn:ngsi-ld:null"}}"#, "BadRequestData"),
        (r#"{"id":"urn:x:1","type":"T","@context":"https://example.org/c"}"#, "BadRequestData"),
    ] {
        let reply = city.json("POST", "/entities", &[], body).await;
        assert_eq!(reply.fault(), fault(400, kind), "{body}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/json");
    }
    assert!(city.document("", "urn:x:1").await.is_none());
    let nested = format!(
        r#"{{"id":"urn:x:1","type":"T","a":{{"type":"Property","value":{}{}}}}}"#,
        "[".repeat(99),
        "]".repeat(99)
    );
    assert_eq!(city.json("POST", "/entities", &[], &nested).await.fault(), fault(400, "BadRequestData"));
}

#[tokio::test]
async fn headers_and_parameters_are_checked() {
    let city = City::new();
    let plain = city.json("POST", "/entities", &[("content-type", "text/plain")], ROOM).await;
    assert_eq!((plain.status.as_u16(), plain.body.len()), (415, 0));
    let no_length = city.send("POST", "/entities", &[("content-type", "application/json")], ROOM.into()).await;
    assert_eq!((no_length.status.as_u16(), no_length.body.len()), (411, 0));
    let unknown = city.json("POST", "/entities?optoins=x", &[], ROOM).await;
    assert_eq!(unknown.fault(), fault(400, "InvalidRequest"));
    let no_context = city.json("POST", "/entities", &[("content-type", "application/ld+json")], ROOM).await;
    assert_eq!(no_context.fault(), fault(400, "BadRequestData"));
    let both = [
        ("content-type", "application/ld+json"),
        ("link", "<https://example.org/c>; rel=\"http://www.w3.org/ns/json-ld#context\""),
    ];
    assert_eq!(city.json("POST", "/entities", &both, ROOM).await.fault(), fault(400, "BadRequestData"));
    let id = city.json("PATCH", "/entities/room", &[], "{}").await;
    assert_eq!(id.fault(), fault(400, "BadRequestData"));
}

#[tokio::test]
async fn replacing_keeps_the_time_of_creation_and_nothing_else() {
    let city = City::new();
    city.given(ROOM).await;
    let before = city.document("", "urn:ngsi-ld:Room:1").await.unwrap();
    city.later(60);
    let body = r#"{"id":"urn:ngsi-ld:Room:1","type":"Hall","temperature":{"type":"Property","value":7}}"#;
    let reply = city.json("PUT", PATH, &[], body).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    let after = city.document("", "urn:ngsi-ld:Room:1").await.unwrap();
    assert_eq!(json!(city.values("urn:ngsi-ld:Room:1").await), json!({"@type": ["Hall"], "temperature": 7}));
    assert_eq!((after.created, after.sections[0].created), (before.created, before.sections[0].created));
    assert!(after.modified > before.modified);

    let other = r#"{"id":"urn:ngsi-ld:Room:2","type":"Hall"}"#;
    assert_eq!(city.json("PUT", PATH, &[], other).await.fault(), fault(400, "BadRequestData"));
    let missing = city.json("PUT", "/entities/urn:ngsi-ld:Room:2", &[], other).await;
    assert_eq!(missing.fault(), fault(404, "ResourceNotFound"));
}

#[tokio::test]
async fn merging_goes_down_into_values() {
    let city = City::new();
    city.given(r#"{"id":"urn:ngsi-ld:Room:1","type":"Room","address":{"type":"Property","value":{"street":"A","city":"Fukui"}}}"#).await;
    let body =
        r#"{"type":"Place","address":{"type":"Property","value":{"street":"B","city":"urn:ngsi-ld:null","no":1}}}"#;
    let reply = city.json("PATCH", PATH, &[("content-type", "application/merge-patch+json")], body).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    let values = city.values("urn:ngsi-ld:Room:1").await.unwrap();
    assert_eq!(json!(values), json!({"@type": ["Room", "Place"], "address": {"street": "B", "no": 1}}));

    let simplified = city.json("PATCH", &format!("{PATH}?options=keyValues"), &[], r#"{"address":"C"}"#).await;
    assert_eq!(simplified.status, 204, "{}", simplified.text());
    assert_eq!(city.values("urn:ngsi-ld:Room:1").await.unwrap()["address"], json!("C"));
    let no_value = city.json("PATCH", PATH, &[], r#"{"co2":{"unitCode":"CEL"},"address":"D"}"#).await;
    assert_eq!(no_value.fault(), fault(400, "BadRequestData"));
    assert_eq!(city.values("urn:ngsi-ld:Room:1").await.unwrap()["address"], json!("C"));
    let missing = city.json("PATCH", "/entities/urn:x:none", &[], "{}").await;
    assert_eq!(missing.fault(), fault(404, "ResourceNotFound"));
    let time = city.json("PATCH", &format!("{PATH}?observedAt=now"), &[], "{}").await;
    assert_eq!(time.fault(), fault(400, "BadRequestData"));
}

#[tokio::test]
async fn appending_without_overwriting_tells_what_it_left() {
    let city = City::new();
    city.given(ROOM).await;
    let body =
        r#"{"temperature":{"type":"Property","value":1},"co2":{"type":"Property","value":400},"scope":"/Fukui"}"#;
    let reply = city.json("POST", &format!("{PATH}/attrs?options=noOverwrite"), &[], body).await;
    assert_eq!(reply.status, 207, "{}", reply.text());
    assert_eq!(reply.header("content-type"), "application/json");
    let name = |term: &str| format!("https://uri.etsi.org/ngsi-ld/default-context/{term}");
    let reason = "the attribute exists already and noOverwrite was asked for";
    assert_eq!(
        reply.value(),
        json!({"updated": [name("co2")], "notUpdated": [{"attributeName": name("temperature"), "reason": reason}]})
    );
    let values = city.values("urn:ngsi-ld:Room:1").await.unwrap();
    assert_eq!(
        (&values["temperature"], &values["co2"], &values["@scope"]),
        (&json!(20), &json!(400), &json!(["/Fukui"]))
    );

    let all = city.json("POST", &format!("{PATH}/attrs"), &[], body).await;
    assert_eq!(all.status, 204, "{}", all.text());
    assert_eq!(city.values("urn:ngsi-ld:Room:1").await.unwrap()["temperature"], json!(1));
    let missing = city.json("POST", "/entities/urn:x:none/attrs", &[], body).await;
    assert_eq!(missing.fault(), fault(404, "ResourceNotFound"));
}

#[tokio::test]
async fn updating_replaces_appends_and_deletes_attributes() {
    let city = City::new();
    city.given(ROOM).await;
    let body = r#"{"temperature":{"type":"Property","value":21},"co2":{"type":"Property","value":400},
        "name":{"type":"Property","value":"urn:ngsi-ld:null","datasetId":"urn:x:ja"}}"#;
    let reply = city.json("PATCH", &format!("{PATH}/attrs"), &[], body).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    let values = city.values("urn:ngsi-ld:Room:1").await.unwrap();
    assert_eq!(json!(values), json!({"@type": ["Room"], "temperature": 21, "co2": 400, "name": "main"}));
}

#[tokio::test]
async fn one_attribute_is_updated_replaced_and_deleted() {
    let city = City::new();
    city.given(ROOM).await;
    let attribute = |name: &str| format!("{PATH}/attrs/{name}");
    let reply = city.json("PATCH", &attribute("temperature"), &[], r#"{"value":25}"#).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    assert_eq!(city.values("urn:ngsi-ld:Room:1").await.unwrap()["temperature"], json!(25));
    let kind =
        city.json("PATCH", &attribute("temperature"), &[], r#"{"type":"Relationship","object":"urn:x:1"}"#).await;
    assert_eq!(kind.fault(), fault(400, "BadRequestData"));

    let reply =
        city.json("PUT", &attribute("name"), &[], r#"{"type":"Property","value":"x","datasetId":"urn:x:ja"}"#).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    let values = city.values("urn:ngsi-ld:Room:1").await.unwrap();
    assert_eq!((&values["name"], &values["name@urn:x:ja"]), (&json!("main"), &json!("x")));

    for (method, body) in [("PATCH", r#"{"value":1}"#), ("PUT", r#"{"type":"Property","value":1}"#)] {
        let missing = city.json(method, &attribute("pressure"), &[], body).await;
        assert_eq!(missing.fault(), fault(404, "ResourceNotFound"), "{method}");
        let scope = city.json(method, &attribute("scope"), &[], body).await;
        assert_eq!(scope.fault(), fault(400, "BadRequestData"), "{method}");
        let name = city.json(method, &attribute("1%20x"), &[], body).await;
        assert_eq!(name.fault(), fault(400, "BadRequestData"), "{method}");
    }

    assert_eq!(city.ask("DELETE", &format!("{}?datasetId=urn:x:ja", attribute("name")), &[]).await.status, 204);
    assert_eq!(city.ask("DELETE", &attribute("name"), &[]).await.status, 204);
    let gone = city.ask("DELETE", &attribute("name"), &[]).await;
    assert_eq!(gone.fault(), fault(404, "ResourceNotFound"));
    assert_eq!(city.ask("DELETE", &attribute("scope"), &[]).await.fault(), fault(404, "ResourceNotFound"));
    assert_eq!(city.ask("DELETE", &attribute("id"), &[]).await.fault(), fault(400, "BadRequestData"));
    assert_eq!(json!(city.values("urn:ngsi-ld:Room:1").await), json!({"@type": ["Room"], "temperature": 25}));
}

#[tokio::test]
async fn deleting_all_instances_and_the_scopes() {
    let city = City::new();
    city.given(ROOM).await;
    city.json("POST", &format!("{PATH}/attrs"), &[], r#"{"scope":["/a","/b/c"]}"#).await;
    assert_eq!(city.ask("DELETE", &format!("{PATH}/attrs/name?deleteAll=true"), &[]).await.status, 204);
    assert_eq!(city.ask("DELETE", &format!("{PATH}/attrs/scope"), &[]).await.status, 204);
    assert_eq!(json!(city.values("urn:ngsi-ld:Room:1").await), json!({"@type": ["Room"], "temperature": 20}));
}

#[tokio::test]
async fn a_deleted_entity_is_gone() {
    let city = City::new();
    city.given(ROOM).await;
    assert_eq!(city.ask("DELETE", PATH, &[]).await.status, 204);
    assert!(city.document("", "urn:ngsi-ld:Room:1").await.is_none());
    assert_eq!(city.ask("DELETE", PATH, &[]).await.fault(), fault(404, "ResourceNotFound"));
}

#[tokio::test]
async fn what_has_expired_is_not_there_and_is_removed_later() {
    let city = City::new();
    city.given(r#"{"id":"urn:ngsi-ld:Room:1","type":"Room","expiresAt":"2026-11-22T10:01:00Z","a":{"type":"Property","value":1}}"#).await;
    city.given(r#"{"id":"urn:x:2","type":"Room","a":{"type":"Property","value":1,"expiresAt":"2026-11-22T10:01:00Z"},"b":{"type":"Property","value":2}}"#).await;
    city.later(61);
    assert_eq!(city.json("PATCH", &format!("{PATH}/attrs"), &[], "{}").await.fault(), fault(404, "ResourceNotFound"));
    let attribute = city.json("PATCH", "/entities/urn:x:2/attrs/a", &[], r#"{"value":2}"#).await;
    assert_eq!(attribute.fault(), fault(404, "ResourceNotFound"));
    // A new entity under the old id takes nothing over.
    let before = city.document("", "urn:ngsi-ld:Room:1").await.unwrap();
    city.given(r#"{"id":"urn:ngsi-ld:Room:1","type":"Hall","b":{"type":"Property","value":2}}"#).await;
    let after = city.document("", "urn:ngsi-ld:Room:1").await.unwrap();
    assert!(after.created > before.created);
    assert_eq!(json!(city.values("urn:ngsi-ld:Room:1").await), json!({"@type": ["Hall"], "b": 2}));

    city.given(r#"{"id":"urn:x:3","type":"Room","expiresAt":"2026-11-22T10:02:00Z"}"#).await;
    city.later(120);
    city.broker.keep_house().await.unwrap();
    assert!(city.document("", "urn:x:3").await.is_none());
    assert_eq!(json!(city.values("urn:x:2").await), json!({"@type": ["Room"], "b": 2}));
    assert!(city.document("", "urn:ngsi-ld:Room:1").await.is_some());
}

#[tokio::test]
async fn if_match_guards_against_changes_one_has_not_seen() {
    let city = City::new();
    let etag = city.json("POST", "/entities", &[], ROOM).await.header("etag").to_owned();
    let body = r#"{"temperature":{"type":"Property","value":21}}"#;
    let reply = city.json("PATCH", &format!("{PATH}/attrs"), &[("if-match", &etag)], body).await;
    assert_eq!(reply.status, 204);
    let newer = reply.header("etag").to_owned();
    assert_ne!(newer, etag);
    let stale = city.json("PATCH", &format!("{PATH}/attrs"), &[("if-match", &etag)], body).await;
    assert_eq!(stale.fault(), fault(412, "PreconditionFailed"));
    assert_eq!(city.ask("DELETE", PATH, &[("if-match", &etag)]).await.status, 412);
    let missing = city.ask("DELETE", "/entities/urn:x:none", &[("if-match", &etag)]).await;
    assert_eq!(missing.status, 404);
    assert_eq!(city.ask("DELETE", PATH, &[("if-match", &newer)]).await.status, 204);
}

#[tokio::test]
async fn many_writers_of_one_entity_all_succeed() {
    let city = std::sync::Arc::new(City::new());
    city.given(ROOM).await;
    let writers = (0..64).map(|n| {
        let city = city.clone();
        tokio::spawn(async move {
            let body = format!(r#"{{"a{n}":{{"type":"Property","value":{n}}}}}"#);
            city.json("PATCH", &format!("{PATH}/attrs"), &[], &body).await.status
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        assert_eq!(writer.await.unwrap(), 204);
    }
    assert_eq!(city.document("", "urn:ngsi-ld:Room:1").await.unwrap().sections.len(), 3 + 64);
}

#[tokio::test]
async fn a_type_selects_the_entity_that_is_meant() {
    let city = City::new();
    city.given(ROOM).await;
    let attribute = r#"{"temperature":{"type":"Property","value":1}}"#;
    let whole = r#"{"type":"Room","temperature":{"type":"Property","value":1}}"#;
    let value = r#"{"type":"Property","value":1}"#;
    for (method, path, body) in [
        ("PATCH", "", attribute),
        ("PUT", "", whole),
        ("POST", "/attrs", attribute),
        ("PATCH", "/attrs", attribute),
        ("PATCH", "/attrs/temperature", value),
        ("PUT", "/attrs/temperature", value),
    ] {
        let other = city.json(method, &format!("{PATH}{path}?type=Hall"), &[], body).await;
        assert_eq!(other.fault(), fault(404, "ResourceNotFound"), "{method} {path}");
        let broken = city.json(method, &format!("{PATH}{path}?type=(Hall"), &[], body).await;
        assert_eq!(broken.fault(), fault(400, "BadRequestData"), "{method} {path}");
        let right = city.json(method, &format!("{PATH}{path}?type=Hall,Room"), &[], body).await;
        assert_eq!(right.status, 204, "{method} {path}: {}", right.text());
    }
    for path in ["/attrs/temperature", ""] {
        assert_eq!(city.ask("DELETE", &format!("{PATH}{path}?type=Hall"), &[]).await.status, 404);
        assert_eq!(city.ask("DELETE", &format!("{PATH}{path}?type=Room"), &[]).await.status, 204);
    }
}

#[tokio::test]
async fn a_missing_entity_is_told_before_a_wrong_body() {
    let city = City::new();
    city.given(ROOM).await;
    for (method, path) in
        [("PUT", ""), ("PATCH", ""), ("POST", "/attrs"), ("PATCH", "/attrs"), ("PUT", "/attrs/temperature")]
    {
        for body in ["{", r#"{"type":7}"#] {
            let missing = city.json(method, &format!("/entities/urn:x:none{path}"), &[], body).await;
            assert_eq!(missing.fault(), fault(404, "ResourceNotFound"), "{method} {path} {body}");
            assert_eq!(
                city.json(method, &format!("{PATH}{path}"), &[], body).await.status,
                400,
                "{method} {path} {body}"
            );
        }
    }
}
