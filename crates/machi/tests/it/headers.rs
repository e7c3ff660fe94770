//! Version negotiation (§4.3.6.8, §6.3.6), entity tags, requests from browsers, compression.

use crate::kit::*;

const PATH: &str = "/entities/urn:ngsi-ld:T:x";

fn modern() -> Value {
    t(
        "x",
        json!({
            "scope": "/Tokyo",
            "plain": {"type": "Property", "value": 1, "unitCode": "CEL", "observedAt": "2024-01-01T00:00:00Z"},
            "typed": {"type": "Property", "value": 1, "valueType": "https://example.org/int"},
            "says": {"type": "LanguageProperty", "languageMap": {"en": "yes"}},
            "raw": {"type": "JsonProperty", "json": {"id": "1"}},
            "gender": {"type": "VocabProperty", "vocab": "Male"},
            "list": {"type": "ListProperty", "valueList": [1, 2]},
            "route": {"type": "ListRelationship", "objectList": [{"object": "urn:ngsi-ld:S:1"}, {"object": "urn:ngsi-ld:S:2"}]},
            "owner": {"type": "Relationship", "object": "urn:ngsi-ld:P:1", "objectType": "P"},
        }),
    )
}

// §4.3.6.8: For an older version newer kinds of attributes become Properties or Relationships, newer members go.
// §6.5.3.1: An altered answer is 203 and names the version in Preference-Applied.
#[test]
fn an_entity_is_given_as_an_older_version_knows_it() {
    let tenant = tenant_with([&modern()]);
    let answer = tenant.get(PATH).header("Prefer", "ngsi-ld=1.5").send().expect_status(203);
    assert_eq!(answer.expect_header("Preference-Applied"), "ngsi-ld=1.5");
    let entity = answer.json();
    assert_eq!(entity["says"], modern()["says"]);
    assert_eq!(entity["scope"], "/Tokyo");
    assert_eq!((&entity["raw"]["type"], &entity["raw"]["value"]), (&json!("Property"), &json!({"id": "1"})));
    assert_eq!(entity["gender"]["type"], "Property");
    assert!(entity["gender"]["value"].as_str().is_some_and(|value| value.ends_with("Male")), "{entity}");
    assert_eq!((&entity["list"]["type"], &entity["list"]["value"]), (&json!("Property"), &json!([1, 2])));
    assert_eq!(entity["route"], json!({"type": "Relationship", "object": ["urn:ngsi-ld:S:1", "urn:ngsi-ld:S:2"]}));
    assert_eq!((entity["typed"].get("valueType"), entity["owner"].get("objectType")), (None, None));
    assert_eq!(entity["plain"], modern()["plain"]);
}

// §4.3.6.8: For version 1.3 there are no scopes and languages, for 1.0 one type, one instance and bare members.
#[test]
fn an_entity_is_given_as_the_first_versions_know_it() {
    let mut entity = modern();
    entity["type"] = json!(["T", "Second"]);
    entity["speed"] = json!([property(1), {"type": "Property", "value": 2, "datasetId": "urn:ngsi-ld:D:1"}]);
    let tenant = tenant_with([&entity]);
    let at = |version: &str| {
        tenant.get(PATH).header("Prefer", &format!("ngsi-ld={version}")).send().expect_status(203).json()
    };
    let third = at("1.3");
    assert_eq!((third.get("scope"), &third["says"]["type"]), (None, &json!("Property")));
    assert_eq!(third["says"]["value"], json!({"en": "yes"}));
    let first = at("1.0");
    assert!(first["type"].is_string(), "{first}");
    assert_eq!((&first["speed"], &first["plain"]), (&property(1), &property(1)));
}

