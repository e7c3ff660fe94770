//! Creating and reading subscriptions (§5.8.1, §5.8.3, §6.10.3.1, §6.11.3.1).

use crate::kit::*;

const NOWHERE: &str = "http://127.0.0.1:9/hook";

fn full_subscription() -> Value {
    json!({
        "id": "urn:ngsi-ld:Subscription:1",
        "type": "Subscription",
        "subscriptionName": "rooms",
        "description": "warm rooms",
        "entities": [{"type": "Room", "idPattern": "^urn:ngsi-ld:Room:.*"}, {"type": "House|Flat", "id": "urn:ngsi-ld:House:1"}],
        "watchedAttributes": ["temperature", "humidity"],
        "notificationTrigger": ["attributeUpdated", "entityDeleted"],
        "q": "temperature>20",
        "geoQ": {"georel": "near;maxDistance==2000", "geometry": "Point", "coordinates": [8, 40], "geoproperty": "place"},
        "scopeQ": "/Tokyo/#",
        "throttling": 0.5,
        "lang": "ja",
        "datasetId": ["@none"],
        "localOnly": true,
        "notification": {
            "format": "concise",
            "pick": ["id", "temperature"],
            "sysAttrs": true,
            "showChanges": true,
            "join": "inline",
            "joinLevel": 2,
            "endpoint": {
                "uri": NOWHERE, "accept": "application/ld+json", "timeout": 500, "cooldown": 1000,
                "receiverInfo": [{"key": "Authorization", "value": "Bearer x"}],
                "notifierInfo": [{"key": "MQTT-QoS", "value": "1"}],
            },
        },
    })
}

pub(crate) fn simple(rest: Value) -> Value {
    subscription("T", NOWHERE, rest)
}

#[track_caller]
fn read(tenant: &Client, id: &str) -> Value {
    tenant.get(&format!("/subscriptions/{id}")).send().expect_status(200).json()
}

