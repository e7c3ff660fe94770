//! What a notification holds (§5.3.1, §5.8.6, §5.2.14).

use crate::kit::*;

pub(crate) fn room() -> Value {
    t(
        "x",
        json!({
            "a": {"type": "Property", "value": 1, "unitCode": "CEL"},
            "speed": [property(1), {"type": "Property", "value": 2, "datasetId": "urn:ngsi-ld:D:1"}],
            "says": {"type": "LanguageProperty", "languageMap": {"en": "yes", "ja": "はい"}},
            "owner": relationship("urn:ngsi-ld:Person:1"),
            "location": point(139.7, 35.6),
        }),
    )
}

fn person() -> Value {
    entity(
        "urn:ngsi-ld:Person:1",
        "Person",
        json!({"name": property("Aoi"), "boss": relationship("urn:ngsi-ld:Person:2")}),
    )
}

/// What is notified when the attribute a of the room becomes 5, to a subscription with these members.
#[track_caller]
pub(crate) fn notified(rest: Value) -> Notice {
    let receiver = Receiver::start();
    let tenant = tenant_with([&room(), &person()]);
    tenant.subscribe(&subscription("T", &receiver.url("/sub"), rest));
    let fragment = json!({"a": {"type": "Property", "value": 5, "unitCode": "CEL"}});
    tenant.patch(&format!("/entities/{}/attrs", thing("x"))).json(fragment).send().expect_status(204);
    receiver.wait_for("/sub", 1).remove(0)
}

pub(crate) fn notification(members: &Value) -> Value {
    json!({"notification": members})
}

// §5.3.1: A notification has an id, its type, the subscription, the time, and the entities.
// §6.3.8: It is a POST of application/json whose Link names the @context.
// §5.8.6: Without more said, the entity is given whole, in normalized representation, without system attributes.
#[test]
fn a_notification_holds_the_changed_entity() {
    let receiver = Receiver::start();
    let tenant = tenant_with([&room()]);
    let id = tenant.subscribe(&subscription("T", &receiver.url("/sub"), json!({})));
    tenant.patch(&format!("/entities/{}", thing("x"))).json(json!({"a": property(5)})).send().expect_status(204);
    let notice = receiver.wait_for("/sub", 1).remove(0);
    let body = &notice.body;
    assert_eq!((&body["type"], &body["subscriptionId"]), (&json!("Notification"), &json!(id)));
    assert!(body["id"].as_str().is_some_and(|id| id.starts_with("urn:ngsi-ld:")), "{body}");
    assert!(body["notifiedAt"].as_str().is_some_and(|time| time.starts_with("20") && time.ends_with('Z')), "{body}");
    let mut expected = room();
    expected["a"]["value"] = json!(5);
    let instances = notice.first()["speed"].as_array().map(Vec::len);
    assert_eq!(instances, Some(2));
    let mut given = notice.first();
    given["speed"] = expected["speed"].clone();
    assert_eq!(given, expected);
    assert!(notice.header("content-type").is_some_and(|kind| kind.starts_with("application/json")), "{notice:?}");
    let link = notice.header("link").unwrap_or_default();
    assert!(link.contains("ngsi-ld-core-context") && link.contains("json-ld#context"), "{notice:?}");
    assert_eq!(given.get("@context"), None);
}

// §5.2.14.1: format chooses the representation of the entities.
#[test]
fn the_format_is_chosen() {
    for format in ["simplified", "keyValues"] {
        let simple = notified(notification(&json!({"format": format}))).first();
        assert_eq!((&simple["a"], &simple["owner"]), (&json!(5), &json!("urn:ngsi-ld:Person:1")));
    }
    let concise = notified(notification(&json!({"format": "concise"}))).first();
    assert_eq!(concise["a"], json!({"value": 5, "unitCode": "CEL"}));
    assert_eq!(concise["owner"], json!({"object": "urn:ngsi-ld:Person:1"}));
    assert_eq!(notified(notification(&json!({"format": "normalized"}))).first()["owner"], room()["owner"]);
}

