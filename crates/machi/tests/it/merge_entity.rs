//! Merge Entity (§5.6.17, §5.5.12, §6.5.3.4): what a fragment adds, changes and removes.

use crate::kit::*;

fn car() -> Value {
    t(
        "car",
        json!({
            "temperature": {"type": "Property", "value": 25, "unitCode": "CEL", "observedAt": "2022-03-14T01:59:26.535Z"},
            "address": property(json!({"street": "Straße des 17. Juni", "city": "Berlin", "country": "Germany"})),
            "speed": [property(1), {"type": "Property", "value": 2, "datasetId": "urn:ngsi-ld:D:1"}],
            "name": {"type": "LanguageProperty", "languageMap": {"en": "car", "fr": "voiture"}},
            "owner": {"type": "Relationship", "object": "urn:ngsi-ld:P:1", "since": property(2020)},
        }),
    )
}

fn merged(fragment: Value) -> Value {
    merged_with(&[], fragment)
}

#[track_caller]
fn merged_with(query: &[(&str, &str)], fragment: Value) -> Value {
    let tenant = tenant_with([&car()]);
    tenant.patch("/entities/urn:ngsi-ld:T:car").query(query).json(fragment).send().expect_empty(204);
    tenant.retrieve(&thing("car"))
}

// §5.5.12: Members of a fragment are merged into those of the attribute; what it does not name stays.
// §5.6.17.4: An attribute that was not there is appended; a 204 has no body.
#[test]
fn a_fragment_is_merged_into_attributes() {
    let fragment = json!({
        "temperature": {"type": "Property", "value": 100, "observedAt": "2022-03-14T13:00:00Z"},
        "humidity": property(5),
    });
    let entity = merged(fragment);
    let expected = json!({"type": "Property", "value": 100, "unitCode": "CEL", "observedAt": "2022-03-14T13:00:00Z"});
    assert_eq!((&entity["temperature"], &entity["humidity"]), (&expected, &property(5)));
    assert_eq!(entity["owner"], car()["owner"]);
}

// §5.5.12: Compound values are merged to any depth; NGSI-LD Null removes a key of one.
#[test]
fn a_fragment_is_merged_into_compound_values() {
    let entity = merged(json!({"address": property(json!({"street": "Pariser Platz", "country": NULL}))}));
    assert_eq!(entity["address"], property(json!({"street": "Pariser Platz", "city": "Berlin"})));
    let entity = merged(json!({"address": property(json!({"geo": {"zone": 3}}))}));
    assert_eq!(entity["address"]["value"]["geo"]["zone"], 3);
    assert_eq!(entity["address"]["value"]["city"], "Berlin");
    assert_eq!(merged(json!({"address": property(5)}))["address"], property(5));
}

// §5.5.12: NGSI-LD Null removes an attribute, a sub-attribute, an instance, a Relationship.
// §4.5.3.3: A bare NGSI-LD Null in the place of an attribute removes it.
#[test]
fn ngsi_ld_null_removes() {
    let gone = |fragment: Value, name: &str| assert_eq!(merged(fragment).get(name), None);
    gone(json!({"temperature": property(NULL)}), "temperature");
    gone(json!({"temperature": NULL}), "temperature");
    gone(json!({"owner": relationship(NULL)}), "owner");
    gone(json!({"owner": NULL}), "owner");
    gone(json!({"name": {"type": "LanguageProperty", "languageMap": {"@none": NULL}}}), "name");
    gone(json!({"unknown": NULL}), "unknown");
    let entity =
        merged(json!({"owner": {"type": "Relationship", "object": "urn:ngsi-ld:P:2", "since": property(NULL)}}));
    assert_eq!(entity["owner"], relationship("urn:ngsi-ld:P:2"));
    let second = json!({"type": "Property", "value": NULL, "datasetId": "urn:ngsi-ld:D:1"});
    assert_eq!(merged(json!({"speed": second}))["speed"], property(1));
    assert_eq!(
        merged(json!({"temperature": {"type": "Property", "unitCode": NULL}}))["temperature"].get("unitCode"),
        None
    );
}

// §5.5.12: Keys of a language map are merged and removed one by one.
#[test]
fn language_maps_are_merged() {
    let fragment = json!({"name": {"type": "LanguageProperty", "languageMap": {"fr": NULL, "ja": "車"}}});
    assert_eq!(merged(fragment)["name"]["languageMap"], json!({"en": "car", "ja": "車"}));
}

// §5.6.17.4: A datasetId names the instance to merge; an unknown one is appended.
#[test]
fn instances_are_merged_by_their_dataset_id() {
    let instances = |fragment: Value| {
        let mut values: Vec<i64> = merged(fragment)["speed"]
            .as_array()
            .expect("several")
            .iter()
            .filter_map(|one| one["value"].as_i64())
            .collect();
        values.sort_unstable();
        values
    };
    assert_eq!(instances(json!({"speed": property(7)})), [2, 7]);
    assert_eq!(instances(json!({"speed": {"type": "Property", "value": 7, "datasetId": "urn:ngsi-ld:D:1"}})), [1, 7]);
    assert_eq!(
        instances(json!({"speed": {"type": "Property", "value": 7, "datasetId": "urn:ngsi-ld:D:2"}})),
        [1, 2, 7]
    );
}

// §5.6.17.4: Types of a fragment are added to those of the entity, none is removed.
#[test]
fn types_are_added() {
    assert_eq!(sorted(&merged(json!({"type": "Vehicle"}))["type"]), ["T", "Vehicle"]);
    assert_eq!(merged(json!({"type": "T"}))["type"], "T");
}

