//! Retrieving one entity: representations, members, instances, languages, versions, conditions.

use serde_json::{Value, json};

use crate::city::{City, Reply};

const CONTEXT: &str = "https://example.org/city.jsonld";
const LINK: &str =
    "<https://example.org/city.jsonld>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"";
const CORE_LINK: &str = "<https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"";
const PATH: &str = "/entities/urn:ngsi-ld:Room:1";

const ROOM: &str = r#"{"id":"urn:ngsi-ld:Room:1","type":["Room","Place"],"scope":"/west",
    "temperature":{"type":"Property","value":20,"unitCode":"CEL","observedAt":"2026-11-22T09:00:00Z"},
    "name":{"type":"LanguageProperty","languageMap":{"en":"hall","ja":"広間"}},
    "speed":[{"type":"Property","value":1},{"type":"Property","value":2,"datasetId":"urn:x:gps"}],
    "category":{"type":"VocabProperty","vocab":"big"},
    "notes":{"type":"JsonProperty","json":{"a":[1]}},
    "floors":{"type":"ListProperty","valueList":[1,2]},
    "isIn":{"type":"Relationship","object":"urn:ngsi-ld:Building:1","objectType":"Building"},
    "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[136.2,36.0]}}}"#;

async fn city() -> City {
    let city = City::new();
    city.web
        .put(CONTEXT, r#"{"@context":{"temperature":"https://example.org/temp","Room":"https://example.org/Room"}}"#);
    city.given(ROOM).await;
    city
}

async fn get(city: &City, query: &str) -> Value {
    let reply = city.ask("GET", &format!("{PATH}{query}"), &[]).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    reply.value()
}

fn fault(reply: &Reply) -> (u16, String) {
    reply.fault()
}

#[tokio::test]
async fn an_entity_comes_back_normalized_with_a_link_to_its_context() {
    let city = city().await;
    let reply = city.ask("GET", PATH, &[]).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/json"));
    assert_eq!(reply.header("link"), CORE_LINK);
    let mut expected: Value = serde_json::from_str(ROOM).unwrap();
    assert_eq!(reply.value(), expected);

    let reply = city.ask("GET", PATH, &[("accept", "application/ld+json")]).await;
    assert_eq!((reply.header("content-type"), reply.header("link")), ("application/ld+json", ""));
    expected["@context"] = json!("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld");
    assert_eq!(reply.value(), expected);
}

#[tokio::test]
async fn names_are_as_the_context_of_the_request_has_them() {
    let city = city().await;
    let reply = city.ask("GET", PATH, &[("link", LINK)]).await;
    assert_eq!(reply.header("link"), LINK);
    let value = reply.value();
    assert!(value.get("temperature").is_none(), "that term means something else now: {value}");
    let prefixed = |name: &str| format!("ngsi-ld:default-context/{name}");
    assert_eq!(value[prefixed("temperature")]["value"], 20, "{value}");
    assert_eq!(value["type"], json!([prefixed("Room"), "Place"]));
    let missing = LINK.replace("city", "nowhere");
    assert_eq!(fault(&city.ask("GET", PATH, &[("link", &missing)]).await), (504, "LdContextNotAvailable".to_owned()));
}

#[tokio::test]
async fn formats_are_chosen_by_format_or_options() {
    let city = city().await;
    let simplified = json!({
        "id": "urn:ngsi-ld:Room:1", "type": ["Room", "Place"], "scope": "/west", "temperature": 20,
        "name": {"languageMap": {"en": "hall", "ja": "広間"}}, "speed": {"dataset": {"@none": 1, "urn:x:gps": 2}},
        "category": {"vocab": "big"}, "notes": {"json": {"a": [1]}}, "floors": [1, 2],
        "isIn": "urn:ngsi-ld:Building:1", "location": {"type": "Point", "coordinates": [136.2, 36.0]}
    });
    for query in [
        "?format=simplified",
        "?options=keyValues",
        "?options=simplified",
        "?format=keyValues",
        "?format=simplified&options=concise",
    ] {
        assert_eq!(get(&city, query).await, simplified, "{query}");
    }
    let concise = get(&city, "?options=concise,sysAttrs&pick=temperature,createdAt").await;
    assert_eq!(
        concise,
        json!({"createdAt": "2026-11-22T10:00:00Z", "temperature": {"value": 20, "unitCode": "CEL",
            "observedAt": "2026-11-22T09:00:00Z", "createdAt": "2026-11-22T10:00:00Z", "modifiedAt": "2026-11-22T10:00:00Z"}})
    );
    for query in ["?format=verbose", "?options=count", "?options=sysattrs"] {
        assert_eq!(fault(&city.ask("GET", &format!("{PATH}{query}"), &[]).await), (400, "InvalidRequest".to_owned()));
    }
}

#[tokio::test]
async fn members_are_picked_and_omitted() {
    let city = city().await;
    assert_eq!(
        get(&city, "?pick=id,temperature&format=simplified").await,
        json!({"id": "urn:ngsi-ld:Room:1", "temperature": 20})
    );
    assert_eq!(
        get(&city, "?attrs=temperature,unknown&format=simplified").await,
        json!({"id": "urn:ngsi-ld:Room:1", "type": ["Room", "Place"], "scope": "/west", "temperature": 20})
    );
    let without = get(&city, "?omit=scope,name%7Ctemperature&format=simplified").await;
    assert!(without.get("scope").is_none() && without.get("name").is_none() && without.get("speed").is_some());
    for query in ["?pick=unknown", "?attrs=unknown"] {
        assert_eq!(
            fault(&city.ask("GET", &format!("{PATH}{query}"), &[]).await),
            (404, "ResourceNotFound".to_owned()),
            "{query}"
        );
    }
    for query in ["?pick=", "?pick=a%7Bb%7D", "?omit=a,,b", "?pick=a&attrs=b", "?pick=isIn%7Bname%7D&join=@none"] {
        assert_eq!(
            fault(&city.ask("GET", &format!("{PATH}{query}"), &[]).await),
            (400, "BadRequestData".to_owned()),
            "{query}"
        );
    }
}

#[tokio::test]
async fn instances_and_languages_are_chosen() {
    let city = city().await;
    assert_eq!(
        get(&city, "?datasetId=urn:x:gps&format=simplified").await,
        json!({"id": "urn:ngsi-ld:Room:1", "type": ["Room", "Place"], "scope": "/west", "speed": 2})
    );
    assert_eq!(
        get(&city, "?datasetId=@none,urn:x:gps&pick=speed&format=simplified").await,
        json!({"speed": {"dataset": {"@none": 1, "urn:x:gps": 2}}})
    );
    assert_eq!(
        get(&city, "?lang=ja&pick=name").await,
        json!({"name": {"type": "Property", "value": "広間", "lang": "ja"}})
    );
    assert_eq!(get(&city, "?lang=fr,en;q=0.5&pick=name&format=simplified").await, json!({"name": "hall"}));
    for query in ["?datasetId=gps", "?lang=e%20n"] {
        assert_eq!(
            fault(&city.ask("GET", &format!("{PATH}{query}"), &[]).await),
            (400, "BadRequestData".to_owned()),
            "{query}"
        );
    }
}

#[tokio::test]
async fn geojson_takes_its_geometry_from_a_chosen_attribute() {
    let city = city().await;
    let geo = ("accept", "application/geo+json");
    let reply = city.ask("GET", &format!("{PATH}?format=simplified&attrs=temperature,location"), &[geo]).await;
    assert_eq!((reply.header("content-type"), reply.header("link")), ("application/geo+json", ""));
    assert_eq!(
        reply.value(),
        json!({"id": "urn:ngsi-ld:Room:1", "type": "Feature", "geometry": {"type": "Point", "coordinates": [136.2, 36.0]},
            "properties": {"type": ["Room", "Place"], "scope": "/west", "temperature": 20,
                "location": {"type": "Point", "coordinates": [136.2, 36.0]}},
            "@context": "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"})
    );
    let reply = city.ask("GET", &format!("{PATH}?geometryProperty=speed"), &[geo, ("prefer", "body=json")]).await;
    assert_eq!(reply.header("link"), CORE_LINK);
    assert!(reply.value()["geometry"].is_null() && reply.value().get("@context").is_none());
    let reply = city.ask("GET", &format!("{PATH}?geometryProperty=location"), &[]).await;
    assert_eq!(fault(&reply), (400, "BadRequestData".to_owned()));
    assert_eq!(city.ask("GET", PATH, &[("accept", "text/html")]).await.status, 406);
}

#[tokio::test]
async fn earlier_versions_of_the_standard_get_what_they_know() {
    let city = city().await;
    let reply = city.ask("GET", &format!("{PATH}?pick=category,isIn,floors"), &[("prefer", "ngsi-ld=1.7")]).await;
    assert_eq!((reply.status.as_u16(), reply.header("preference-applied")), (203, "ngsi-ld=1.7"));
    assert_eq!(
        reply.value(),
        json!({"category": {"type": "Property", "value": "big"}, "floors": {"type": "Property", "value": [1, 2]},
            "isIn": {"type": "Relationship", "object": "urn:ngsi-ld:Building:1"}})
    );
    let reply = city.ask("GET", &format!("{PATH}?pick=temperature"), &[("prefer", "ngsi-ld=1.8")]).await;
    assert_eq!((reply.status.as_u16(), reply.header("preference-applied")), (200, "ngsi-ld=1.8"));
    let reply = city.ask("GET", PATH, &[("prefer", "ngsi-ld=2.0")]).await;
    assert_eq!((reply.status.as_u16(), reply.header("preference-applied")), (200, "ngsi-ld=1.9"));
    let reply = city.ask("GET", PATH, &[("prefer", "ngsi-ld=1.0")]).await;
    assert_eq!(reply.value()["type"], "Room");
    assert_eq!(reply.value()["speed"], json!({"type": "Property", "value": 1}));
    assert_eq!(city.ask("GET", PATH, &[]).await.header("preference-applied"), "");
}

#[tokio::test]
async fn what_the_client_has_already_is_not_sent_again() {
    let city = city().await;
    let etag = city.ask("GET", PATH, &[]).await.header("etag").to_owned();
    let again = city.ask("GET", PATH, &[("if-none-match", &etag)]).await;
    assert_eq!((again.status.as_u16(), again.body.len(), again.header("etag")), (304, 0, etag.as_str()));
    for (query, headers) in
        [("?format=simplified", vec![]), ("", vec![("accept", "application/ld+json")]), ("", vec![("link", LINK)])]
    {
        let headers = [headers, vec![("if-none-match", etag.as_str())]].concat();
        assert_eq!(
            city.ask("GET", &format!("{PATH}{query}"), &headers).await.status,
            200,
            "another representation: {query}"
        );
    }
    let stale = city.json("PATCH", &format!("{PATH}/attrs"), &[("if-match", "\"0-0\"")], r#"{"temperature":21}"#).await;
    assert_eq!(stale.status, 412);
    let seen = city.ask("GET", PATH, &[("link", LINK)]).await.header("etag").to_owned();
    let changed = city.json("PATCH", &format!("{PATH}/attrs"), &[("if-match", &seen)], r#"{"temperature":21}"#).await;
    assert_eq!(changed.status, 204, "the tag of any representation stands for its version");
    let reply = city.ask("GET", PATH, &[("if-none-match", &etag)]).await;
    assert_eq!((reply.status.as_u16(), &reply.value()["temperature"]["value"]), (200, &json!(21)));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let city = city().await;
    for path in [
        "/entities/urn:ngsi-ld:Room:2",
        "/entities/urn:ngsi-ld:Room:1?type=House",
        "/entities/urn:ngsi-ld:Room:1?type=(Room;House)",
    ] {
        assert_eq!(fault(&city.ask("GET", path, &[]).await), (404, "ResourceNotFound".to_owned()), "{path}");
    }
    assert_eq!(city.ask("GET", &format!("{PATH}?type=(Room;Place)&local=true"), &[]).await.status, 200);
    assert_eq!(city.ask("GET", "/entities/urn:ngsi-ld:Room%3A1", &[]).await.status, 200);
    assert_eq!(fault(&city.ask("GET", "/entities/room", &[]).await), (400, "BadRequestData".to_owned()));
    assert_eq!(fault(&city.ask("GET", "/entities/urn:%zz", &[]).await), (400, "BadRequestData".to_owned()));
    assert_eq!(fault(&city.ask("GET", &format!("{PATH}?limit=3"), &[]).await), (400, "InvalidRequest".to_owned()));
    assert_eq!(fault(&city.ask("GET", &format!("{PATH}?type=(("), &[]).await), (400, "BadRequestData".to_owned()));
    let unknown = city.ask("GET", PATH, &[("ngsild-tenant", "nowhere")]).await;
    assert_eq!(fault(&unknown), (404, "NonexistentTenant".to_owned()));
    let supported = city.ask("GET", &format!("{PATH}?entityMap=true"), &[]).await;
    assert_eq!(fault(&supported), (422, "OperationNotSupported".to_owned()));
}

#[tokio::test]
async fn what_has_expired_is_not_there() {
    let city = city().await;
    city.given(
        r#"{"id":"urn:ngsi-ld:Alert:1","type":"Alert","expiresAt":"2026-11-22T11:00:00Z",
        "level":{"value":1,"source":{"value":"a","expiresAt":"2026-11-22T10:20:00Z"}},
        "note":{"value":"x","expiresAt":"2026-11-22T10:30:00Z"}}"#,
    )
    .await;
    let path = "/entities/urn:ngsi-ld:Alert:1";
    let full = city.ask("GET", &format!("{path}?options=sysAttrs,concise"), &[]).await.value();
    assert_eq!(full["expiresAt"], "2026-11-22T11:00:00Z");
    assert_eq!(full["note"]["expiresAt"], "2026-11-22T10:30:00Z");
    assert!(city.ask("GET", path, &[]).await.value()["note"].get("expiresAt").is_none());
    let etag = city.ask("GET", path, &[]).await.header("etag").to_owned();
    city.later(25 * 60);
    assert!(city.ask("GET", path, &[]).await.value()["level"].get("source").is_none());
    city.later(10 * 60);
    let reply = city.ask("GET", path, &[("if-none-match", &etag)]).await;
    assert_eq!(reply.status, 200);
    assert!(reply.value().get("note").is_none());
    city.later(30 * 60);
    assert_eq!(city.ask("GET", path, &[]).await.status, 404);
}