// §4.21: An entity of which pick and omit leave nothing is in no notification, and one without entities is not sent.
#[test]
fn a_notification_that_has_nothing_to_tell_is_not_sent() {
    let receiver = Receiver::start();
    let tenant =
        tenant_with([&t("x", json!({"b": property(0)})), &t("y", json!({"a": property(0), "b": property(0)}))]);
    let feature = json!({"pick": ["a"], "endpoint": {"accept": "application/geo+json"}});
    let cases = [
        ("/pick", notification(&json!({"pick": ["a"]}))),
        ("/omit", notification(&json!({"omit": ["id", "type", "b"]}))),
        ("/feature", notification(&feature)),
        ("/throttled", json!({"notification": {"pick": ["a"]}, "throttling": 3600})),
        ("/periodic", json!({"notification": {"pick": ["c"]}, "timeInterval": 1})),
        ("/whole", json!({})),
    ];
    let subscribe =
        |(path, rest): &(&str, Value)| tenant.subscribe(&subscription("T", &receiver.url(path), rest.clone()));
    let ids: Vec<String> = cases.iter().map(subscribe).collect();
    let set = |name: &str, attribute: &str, value: i64| {
        let path = format!("/entities/{}", thing(name));
        tenant.patch(&path).json(json!({attribute: property(value)})).send().expect_status(204);
    };
    set("x", "b", 1);
    let both = json!([t("x", json!({"b": property(2)})), t("y", json!({"a": property(2)}))]);
    tenant.post("/entityOperations/update").json(both).send().expect_status(204);
    set("x", "b", 3);
    set("y", "a", 4);
    receiver.wait_for("/whole", 4);
    for (path, _) in &cases[..3] {
        let told: Vec<Value> =
            receiver.wait_for(path, 2).into_iter().map(|notice| notice.body["data"].clone()).collect();
        let expected = |value: i64| match *path {
            "/feature" => {
                let feature = json!({"id": thing("y"), "type": "Feature", "geometry": null, "properties": {"a": property(value)}});
                json!([feature])
            }
            _ => json!([{"a": property(value)}]),
        };
        let told: Vec<&Value> = told.iter().map(|data| data.get("features").unwrap_or(data)).collect();
        assert_eq!(told, [&expected(2), &expected(4)], "{path}");
    }
    // What tells of nothing begins no rest.
    assert_eq!(receiver.wait_for("/throttled", 1)[0].data(), [json!({"a": property(2)})]);
    eventually("what was sent is counted, and nothing else", || {
        let shown = tenant.get(&format!("/subscriptions/{}", ids[0])).send().expect_status(200).json();
        (shown["notification"]["timesSent"] == 2).then_some(())
    });
    assert_eq!(receiver.notices("/periodic").len(), 0);
    let found = tenant.get("/entities?type=T&pick=a").send().expect_status(200).json();
    assert_eq!(found, json!([{"a": property(4)}]), "as a query answers");
}

