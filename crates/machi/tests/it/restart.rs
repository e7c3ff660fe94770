//! What was acknowledged is there after the server was killed, and what was due is delivered.

use crate::kit::*;

fn own_city() -> City {
    City::start(env!("CARGO_BIN_EXE_machi"))
}

// Architecture, promise 3: Acknowledged means durable: entities, types, indexes, subscriptions and contexts survive a kill.
#[test]
fn what_was_acknowledged_survives_a_kill() {
    let city = own_city();
    let tenant = city.tenant("aoi");
    let room = t("x", json!({"a": property(1), "location": point(139.7, 35.6), "scope": "/Tokyo"}));
    tenant.create_all([&room, &t("deleted", json!({}))]);
    tenant.delete(&format!("/entities/{}", thing("deleted"))).send().expect_status(204);
    let context = tenant.post("/jsonldContexts").json(json!({"@context": {"a": "https://example.org/a"}})).send();
    let context = context.expect_status(201).expect_header("location").to_owned();
    let id = tenant.subscribe(&subscription("T", "http://127.0.0.1:9/x", json!({"q": "a>1"})));
    let before = tenant.retrieve_with(&thing("x"), &[("options", "sysAttrs")]);
    city.kill();
    city.restart();
    assert_eq!(tenant.retrieve_with(&thing("x"), &[("options", "sysAttrs")]), before);
    tenant.expect_absent(&thing("deleted"));
    finds(&tenant, &[("type", "T"), ("q", "a==1"), ("scopeQ", "/Tokyo")], "x");
    let near = [("georel", "near;maxDistance==10"), ("geometry", "Point"), ("coordinates", "[139.7,35.6]")];
    finds(&tenant, &near, "x");
    assert_eq!(tenant.get("/types").send().expect_status(200).json()["typeList"], json!(["T"]));
    let stored = tenant.get(&format!("/subscriptions/{id}")).send().expect_status(200).json();
    assert_eq!((&stored["q"], &stored["status"]), (&json!("a>1"), &json!("active")));
    tenant.get(&context).send().expect_status(200);
}

// Architecture, promise 3: Due means delivered: a notification that could not be delivered before a kill is delivered after it.
#[test]
fn what_was_due_is_delivered_after_a_kill() {
    let receiver = Receiver::start();
    receiver.behave("/sub", Behaviour::Status(503));
    let city = own_city();
    let tenant = city.client();
    tenant.create(&t("x", json!({"a": property(0)})));
    let rest = json!({"notification": {"endpoint": {"cooldown": 50}}});
    tenant.subscribe(&subscription("T", &receiver.url("/sub"), rest));
    for value in 1..=5 {
        let fragment = json!({"a": property(value)});
        tenant.patch(&format!("/entities/{}", thing("x"))).json(fragment).send().expect_status(204);
    }
    city.kill();
    receiver.behave("/sub", Behaviour::Status(200));
    city.restart();
    let delivered = |notices: &[Notice]| -> Vec<i64> {
        let taken = notices.iter().filter(|notice| notice.answered == 200).flat_map(Notice::data);
        taken.filter_map(|entity| entity["a"]["value"].as_i64()).collect()
    };
    let notices = receiver.wait_until("/sub", "all five changes were delivered", |notices| {
        let values = delivered(notices);
        (1..=5).all(|value| values.contains(&value))
    });
    let mut values = delivered(&notices);
    values.dedup();
    assert_eq!(values, [1, 2, 3, 4, 5], "in order");
}

// Issue 2, operation: SIGTERM ends the server within 5 s with code 0, and what was written is there afterwards.
#[test]
fn a_stopped_server_ends_well() {
    let city = own_city();
    city.client().create(&t("x", json!({"a": property(1)})));
    assert!(city.stop().success());
    city.restart();
    finds(&city.client(), &[("type", "T")], "x");
}

// §5.8.5.4: A subscription that was deleted notifies of nothing any more, though the feed is read again after a kill.
#[test]
fn a_deleted_subscription_stays_silent_after_a_kill() {
    let receiver = Receiver::start();
    receiver.behave("/deleted", Behaviour::Status(503));
    let city = own_city();
    let tenant = city.client();
    tenant.create(&t("x", json!({"a": property(0)})));
    let path = format!("/subscriptions/{}", tenant.subscribe(&subscription("T", &receiver.url("/deleted"), json!({}))));
    tenant.subscribe(&subscription("T", &receiver.url("/other"), json!({})));
    let change = |value| {
        tenant
            .patch(&format!("/entities/{}", thing("x")))
            .json(json!({"a": property(value)}))
            .send()
            .expect_status(204);
    };
    change(1);
    receiver.wait_for("/deleted", 1);
    receiver.wait_for("/other", 1);
    tenant.delete(&path).send().expect_status(204);
    let waiting = || tenant.get("/machi/v1/deliveries").send().expect_status(200).json();
    eventually("what waited is cleared away", || (waiting() == json!([])).then_some(()));
    city.kill();
    let before = receiver.notices("/deleted").len();
    city.restart();
    change(2);
    receiver.wait_until("/other", "the next change is told of", |notices| {
        notices.iter().any(|notice| notice.data()[0]["a"]["value"] == 2)
    });
    assert_eq!(receiver.notices("/deleted").len(), before);
}
