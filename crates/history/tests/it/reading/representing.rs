//! How evolutions are written: normalized, as values with their times, in one language, with what the system knows.

use machi_model::entity::Kind;
use serde_json::{Value, json};

use super::city::{CONTEXT_URL, City, I, R1, T, at, bad, property, rooms};
use super::retrieving::many;

const KINDS: &str = "/temporal/entities/urn:ngsi-ld:Kinds:1";

/// An entity with two instances of each kind.
fn kinds() -> City {
    let city = City::new();
    let two = |one: Value, other: Value| {
        let timed = |mut instance: Value, time: &str| {
            instance["observedAt"] = json!(at(time));
            instance
        };
        json!([timed(one, "09:00"), timed(other, "09:30")])
    };
    city.given(&json!({"id": "urn:ngsi-ld:Kinds:1", "type": "Kinds",
        "prop": two(json!({"type": "Property", "value": 1, "unitCode": "CEL"}), json!({"type": "Property", "value": {"a": [2]}})),
        "place": two(json!({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}),
            json!({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [3, 4]}})),
        "name": two(json!({"type": "LanguageProperty", "languageMap": {"en": "one", "ja": "一"}}),
            json!({"type": "LanguageProperty", "languageMap": {"en": "two", "ja": "二"}})),
        "steps": two(json!({"type": "ListProperty", "valueList": [1, 2]}), json!({"type": "ListProperty", "valueList": []})),
        "blob": two(json!({"type": "JsonProperty", "json": {"a": 1}}), json!({"type": "JsonProperty", "json": [{"b": 1}]})),
        "sort": two(json!({"type": "VocabProperty", "vocab": "https://example.org/fast"}),
            json!({"type": "VocabProperty", "vocab": ["https://example.org/fast", "slow"]})),
        "head": two(json!({"type": "Relationship", "object": "urn:x:1"}),
            json!({"type": "Relationship", "object": ["urn:x:1", "urn:x:2"]})),
        "route": two(json!({"type": "ListRelationship", "objectList": ["urn:x:1"]}),
            json!({"type": "ListRelationship", "objectList": ["urn:x:2", "urn:x:1"]}))}));
    city
}

// §4.5.8: Each instance of a Relationship has its object, or several.
// §4.5.7: Each instance of each kind has its own members, in an array also where there is but one.
#[tokio::test]
async fn every_kind_is_written_normalized() {
    let value = kinds().ask(KINDS).await.good();
    for (name, first) in [
        ("prop", json!({"type": "Property", "value": 1, "unitCode": "CEL"})),
        ("place", json!({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}})),
        ("name", json!({"type": "LanguageProperty", "languageMap": {"en": "one", "ja": "一"}})),
        ("steps", json!({"type": "ListProperty", "valueList": [1, 2]})),
        ("blob", json!({"type": "JsonProperty", "json": {"a": 1}})),
        ("sort", json!({"type": "VocabProperty", "vocab": "https://example.org/fast"})),
        ("head", json!({"type": "Relationship", "object": "urn:x:1"})),
        ("route", json!({"type": "ListRelationship", "objectList": [{"object": "urn:x:1"}]})),
    ] {
        let mut expected = first;
        expected["observedAt"] = json!(at("09:00"));
        assert_eq!(value[name][0], expected, "{name}");
        assert_eq!(value[name].as_array().unwrap().len(), 2, "{name}");
    }
    let bus = rooms().ask("/temporal/entities/urn:ngsi-ld:Bus:1").await.good();
    assert_eq!(bus["speed"], json!([{"type": "Property", "value": 50, "observedAt": at("09:00")}]));
}

// §4.5.9: As values with their times each kind has a member of its own, and nothing else of an instance is given.
#[tokio::test]
async fn every_kind_is_written_as_values() {
    let city = kinds();
    let value = city.ask(&format!("{KINDS}?format=temporalValues")).await.good();
    assert_eq!(value, city.ask(&format!("{KINDS}?options=temporalValues")).await.good());
    let (a, b) = (at("09:00"), at("09:30"));
    for (name, expected) in [
        ("prop", json!({"type": "Property", "values": [[1, a], [{"a": [2]}, b]]})),
        (
            "name",
            json!({"type": "LanguageProperty", "languageMaps":
            [[{"languageMap": {"en": "one", "ja": "一"}}, a], [{"languageMap": {"en": "two", "ja": "二"}}, b]]}),
        ),
        ("steps", json!({"type": "ListProperty", "valueLists": [[[1, 2], a], [[], b]]})),
        ("blob", json!({"type": "JsonProperty", "jsons": [[{"json": {"a": 1}}, a], [{"json": [{"b": 1}]}, b]]})),
        ("head", json!({"type": "Relationship", "objects": [["urn:x:1", a], [["urn:x:1", "urn:x:2"], b]]})),
        ("route", json!({"type": "ListRelationship", "objectLists": [[["urn:x:1"], a], [["urn:x:2", "urn:x:1"], b]]})),
    ] {
        assert_eq!(value[name], expected, "{name}");
    }
    assert_eq!(value["place"]["values"][1], json!([{"type": "Point", "coordinates": [3, 4]}, b]));
}