/// Expects that every member of `part` stands in `whole`, to any depth.
#[track_caller]
fn expect_within(whole: &Value, part: &Value) {
    match part {
        Value::Object(members) => members.iter().for_each(|(name, value)| expect_within(&whole[name], value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| expect_within(&whole[i], item)),
        other => assert_eq!(whole, other),
    }
}

// §6.10.3.1: A subscription is created with 201 and its path in Location.
// §5.8.3.4: A subscription is read as it was written, with its status.
// §5.8.1.4: Without isActive the status is active.
// §6.11.3.1: GET of a subscription answers 200 with it.
#[test]
fn a_subscription_is_read_as_it_was_written() {
    let tenant = tenant();
    let answer = tenant.post("/subscriptions").json(full_subscription()).send().expect_empty(201);
    assert_eq!(answer.expect_header("location"), "/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:1");
    let stored = read(&tenant, "urn:ngsi-ld:Subscription:1");
    expect_within(&stored, &full_subscription());
    assert_eq!(stored["status"], "active");
}

// §5.8.1.4: Without an id a URI is generated; an id that exists is refused with AlreadyExists.
#[test]
fn ids_are_generated_and_unique() {
    let tenant = tenant();
    let (one, two) = (tenant.subscribe(&simple(json!({}))), tenant.subscribe(&simple(json!({}))));
    assert!(one != two && one.contains(':'), "{one} {two}");
    tenant.post("/subscriptions").json(simple(json!({"id": one}))).send().problem("AlreadyExists");
}

// §5.8.1.4: isActive=false makes it paused; a future expiresAt is kept; a past one is refused.
#[test]
fn the_status_follows_activity_and_expiry() {
    let tenant = tenant();
    let paused = tenant.subscribe(&simple(json!({"isActive": false})));
    assert_eq!(read(&tenant, &paused)["status"], "paused");
    let brief = tenant.subscribe(&simple(json!({"expiresAt": in_seconds(2)})));
    assert_eq!(read(&tenant, &brief)["status"], "active");
    tenant.post("/subscriptions").json(simple(json!({"expiresAt": in_seconds(-10)}))).send().problem("BadRequestData");
    eventually("the subscription has expired", || (read(&tenant, &brief)["status"] == "expired").then_some(()));
}

// §5.2.12: status and the counters are the system's; what a client sends of them is ignored.
#[test]
fn read_only_members_are_ignored() {
    let tenant = tenant();
    let rest = json!({"status": "expired", "notification": {"timesSent": 5, "status": "failed", "lastSuccess": "2020-01-01T00:00:00Z"}});
    let stored = read(&tenant, &tenant.subscribe(&simple(rest)));
    assert_eq!(stored["status"], "active");
    let counted = stored["notification"]["timesSent"].as_u64().unwrap_or_default();
    assert_eq!((counted, stored["notification"].get("lastSuccess")), (0, None));
}

// §5.2.12: Without notificationTrigger it is the creation and the change of attributes that notifies.
#[test]
fn the_default_triggers_are_told() {
    let tenant = tenant();
    let stored = read(&tenant, &tenant.subscribe(&simple(json!({}))));
    assert_eq!(stored["notificationTrigger"], json!(["attributeCreated", "attributeUpdated"]));
    let stored = read(&tenant, &tenant.subscribe(&simple(json!({"notificationTrigger": ["entityDeleted"]}))));
    assert_eq!(stored["notificationTrigger"], json!(["entityDeleted"]));
}

// §5.2.12: A member that is none of the standard's is not kept; what seems to be a slip for one is refused.
#[test]
fn foreign_members_are_not_kept() {
    let tenant = tenant();
    let foreign = json!({
        "__context": "http://127.0.0.1:9/c", "com.example:x": {"y": 1},
        "notification": {"vendor": 1, "endpoint": {"vendor": 2}},
    });
    let stored = read(&tenant, &tenant.subscribe(&simple(foreign)));
    for word in ["__context", "com.example", "vendor"] {
        assert!(!stored.to_string().contains(word), "{stored}");
    }
    let slip = tenant.post("/subscriptions").json(simple(json!({"watchedAttribute": ["a"]}))).send();
    assert!(slip.problem("BadRequestData").contains("\"watchedAttributes\""), "{slip:?}");
}

// §5.5.2: A temporalQ, which asks for the history of entities, is not supported, and the answer says so.
#[test]
fn a_temporal_query_is_not_supported() {
    let tenant = tenant();
    let temporal = json!({"temporalQ": {"timerel": "after", "timeAt": "2024-01-01T00:00:00Z"}});
    let path = format!("/subscriptions/{}", tenant.subscribe(&simple(json!({}))));
    for request in [tenant.post("/subscriptions").json(simple(temporal.clone())), tenant.patch(&path).json(temporal)] {
        let answer = request.header("Accept-Language", "ja").send();
        assert_eq!(answer.status, 422, "{answer:?}");
        let detail = answer.problem("OperationNotSupported");
        assert!(detail.contains("temporalQ") && detail.contains("履歴"), "{detail}");
    }
}

// §5.2.12: Wrong types, cardinalities and combinations are refused with BadRequestData.
// §5.2.33: A selector of entities has a type, and its id and pattern are well formed.
#[test]
fn a_malformed_subscription_is_refused() {
    refused(vec![
        ("no type", json!({"type": null})),
        ("another type", json!({"type": "Query"})),
        ("id is no URI", json!({"id": "mine"})),
        ("nothing to watch", json!({"entities": null})),
        ("no selectors", json!({"entities": []})),
        ("a selector without type", json!({"entities": [{"id": "urn:ngsi-ld:T:1"}]})),
        ("a selector's id is no URI", json!({"entities": [{"type": "T", "id": "x"}]})),
        ("a selector's pattern is none", json!({"entities": [{"type": "T", "idPattern": "["}]})),
        ("a selector's type is none", json!({"entities": [{"type": "(T"}]})),
        ("no watched attributes", json!({"watchedAttributes": []})),
        ("watched attributes are a string", json!({"watchedAttributes": "a"})),
        ("no trigger", json!({"notificationTrigger": []})),
        ("an unknown trigger", json!({"notificationTrigger": ["entityMoved"]})),
        ("malformed q", json!({"q": "a=="})),
        ("malformed scopeQ", json!({"scopeQ": "a"})),
        ("malformed geoQ", json!({"geoQ": {"georel": "near", "geometry": "Point", "coordinates": [1, 2]}})),
        ("geoQ without coordinates", json!({"geoQ": {"georel": "within", "geometry": "Point"}})),
        ("expiresAt is no time", json!({"expiresAt": "soon"})),
        ("isActive is no boolean", json!({"isActive": "yes"})),
        ("throttling 0", json!({"throttling": 0})),
        ("negative throttling", json!({"throttling": -1})),
        ("timeInterval 0", json!({"timeInterval": 0})),
        ("timeInterval with watchedAttributes", json!({"timeInterval": 5, "watchedAttributes": ["a"]})),
        ("timeInterval with throttling", json!({"timeInterval": 5, "throttling": 5})),
        ("datasetId is no URI", json!({"datasetId": ["x y"]})),
    ]);
}

// §5.2.14.1: The parameters of a notification have their types and values; keyValues cannot show changes.
// §5.2.15: An endpoint has a uri of a known scheme, a known media type, positive times, and pairs that are headers.
#[test]
fn a_malformed_notification_is_refused() {
    let note = |member: &str, value: Value| json!({"notification": {member: value}});
    let endpoint = |member: &str, value: Value| json!({"notification": {"endpoint": {member: value}}});
    refused(vec![
        ("no notification", json!({"notification": null})),
        ("no endpoint", note("endpoint", Value::Null)),
        ("an unknown format", note("format", json!("xml"))),
        ("empty attributes", note("attributes", json!([]))),
        ("id among attributes", note("attributes", json!(["id"]))),
        ("empty pick", note("pick", json!([]))),
        ("empty omit", note("omit", json!([]))),
        ("an unknown join", note("join", json!("deep"))),
        ("joinLevel 0", json!({"notification": {"join": "flat", "joinLevel": 0}})),
        ("showChanges with keyValues", json!({"notification": {"showChanges": true, "format": "keyValues"}})),
        ("sysAttrs is no boolean", note("sysAttrs", json!(1))),
        ("no uri", endpoint("uri", Value::Null)),
        ("uri is none", endpoint("uri", json!("here"))),
        ("an unknown scheme", endpoint("uri", json!("ftp://127.0.0.1/x"))),
        ("an unknown media type", endpoint("accept", json!("text/html"))),
        ("timeout 0", endpoint("timeout", json!(0))),
        ("negative cooldown", endpoint("cooldown", json!(-5))),
        ("receiverInfo without value", endpoint("receiverInfo", json!([{"key": "a"}]))),
        ("receiverInfo is an object", endpoint("receiverInfo", json!({"a": "b"}))),
        ("receiverInfo that is no header", endpoint("receiverInfo", json!([{"key": "a b", "value": "c\r\nd"}]))),
    ]);
}

fn refused(cases: Vec<(&'static str, Value)>) {
    let tenant = empty_tenant();
    each(cases, |rest| {
        tenant.post("/subscriptions").json(simple(rest)).send().problem("BadRequestData");
    });
    assert_eq!(tenant.get("/subscriptions").send().expect_status(200).json(), json!([]));
}

// §5.2.12: With localOnly neither entities nor watchedAttributes are needed.
// §5.2.12: watchedAttributes alone are enough.
#[test]
fn what_may_be_left_out_may_be_left_out() {
    let tenant = tenant();
    tenant.subscribe(&simple(json!({"entities": null, "localOnly": true})));
    tenant.subscribe(&simple(json!({"entities": null, "watchedAttributes": ["a"]})));
    tenant.subscribe(&simple(json!({"timeInterval": 3600})));
    tenant.subscribe(&simple(json!({"entities": [{"type": "*"}]})));
}
