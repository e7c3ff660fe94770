//! Entities that are none: members, attributes of every kind, geometries.

use super::{named, refused_in_japanese};
use crate::kit::*;

#[rustfmt::skip]
const ATTRIBUTES: &[&str] = &[
    "null", r#""urn:ngsi-ld:null""#, r#"{"type": "X"}"#, r#"{"type": "Property"}"#, r#"{"type": 5, "value": 1}"#,
    r#"{"type": "Relationship", "object": 5}"#, r#"{"type": "Relationship", "object": "x"}"#,
    r#"{"type": "Relationship", "object": "urn:a b"}"#, r#"{"type": "Relationship", "object": "urn:a%zz"}"#,
    r#"{"type": "Relationship", "object": "urn:[a]"}"#, r#"{"type": "Relationship", "object": "urn:"}"#,
    r#"{"type": "Relationship", "object": "urn:a", "value": 1}"#, r#"{"type": "ListProperty", "valueList": 5}"#,
    r#"{"type": "ListRelationship", "objectList": [{"x": 1}]}"#, r#"{"type": "LanguageProperty", "languageMap": 5}"#,
    r#"{"type": "LanguageProperty", "languageMap": {"x y": "z"}}"#, r#"{"type": "LanguageProperty", "languageMap": {"en": 5}}"#,
    r#"{"type": "LanguageProperty", "languageMap": {"en": "x"}, "valueType": "y"}"#,
    r#"{"type": "VocabProperty", "vocab": 5}"#, r#"{"type": "JsonProperty", "json": 5}"#,
    r#"{"type": "JsonProperty", "json": [5]}"#, r#"{"type": "Property", "value": 1, "observedAt": "x"}"#,
    r#"{"type": "Property", "value": 1, "observedAt": 5}"#, r#"{"type": "Property", "value": 1, "unitCode": 5}"#,
    r#"{"type": "Property", "value": 1, "datasetId": "x"}"#, r#"{"type": "Property", "value": {"@type": "Date", "@value": "x"}}"#,
    r#"{"type": "Property", "value": {"@type": "Time", "@value": "x"}}"#,
    r#"{"type": "Property", "value": {"@type": "X", "@value": []}}"#, r#"[{"value": 1}, {"value": 2}]"#,
    r#"[{"value": 1, "datasetId": "urn:d:1"}, {"value": 2, "datasetId": "urn:d:1"}]"#, r#"[{"value": 1}, 5]"#,
    r#"{"value": 1, "@context": {}}"#, r#"{"value": 1, "id": "x y", "b c": 1}"#,
    r#"{"type": "GeoProperty", "value": 5}"#, r#"{"type": "GeoProperty", "value": "{"}"#,
    r#"{"type": "GeoProperty", "value": {}}"#, r#"{"type": "GeoProperty", "value": {"type": "Point"}}"#,
    r#"{"type": "GeoProperty", "value": {"type": "Circle", "coordinates": [1, 2]}}"#,
    r#"{"type": "GeoProperty", "value": {"type": "GeometryCollection", "coordinates": []}}"#,
    r#"{"type": "GeoProperty", "value": {"type": "Point", "coordinates": {}}}"#,
    r#"{"type": "GeoProperty", "value": {"type": "Point", "coordinates": []}}"#,
    r#"{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1]}}"#,
    r#"{"type": "GeoProperty", "value": {"type": "Point", "coordinates": ["x", 1]}}"#,
    r#"{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [200, 1]}}"#,
    r#"{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 100]}}"#,
    r#"{"type": "GeoProperty", "value": {"type": "LineString", "coordinates": [[0, 0]]}}"#,
    r#"{"type": "GeoProperty", "value": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}}"#,
    r#"{"type": "GeoProperty", "value": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [2, 2]]]}}"#,
];

#[rustfmt::skip]
const MEMBERS: &[&str] = &[
    r#""id": 5, "type": "T""#, r#""id": "urn:t:1""#, r#""type": "T""#, r#""id": "urn:t:1", "type": 5"#,
    r#""id": "urn:t:1", "type": []"#, r#""id": "urn:t:1", "type": "x y""#, r#""id": "urn:t:1", "type": "T", "x y": 1"#,
    r#""id": "urn:t:1", "type": "T", "scope": "x y""#, r#""id": "urn:t:1", "type": "T", "scope": 5"#,
    r#""id": "urn:t:1", "type": "T", "expiresAt": "x""#, r#""id": "urn:t:1", "type": "T", "location": 5"#,
    r#""id": "urn:t:1", "@id": "urn:t:2", "type": "T""#, r#""id": "urn:t:1", "type": "T", "@type": "U""#,
    r#""id": "urn:t:1", "type": "T", "value": 5"#,
    r#""id": "urn:t:1", "type": "T", "a": 1, "https://uri.etsi.org/ngsi-ld/default-context/a": 2"#,
];

// §4.5.1: What is wrong with an entity, its attributes and geometries is told in Japanese to those who ask for it.
#[test]
fn faults_of_entities_are_told_in_japanese() {
    let tenant = tenant();
    let refused = |entity: String| {
        refused_in_japanese(tenant.post("/entities").body("application/json", entity));
    };
    each(named(ATTRIBUTES), |attribute| {
        refused(format!(r#"{{"id": "urn:t:1", "type": "T", "a": {attribute}}}"#));
    });
    each(named(MEMBERS), |members| refused(format!("{{{members}}}")));
    for entity in ["5", "[]", "null", "\"x\""] {
        refused(entity.to_owned());
    }
    let deep = (0..100).fold("1".to_owned(), |inner, _| format!(r#"{{"value": 1, "b": {inner}}}"#));
    refused(format!(r#"{{"id": "urn:t:1", "type": "T", "a": {deep}}}"#));
    let scopes: Vec<String> = (0..1001).map(|n| format!("\"/s{n}\"")).collect();
    refused(format!(r#"{{"id": "urn:t:1", "type": "T", "scope": [{}]}}"#, scopes.join(",")));
}
