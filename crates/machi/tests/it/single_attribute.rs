//! One attribute: partial update (§5.6.4), replacement (§5.6.19), deletion (§5.6.5).

use crate::kit::*;

const GPS: &str = "urn:ngsi-ld:D:gps";
const BASE: &str = "/entities/urn:ngsi-ld:T:x/attrs";

fn thing_x() -> Value {
    t(
        "x",
        json!({
            "a": {"type": "Property", "value": 25, "unitCode": "CEL", "observedAt": "2022-03-14T01:59:26Z", "quality": property(9)},
            "speed": [property(10), {"type": "Property", "value": 11, "datasetId": GPS, "unitCode": "KMH"}],
            "only": {"type": "Property", "value": 1, "datasetId": GPS},
            "owner": relationship("urn:ngsi-ld:P:1"),
        }),
    )
}

fn at(name: &str) -> String {
    format!("{BASE}/{name}")
}

fn instance<'a>(attribute: &'a Value, dataset: Option<&str>) -> &'a Value {
    match attribute.as_array() {
        Some(all) => all.iter().find(|one| one["datasetId"].as_str() == dataset).unwrap_or(&Value::Null),
        None if attribute["datasetId"].as_str() == dataset => attribute,
        None => &Value::Null,
    }
}

// §5.6.4.4: A partial update changes the members that it names and leaves the others.
// §5.5.8: NGSI-LD Null deletes a sub-attribute or member.
#[test]
fn a_partial_update_changes_what_it_names() {
    let tenant = tenant_with([&thing_x()]);
    let fragment = json!({"type": "Property", "value": 100, "observedAt": "2022-03-14T13:00:00Z"});
    tenant.patch(&at("a")).json(fragment).send().expect_empty(204);
    let expected = json!({"type": "Property", "value": 100, "unitCode": "CEL", "observedAt": "2022-03-14T13:00:00Z", "quality": property(9)});
    assert_eq!(tenant.retrieve(&thing("x"))["a"], expected);
    tenant
        .patch(&at("a"))
        .json(json!({"quality": property(NULL), "unitCode": NULL, "added": property(1)}))
        .send()
        .expect_empty(204);
    let expected =
        json!({"type": "Property", "value": 100, "observedAt": "2022-03-14T13:00:00Z", "added": property(1)});
    assert_eq!(tenant.retrieve(&thing("x"))["a"], expected);
    tenant.patch(&at("owner")).json(json!({"object": "urn:ngsi-ld:P:2"})).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("x"))["owner"], relationship("urn:ngsi-ld:P:2"));
}

// §6.3.5: With application/ld+json the @context stands in the attribute that is updated or replaced.
#[test]
fn an_attribute_as_json_ld_holds_its_context() {
    let tenant = tenant_with([&thing_x()]);
    let context = json!({"temp": full("a"), "accuracy": full("quality")});
    let body = json!({"@context": context, "value": 1, "accuracy": property(2)});
    tenant.patch(&at("temp")).ld(body).send().expect_empty(204);
    let entity = tenant.retrieve(&thing("x"));
    assert_eq!(
        (&entity["a"]["value"], &entity["a"]["quality"], &entity["a"]["unitCode"]),
        (&json!(1), &property(2), &json!("CEL"))
    );
    let body = json!({"@context": [context], "type": "Property", "value": 3, "accuracy": property(4)});
    tenant.put(&at("temp")).ld(body).send().expect_empty(204);
    let expected = json!({"type": "Property", "value": 3, "quality": property(4)});
    assert_eq!(tenant.retrieve(&thing("x"))["a"], expected);
    for inside in [json!({"value": {"@context": {}}}), json!({"value": 1, "b": {"value": 1, "@context": {}}})] {
        let mut body = inside;
        body["@context"] = json!({});
        tenant.patch(&at("a")).ld(body.clone()).send().problem("BadRequestData");
        tenant.put(&at("a")).ld(body).send().problem("BadRequestData");
    }
    assert_eq!(tenant.retrieve(&thing("x"))["a"], expected);
}

// §5.6.4.4: A datasetId in the fragment names the instance; without one it is the default instance.
#[test]
fn a_partial_update_hits_one_instance() {
    let tenant = tenant_with([&thing_x()]);
    tenant.patch(&at("speed")).json(json!({"value": 21, "datasetId": GPS})).send().expect_empty(204);
    tenant.patch(&at("speed")).json(json!({"value": 20})).send().expect_empty(204);
    let speed = tenant.retrieve(&thing("x"))["speed"].clone();
    assert_eq!(instance(&speed, None), &property(20));
    assert_eq!(
        instance(&speed, Some(GPS)),
        &json!({"type": "Property", "value": 21, "datasetId": GPS, "unitCode": "KMH"})
    );
}

// §5.6.4.4: The kind of an attribute cannot be changed by a partial update.
#[test]
fn a_partial_update_keeps_the_kind() {
    let tenant = tenant_with([&thing_x()]);
    for fragment in [relationship("urn:ngsi-ld:P:1"), json!({"type": "LanguageProperty", "languageMap": {"en": "x"}})] {
        tenant.patch(&at("a")).json(fragment).send().problem("BadRequestData");
    }
    assert_eq!(tenant.retrieve(&thing("x")), thing_x());
}