// §6.5.3.4: observedAt as a parameter moves the observedAt of merged attributes that had one and name none.
#[test]
fn a_common_observed_at_is_applied() {
    let common = [("observedAt", "2024-01-01T00:00:00Z")];
    let entity = merged_with(&common, json!({"temperature": {"type": "Property", "value": 1}, "address": property(1)}));
    assert_eq!(entity["temperature"]["observedAt"], "2024-01-01T00:00:00Z");
    assert_eq!(entity["address"].get("observedAt"), None);
    let own = json!({"temperature": {"type": "Property", "value": 1, "observedAt": "2025-01-01T00:00:00Z"}});
    assert_eq!(merged_with(&common, own)["temperature"]["observedAt"], "2025-01-01T00:00:00Z");
    let tenant = tenant_with([&car()]);
    let wrong =
        tenant.patch("/entities/urn:ngsi-ld:T:car").query(&[("observedAt", "today")]).json(json!({"a": property(1)}));
    wrong.send().problem("BadRequestData");
}

// §6.5.3.4: In a simplified fragment attributes keep their types.
// §6.5.3.4: lang names the language whose text a simplified fragment replaces.
#[test]
fn simplified_fragments_keep_types() {
    let fragment = json!({"owner": "urn:ngsi-ld:P:9", "temperature": 3, "humidity": 5});
    for way in [("format", "simplified"), ("format", "keyValues"), ("options", "keyValues")] {
        let entity = merged_with(&[way], fragment.clone());
        assert_eq!(
            (&entity["owner"]["type"], &entity["owner"]["object"]),
            (&json!("Relationship"), &json!("urn:ngsi-ld:P:9"))
        );
        assert_eq!((&entity["temperature"]["value"], &entity["temperature"]["unitCode"]), (&json!(3), &json!("CEL")));
        assert_eq!(entity["humidity"], property(5));
    }
    let entity = merged_with(&[("format", "simplified"), ("lang", "fr")], json!({"name": "auto"}));
    assert_eq!(entity["name"]["languageMap"], json!({"en": "car", "fr": "auto"}));
}

// §4.8: A merge moves modifiedAt and leaves createdAt, of the entity and of the attribute.
#[test]
fn a_merge_moves_modified_at_only() {
    let tenant = tenant_with([&car()]);
    let times = || tenant.retrieve_with(&thing("car"), &[("options", "sysAttrs")]);
    let before = times();
    tenant.patch("/entities/urn:ngsi-ld:T:car").json(json!({"temperature": property(26)})).send().expect_status(204);
    let after = times();
    for (then, now) in [(&before, &after), (&before["temperature"], &after["temperature"])] {
        assert_eq!(then["createdAt"], now["createdAt"]);
        assert!(then["modifiedAt"].as_str() < now["modifiedAt"].as_str(), "{then} {now}");
    }
    assert_eq!(before["owner"], after["owner"]);
}

// §6.3.4: A PATCH may come as application/merge-patch+json, which means application/json.
// §6.3.5: With application/ld+json the @context stands in the fragment.
#[test]
fn a_fragment_has_one_of_three_media_types() {
    let tenant = tenant_with([&car()]);
    let path = "/entities/urn:ngsi-ld:T:car";
    tenant.patch(path).body("application/merge-patch+json", r#"{"a": 1}"#).send().expect_empty(204);
    let terms = json!({"temp": full("temperature")});
    tenant.patch(path).ld(json!({"@context": terms, "temp": property(3)})).send().expect_empty(204);
    let entity = tenant.retrieve(&thing("car"));
    assert_eq!((&entity["a"], &entity["temperature"]["value"]), (&property(1), &json!(3)));
}

// §5.6.17.4: An unknown entity, or one of another type, is not found; a malformed id is refused.
#[test]
fn only_a_known_entity_is_merged() {
    let tenant = tenant_with([&car()]);
    let fragment = || json!({"a": property(1)});
    tenant.patch("/entities/urn:ngsi-ld:T:unknown").json(fragment()).send().problem("ResourceNotFound");
    tenant.patch("/entities/nonsense").json(fragment()).send().problem("BadRequestData");
    tenant.patch("/entities/").json(fragment()).send().problem("BadRequestData");
    let path = "/entities/urn:ngsi-ld:T:car";
    tenant.patch(path).query(&[("type", "Bus")]).json(fragment()).send().problem("ResourceNotFound");
    tenant.patch(path).query(&[("type", "Bus|T")]).json(fragment()).send().expect_status(204);
}

// §5.5.4: A malformed fragment is refused and changes nothing.
// §5.5.12: A datasetId cannot be removed by NGSI-LD Null.
#[test]
fn a_malformed_fragment_changes_nothing() {
    let tenant = tenant_with([&car()]);
    let cases = [
        ("no object", json!([])),
        ("another id", json!({"id": "urn:ngsi-ld:T:other", "a": property(1)})),
        ("one attribute is wrong", json!({"temperature": property(1), "bad": {"type": "Relationship", "object": 5}})),
        (
            "an open ring",
            json!({"location": geo(json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}))}),
        ),
        ("datasetId is null", json!({"speed": {"type": "Property", "value": 1, "datasetId": NULL}})),
        ("type is null", json!({"type": NULL})),
        ("id is null", json!({"id": NULL})),
    ];
    each(cases, |fragment| {
        tenant.patch("/entities/urn:ngsi-ld:T:car").json(fragment).send().problem("BadRequestData");
        assert_eq!(tenant.retrieve(&thing("car")), car());
    });
}
