//! When a notification is sent (§5.8.6): operations, triggers, watched attributes, selectors, conditions.

use crate::kit::*;

/// The names of the notified entities, in the order in which they came.
pub(crate) fn names(notices: &[Notice]) -> Vec<String> {
    let data = notices.iter().flat_map(Notice::data);
    data.map(|entity| entity["id"].as_str().unwrap_or_default().replace("urn:ngsi-ld:T:", "")).collect()
}

/// Subscribes to what `rest` says, does the changes, and expects these entities to be notified and no others.
/// A last change, which a second subscription is notified of, tells that all before it have been matched.
#[track_caller]
pub(crate) fn notifies(rest: Value, before: &[Value], changes: impl Fn(&Client), expected: &[&str]) {
    let receiver = Receiver::start();
    let tenant = empty_tenant();
    tenant.create_all(before);
    tenant.subscribe(&subscription("T", &receiver.url("/sub"), rest));
    tenant.subscribe(&subscription(
        "Marker",
        &receiver.url("/marker"),
        json!({"notificationTrigger": ["entityCreated"]}),
    ));
    changes(&tenant);
    tenant.create(&entity("urn:ngsi-ld:Marker:1", "Marker", json!({"a": property(1)})));
    receiver.wait_for("/marker", 1);
    receiver
        .wait_until("/sub", &format!("{expected:?} were notified"), |notices| names(notices).len() >= expected.len());
    tenant.create(&entity("urn:ngsi-ld:Marker:2", "Marker", json!({"a": property(1)})));
    receiver.wait_for("/marker", 2);
    let mut found = names(&receiver.notices("/sub"));
    let mut expected: Vec<String> = expected.iter().map(|name| (*name).to_owned()).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

pub(crate) fn x(value: i64) -> Value {
    t("x", json!({"a": property(value)}))
}

pub(crate) fn path(name: &str) -> String {
    format!("/entities/{}", thing(name))
}

// §5.8.6: A change of an attribute is notified, by whatever operation it came.
#[test]
fn every_operation_that_changes_an_attribute_notifies() {
    let cases: [(&str, &str, String, Value); 11] = [
        ("create", "POST", "/entities".into(), t("new", json!({"a": property(1)}))),
        ("merge", "PATCH", path("x"), json!({"a": property(2)})),
        ("replace entity", "PUT", path("x"), t("x", json!({"a": property(2)}))),
        ("append", "POST", path("x") + "/attrs", json!({"b": property(2)})),
        ("update", "PATCH", path("x") + "/attrs", json!({"a": property(2)})),
        ("partial update", "PATCH", path("x") + "/attrs/a", json!({"value": 2})),
        ("replace attribute", "PUT", path("x") + "/attrs/a", property(2)),
        ("batch create", "POST", "/entityOperations/create".into(), json!([t("new", json!({"a": property(1)}))])),
        ("batch upsert", "POST", "/entityOperations/upsert".into(), json!([x(2)])),
        ("batch update", "POST", "/entityOperations/update".into(), json!([x(2)])),
        ("batch merge", "POST", "/entityOperations/merge".into(), json!([x(2)])),
    ];
    each(cases.map(|case| (case.0, case)), |(_, method, path, body)| {
        let expected = if body.to_string().contains("T:new") { "new" } else { "x" };
        let change = |tenant: &Client| {
            let answer = tenant.request(method, &path).json(body.clone()).send();
            assert!((200..300).contains(&answer.status), "{answer:?}");
        };
        notifies(json!({}), &[x(1)], change, &[expected]);
    });
}

// §5.2.12: notificationTrigger says which kinds of change notify; by default created and updated attributes do.
// §5.2.12: entityUpdated stands for created, updated and deleted attributes.
#[test]
fn triggers_say_which_changes_notify() {
    // The changes: creation of x, update of a, creation of b, deletion of b, deletion of x.
    let changes = |tenant: &Client| {
        tenant.create(&x(1));
        tenant.patch(&path("x")).json(json!({"a": property(2)})).send().expect_status(204);
        tenant.patch(&path("x")).json(json!({"b": property(2)})).send().expect_status(204);
        tenant.delete(&(path("x") + "/attrs/b")).send().expect_status(204);
        tenant.delete(&path("x")).send().expect_status(204);
    };
    let cases = [
        (json!(null), 3),
        (json!(["entityCreated"]), 1),
        (json!(["attributeUpdated"]), 1),
        (json!(["attributeCreated", "attributeUpdated"]), 3),
        (json!(["entityDeleted"]), 1),
        (json!(["entityCreated", "entityDeleted"]), 2),
    ];
    each(cases.map(|case| (case.0.to_string(), case)), |(triggers, count)| {
        notifies(json!({"notificationTrigger": triggers}), &[], changes, &vec!["x"; count]);
    });
    let of_a = |triggers: Value| json!({"notificationTrigger": triggers, "watchedAttributes": ["b"]});
    for (triggers, count) in
        [(json!(["attributeCreated"]), 1), (json!(["attributeDeleted"]), 1), (json!(["entityUpdated"]), 2)]
    {
        let without_deletion = |tenant: &Client| {
            tenant.create(&x(1));
            tenant.patch(&path("x")).json(json!({"b": property(2)})).send().expect_status(204);
            tenant.delete(&(path("x") + "/attrs/b")).send().expect_status(204);
        };
        notifies(of_a(triggers), &[], without_deletion, &vec!["x"; count]);
    }
}

// §4.9: In a body a text may be percent-encoded as in a URL, and then also stands for what it is decoded.
#[test]
fn a_percent_encoded_text_is_understood() {
    let named = |name: &str| t("x", json!({"a": property(1), "name": property(name)}));
    let change = |tenant: &Client| {
        tenant.patch(&(path("x") + "/attrs")).json(json!({"a": property(2)})).send().expect_status(204);
    };
    let q = json!({"q": "name==\"Eiffel%20Tower\"", "watchedAttributes": ["a"]});
    for (name, expected) in [("Eiffel Tower", &["x"][..]), ("Eiffel%20Tower", &["x"]), ("Eiffel", &[])] {
        notifies(q.clone(), &[named(name)], change, expected);
    }
    let other = json!({"q": "name!=\"100%25+\";name!=\"50%\"", "watchedAttributes": ["a"]});
    for (name, expected) in [("100%+", &[][..]), ("50%", &[]), ("100% ", &["x"])] {
        notifies(other.clone(), &[named(name)], change, expected);
    }
}

// §5.8.6: What is written again with the same value is no change.
#[test]
fn the_same_value_is_no_change() {
    let same = |tenant: &Client| {
        tenant.patch(&path("x")).json(json!({"a": property(1)})).send().expect_status(204);
        tenant.patch(&(path("x") + "/attrs")).json(json!({"a": property(1)})).send().expect_status(204);
        tenant.patch(&(path("x") + "/attrs/a")).json(json!({"value": 1})).send().expect_status(204);
    };
    notifies(json!({}), &[x(1)], same, &[]);
}

// §5.8.6: A change of any member or sub-attribute of an attribute is a change of it.
#[test]
fn a_changed_member_is_a_change() {
    let changes = |tenant: &Client| {
        for fragment in
            [json!({"unitCode": "CEL"}), json!({"observedAt": "2024-01-01T00:00:00Z"}), json!({"quality": property(1)})]
        {
            tenant.patch(&(path("x") + "/attrs/a")).json(fragment).send().expect_status(204);
        }
    };
    notifies(json!({}), &[x(1)], changes, &["x", "x", "x"]);
}

// §5.2.12: Only watched attributes notify, of any entity where no entities are given.
#[test]
fn only_watched_attributes_notify() {
    let changes = |tenant: &Client| {
        tenant.patch(&path("x")).json(json!({"b": property(1)})).send().expect_status(204);
        tenant.patch(&path("x")).json(json!({"a": property(2)})).send().expect_status(204);
        tenant.create(&t("without", json!({"b": property(1)})));
    };
    notifies(json!({"watchedAttributes": ["a"]}), &[x(1)], changes, &["x"]);
    notifies(json!({"watchedAttributes": ["c", "b"]}), &[x(1)], changes, &["x", "without"]);
    let receiver = Receiver::start();
    let tenant = empty_tenant();
    tenant.subscribe(&subscription("T", &receiver.url("/any"), json!({"entities": null, "watchedAttributes": ["a"]})));
    tenant.create(&entity("urn:ngsi-ld:Other:1", "Other", json!({"a": property(1)})));
    assert_eq!(receiver.wait_for("/any", 1)[0].first()["id"], "urn:ngsi-ld:Other:1");
}

// §5.2.33: Entities are selected by type expression, by id, by a list of ids, by pattern; * is any type.
#[test]
fn selectors_say_whose_changes_notify() {
    let changes = |tenant: &Client| {
        for name in ["one", "two", "three"] {
            tenant.create(&t(name, json!({"a": property(1)})));
        }
        tenant.create(&json!({"id": thing("both"), "type": ["T", "U"], "a": property(1)}));
        tenant.create(&entity(&thing("other"), "U", json!({"a": property(1)})));
    };
    let cases = [
        (json!([{"type": "T"}]), vec!["one", "two", "three", "both"]),
        (json!([{"type": "(T;U)"}]), vec!["both"]),
        (json!([{"type": "T|U"}]), vec!["one", "two", "three", "both", "other"]),
        (json!([{"type": "T", "id": thing("two")}]), vec!["two"]),
        (json!([{"type": "*", "id": [thing("two"), thing("other")]}]), vec!["two", "other"]),
        (json!([{"type": "T", "idPattern": "^urn:ngsi-ld:T:t"}]), vec!["two", "three"]),
        (json!([{"type": "T", "id": thing("one"), "idPattern": ".*two"}]), vec!["one"]),
        (json!([{"type": "T", "id": thing("one")}, {"type": "U"}]), vec!["one", "both", "other"]),
        (json!([{"type": "Unknown"}]), vec![]),
    ];
    each(cases.into_iter().map(|case| (case.0.to_string(), case)), |(entities, expected)| {
        notifies(json!({"entities": entities}), &[], changes, &expected);
    });
}

// §5.8.6: Query, geoquery and scope query must be met by the entity as it is after the change.
#[test]
fn conditions_must_be_met_after_the_change() {
    let changes = |tenant: &Client| {
        tenant.create(&t("cold", json!({"a": property(5), "location": point(139.7, 35.6), "scope": "/Tokyo"})));
        tenant.create(&t("warm", json!({"a": property(25), "location": point(135.5, 34.7), "scope": "/Osaka/Kita"})));
        tenant.patch(&path("cold")).json(json!({"a": property(30)})).send().expect_status(204);
        tenant.patch(&path("warm")).json(json!({"a": property(1)})).send().expect_status(204);
    };
    let near = json!({"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": [139.7, 35.6]});
    let cases = [
        (json!({"q": "a>20"}), vec!["warm", "cold"]),
        (json!({"q": "a>20;a<28"}), vec!["warm"]),
        (json!({"geoQ": near}), vec!["cold", "cold"]),
        (json!({"scopeQ": "/Osaka/#"}), vec!["warm", "warm"]),
        (json!({"scopeQ": "/Tokyo", "q": "a>20", "geoQ": near}), vec!["cold"]),
        (json!({"q": "b"}), vec![]),
    ];
    each(cases.into_iter().map(|case| (case.0.to_string(), case)), |(rest, expected)| {
        notifies(rest, &[], changes, &expected);
    });
}
