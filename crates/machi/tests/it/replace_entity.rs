//! Replace Entity (§5.6.18, §6.5.3.2) and Delete Entity (§5.6.6, §6.5.3.3).

use crate::kit::*;

const PATH: &str = "/entities/urn:ngsi-ld:T:x";

fn old() -> Value {
    t("x", json!({"a": property(1), "b": property(2), "scope": "/Old"}))
}

fn new() -> Value {
    t("x", json!({"b": property(3), "c": relationship("urn:ngsi-ld:T:y")}))
}

// §5.6.18.4: The entity becomes what was sent; what was not sent is gone; createdAt stays, modifiedAt moves.
// §6.5.3.3: PUT of an entity answers 204.
#[test]
fn a_replaced_entity_is_what_was_sent() {
    let tenant = tenant_with([&old()]);
    let times = || tenant.retrieve_with(&thing("x"), &[("options", "sysAttrs")]);
    let before = times();
    tenant.put(PATH).json(new()).send().expect_empty(204);
    assert_eq!(tenant.retrieve(&thing("x")), new());
    let after = times();
    assert_eq!(before["createdAt"], after["createdAt"]);
    assert!(before["modifiedAt"].as_str() < after["modifiedAt"].as_str());
}

// §5.6.18.4: Replacing may change the types.
#[test]
fn replacing_may_change_the_types() {
    let tenant = tenant_with([&old()]);
    tenant.put(PATH).json(entity(&thing("x"), "Other", json!({}))).send().expect_empty(204);
    finds(&tenant, &[("type", "Other")], "x");
    finds(&tenant, &[("type", "T")], "");
}

// §5.6.18.4: An unknown entity, or one of another type, is not found; a malformed id is refused.
#[test]
fn only_a_known_entity_is_replaced() {
    let tenant = tenant_with([&old()]);
    let other = t("unknown", json!({}));
    tenant.put("/entities/urn:ngsi-ld:T:unknown").json(other).send().problem("ResourceNotFound");
    tenant.expect_absent(&thing("unknown"));
    tenant.put("/entities/nonsense").json(new()).send().problem("BadRequestData");
    tenant.put("/entities/").json(new()).send().problem("BadRequestData");
    tenant.put(PATH).query(&[("type", "Other")]).json(new()).send().problem("ResourceNotFound");
    assert_eq!(tenant.retrieve(&thing("x")), old());
}

// §5.6.18.4: NGSI-LD Null and malformed entities are refused and change nothing.
#[test]
fn a_malformed_replacement_changes_nothing() {
    let tenant = tenant_with([&old()]);
    let cases = [
        ("null value", t("x", json!({"a": property(NULL)}))),
        ("null attribute", t("x", json!({"a": NULL}))),
        ("another id", t("y", json!({"a": property(1)}))),
        ("wrong attribute", t("x", json!({"a": {"type": "Property"}}))),
    ];
    each(cases, |body| {
        tenant.put(PATH).json(body).send().problem("BadRequestData");
        assert_eq!(tenant.retrieve(&thing("x")), old());
    });
}

// §5.6.6.4: A deleted entity is gone from retrieval and from queries; its id may be used again.
// §6.5.3.2: DELETE of an entity answers 204.
#[test]
fn a_deleted_entity_is_gone_and_may_come_back() {
    let tenant = tenant_with([&old(), &t("y", json!({"a": property(1)}))]);
    tenant.delete(PATH).send().expect_empty(204);
    tenant.expect_absent(&thing("x"));
    finds(&tenant, &[("type", "T"), ("q", "a==1")], "y");
    tenant.create(&new());
    assert_eq!(tenant.retrieve(&thing("x")), new());
}

// §5.6.6.4: An unknown entity, or one of another type, is not found; a malformed id is refused.
#[test]
fn only_a_known_entity_is_deleted() {
    let tenant = tenant_with([&old()]);
    tenant.delete("/entities/urn:ngsi-ld:T:unknown").send().problem("ResourceNotFound");
    tenant.delete("/entities/nonsense").send().problem("BadRequestData");
    tenant.delete(PATH).query(&[("type", "Other")]).send().problem("ResourceNotFound");
    tenant.delete(PATH).query(&[("type", "T")]).send().expect_empty(204);
    tenant.delete(PATH).send().problem("ResourceNotFound");
}