// §4.3.6.8: Where nothing has to be altered the answer is 200 and names the version.
// §6.4.3.2: Queries heed the preference too.
#[test]
fn the_current_version_alters_nothing() {
    let tenant = tenant_with([&modern()]);
    let answer = tenant.get(PATH).header("Prefer", "ngsi-ld=1.9").send().expect_status(200);
    assert_eq!(answer.expect_header("Preference-Applied"), "ngsi-ld=1.9");
    assert_eq!(answer.json(), modern());
    let list =
        tenant.get("/entities").query(&[("type", "T")]).header("Prefer", "ngsi-ld=1.5").send().expect_status(203);
    assert_eq!(list.expect_header("Preference-Applied"), "ngsi-ld=1.5");
    assert_eq!(list.json()[0]["raw"]["type"], "Property");
    let query = json!({"type": "Query", "entities": [{"type": "T"}]});
    let post =
        tenant.post("/entityOperations/query").header("Prefer", "ngsi-ld=1.5").json(query).send().expect_status(203);
    assert_eq!(post.json()[0]["raw"]["type"], "Property");
    let plain = tenant.get(PATH).send().expect_status(200);
    assert_eq!(plain.header("Preference-Applied"), None);
}

// RFC 9110 §8.8.3: An entity has a tag that changes with it; with it a client asks for what is new.
// RFC 9110 §13.1.1: A write with the tag of an older state is refused with 412 and changes nothing.
#[test]
fn entity_tags_guard_against_lost_updates() {
    let tenant = tenant_with([&t("x", json!({"a": property(1)}))]);
    let tag = || tenant.get(PATH).send().expect_status(200).expect_header("etag").to_owned();
    let first = tag();
    assert_eq!(tag(), first);
    tenant.get(PATH).header("If-None-Match", &first).send().expect_empty(304);
    let head = tenant.request("HEAD", PATH).header("If-None-Match", &first).send().expect_empty(304);
    assert_eq!(head.header("content-length"), None, "RFC 9110 §8.6: a 304 tells no other length than a 200 would");
    tenant.patch(PATH).header("If-Match", &first).json(json!({"a": property(2)})).send().expect_empty(204);
    let second = tag();
    assert_ne!(first, second);
    tenant.get(PATH).header("If-None-Match", &first).send().expect_status(200);
    // RFC 9110 §13.1.1: a condition holds for whatever the method is.
    tenant.get(PATH).header("If-Match", &first).send().expect_status(412);
    tenant.get(PATH).header("If-Match", &second).send().expect_status(200);
    let writes = [
        ("PATCH", PATH.to_owned(), json!({"a": property(3)})),
        ("PUT", PATH.to_owned(), t("x", json!({"a": property(3)}))),
        ("POST", format!("{PATH}/attrs"), json!({"a": property(3)})),
        ("PATCH", format!("{PATH}/attrs"), json!({"a": property(3)})),
        ("PATCH", format!("{PATH}/attrs/a"), json!({"value": 3})),
        ("PUT", format!("{PATH}/attrs/a"), property(3)),
        ("DELETE", format!("{PATH}/attrs/a"), Value::Null),
        ("DELETE", PATH.to_owned(), Value::Null),
    ];
    each(writes.map(|write| (format!("{} {}", write.0, write.1), write)), |(method, path, body)| {
        let request = tenant.request(method, &path).header("If-Match", &first);
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send().expect_status(412);
        assert_eq!(answer.media_type(), "application/json");
        assert_eq!(tenant.retrieve(&thing("x"))["a"], property(2));
    });
    tenant.patch(PATH).header("If-Match", "*").json(json!({"a": property(4)})).send().expect_empty(204);
    let third = tag();
    tenant.delete(PATH).header("If-Match", &third).send().expect_empty(204);
}

// RFC 9110 §13.1.1: Where several entities are written together, If-Match is refused with 412 and not passed over.
#[test]
fn no_entity_tag_guards_several_entities() {
    let entity = t("x", json!({"a": property(1)}));
    let tenant = tenant_with([&entity]);
    let other = t("x", json!({"a": property(2)}));
    let mut requests = vec![("purge".to_owned(), tenant.delete("/entities?type=T"))];
    for name in ["create", "upsert", "update", "merge"] {
        requests.push((name.to_owned(), tenant.post(&format!("/entityOperations/{name}")).json(json!([other]))));
    }
    requests.push(("delete".to_owned(), tenant.post("/entityOperations/delete").json(json!([thing("x")]))));
    for (name, request) in requests {
        let answer = request.header("If-Match", "\"1\"").send();
        assert_eq!(answer.status, 412, "{name}: {answer:?}");
        assert_eq!(tenant.retrieve(&thing("x")), entity, "{name}");
    }
}