// §5.6.19.4: A replaced attribute is what was sent; createdAt stays.
// §5.6.19.4: A datasetId names the instance that is replaced; others stay.
// §6.7.3.3: PUT of an attribute answers 204.
#[test]
fn a_replaced_attribute_is_what_was_sent() {
    let tenant = tenant_with([&thing_x()]);
    let created = || tenant.retrieve_with(&thing("x"), &[("options", "sysAttrs")])["a"]["createdAt"].clone();
    let before = created();
    tenant.put(&at("a")).json(property(1)).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("x"))["a"], property(1));
    assert_eq!(created(), before);
    let other = json!({"type": "Property", "value": 5, "datasetId": GPS});
    tenant.put(&at("speed")).json(other.clone()).send().expect_empty(204);
    let speed = tenant.retrieve(&thing("x"))["speed"].clone();
    assert_eq!((instance(&speed, None), instance(&speed, Some(GPS))), (&property(10), &other));
}

// §5.6.4.4: An unknown entity, attribute or instance is not found by a partial update.
// §5.6.19.4: An unknown entity, attribute or instance is not found by a replacement.
// §6.7.3.1: A type that the entity does not have makes it not found.
#[test]
fn only_a_known_attribute_is_changed() {
    let tenant = tenant_with([&thing_x()]);
    for method in ["PATCH", "PUT"] {
        let send = |path: &str, body: Value| tenant.request(method, path).json(body).send();
        send("/entities/urn:ngsi-ld:T:unknown/attrs/a", property(1)).problem("ResourceNotFound");
        send(&at("unknown"), property(1)).problem("ResourceNotFound");
        send(&at("only"), property(1)).problem("ResourceNotFound");
        send(&at("a"), json!({"type": "Property", "value": 1, "datasetId": GPS})).problem("ResourceNotFound");
        send("/entities/nonsense/attrs/a", property(1)).problem("BadRequestData");
        send(&at("a%20b"), property(1)).problem("BadRequestData");
        send(&at("a"), json!({"type": "Property", "value": 1, "observedAt": "now"})).problem("BadRequestData");
        send(&at("a"), json!([property(1), property(2)])).problem("BadRequestData");
        tenant
            .request(method, &at("a"))
            .query(&[("type", "Other")])
            .json(property(1))
            .send()
            .problem("ResourceNotFound");
    }
    assert_eq!(tenant.retrieve(&thing("x")), thing_x());
}

// §5.6.5.4: Without a parameter the default instance is deleted, with datasetId that one, with deleteAll all.
// §6.7.3.2: DELETE of an attribute answers 204; datasetId and deleteAll say which instances go.
#[test]
fn an_attribute_is_deleted_by_instance_or_as_a_whole() {
    let tenant = tenant_with([&thing_x()]);
    tenant.delete(&at("a")).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("x")).get("a"), None);
    tenant.delete(&at("speed")).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("x"))["speed"]["datasetId"], GPS);
    tenant.delete(&at("speed")).query(&[("datasetId", GPS)]).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("x")).get("speed"), None);
    let both = tenant_with([&thing_x()]);
    both.delete(&at("speed")).query(&[("deleteAll", "true")]).send().expect_empty(204);
    assert_eq!(both.retrieve(&thing("x")).get("speed"), None);
}

// §5.6.5.4: An unknown entity, attribute or instance is not found; a malformed name or id is refused.
#[test]
fn only_a_known_attribute_is_deleted() {
    let tenant = tenant_with([&thing_x()]);
    let delete = |path: &str, query: &[(&str, &str)]| tenant.delete(path).query(query).send();
    delete("/entities/urn:ngsi-ld:T:unknown/attrs/a", &[]).problem("ResourceNotFound");
    delete(&at("unknown"), &[]).problem("ResourceNotFound");
    delete(&at("unknown"), &[("deleteAll", "true")]).problem("ResourceNotFound");
    delete(&at("only"), &[]).problem("ResourceNotFound");
    delete(&at("a"), &[("datasetId", GPS)]).problem("ResourceNotFound");
    delete(&at("a"), &[("type", "Other")]).problem("ResourceNotFound");
    delete(&at("a"), &[("datasetId", "no uri")]).problem("BadRequestData");
    delete("/entities/nonsense/attrs/a", &[]).problem("BadRequestData");
    delete(&at("a%20b"), &[]).problem("BadRequestData");
    assert_eq!(tenant.retrieve(&thing("x")), thing_x());
}

// §5.5.7: The name in the path is expanded by the Link, or is the IRI itself.
#[test]
fn the_name_in_the_path_is_expanded() {
    let receiver = Receiver::start();
    let context = receiver.serve("/c.jsonld", json!({"@context": {"alias": full("a")}}));
    let tenant = tenant_with([&thing_x()]);
    tenant.patch(&at("alias")).link(&context).json(json!({"value": 7})).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("x"))["a"]["value"], 7);
    tenant.put(&at(&encoded(&full("a")))).json(property(8)).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("x"))["a"], property(8));
    tenant.delete(&at("alias")).link(&context).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("x")).get("a"), None);
}
