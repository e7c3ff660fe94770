//! Attributes that break the data model (§4.5, §5.5.4) are refused with `BadRequestData` and nothing is stored.

use crate::kit::*;

#[track_caller]
fn expect_refused(tenant: &Client, attribute: &Value) {
    tenant.post("/entities").json(t("bad", json!({"a": attribute}))).send().problem("BadRequestData");
    tenant.expect_absent(&thing("bad"));
}

fn refused(cases: Vec<(&'static str, Value)>) {
    let tenant = tenant();
    each(cases, |attribute| expect_refused(&tenant, &attribute));
}

// §4.5.2.2: A Property has a value; null is none.
// §4.5.3.2: The object of a Relationship is a URI or several.
// §4.5.18.2: A languageMap maps language tags to strings or arrays of strings.
// §4.5.20.2: A vocab is a string or an array of strings.
// §4.5.21.2: A valueList is an array.
// §4.5.22.2: An objectList is an array of URIs.
// §4.5.24.2: A JsonProperty has a member json.
#[test]
fn an_attribute_without_its_own_member_is_refused() {
    let kind = |kind: &str, member: &str, value: Value| json!({"type": kind, member: value});
    refused(vec![
        ("a bare null", json!(null)),
        ("Property without value", json!({"type": "Property"})),
        ("Property of null", kind("Property", "value", json!(null))),
        ("Relationship without object", json!({"type": "Relationship"})),
        ("Relationship to no URI", kind("Relationship", "object", json!("room 1"))),
        ("Relationship to a number", kind("Relationship", "object", json!(7))),
        ("Relationship to nothing", kind("Relationship", "object", json!([]))),
        ("GeoProperty without value", json!({"type": "GeoProperty"})),
        ("LanguageProperty without languageMap", json!({"type": "LanguageProperty"})),
        ("languageMap is a string", kind("LanguageProperty", "languageMap", json!("x"))),
        ("languageMap of numbers", kind("LanguageProperty", "languageMap", json!({"en": 1}))),
        ("VocabProperty without vocab", json!({"type": "VocabProperty"})),
        ("vocab is a number", kind("VocabProperty", "vocab", json!(1))),
        ("JsonProperty without json", json!({"type": "JsonProperty"})),
        ("ListProperty without valueList", json!({"type": "ListProperty"})),
        ("valueList is no array", kind("ListProperty", "valueList", json!(1))),
        ("ListRelationship without objectList", json!({"type": "ListRelationship"})),
        ("objectList of no URIs", kind("ListRelationship", "objectList", json!(["a b"]))),
        ("a kind that does not exist", kind("Proprety", "value", json!(1))),
        ("an instance without value", json!([property(1), {"type": "Property", "datasetId": "urn:ngsi-ld:D:1"}])),
    ]);
}

// §4.5.2.2: A Property never has the members of another kind.
// §4.5.3.2: A Relationship has no unit and no value.
#[test]
fn members_of_another_kind_are_prohibited() {
    let prohibited = [
        ("object", json!("urn:ngsi-ld:B:1")),
        ("objectList", json!(["urn:ngsi-ld:B:1"])),
        ("languageMap", json!({"en": "x"})),
        ("vocab", json!("x")),
        ("json", json!({})),
        ("valueList", json!([1])),
        ("entity", json!({"id": "urn:ngsi-ld:B:1", "type": "B"})),
        ("entityList", json!([])),
        ("entityIdSealed", json!("urn:ngsi-ld:T:bad")),
        ("entityTypeSealed", json!("T")),
    ];
    let tenant = tenant();
    each(prohibited.map(|case| (format!("Property with {}", case.0), case)), |(member, value)| {
        expect_refused(&tenant, &json!({"type": "Property", "value": 1, member: value}));
    });
    each(
        [("value", json!(1)), ("unitCode", json!("CEL")), ("languageMap", json!({"en": "x"}))]
            .map(|case| (case.0, case)),
        |(member, value)| {
            expect_refused(&tenant, &json!({"type": "Relationship", "object": "urn:ngsi-ld:B:1", member: value}));
        },
    );
}

// §4.5.2.2: What notifications tell of the time before a change is no member of attributes of another kind.
#[test]
fn previous_values_of_another_kind_are_refused() {
    refused(vec![
        ("previousObject", json!({"type": "Property", "value": 1, "previousObject": "urn:b:0"})),
        ("previousValue", json!({"type": "Relationship", "object": "urn:ngsi-ld:B:1", "previousValue": 0})),
        ("previousValueList", json!({"languageMap": {"en": "x"}, "previousValueList": []})),
    ]);
}

// §5.2.5: Output only members that are provided in create or update operations are ignored.
// §5.2.6, §5.2.32, §5.2.35, §5.2.36, §5.2.37, §5.2.38: The same for the other kinds.
#[test]
fn previous_values_are_ignored() {
    let attributes = [
        ("p", json!({"type": "Property", "value": 1}), json!({"previousValue": 0})),
        ("g", point(139.7, 35.6), json!({"previousValue": {"type": "Point", "coordinates": [1, 2]}})),
        ("r", json!({"type": "Relationship", "object": "urn:ngsi-ld:B:1"}), json!({"previousObject": "urn:b:0"})),
        (
            "l",
            json!({"type": "LanguageProperty", "languageMap": {"en": "x"}}),
            json!({"previousLanguageMap": {"en": "y"}}),
        ),
        ("v", json!({"type": "VocabProperty", "vocab": "x"}), json!({"previousVocab": "y"})),
        ("j", json!({"type": "JsonProperty", "json": {"x": 1}}), json!({"previousJson": [2]})),
        ("pl", json!({"type": "ListProperty", "valueList": [1]}), json!({"previousValueList": [2]})),
        (
            "rl",
            json!({"type": "ListRelationship", "objectList": [{"object": "urn:b:1"}]}),
            json!({"previousObjectList": ["urn:b:2"]}),
        ),
    ];
    let (mut told, mut kept) = (json!({}), json!({}));
    for (name, attribute, previous) in attributes {
        let mut both = attribute.clone();
        both.as_object_mut().unwrap().extend(previous.as_object().unwrap().clone());
        told[name] = both;
        kept[name] = attribute;
    }
    let tenant = tenant();
    tenant.create(&t("x", told.clone()));
    assert_eq!(tenant.retrieve(&thing("x")), t("x", kept.clone()));
    tenant.patch(&format!("/entities/{}", thing("x"))).json(told).send().expect_status(204);
    assert_eq!(tenant.retrieve(&thing("x")), t("x", kept));
}

// §5.2.32: The valueType of a LanguageProperty is langString.
#[test]
fn texts_in_languages_have_one_type() {
    let says = |datatype: &str| json!({"type": "LanguageProperty", "languageMap": {"en": "x"}, "valueType": datatype});
    refused(["xsd:string", "string", "xlangString"].map(|datatype| (datatype, says(datatype))).to_vec());
    let good = t("good", json!({"a": says("langString")}));
    assert_eq!(tenant_with([&good]).retrieve(&thing("good")), good);
}

// §4.6.3: A DateTime is complete, in UTC with a Z, and has at most six digits of a second.
// §4.8: observedAt is a DateTime.
#[test]
fn a_malformed_observed_at_is_refused() {
    let texts = [
        "yesterday",
        "2024-05-01",
        "2024-05-01T10:00Z",
        "2024-05-01T10:00:00",
        "2024-13-01T10:00:00Z",
        "2024-05-01T10:00:00+09:00",
        "2024-05-01T10:00:00.1234567Z",
        "2024-05-01 10:00:00Z",
        "2026-12-31T23:59:60Z",
        "",
    ];
    let tenant = tenant();
    let cases = texts.into_iter().map(|text| (format!("{text:?}"), json!(text)));
    each(cases.chain([("a number".to_owned(), json!(5))]), |time| {
        expect_refused(&tenant, &json!({"type": "Property", "value": 1, "observedAt": time}));
    });
}

// §4.5.5.1: A datasetId is a URI, there is one default instance, and each datasetId occurs once.
#[test]
fn instances_differ_in_their_dataset_ids() {
    let one = |dataset: &str| json!({"type": "Property", "value": 1, "datasetId": dataset});
    refused(vec![
        ("datasetId is no URI", one("a b")),
        ("datasetId is a number", json!({"type": "Property", "value": 1, "datasetId": 5})),
        ("two default instances", json!([property(1), property(2)])),
        ("@none is the default instance", json!([property(1), one("@none")])),
        ("the same datasetId twice", json!([one("urn:ngsi-ld:D:1"), one("urn:ngsi-ld:D:1")])),
    ]);
}

// §4.5.5.1: datasetId @none names the default instance, which never shows a datasetId.
#[test]
fn the_default_instance_shows_no_dataset_id() {
    let sent = json!({"type": "Property", "value": 1, "datasetId": "@none"});
    let tenant = tenant_with([&t("none", json!({"a": sent}))]);
    assert_eq!(tenant.retrieve(&thing("none"))["a"], property(1));
}

// §5.5.4: NGSI-LD Null is refused wherever nothing is updated.
#[test]
fn ngsi_ld_null_is_refused_at_creation() {
    refused(vec![
        ("as the attribute", json!(NULL)),
        ("as a value", property(NULL)),
        ("as an object", relationship(NULL)),
        ("as a language map", json!({"type": "LanguageProperty", "languageMap": {"@none": NULL}})),
        ("inside a value", property(json!({"street": NULL}))),
        ("beside coordinates", geo(json!({"type": "Point", "coordinates": [1, 2], "bbox": NULL}))),
    ]);
}

// §4.6.3: A geometry is one of RFC 7946 with coordinates of its depth; a GeometryCollection is refused.
// §4.7: The rings of a polygon close.
#[test]
fn a_malformed_geometry_is_refused() {
    let shape = |kind: &str, coordinates: Value| geo(json!({"type": kind, "coordinates": coordinates}));
    refused(vec![
        ("no geometry", geo(json!("Tokyo"))),
        ("an unknown kind", shape("Circle", json!([1, 2]))),
        ("no coordinates", geo(json!({"type": "Point"}))),
        ("one coordinate", shape("Point", json!([1]))),
        ("coordinates are strings", shape("Point", json!(["1", "2"]))),
        ("coordinates too deep", shape("Point", json!([[1, 2]]))),
        ("a line of one point", shape("LineString", json!([[1, 2]]))),
        ("an open ring", shape("Polygon", json!([[[0, 0], [4, 0], [4, 4], [0, 4]]]))),
        ("a ring of three", shape("Polygon", json!([[[0, 0], [4, 0], [0, 0]]]))),
        ("a collection", geo(json!({"type": "GeometryCollection", "geometries": []}))),
        ("a further member is null", geo(json!({"type": "Point", "coordinates": [1, 2], "crs": null}))),
    ]);
}

// §4.22: expiresAt is a DateTime.
#[test]
fn a_malformed_expires_at_is_refused() {
    refused(vec![
        ("of an attribute", json!({"type": "Property", "value": 1, "expiresAt": "soon"})),
        (
            "of a sub-attribute",
            json!({"type": "Property", "value": 1, "b": {"type": "Property", "value": 1, "expiresAt": 5}}),
        ),
    ]);
    let tenant = tenant();
    tenant.post("/entities").json(t("bad", json!({"expiresAt": "soon"}))).send().problem("BadRequestData");
}

// §5.5.4: What holds for attributes holds for their sub-attributes.
#[test]
fn sub_attributes_are_checked_as_attributes_are() {
    let within = |sub: Value| json!({"type": "Property", "value": 1, "b": sub});
    refused(vec![
        ("no value", within(json!({"type": "Property"}))),
        ("no URI", within(json!({"type": "Relationship", "object": 1}))),
        ("null", within(json!(null))),
        ("a name with a blank", json!({"type": "Property", "value": 1, "b c": property(1)})),
    ]);
}