// §5.2.14.1: pick, omit and attributes choose the members that are given.
#[test]
fn members_are_chosen() {
    let members = |rest: Value| {
        let entity = notified(notification(&rest)).first();
        let mut names: Vec<String> = entity.as_object().expect("an entity").keys().cloned().collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(members(json!({"pick": ["id", "a"]})), "a id");
    assert_eq!(members(json!({"omit": ["speed", "says", "location"]})), "a id owner type");
    assert_eq!(members(json!({"attributes": ["a", "owner"]})), "a id owner type");
}

// §5.2.14.1: sysAttrs adds createdAt and modifiedAt to the entity and its attributes.
#[test]
fn system_attributes_are_given_on_request() {
    let entity = notified(notification(&json!({"sysAttrs": true}))).first();
    for element in [&entity, &entity["a"], &entity["owner"]] {
        assert!(element["createdAt"].is_string() && element["modifiedAt"].is_string(), "{entity}");
    }
}

// §5.2.14.1: showChanges gives the previous value, object or language map of what was changed.
#[test]
fn changes_are_shown() {
    let receiver = Receiver::start();
    let tenant = tenant_with([&room()]);
    tenant.subscribe(&subscription("T", &receiver.url("/sub"), notification(&json!({"showChanges": true}))));
    let fragment = json!({
        "a": property(5), "owner": relationship("urn:ngsi-ld:Person:2"), "new": property(1),
        "says": {"type": "LanguageProperty", "languageMap": {"en": "no"}},
    });
    tenant.patch(&format!("/entities/{}/attrs", thing("x"))).json(fragment).send().expect_status(204);
    let entity = receiver.wait_for("/sub", 1)[0].first();
    assert_eq!((&entity["a"]["value"], &entity["a"]["previousValue"]), (&json!(5), &json!(1)));
    assert_eq!(entity["owner"]["previousObject"], "urn:ngsi-ld:Person:1");
    assert_eq!(entity["says"]["previousLanguageMap"], room()["says"]["languageMap"]);
    assert_eq!((entity["new"].get("previousValue"), entity["location"].get("previousValue")), (None, None));
}

// §5.8.6: A deleted attribute is given as NGSI-LD Null, as an object where more has to be said.
// §4.5.2.2: In normalized representation a deleted attribute is one whose value is NGSI-LD Null.
#[test]
fn a_deleted_attribute_is_given_as_null() {
    let deleted = |rest: Value, name: &str| {
        let receiver = Receiver::start();
        let tenant = tenant_with([&room()]);
        let triggered = json!({"notificationTrigger": ["attributeDeleted"], "notification": rest});
        tenant.subscribe(&subscription("T", &receiver.url("/sub"), triggered));
        tenant.delete(&format!("/entities/{}/attrs/{name}", thing("x"))).send().expect_status(204);
        let name = name.split('?').next().unwrap_or_default();
        receiver.wait_for("/sub", 1)[0].first()[name].clone()
    };
    for format in ["concise", "simplified"] {
        assert_eq!(deleted(json!({"format": format}), "a"), NULL);
        assert_eq!(deleted(json!({"format": format}), "owner"), NULL);
    }
    assert_eq!(deleted(json!({}), "a"), property(NULL));
    assert_eq!(deleted(json!({}), "owner"), relationship(NULL));
    assert_eq!(deleted(json!({}), "says"), json!({"type": "LanguageProperty", "languageMap": {"@none": NULL}}));
    // The attribute is gone, and there is no other instance of it to be told from.
    assert_eq!(deleted(json!({}), "speed?deleteAll=true"), property(NULL));
    assert_eq!(deleted(json!({}), "speed?datasetId=urn:ngsi-ld:D:1")[1]["value"], NULL);
    let shown = deleted(json!({"showChanges": true}), "a");
    assert_eq!(
        (&shown["type"], &shown["value"], &shown["previousValue"]),
        (&json!("Property"), &json!(NULL), &json!(1))
    );
    let shown = deleted(json!({"showChanges": true}), "owner");
    assert_eq!((&shown["object"], &shown["previousObject"]), (&json!(NULL), &json!("urn:ngsi-ld:Person:1")));
    let shown = deleted(json!({"showChanges": true}), "says");
    assert_eq!(shown["languageMap"], json!({"@none": NULL}));
    let timed = deleted(json!({"sysAttrs": true}), "a");
    assert!(timed["value"] == NULL && timed["deletedAt"].is_string(), "{timed}");
}

// §5.8.6: A deleted entity is given by id, type and deletedAt alone.
// §5.2.14.1: With sysAttrs its other times are given too, with showChanges what it was.
#[test]
fn a_deleted_entity_is_given_by_its_end() {
    let deleted = |rest: Value| {
        let receiver = Receiver::start();
        let tenant = tenant_with([&room()]);
        let triggered = json!({"notificationTrigger": ["entityDeleted"], "notification": rest});
        tenant.subscribe(&subscription("T", &receiver.url("/sub"), triggered));
        tenant.delete(&format!("/entities/{}", thing("x"))).send().expect_status(204);
        receiver.wait_for("/sub", 1)[0].first()
    };
    let mut plain = deleted(json!({}));
    let at = plain.as_object_mut().and_then(|entity| entity.remove("deletedAt"));
    assert!(at.as_ref().and_then(Value::as_str).is_some_and(|time| time.ends_with('Z')), "{at:?}");
    assert_eq!(plain, t("x", json!({})));
    let timed = deleted(json!({"sysAttrs": true}));
    assert!(["createdAt", "modifiedAt", "deletedAt"].iter().all(|member| timed[member].is_string()), "{timed}");
    assert_eq!(deleted(json!({"showChanges": true}))["a"]["previousValue"], 1);
}

// §5.2.12: Who is told of deleted attributes is told of those that go with their entity, and of no others.
#[test]
fn attributes_that_go_with_their_entity_are_told() {
    let deleted = |rest: Value| {
        let receiver = Receiver::start();
        let tenant = tenant_with([&room()]);
        tenant.subscribe(&subscription("T", &receiver.url("/sub"), rest));
        tenant.delete(&format!("/entities/{}", thing("x"))).send().expect_status(204);
        let mut entity = receiver.wait_for("/sub", 1)[0].first();
        let end = entity.as_object_mut().and_then(|entity| entity.remove("deletedAt"));
        assert!(end.is_some_and(|end| end.is_string()), "{entity}");
        entity
    };
    let only = |triggers: Value| deleted(json!({"notificationTrigger": triggers, "watchedAttributes": ["a"]}));
    assert_eq!(only(json!(["attributeDeleted"])), t("x", json!({"a": property(NULL)})));
    assert_eq!(only(json!(["entityUpdated"])), t("x", json!({"a": property(NULL)})));
    assert_eq!(only(json!(["attributeDeleted", "entityDeleted"])), t("x", json!({})));
    let all = deleted(json!({"notificationTrigger": ["attributeDeleted"]}));
    assert_eq!((&all["a"], &all["owner"]), (&property(NULL), &relationship(NULL)));
}

// §5.2.12: datasetId chooses instances, lang one language.
#[test]
fn instances_and_languages_are_chosen() {
    let entity = notified(json!({"datasetId": ["urn:ngsi-ld:D:1"], "watchedAttributes": ["a"]})).first();
    assert_eq!((&entity["speed"]["value"], entity.get("owner")), (&json!(2), None));
    let entity = notified(json!({"datasetId": ["@none"]})).first();
    assert_eq!((&entity["speed"], &entity["a"]["value"]), (&property(1), &json!(5)));
    let entity = notified(json!({"lang": "ja"})).first();
    assert_eq!(entity["says"], json!({"type": "Property", "value": "はい", "lang": "ja"}));
}
