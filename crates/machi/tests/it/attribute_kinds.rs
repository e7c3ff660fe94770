//! Attributes of every kind (§4.5.2, §4.5.3, §4.5.18 to §4.5.24) in normalized and concise representation.

use crate::kit::*;

/// Attributes in normalized representation, each with the same attribute in concise representation.
fn kinds() -> Vec<(&'static str, Value, Value)> {
    properties().into_iter().chain(other_kinds()).collect()
}

fn properties() -> Vec<(&'static str, Value, Value)> {
    let since = "2024-05-01T10:00:00Z";
    vec![
        ("a number", property(21), json!(21)),
        ("a string", property("warm"), json!("warm")),
        ("a URI in a Property", property("urn:ngsi-ld:X:1"), json!("urn:ngsi-ld:X:1")),
        ("a boolean", property(false), json!(false)),
        ("an array", property(json!([1, "two", [3]])), json!([1, "two", [3]])),
        ("an empty array", property(json!([])), json!([])),
        ("an object", property(json!({"a": {"b": [1]}})), json!({"a": {"b": [1]}})),
        ("an object with a type", property(json!({"type": "x", "b": 1})), json!({"value": {"type": "x", "b": 1}})),
        ("an object with a value", property(json!({"value": 1})), json!({"value": {"value": 1}})),
        (
            "a Property with members and sub-attributes",
            json!({"type": "Property", "value": 21, "unitCode": "CEL", "observedAt": since,
                   "quality": {"type": "Property", "value": 0.5, "by": relationship("urn:ngsi-ld:Sensor:1")}}),
            json!({"value": 21, "unitCode": "CEL", "observedAt": since,
                   "quality": {"value": 0.5, "by": {"object": "urn:ngsi-ld:Sensor:1"}}}),
        ),
        (
            "a sealed Property",
            json!({"type": "Property", "value": 1, "ngsildproof": {"type": "Property",
                   "entityIdSealed": "urn:ngsi-ld:T:kind", "entityTypeSealed": "T",
                   "value": {"kind": "DataIntegrityProof", "proofValue": "z2F"}}}),
            json!({"value": 1, "ngsildproof": {"entityIdSealed": "urn:ngsi-ld:T:kind",
                   "entityTypeSealed": "T", "value": {"kind": "DataIntegrityProof", "proofValue": "z2F"}}}),
        ),
    ]
}