// WHATWG Fetch, CORS protocol: A page of another origin may ask, and may read the headers that the API answers with.
#[test]
fn pages_of_other_origins_may_use_the_api() {
    let tenant = tenant_with([&t("x", json!({}))]);
    let preflight = tenant
        .request("OPTIONS", PATH)
        .header("Origin", "https://app.example")
        .header("Access-Control-Request-Method", "PATCH")
        .header("Access-Control-Request-Headers", "content-type,link,ngsild-tenant")
        .send();
    assert!(matches!(preflight.status, 200 | 204), "{preflight:?}");
    let listed = |answer: &Answer, header: &str| answer.expect_header(header).to_ascii_lowercase();
    assert!(matches!(listed(&preflight, "access-control-allow-origin").as_str(), "*" | "https://app.example"));
    for method in ["get", "post", "put", "patch", "delete"] {
        assert!(listed(&preflight, "access-control-allow-methods").contains(method), "{preflight:?}");
    }
    for header in ["content-type", "link", "ngsild-tenant"] {
        assert!(listed(&preflight, "access-control-allow-headers").contains(header), "{preflight:?}");
    }
    let answer = tenant.get(PATH).header("Origin", "https://app.example").send().expect_status(200);
    assert!(answer.header("access-control-allow-origin").is_some(), "{answer:?}");
    for header in ["link", "location", "etag", "ngsild-results-count", "ngsild-tenant"] {
        assert!(listed(&answer, "access-control-expose-headers").contains(header), "{answer:?}");
    }
}

// WHATWG Fetch, CORS protocol: No page of another origin may use what is not the standard's, also without asking first.
#[test]
fn pages_of_other_origins_change_nothing_under_machi() {
    let tenant = tenant_with([&t("x", json!({}))]);
    let own = city().client();
    let path = format!("/machi/v1/tenants/{}", tenant.tenant().unwrap());
    for page in ["https://app.example", "null", "http://127.0.0.1:5173"] {
        let preflight = own
            .request("OPTIONS", &path)
            .header("Origin", page)
            .header("Access-Control-Request-Method", "DELETE")
            .send();
        assert_eq!(preflight.header("access-control-allow-origin"), None, "{preflight:?}");
        own.delete(&path).header("Origin", page).send().expect_status(403);
        // A form asks for no leave, and a name that leads here all of a sudden needs none.
        own.post(&format!("{path}/restore")).header("Origin", page).body("text/plain", "{}").send().expect_status(403);
    }
    own.delete(&path).header("Host", "evil.example").send().expect_status(403);
    assert_eq!(tenant.retrieve(&thing("x")), t("x", json!({})));
    own.delete(&path).send().expect_status(204);
}

// RFC 9110 §12.5.3: A client that takes gzip gets a large answer compressed, any other gets it plain.
#[test]
fn large_answers_are_compressed_for_those_who_take_it() {
    let large = t("x", json!({"text": property("city ".repeat(4000))}));
    let tenant = tenant_with([&large]);
    let plain = tenant.get(PATH).send().expect_status(200);
    assert_eq!(plain.header("content-encoding"), None);
    let packed = tenant.get(PATH).header("Accept-Encoding", "gzip").send().expect_status(200);
    assert_eq!(packed.expect_header("content-encoding"), "gzip");
    assert!(packed.body.starts_with(&[0x1f, 0x8b]) && packed.body.len() < plain.body.len() / 4);
    let refused = tenant.get(PATH).header("Accept-Encoding", "gzip;q=0").send().expect_status(200);
    assert_eq!(refused.header("content-encoding"), None);
}
