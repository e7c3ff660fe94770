//! How a notification is sent over HTTP, and what is counted (§6.3.8, §5.2.14.2, §5.2.15).

use std::time::Duration;

use crate::kit::*;
use crate::notification_content::{notification, notified, room};

// §5.2.14.1: join brings linked entities along, inline or flat.
#[test]
fn linked_entities_are_joined() {
    let inline = notified(notification(&json!({"join": "inline"}))).first();
    assert_eq!(inline["owner"]["entity"]["name"], property("Aoi"));
    let flat = notified(notification(&json!({"join": "flat", "joinLevel": 2}))).data();
    assert_eq!(ids(&json!(flat)), [thing("x"), "urn:ngsi-ld:Person:1".to_owned()]);
    let whole = notified(notification(&json!({"join": "flat", "attributes": ["owner"]}))).data();
    assert_eq!((whole[0].get("a"), &whole[1]["name"]), (None, &property("Aoi")));
    let picked = notified(notification(&json!({"join": "flat", "pick": ["id", "owner"]}))).data();
    assert_eq!((picked[0].get("a"), picked[1].get("name")), (None, None));
    let none = notified(notification(&json!({"join": "@none"}))).first();
    assert_eq!(none["owner"].get("entity"), None);
}

// §5.2.15: accept chooses JSON-LD, with the @context in the body and no Link.
#[test]
fn json_ld_is_sent_on_request() {
    let notice = notified(notification(&json!({"endpoint": {"accept": "application/ld+json"}})));
    assert!(notice.header("content-type").is_some_and(|kind| kind.starts_with("application/ld+json")), "{notice:?}");
    assert!(notice.body.to_string().contains("ngsi-ld-core-context"), "{notice:?}");
    assert!(notice.header("link").is_none_or(|link| !link.contains("json-ld#context")), "{notice:?}");
}

// §6.3.8: The @context in a notification names the core last where the user's does not name it.
#[test]
fn an_own_context_in_a_notification_is_followed_by_the_core() {
    let receiver = Receiver::start();
    let context = receiver.serve("/c.jsonld", json!({"@context": {"alias": full("a")}}));
    let whole = receiver.serve("/whole.jsonld", json!({"@context": [context, CORE_CONTEXT]}));
    let cases = [
        (json!(context), json!([context, CORE_CONTEXT])),
        (json!(whole), json!(whole)),
        (json!(CORE_CONTEXT), json!(CORE_CONTEXT)),
    ];
    for (given, expected) in cases {
        let endpoint = json!({"accept": "application/ld+json"});
        let notice = notified(json!({"jsonldContext": given, "notification": {"endpoint": endpoint}}));
        assert_eq!(notice.body["@context"], expected, "{given}");
        assert_eq!(notice.first()["@context"], expected, "{given}");
        let endpoint = json!({"accept": "application/geo+json"});
        let notice = notified(json!({"jsonldContext": given, "notification": {"endpoint": endpoint}}));
        assert_eq!(notice.body["data"]["@context"], expected, "{given}");
    }
}

// §5.3.1: accept chooses GeoJSON: data is a FeatureCollection with its @context, or without for Prefer body=json.
#[test]
fn geojson_is_sent_on_request() {
    let geo = |info: Value| {
        notified(notification(&json!({"endpoint": {"accept": "application/geo+json", "receiverInfo": info}})))
    };
    let notice = geo(Value::Null);
    let data = &notice.body["data"];
    assert!(notice.header("content-type").is_some_and(|kind| kind.starts_with("application/geo+json")), "{notice:?}");
    assert_eq!(
        (&data["type"], &data["features"][0]["geometry"]["type"]),
        (&json!("FeatureCollection"), &json!("Point"))
    );
    assert_eq!(data["features"][0]["properties"]["a"]["value"], 5);
    assert!(notice.body.to_string().contains("@context"), "{notice:?}");
    let bare = geo(json!([{"key": "Prefer", "value": "body=json"}]));
    assert!(!bare.body.to_string().contains("@context"), "{bare:?}");
    assert!(bare.header("link").is_some_and(|link| link.contains("json-ld#context")), "{bare:?}");
}

// §6.3.8: Each pair of receiverInfo is a header of the request.
// §5.2.22: A pair has a key and a value.
#[test]
fn receiver_info_becomes_headers() {
    let info = json!([{"key": "Authorization", "value": "Bearer 5"}, {"key": "X-City", "value": "aoi"}]);
    let notice = notified(notification(&json!({"endpoint": {"receiverInfo": info}})));
    assert_eq!((notice.header("authorization"), notice.header("x-city")), (Some("Bearer 5"), Some("aoi")));
    let names: Vec<&str> = notice.headers.iter().map(|(name, _)| name.as_str()).collect();
    for expected in ["Authorization", "X-City", "Link", "Content-Type"] {
        assert!(names.contains(&expected), "{names:?}");
    }
}

// §5.8.6: Names are compacted by the jsonldContext of the subscription, which the Link names.
#[test]
fn names_are_compacted_by_the_context_of_the_subscription() {
    let receiver = Receiver::start();
    let context = receiver.serve("/c.jsonld", json!({"@context": {"alias": full("a"), "Raum": full("T")}}));
    let notice = notified(json!({"jsonldContext": context}));
    assert_eq!((&notice.first()["type"], &notice.first()["alias"]["value"]), (&json!("Raum"), &json!(5)));
    assert!(notice.header("link").is_some_and(|link| link.contains(&context)), "{notice:?}");
}