fn other_kinds() -> Vec<(&'static str, Value, Value)> {
    let since = "2024-05-01T10:00:00Z";
    let square = json!({"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]]});
    vec![
        ("a Relationship", relationship("urn:ngsi-ld:B:1"), json!({"object": "urn:ngsi-ld:B:1"})),
        (
            "a Relationship to several, with a sub-attribute",
            json!({"type": "Relationship", "object": ["urn:ngsi-ld:B:1", "urn:ngsi-ld:B:2"], "since": property(2020)}),
            json!({"object": ["urn:ngsi-ld:B:1", "urn:ngsi-ld:B:2"], "since": 2020}),
        ),
        (
            "a Relationship with the type of its object",
            json!({"type": "Relationship", "object": "urn:ngsi-ld:B:1", "objectType": "B"}),
            json!({"object": "urn:ngsi-ld:B:1", "objectType": "B"}),
        ),
        ("a GeoProperty", geo(square.clone()), square.clone()),
        (
            "a GeoProperty with a member",
            json!({"type": "GeoProperty", "value": square, "observedAt": since}),
            json!({"value": square, "observedAt": since}),
        ),
        (
            "a LanguageProperty",
            json!({"type": "LanguageProperty", "languageMap": {"ja": "街", "en": ["town", "city"], "@none": "x"}}),
            json!({"languageMap": {"ja": "街", "en": ["town", "city"], "@none": "x"}}),
        ),
        ("a VocabProperty", json!({"type": "VocabProperty", "vocab": "Male"}), json!({"vocab": "Male"})),
        (
            "a VocabProperty of several words",
            json!({"type": "VocabProperty", "vocab": ["Male", "Adult"]}),
            json!({"vocab": ["Male", "Adult"]}),
        ),
        (
            "a JsonProperty",
            json!({"type": "JsonProperty", "json": {"id": "85a6", "type": 7, "value": null, "@context": "x"}}),
            json!({"json": {"id": "85a6", "type": 7, "value": null, "@context": "x"}}),
        ),
        (
            "a ListProperty",
            json!({"type": "ListProperty", "valueList": [3, 1, 3, "x", {"a": 1}]}),
            json!({"valueList": [3, 1, 3, "x", {"a": 1}]}),
        ),
        (
            "a ListRelationship",
            json!({"type": "ListRelationship",
                   "objectList": [{"object": "urn:ngsi-ld:S:2"}, {"object": "urn:ngsi-ld:S:1"}, {"object": "urn:ngsi-ld:S:2"}]}),
            json!({"objectList": ["urn:ngsi-ld:S:2", "urn:ngsi-ld:S:1", "urn:ngsi-ld:S:2"]}),
        ),
        (
            "several instances",
            json!([{"type": "Property", "value": 1},
                   {"type": "Property", "value": 2, "datasetId": "urn:ngsi-ld:Dataset:gps"}]),
            json!([{"value": 1}, {"value": 2, "datasetId": "urn:ngsi-ld:Dataset:gps"}]),
        ),
    ]
}

/// Instances have no order; everything else has.
fn comparable(mut attribute: Value) -> Value {
    if let Value::Array(instances) = &mut attribute {
        instances.sort_by_key(ToString::to_string);
    }
    attribute
}

#[track_caller]
fn expect_attribute(tenant: &Client, query: &[(&str, &str)], expected: Value) {
    let read = tenant.retrieve_with(&thing("kind"), query)["a"].clone();
    assert_eq!(comparable(read), comparable(expected));
}

// §4.5.2.2: A Property in normalized representation is stored with its members and sub-attributes.
// §4.5.3.2: A Relationship in normalized representation is stored, with one object or several.
// §4.7.1: A GeoProperty holds a GeoJSON geometry.
// §4.5.18.2: A LanguageProperty holds a string or strings per language.
// §4.5.20.2: A VocabProperty holds terms, expanded inside and compacted outside.
// §4.5.24.2: A JsonProperty holds raw JSON in which nothing is expanded.
// §4.5.21.2: A ListProperty keeps order and repetitions.
// §4.5.22.2: A ListRelationship keeps order and repetitions; its items are objects with a member object.
// §5.2.5: A Property has the members of its table.
// §5.2.6: A Relationship has the members of its table.
// §5.2.7: A GeoProperty has the members of its table.
// §5.2.35: A VocabProperty has the members of its table.
// §5.2.36: A ListProperty has the members of its table.
// §5.2.37: A ListRelationship has the members of its table.
// §5.2.38: A JsonProperty has the members of its table.
#[test]
fn normalized_attributes_of_every_kind_come_back_as_they_went_in() {
    each(kinds().into_iter().map(|(name, normalized, _)| (name, normalized)), |normalized| {
        let tenant = tenant_with([&t("kind", json!({"a": normalized}))]);
        expect_attribute(&tenant, &[], normalized);
    });
}

// §4.5.2.3: A concise Property is its bare value, or an object with value where it has members.
// §4.5.3.3: A concise Relationship is told by its member object.
// §4.5.18.3: A concise LanguageProperty is told by its member languageMap.
// §4.5.20.3: A concise VocabProperty is told by its member vocab.
// §4.5.24.3: A concise JsonProperty is told by its member json.
// §4.5.21.3: A concise ListProperty is told by its member valueList.
// §4.5.22.3: A concise ListRelationship is told by its member objectList, whose items may be plain URIs.
#[test]
fn concise_attributes_of_every_kind_are_understood() {
    each(kinds().into_iter().map(|(name, normalized, concise)| (name, (normalized, concise))), |pair| {
        let (normalized, concise) = pair;
        let tenant = tenant_with([&t("kind", json!({"a": concise}))]);
        expect_attribute(&tenant, &[], normalized);
    });
}

// §6.3.7: format=concise gives the most concise representation that loses nothing.
// §4.5.2.1: An attribute is given in normalized and in concise representation, as the request chooses.
#[test]
fn attributes_of_every_kind_are_given_in_concise_representation() {
    each(kinds().into_iter().map(|(name, normalized, concise)| (name, (normalized, concise))), |pair| {
        let (normalized, concise) = pair;
        let tenant = tenant_with([&t("kind", json!({"a": normalized}))]);
        expect_attribute(&tenant, &[("format", "concise")], concise);
    });
}

// §4.5.2.3: A concise value that is a GeoJSON geometry makes a GeoProperty, also inside value.
// §4.7.3: A concise GeoProperty is a bare geometry, or an object whose value is one.
#[test]
fn a_geometry_makes_a_geoproperty() {
    let geometry = json!({"type": "Point", "coordinates": [139.7, 35.6]});
    let tenant = tenant_with([&t("kind", json!({"a": {"value": geometry}}))]);
    expect_attribute(&tenant, &[], geo(geometry.clone()));
    let tenant = tenant_with([&t("kind", json!({"a": geometry}))]);
    expect_attribute(&tenant, &[], geo(geometry));
}

// §4.7.2: A geometry may come as a string that holds it as JSON, if it is one.
#[test]
fn a_geometry_may_be_a_string_that_holds_it() {
    let geometry = json!({"type": "Point", "coordinates": [139.7, 35.6]});
    let tenant = tenant_with([&t("kind", json!({"a": geo(json!(geometry.to_string()))}))]);
    expect_attribute(&tenant, &[], geo(geometry));
    let open = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}"#;
    for none in ["Tokyo", "{", "[139.7,35.6]", r#"{"type":"Point"}"#, open] {
        let sent = t("bad", json!({"a": geo(json!(none))}));
        tenant.post("/entities").json(sent).send().problem("BadRequestData");
    }
}

// §4.6.4: The time of an observation is told as it was given, digit for digit.
#[test]
fn a_time_of_observation_comes_back_digit_for_digit() {
    let tenant = tenant();
    for text in ["10:00:00Z", "10:00:00.000Z", "10:00:00.5Z", "10:00:00.250000Z", "10:00:00.123456Z"] {
        let observed = |value: u8| {
            let within = json!({"type": "Property", "value": value, "observedAt": format!("2024-05-01T{text}")});
            json!({"type": "Property", "value": value, "observedAt": format!("2022-03-14T{text}"), "within": within})
        };
        let entity = t(&text.replace([':', '.'], "_"), json!({"a": observed(1)}));
        tenant.create(&entity);
        let id = entity["id"].as_str().unwrap_or_default();
        assert_eq!(tenant.retrieve(id), entity);
        tenant.patch(&format!("/entities/{id}/attrs/a")).json(observed(2)).send().expect_empty(204);
        assert_eq!(tenant.retrieve(id)["a"], observed(2));
    }
    let at = [("type", "T"), ("q", "a.observedAt==2022-03-14T10:00:00Z")];
    finds(&tenant, &at, "10_00_00Z 10_00_00_000Z");
}

// §4.5.2.2: The datatype of a value may be given by valueType or as a JSON-LD typed value.
#[test]
fn values_may_be_typed() {
    let date = json!({"@type": "Date", "@value": "2024-05-01"});
    let typed = json!({"type": "Property", "value": "2024-05-01", "valueType": "Date"});
    let tenant = tenant_with([&t("old", json!({"a": property(date.clone())})), &t("new", json!({"a": typed}))]);
    assert_eq!(tenant.retrieve(&thing("old"))["a"], property(date));
    assert_eq!(tenant.retrieve(&thing("new"))["a"], typed);
}

// §4.6.3: All GeoJSON geometries but the GeometryCollection are values of a GeoProperty.
#[test]
fn all_geometries_are_stored() {
    let ring = json!([[0, 0], [4, 0], [4, 4], [0, 0]]);
    let cases = [
        ("Point", json!([1, 2])),
        ("MultiPoint", json!([[1, 2], [3, 4]])),
        ("LineString", json!([[1, 2], [3, 4]])),
        ("MultiLineString", json!([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])),
        ("Polygon", json!([ring])),
        ("MultiPolygon", json!([[ring]])),
    ];
    each(cases.map(|case| (case.0, case)), |(kind, coordinates)| {
        let attribute = geo(json!({"type": kind, "coordinates": coordinates}));
        let tenant = tenant_with([&t("kind", json!({"a": attribute}))]);
        expect_attribute(&tenant, &[], attribute);
    });
}

// §4.6.3: A DateTime has a comma or a point before up to six digits of a second, and is given back with a point.
#[test]
fn date_times_are_written_in_one_way() {
    let cases = [
        ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z"),
        ("2024-05-01T10:00:00.25Z", "2024-05-01T10:00:00.250Z"),
        ("2024-05-01T10:00:00,123456Z", "2024-05-01T10:00:00.123456Z"),
    ];
    each(cases.map(|case| (case.0, case)), |(sent, instant)| {
        let attribute = json!({"type": "Property", "value": 1, "observedAt": sent});
        let tenant = tenant_with([&t("kind", json!({"a": attribute}))]);
        let read = tenant.retrieve(&thing("kind"))["a"]["observedAt"].clone();
        let fraction = |text: &str| text.trim_end_matches('Z').trim_end_matches('0').replace(',', ".");
        assert_eq!(read.as_str().map(fraction), Some(fraction(instant)));
    });
}
