//! Notifications over MQTT (§7.2), taken by Debian's Mosquitto and heard by its own subscriber and by paho-mqtt.

use std::process::Command;

use crate::kit::*;
use crate::mosquitto::{Mosquitto, Subscriber, is_there, make_certificates};

/// A city's tenant with an entity, and a subscription to it that notifies there.
fn notifying(tenant: &Client, uri: &str, endpoint: &Value) -> String {
    tenant.create(&t("x", json!({"a": property(0)})));
    tenant.subscribe(&subscription("T", uri, json!({"notification": {"endpoint": endpoint}})))
}

fn set(tenant: &Client, value: i64) {
    let fragment = json!({"a": property(value)});
    tenant.patch(&format!("/entities/{}", thing("x"))).json(fragment).send().expect_status(204);
}

fn info(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

fn value_of(message: &Value) -> Option<i64> {
    message["message"]["body"]["data"][0]["a"]["value"].as_i64()
}

// §7.2: A notification is published to the topic of the endpoint, in MQTT 3.1.1 and 5, with quality 0, 1 and 2.
// §7.2: The message holds the notification as body, and content type, Link, tenant and receiverInfo as metadata.
#[test]
fn notifications_are_published_in_both_versions_and_every_quality() {
    if !is_there() {
        return;
    }
    let broker = Mosquitto::start();
    let cases = ["mqtt3.1.1", "mqtt5.0"].into_iter().flat_map(|version| (0..3).map(move |quality| (version, quality)));
    each(cases.map(|case| (format!("{case:?}"), case)), |(version, quality)| {
        let (tenant, quality) = (tenant(), quality.to_string());
        let topic = format!("city/{version}/{quality}");
        let own = if version == "mqtt5.0" { "mqttv5" } else { "mqttv311" };
        let subscriber = broker.subscribe(&topic, &["-V", own, "-q", "2"]);
        let endpoint = json!({
            "notifierInfo": info(&[("MQTT-Version", version), ("MQTT-QoS", &quality)]),
            "receiverInfo": info(&[("X-Key", "はい")]),
        });
        let id = notifying(&tenant, &broker.uri(&topic), &endpoint);
        set(&tenant, 7);
        let heard = subscriber.wait_for(1).remove(0);
        assert_eq!((&heard["topic"], heard["qos"].to_string()), (&json!(topic), quality));
        let (metadata, body) = (&heard["message"]["metadata"], &heard["message"]["body"]);
        assert_eq!((&metadata["Content-Type"], &metadata["X-Key"]), (&json!("application/json"), &json!("はい")));
        assert!(metadata["Link"].as_str().is_some_and(|link| link.contains("json-ld#context")), "{metadata}");
        assert!(metadata["NGSILD-Tenant"].as_str().is_some_and(|name| name.starts_with("tenant")), "{metadata}");
        assert_eq!((&body["type"], &body["subscriptionId"]), (&json!("Notification"), &json!(id)));
        assert_eq!(body["data"][0]["a"], property(7));
    });
}

// §7.2: accept chooses JSON-LD, with the @context in the body and no Link among the metadata.
#[test]
fn json_ld_is_published_on_request() {
    if !is_there() {
        return;
    }
    let (broker, tenant) = (Mosquitto::start(), tenant());
    let subscriber = broker.subscribe("t", &[]);
    notifying(&tenant, &broker.uri("t"), &json!({"accept": "application/ld+json"}));
    set(&tenant, 7);
    let message = subscriber.wait_for(1).remove(0)["message"].take();
    assert_eq!(message["metadata"]["Content-Type"], "application/ld+json");
    assert_eq!(message["metadata"].get("Link"), None);
    assert!(message["body"]["@context"].to_string().contains("ngsi-ld-core-context"), "{message}");
}

// §7.2: User name and password stand in the address of the endpoint.
#[test]
fn the_broker_may_ask_for_a_password() {
    if !is_there() {
        return;
    }
    let broker = Mosquitto::start_with(|folder| {
        let file = folder.join("passwords");
        let made = Command::new("mosquitto_passwd").args(["-b", "-c"]).arg(&file).args(["aoi", "p:w@1"]).status();
        assert!(made.unwrap().success());
        format!("allow_anonymous false\npassword_file {}", file.display())
    });
    let tenant = tenant();
    let subscriber = broker.subscribe("t", &["-u", "aoi", "-P", "p:w@1"]);
    let at = |credentials: &str| format!("mqtt://{credentials}@127.0.0.1:{}/t", broker.port());
    notifying(&tenant, &at("aoi:p%3Aw%401"), &info_quality("1"));
    let wrong = tenant.subscribe(&subscription(
        "T",
        &at("aoi:wrong"),
        json!({"notification": {"endpoint": info_quality("1")}}),
    ));
    set(&tenant, 7);
    assert_eq!(value_of(&subscriber.wait_for(1)[0]), Some(7));
    eventually("the wrong password has failed", || {
        let stored = tenant.get(&format!("/subscriptions/{wrong}")).send().expect_status(200).json();
        (stored["notification"]["status"] == "failed").then_some(())
    });
}

fn info_quality(quality: &str) -> Value {
    json!({"notifierInfo": info(&[("MQTT-QoS", quality)])})
}

// §7.2: mqtts is MQTT over TLS; the operator names the authority that is trusted in [egress] authorities.
#[test]
fn encrypted_brokers_are_trusted_by_their_authority() {
    if !is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let authority = make_certificates(folder.path());
    let broker = Mosquitto::start_with(|_| {
        let place = folder.path().display();
        format!("allow_anonymous true\ncertfile {place}/server.pem\nkeyfile {place}/server.key")
    });
    let subscriber = broker.subscribe("t", &["--cafile", &authority.display().to_string()]);
    let uri = format!("mqtts://127.0.0.1:{}/t", broker.port());
    let config = format!("[egress]\nauthorities = {:?}\n", authority.display().to_string());
    let trusting =
        City::start_with(env!("CARGO_BIN_EXE_machi"), Options { config: Some(config), ..Options::default() });
    notifying(&trusting.client(), &uri, &info_quality("2"));
    set(&trusting.client(), 7);
    assert_eq!(value_of(&subscriber.wait_for(1)[0]), Some(7));
    // Nobody else's city trusts that authority.
    let tenant = tenant();
    let id = notifying(&tenant, &uri, &info_quality("2"));
    set(&tenant, 8);
    eventually("the broker is not trusted", || {
        let stored = tenant.get(&format!("/subscriptions/{id}")).send().expect_status(200).json();
        (stored["notification"]["status"] == "failed").then_some(())
    });
    assert_eq!(subscriber.messages().len(), 1);
}

/// Publishes while the broker is stopped and started again; gives what each subscriber heard.
fn restarted_in_the_middle(broker: &mut Mosquitto, subscriber: &Subscriber, version: &str) -> Vec<i64> {
    let tenant = tenant();
    let endpoint = json!({
        "cooldown": 50,
        "notifierInfo": info(&[("MQTT-Version", version), ("MQTT-QoS", "1")]),
    });
    notifying(&tenant, &broker.uri("t"), &endpoint);
    for value in 1..=60 {
        set(&tenant, value);
        match value {
            20 => broker.stop(),
            40 => broker.restart(),
            _ => {}
        }
    }
    let is_last = |message: &Value| value_of(message) == Some(60);
    eventually("the last change was published", || subscriber.messages().iter().any(is_last).then_some(()));
    // At least once: what the broker took without saying so comes again, and after it what follows.
    let mut known = std::collections::BTreeSet::new();
    subscriber.messages().iter().filter_map(value_of).filter(|value| known.insert(*value)).collect()
}

// Issue 2, line 9: The MQTT broker that receives is restarted in the middle: nothing is lost at quality 1.
#[test]
fn nothing_is_lost_when_the_broker_is_restarted() {
    if !is_there() {
        return;
    }
    let expected: Vec<i64> = (1..=60).collect();
    let mut broker = Mosquitto::start();
    let session = ["-V", "mqttv5", "-q", "1", "-i", "own", "-c", "-x", "600"];
    let subscriber = broker.subscribe("t", &session);
    assert_eq!(restarted_in_the_middle(&mut broker, &subscriber, "mqtt5.0"), expected);
    for (version, name) in [(5, "mqtt5.0"), (3, "mqtt3.1.1")] {
        let mut broker = Mosquitto::start();
        let Some(subscriber) = broker.subscribe_with_paho("t", version, 1) else { return };
        assert_eq!(restarted_in_the_middle(&mut broker, &subscriber, name), expected, "paho, {name}");
    }
}