// §5.5.7: Names and vocabulary are compacted with the @context of the request.
#[tokio::test]
async fn names_are_those_of_the_context() {
    let city = kinds();
    let link = format!("<{CONTEXT_URL}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"");
    let reply = city.send("GET", &format!("{KINDS}?format=temporalValues&attrs=sort"), &[("link", &link)], "").await;
    let value = reply.good();
    assert_eq!(value["sort"]["vocabs"][0][0], json!({"vocab": "fast"}));
    assert!(reply.header("link").contains(CONTEXT_URL));
    let headers = [("link", link.as_str()), ("accept", "application/ld+json")];
    let reply = city.send("GET", &format!("{T}?type=Kinds&{I}"), &headers, "").await;
    assert_eq!(reply.header("content-type"), "application/ld+json");
    assert!(reply.good()[0]["@context"].to_string().contains(CONTEXT_URL), "{}", reply.text());
}

// §4.5.9: Several series are several objects, each with its datasetId.
#[tokio::test]
async fn series_are_told_apart() {
    let city = City::new();
    city.given(&many());
    let value = city.ask("/temporal/entities/urn:ngsi-ld:Room:3?format=temporalValues").await.good();
    assert_eq!(
        value["temperature"],
        json!([{"type": "Property", "values": [[20, at("09:00")]]},
            {"type": "Property", "datasetId": "urn:ds:a", "values": [[30, at("09:00")], [31, at("09:30")]]},
            {"type": "Property", "datasetId": "urn:ds:b", "values": [[40, at("09:10")]]}])
    );
    assert_eq!(value["co2"], json!({"type": "Property", "datasetId": "urn:ds:a", "values": [[500, at("09:00")]]}));
}

// §4.5.9: A series that changed its kind is told by one object for each kind.
#[tokio::test]
async fn kinds_that_changed_are_told_apart() {
    let city = City::new();
    city.given(&json!({"id": "urn:ngsi-ld:Room:5", "type": "Room", "head": [
        {"type": "Property", "value": "Ann", "observedAt": at("09:00")},
        {"type": "Relationship", "object": "urn:x:1", "observedAt": at("09:10")}]}));
    let value = city.ask("/temporal/entities/urn:ngsi-ld:Room:5?format=temporalValues").await.good();
    assert_eq!(
        value["head"],
        json!([{"type": "Property", "values": [["Ann", at("09:00")]]},
            {"type": "Relationship", "objects": [["urn:x:1", at("09:10")]]}])
    );
}

// §6.3.12: format and options choose the representation; format decides, and what neither knows is refused.
#[tokio::test]
async fn format_decides_over_options() {
    let city = rooms();
    let both = city.ask(&format!("{R1}?format=temporalValues&options=aggregatedValues&aggrMethods=sum")).await.good();
    assert!(both["temperature"]["values"].is_array(), "{both}");
    let times = city.ask(&format!("{R1}?format=temporalValues&timeproperty=createdAt&attrs=co2")).await.good();
    assert_eq!(times["co2"]["values"][0], json!([400, "2026-03-05T00:00:00Z"]));
    for query in [
        "options=temporalValues,aggregatedValues",
        "format=concise",
        "format=normalized",
        "format=simplified",
        "format=keyValues",
        "format=nonsense",
        "options=nonsense",
        "options=temporalValues,nonsense",
        "format=temporalValues&options=aggregatedValues,nonsense",
        "format=temporalValues,aggregatedValues",
    ] {
        assert_eq!(city.ask(&format!("{R1}?{query}")).await.fault(), bad("InvalidRequest"), "{query}");
    }
}

// §4.15: In one language each instance is a text with its language.
#[tokio::test]
async fn texts_are_given_in_one_language() {
    let city = kinds();
    let value = city.ask(&format!("{KINDS}?lang=ja&attrs=name")).await.good();
    assert_eq!(value["name"][1], json!({"type": "Property", "value": "二", "lang": "ja", "observedAt": at("09:30")}));
    let value = city.ask(&format!("{KINDS}?lang=ja&attrs=name&format=temporalValues")).await.good();
    assert_eq!(value["name"], json!({"type": "Property", "values": [["一", at("09:00")], ["二", at("09:30")]]}));
    city.deleted("urn:ngsi-ld:Kinds:1", "name", Kind::LanguageProperty);
    let value = city.ask(&format!("{KINDS}?lang=ja&timeproperty=deletedAt")).await.good();
    assert_eq!(
        value["name"],
        json!([{"type": "Property", "value": "urn:ngsi-ld:null", "deletedAt": "2026-03-05T00:00:01Z"}])
    );
}

// §6.3.11: What the system knows of times is given where it is asked for.
#[tokio::test]
async fn times_of_the_system_are_given_where_they_are_asked_for() {
    let city = rooms();
    let value = city.ask(&format!("{R1}?options=sysAttrs")).await.good();
    let commit = json!("2026-03-05T00:00:00Z");
    for of in [&value, &value["temperature"][0], &value["co2"][1]] {
        assert_eq!((&of["createdAt"], &of["modifiedAt"], of.get("deletedAt")), (&commit, &commit, None));
    }
    let plain = city.ask(R1).await.text();
    assert!(!plain.contains("createdAt") && !plain.contains("modifiedAt"), "{plain}");
    let gone = city.gone("urn:ngsi-ld:Room:1", "2026-03-05T00:00:00Z".parse().unwrap());
    let value = city.ask(&format!("{R1}?options=sysAttrs&attrs=co2")).await.good();
    assert_eq!((&value["deletedAt"], &value["modifiedAt"]), (&json!(gone.to_string()), &json!(gone.to_string())));
    assert_eq!(city.ask(R1).await.good().get("deletedAt"), None);
}

// §4.5.7: That there is none from a time on is told by the NGSI-LD Null of its kind, and found by deletedAt alone.
#[tokio::test]
async fn deletions_are_told_by_the_null_of_their_kind() {
    let city = kinds();
    let id = "urn:ngsi-ld:Kinds:1";
    let nil = "urn:ngsi-ld:null";
    for (name, kind, member, value, bare) in [
        ("prop", Kind::Property, "value", json!(nil), json!(nil)),
        ("place", Kind::GeoProperty, "value", json!(nil), json!(nil)),
        ("head", Kind::Relationship, "object", json!(nil), json!(nil)),
        ("name", Kind::LanguageProperty, "languageMap", json!({"@none": nil}), json!({"languageMap": {"@none": nil}})),
        ("steps", Kind::ListProperty, "valueList", json!([nil]), json!([nil])),
        ("route", Kind::ListRelationship, "objectList", json!([nil]), json!([nil])),
        ("blob", Kind::JsonProperty, "json", json!(nil), json!({"json": nil})),
        ("sort", Kind::VocabProperty, "vocab", json!(nil), json!({"vocab": nil})),
    ] {
        let time = city.deleted(id, name, kind).to_string();
        let found = city.ask(&format!("{KINDS}?attrs={name}&timeproperty=deletedAt")).await.good();
        assert_eq!(found[name], json!([{"type": kind.as_str(), member: value, "deletedAt": time}]), "{name}");
        let values =
            city.ask(&format!("{KINDS}?attrs={name}&format=temporalValues&timeproperty=deletedAt")).await.good();
        assert_eq!(values[name][kind.temporal_member()], json!([[bare, time]]), "{name}");
        let all = city.ask(&format!("{KINDS}?attrs={name}")).await.good();
        assert_eq!(all[name].as_array().unwrap().len(), 3, "where no time is asked it is among the others: {name}");
        let observed =
            city.ask(&format!("{KINDS}?attrs={name}&timerel=before&timeAt=2027-01-01T00:00:00Z")).await.good();
        assert_eq!(observed[name].as_array().unwrap().len(), 2, "{name}");
    }
}

// §4.5.6: The scopes that an entity had are told as a Property; where they are gone, by an empty array.
#[tokio::test]
async fn scopes_have_a_history() {
    let city = City::new();
    let path = "/temporal/entities/urn:ngsi-ld:S:1";
    city.given(&json!({"id": "urn:ngsi-ld:S:1", "type": "Scoped", "temperature": property(&[(1.0, "09:10")]),
        "scope": [{"type": "Property", "value": "/A", "observedAt": at("08:00")},
            {"type": "Property", "value": ["/B", "/C"], "observedAt": at("09:30")}]}));
    let value = city.ask(path).await.good();
    assert_eq!(
        value["scope"],
        json!([{"type": "Property", "value": "/A", "observedAt": at("08:00")},
            {"type": "Property", "value": ["/B", "/C"], "observedAt": at("09:30")}])
    );
    let values = city.ask(&format!("{path}?format=temporalValues")).await.good();
    assert_eq!(
        values["scope"],
        json!({"type": "Property", "values": [["/A", at("08:00")], [["/B", "/C"], at("09:30")]]})
    );
    let gone = city.deleted("urn:ngsi-ld:S:1", "scope", Kind::Property).to_string();
    let value = city.ask(&format!("{path}?timeproperty=deletedAt")).await.good();
    assert_eq!(value["scope"], json!([{"type": "Property", "value": [], "deletedAt": gone}]));
    let values = city.ask(&format!("{path}?timeproperty=deletedAt&format=temporalValues")).await.good();
    assert_eq!(values["scope"], json!({"type": "Property", "values": [[[], gone]]}));
    assert_eq!(city.ask(&format!("{path}?attrs=temperature")).await.good().get("scope"), None);
    assert!(city.ask(&format!("{path}?omit=scope")).await.good().get("scope").is_none());
    assert_eq!(city.ask(&format!("{path}?pick=scope")).await.good().as_object().unwrap().len(), 1);
}

// §4.16: Types are never removed.
#[tokio::test]
async fn types_are_all_that_there_ever_were() {
    let city = rooms();
    city.given(&json!({"id": "urn:ngsi-ld:Room:1", "type": "Lab"}));
    assert_eq!(city.ask(R1).await.good()["type"], json!(["Room", "Lab"]));
    assert_eq!(city.ask(&format!("{T}?type=(Lab;Room)&{I}")).await.ids(), ["urn:ngsi-ld:Room:1"]);
}

#[tokio::test]
async fn an_audit_shows_what_was_corrected() {
    let city = City::new();
    let commit = city.given(&json!({"id": "urn:ngsi-ld:Room:1", "type": "Room",
        "temperature": property(&[(20.0, "09:00"), (21.0, "09:10")])}));
    let key = machi_archive::InstanceKey { created_at: commit, place: 0 };
    city.corrected("urn:ngsi-ld:Room:1", "temperature", key, &property(&[(20.5, "09:00")]));
    let plain = city.ask(R1).await.good();
    assert_eq!(super::city::values(&plain["temperature"]), [20.5, 21.0]);
    let audit = city.ask(&format!("{R1}?options=audit")).await;
    let (raw, audit) = (audit.raw(), audit.good());
    assert_eq!(super::city::values(&audit["temperature"]), [20.0, 20.5, 21.0]);
    let later = json!("2026-03-05T00:00:01Z");
    assert_eq!(
        (&audit["temperature"][0]["urn:machi:supersededAt"], &audit["temperature"][1]["modifiedAt"]),
        (&later, &later)
    );
    assert_eq!(audit["temperature"][1].get("urn:machi:supersededAt"), None);
    assert_eq!(raw["temperature"][0]["instanceId"], raw["temperature"][1]["instanceId"]);
    for query in ["options=audit,temporalValues", "options=audit&format=aggregatedValues&aggrMethods=avg"] {
        assert_eq!(city.ask(&format!("{R1}?{query}")).await.fault(), bad("BadRequestData"), "{query}");
    }
}

// §4.3.6.8: For an older version each instance is as that version knows it; all of them are kept.
#[tokio::test]
async fn evolutions_are_given_as_an_older_version_knows_them() {
    let city = kinds();
    city.given(&json!({"id": "urn:ngsi-ld:Kinds:1", "type": "Kinds",
        "scope": [{"type": "Property", "value": "/A", "observedAt": at("08:00")}]}));
    let reply = city.send("GET", KINDS, &[("prefer", "ngsi-ld=1.3")], "").await;
    assert_eq!((reply.status.as_u16(), reply.header("preference-applied")), (203, "ngsi-ld=1.3"));
    let value = reply.value();
    for (name, kind) in [("name", "Property"), ("steps", "Property"), ("route", "Relationship"), ("sort", "Property")] {
        assert_eq!(value[name][1]["type"], json!(kind), "{name}");
    }
    assert_eq!(value.get("scope"), None);
    let same = city.send("GET", KINDS, &[("prefer", "ngsi-ld=1.9")], "").await;
    assert_eq!((same.status.as_u16(), same.header("preference-applied")), (200, "ngsi-ld=1.9"));
}
