//! Append Attributes (§5.6.3, §6.6.3.1) and Update Attributes (§5.6.2, §6.6.3.2).

use crate::kit::*;

const PATH: &str = "/entities/urn:ngsi-ld:T:x/attrs";
const GPS: &str = "urn:ngsi-ld:D:gps";

fn gps(value: i64) -> Value {
    json!({"type": "Property", "value": value, "datasetId": GPS})
}

fn thing_x() -> Value {
    t(
        "x",
        json!({
            "a": {"type": "Property", "value": 1, "unitCode": "CEL", "quality": property(9)},
            "speed": [property(10), gps(11)],
        }),
    )
}

fn speeds(entity: &Value) -> Vec<i64> {
    let speed = &entity["speed"];
    let mut values: Vec<i64> = match speed.as_array() {
        Some(instances) => instances.iter().filter_map(|one| one["value"].as_i64()).collect(),
        None => speed["value"].as_i64().into_iter().collect(),
    };
    values.sort_unstable();
    values
}

// §5.6.3.4: Attributes that are not there are appended, those that are there are replaced as a whole.
// §5.6.3.4: A datasetId names the instance that is appended or replaced; others stay.
// §5.6.3.4: createdAt of a replaced attribute stays.
#[test]
fn appending_adds_and_replaces() {
    let tenant = tenant_with([&thing_x()]);
    let created =
        |tenant: &Client| tenant.retrieve_with(&thing("x"), &[("options", "sysAttrs")])["a"]["createdAt"].clone();
    let before = created(&tenant);
    tenant.post(PATH).json(json!({"a": property(2), "b": property(3), "speed": gps(12)})).send().expect_empty(204);
    let entity = tenant.retrieve(&thing("x"));
    assert_eq!((&entity["a"], &entity["b"]), (&property(2), &property(3)));
    assert_eq!(speeds(&entity), [10, 12]);
    assert_eq!(created(&tenant), before);
    let third = json!({"speed": {"type": "Property", "value": 13, "datasetId": "urn:ngsi-ld:D:other"}});
    tenant.post(PATH).json(third).send().expect_empty(204);
    assert_eq!(speeds(&tenant.retrieve(&thing("x"))), [10, 12, 13]);
}

// §6.6.3.1: With noOverwrite what is there stays; 207 tells by full name what was appended and what was not.
// §5.2.18: An UpdateResult lists updated names, and not updated ones with a reason.
// §5.2.19: What was not updated is told by its name and the reason.
#[test]
fn no_overwrite_leaves_what_is_there() {
    let tenant = tenant_with([&thing_x()]);
    let fragment = json!({"a": property(2), "b": property(3)});
    let answer = tenant.post(PATH).query(&[("options", "noOverwrite")]).json(fragment).send().expect_status(207);
    assert_eq!(answer.media_type(), "application/json");
    let result = answer.json();
    assert_eq!(result["updated"], json!([full("b")]));
    assert_eq!(result["notUpdated"][0]["attributeName"], full("a"));
    assert!(result["notUpdated"][0]["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{answer:?}");
    let entity = tenant.retrieve(&thing("x"));
    assert_eq!((&entity["a"], &entity["b"]), (&thing_x()["a"], &property(3)));
    tenant.post(PATH).query(&[("options", "noOverwrite")]).json(json!({"c": property(4)})).send().expect_empty(204);
    let new_instance = json!({"speed": {"type": "Property", "value": 13, "datasetId": "urn:ngsi-ld:D:other"}});
    tenant.post(PATH).query(&[("options", "noOverwrite")]).json(new_instance).send().expect_empty(204);
    assert_eq!(speeds(&tenant.retrieve(&thing("x"))), [10, 11, 13]);
}

// §5.6.3.4: Types of the fragment are added to those of the entity.
// §5.6.2.4: Types of the fragment are added to those of the entity.
#[test]
fn types_of_a_fragment_are_added() {
    let tenant = tenant_with([&thing_x()]);
    tenant.post(PATH).json(json!({"type": "Second"})).send().expect_empty(204);
    tenant.patch(PATH).json(json!({"type": ["T", "Third"]})).send().expect_empty(204);
    assert_eq!(sorted(&tenant.retrieve(&thing("x"))["type"]), ["Second", "T", "Third"]);
}

// §5.6.2.4: Attributes that are there are replaced as a whole, those that are not are appended.
// §5.5.8: What the fragment does not name stays.
// §6.6.3.2: PATCH of the attributes answers 204 where all was done.
#[test]
fn updating_replaces_and_appends() {
    let tenant = tenant_with([&thing_x()]);
    tenant.patch(PATH).json(json!({"a": property(2), "b": property(3)})).send().expect_empty(204);
    let entity = tenant.retrieve(&thing("x"));
    assert_eq!((&entity["a"], &entity["b"]), (&property(2), &property(3)));
    assert_eq!(speeds(&entity), [10, 11]);
    tenant.patch(PATH).json(json!({"speed": [property(20), gps(21)]})).send().expect_empty(204);
    assert_eq!(speeds(&tenant.retrieve(&thing("x"))), [20, 21]);
}

// §5.6.2.4: NGSI-LD Null deletes an attribute or the instance that its datasetId names.
#[test]
fn updating_with_null_deletes() {
    let tenant = tenant_with([&thing_x()]);
    tenant
        .patch(PATH)
        .json(json!({"a": property(NULL), "speed": {"type": "Property", "value": NULL, "datasetId": GPS}}))
        .send()
        .expect_empty(204);
    let entity = tenant.retrieve(&thing("x"));
    assert_eq!(entity.get("a"), None);
    assert_eq!(speeds(&entity), [10]);
    tenant.patch(PATH).json(json!({"speed": NULL})).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("x")).get("speed"), None);
}

