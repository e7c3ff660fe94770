//! Entities and attributes that end by themselves (§4.22).

use crate::kit::*;

/// Tenants whose subscribers are told of what ends, and where they are told.
fn told(trigger: &str) -> (Client, Receiver) {
    let receiver = Receiver::start();
    let tenant = empty_tenant();
    tenant.subscribe(&subscription("T", &receiver.url("/end"), json!({"notificationTrigger": [trigger]})));
    (tenant, receiver)
}

// §4.22: A transient entity ends while the city runs: nobody finds it any more, and its end is notified.
#[test]
fn a_transient_entity_ends_and_is_notified() {
    let (tenant, receiver) = told("entityDeleted");
    tenant.create(&t("brief", json!({"expiresAt": in_seconds(1), "a": property(1)})));
    tenant.create(&t("stays", json!({"a": property(1)})));
    let ended = receiver.wait_for("/end", 1);
    let end = &ended[0].data()[0];
    assert_eq!((&end["id"], end["deletedAt"].is_string()), (&json!(thing("brief")), true), "{end}");
    tenant.expect_absent(&thing("brief"));
    finds(&tenant, &[("type", "T")], "stays");
    tenant.create(&t("brief", json!({"a": property(2)})));
    assert_eq!(tenant.retrieve(&thing("brief"))["a"], property(2));
}

// §4.22: A transient attribute ends alone: its entity stays, and its end is notified.
#[test]
fn a_transient_attribute_ends_and_is_notified() {
    let (tenant, receiver) = told("attributeDeleted");
    let brief = json!({"type": "Property", "value": 1, "expiresAt": in_seconds(1)});
    tenant.create(&t("x", json!({"brief": brief, "long": property(2)})));
    let ended = receiver.wait_for("/end", 1);
    assert_eq!(ended[0].data()[0]["id"], thing("x"));
    assert_eq!(tenant.retrieve(&thing("x")), t("x", json!({"long": property(2)})));
    finds(&tenant, &[("type", "T"), ("q", "brief")], "");
}

// §4.22: Until it ends, the time of expiry can be moved, and taken away.
#[test]
fn the_time_of_expiry_is_moved_and_removed() {
    let tenant = tenant_with([&t("x", json!({"expiresAt": in_seconds(2), "a": property(1)}))]);
    let path = format!("/entities/{}", thing("x"));
    let expiry = || tenant.retrieve_with(&thing("x"), &[("options", "sysAttrs")])["expiresAt"].clone();
    let later = in_seconds(3600);
    tenant.patch(&path).json(json!({"expiresAt": later})).send().expect_empty(204);
    assert!(expiry().as_str().is_some_and(|time| time.starts_with(later.trim_end_matches('Z'))), "{}", expiry());
    tenant.patch(&path).json(json!({"expiresAt": NULL})).send().expect_empty(204);
    assert_eq!(expiry(), Value::Null);
    tenant.patch(&path).json(json!({"expiresAt": "soon"})).send().problem("BadRequestData");
    assert_eq!(tenant.retrieve(&thing("x"))["a"], property(1));
}

// §4.22: What has expired is not there for any operation, swept away or not.
// §5.5.12: What the target does not have is added by a merge.
#[test]
fn a_sub_attribute_that_has_ended_is_no_target_of_a_merge() {
    let brief = json!({"type": "Property", "value": 3, "expiresAt": in_seconds(1)});
    let tenant = tenant_with([&t("x", json!({"a": {"type": "Property", "value": 1, "sub": brief}}))]);
    let sub = || tenant.retrieve(&thing("x"))["a"]["sub"].clone();
    eventually("it has ended", || sub().is_null().then_some(()));
    let path = format!("/entities/{}", thing("x"));
    let without_value = json!({"a": {"type": "Property", "sub": {"type": "Property", "unitCode": "CEL"}}});
    tenant.patch(&path).json(without_value).send().problem("BadRequestData");
    let again = json!({"a": {"type": "Property", "sub": {"type": "Property", "value": 9}}});
    tenant.patch(&path).json(again).send().expect_empty(204);
    assert_eq!(sub(), property(9));
}