// §5.13.1: An @context that is no URL is served by the broker, so that a notification can name it.
#[test]
fn an_inline_context_is_served_for_notifications() {
    let receiver = Receiver::start();
    let tenant = tenant_with([&room()]);
    let mut sub = subscription("T", &receiver.url("/sub"), json!({}));
    sub["@context"] = json!({"alias": full("a")});
    tenant.subscribe(&sub);
    tenant.patch(&format!("/entities/{}", thing("x"))).json(json!({"a": property(5)})).send().expect_status(204);
    let notice = receiver.wait_for("/sub", 1).remove(0);
    assert_eq!(notice.first()["alias"]["value"], 5);
    let link = notice.header("link").unwrap_or_default();
    let url = link.trim_start_matches('<').split('>').next().unwrap_or_default();
    assert!(tenant.get(url).send().expect_status(200).text().contains("alias"), "{notice:?}");
    let query = [("kind", "ImplicitlyCreated")];
    let listed = tenant.get("/jsonldContexts").query(&query).send().expect_status(200).json();
    assert!(sorted(&listed).iter().any(|listed| listed == url), "{url} in {listed}");
}

// §5.2.12: ngsildConformance makes the notification conform to an older version.
#[test]
fn a_notification_conforms_to_an_older_version() {
    let entity = notified(json!({"ngsildConformance": "1.3"})).first();
    assert_eq!((&entity["says"]["type"], &entity["a"]["value"]), (&json!("Property"), &json!(5)));
}

// §5.2.14.2: A success counts in timesSent and is told by lastNotification, lastSuccess and status ok.
#[test]
fn successes_are_counted() {
    let receiver = Receiver::start();
    let tenant = tenant_with([&room()]);
    let id = tenant.subscribe(&subscription("T", &receiver.url("/sub"), json!({})));
    for value in [7, 8] {
        tenant
            .patch(&format!("/entities/{}", thing("x")))
            .json(json!({"a": property(value)}))
            .send()
            .expect_status(204);
    }
    let told = eventually("both are counted", || {
        let stored = tenant.get(&format!("/subscriptions/{id}")).send().expect_status(200).json();
        (stored["notification"]["timesSent"] == 2).then(|| stored["notification"].clone())
    });
    assert_eq!((&told["status"], told.get("lastFailure")), (&json!("ok"), None));
    for member in ["lastNotification", "lastSuccess"] {
        assert!(told[member].as_str().is_some_and(|time| time.starts_with("20")), "{told}");
    }
}

// §5.8.6: A notification counts in timesSent and lastNotification as soon as it is sent, whatever the receiver answers.
#[test]
fn a_notification_counts_as_soon_as_it_is_sent() {
    let receiver = Receiver::start();
    receiver.behave("/sub", Behaviour::Slow(Duration::from_secs(3)));
    let tenant = tenant_with([&room()]);
    let id = tenant.subscribe(&subscription("T", &receiver.url("/sub"), json!({})));
    tenant.patch(&format!("/entities/{}", thing("x"))).json(json!({"a": property(7)})).send().expect_status(204);
    let told = eventually("it is counted", || {
        let stored = tenant.get(&format!("/subscriptions/{id}")).send().expect_status(200).json();
        (stored["notification"]["timesSent"] == 1).then(|| stored["notification"].clone())
    });
    assert!(told["lastNotification"].is_string(), "{told}");
    assert_eq!((told.get("status"), told.get("lastSuccess")), (None, None), "{told}");
}

// §5.2.14.2: A failure counts in timesFailed and is told by lastFailure and status failed, until a success follows.
// §5.2.15: A receiver that does not answer within timeout has failed.
#[test]
fn failures_are_counted() {
    let failures =
        [Behaviour::Status(500), Behaviour::Status(404), Behaviour::HangUp, Behaviour::Slow(Duration::from_secs(3))];
    each(failures.map(|failure| (format!("{failure:?}"), failure)), |failure| {
        let receiver = Receiver::start();
        receiver.behave("/sub", failure);
        let tenant = tenant_with([&room()]);
        let brief = json!({"notification": {"endpoint": {"timeout": 300, "cooldown": 50}}});
        let id = tenant.subscribe(&subscription("T", &receiver.url("/sub"), brief));
        let told = |status: &str| {
            eventually(&format!("the status is {status}"), || {
                let stored = tenant.get(&format!("/subscriptions/{id}")).send().expect_status(200).json();
                (stored["notification"]["status"] == *status).then(|| stored["notification"].clone())
            })
        };
        let set = |value: i64| {
            let fragment = json!({"a": property(value)});
            tenant.patch(&format!("/entities/{}", thing("x"))).json(fragment).send().expect_status(204);
        };
        set(7);
        let failed = told("failed");
        assert!(failed["timesFailed"].as_u64() >= Some(1) && failed["lastFailure"].is_string(), "{failed}");
        receiver.behave("/sub", Behaviour::Status(200));
        set(8);
        assert!(told("ok")["lastSuccess"].is_string());
    });
}

// §5.3.1: A notification that is sent again keeps its id.
#[test]
fn a_notification_keeps_its_id_over_retries() {
    let receiver = Receiver::start();
    receiver.behave("/sub", Behaviour::Status(503));
    let tenant = tenant_with([&room()]);
    tenant.subscribe(&subscription(
        "T",
        &receiver.url("/sub"),
        json!({"notification": {"endpoint": {"cooldown": 50}}}),
    ));
    tenant.patch(&format!("/entities/{}", thing("x"))).json(json!({"a": property(7)})).send().expect_status(204);
    receiver.wait_for("/sub", 2);
    receiver.behave("/sub", Behaviour::Status(200));
    let notices =
        receiver.wait_until("/sub", "a retry succeeded", |notices| notices.iter().any(|notice| notice.answered == 200));
    let ids: std::collections::BTreeSet<String> = notices.iter().map(|notice| notice.body["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "{notices:#?}");
    assert!(notices.iter().all(|notice| notice.first()["a"]["value"] == 7));
}