// §5.6.2.4: createdAt of a replaced attribute stays, modifiedAt moves, those of others stay.
#[test]
fn updating_moves_modified_at_of_what_changed() {
    let tenant = tenant_with([&thing_x()]);
    let times = || tenant.retrieve_with(&thing("x"), &[("options", "sysAttrs")]);
    let before = times();
    tenant.patch(PATH).json(json!({"a": property(2)})).send().expect_empty(204);
    let after = times();
    assert_eq!(before["a"]["createdAt"], after["a"]["createdAt"]);
    assert!(before["a"]["modifiedAt"].as_str() < after["a"]["modifiedAt"].as_str());
    assert!(before["modifiedAt"].as_str() < after["modifiedAt"].as_str());
    assert_eq!(before["speed"], after["speed"]);
}

// §5.6.3.4: An unknown entity, or one of another type, is not found; a malformed id is refused.
// §5.6.2.4: An unknown entity, or one of another type, is not found; a malformed id is refused.
#[test]
fn only_a_known_entity_is_changed() {
    let tenant = tenant_with([&thing_x()]);
    for method in ["POST", "PATCH"] {
        let send = |path: &str, query: &[(&str, &str)]| {
            tenant.request(method, path).query(query).json(json!({"a": property(2)})).send()
        };
        send("/entities/urn:ngsi-ld:T:unknown/attrs", &[]).problem("ResourceNotFound");
        send("/entities/nonsense/attrs", &[]).problem("BadRequestData");
        send(PATH, &[("type", "Other")]).problem("ResourceNotFound");
        send(PATH, &[("type", "T")]).expect_empty(204);
    }
}

// §5.5.4: NGSI-LD Null is refused where attributes are appended.
// §5.5.4: A malformed attribute is refused and nothing is changed, not even what was right.
#[test]
fn a_malformed_fragment_changes_nothing() {
    let tenant = tenant_with([&thing_x()]);
    let null = tenant.post(PATH).json(json!({"a": property(NULL)})).send();
    null.problem("BadRequestData");
    for method in ["POST", "PATCH"] {
        let cases = [
            json!({"b": property(1), "c": {"type": "Relationship", "object": 5}}),
            json!({"b": property(1), "c c": property(2)}),
            json!({"b": [property(1), property(2)]}),
            json!([{"b": property(1)}]),
        ];
        each(cases.map(|case| (format!("{method} {case}"), case)), |fragment| {
            tenant.request(method, PATH).json(fragment).send().problem("BadRequestData");
            assert_eq!(tenant.retrieve(&thing("x")), thing_x());
        });
    }
}

// §5.5.7: Names of the fragment are expanded by its @context.
#[test]
fn names_of_a_fragment_are_expanded() {
    let tenant = tenant_with([&thing_x()]);
    let terms = json!({"alias": full("a")});
    tenant.patch(PATH).ld(json!({"@context": terms, "alias": property(7)})).send().expect_empty(204);
    tenant
        .post(PATH)
        .ld(json!({"@context": {"other": "https://example.org/other"}, "other": property(8)}))
        .send()
        .expect_empty(204);
    let entity = tenant.retrieve(&thing("x"));
    assert_eq!((&entity["a"], &entity["https://example.org/other"]), (&property(7), &property(8)));
}
