//! Since when, how often and in which order notifications are sent (§5.8.6, §5.2.12).

use std::time::Duration;

use crate::kit::*;
use crate::notification_triggers::{names, notifies, path, x};

// §5.8.6: Only an active subscription notifies: a paused one does not, and does again when it is active again.
#[test]
fn only_an_active_subscription_notifies() {
    notifies(json!({"isActive": false}), &[], |tenant| tenant.create(&x(1)), &[]);
    let receiver = Receiver::start();
    let tenant = tenant_with([&x(0)]);
    let id = tenant.subscribe(&subscription("T", &receiver.url("/sub"), json!({"isActive": false})));
    let set = |value: i64| tenant.patch(&path("x")).json(json!({"a": property(value)})).send().expect_status(204);
    set(1);
    tenant.patch(&format!("/subscriptions/{id}")).json(json!({"isActive": true})).send().expect_status(204);
    set(2);
    let notices = receiver.wait_for("/sub", 1);
    assert_eq!((notices.len(), &notices[0].first()["a"]), (1, &property(2)));
}

// §5.8.1.4: An expired subscription notifies no more.
#[test]
fn an_expired_subscription_is_silent() {
    let receiver = Receiver::start();
    let tenant = tenant_with([&x(0)]);
    let id = tenant.subscribe(&subscription("T", &receiver.url("/brief"), json!({"expiresAt": in_seconds(1)})));
    tenant.subscribe(&subscription("T", &receiver.url("/long"), json!({})));
    eventually("the subscription has expired", || {
        let stored = tenant.get(&format!("/subscriptions/{id}")).send().json();
        (stored["status"] == "expired").then_some(())
    });
    for value in 1..3 {
        tenant.patch(&path("x")).json(json!({"a": property(value)})).send().expect_status(204);
    }
    receiver.wait_for("/long", 2);
    assert_eq!(receiver.notices("/brief").len(), 0);
}

// §5.8.5.4: A deleted subscription notifies no more; an updated one by its new terms.
#[test]
fn deleted_and_updated_subscriptions_follow_at_once() {
    let receiver = Receiver::start();
    let tenant = empty_tenant();
    let deleted = tenant.subscribe(&subscription("T", &receiver.url("/deleted"), json!({})));
    let updated = tenant.subscribe(&subscription("T", &receiver.url("/old"), json!({"q": "a>100"})));
    tenant.delete(&format!("/subscriptions/{deleted}")).send().expect_status(204);
    let terms = json!({"q": "a<100", "notification": {"endpoint": {"uri": receiver.url("/new")}}});
    tenant.patch(&format!("/subscriptions/{updated}")).json(terms).send().expect_status(204);
    tenant.create(&x(5));
    assert_eq!(receiver.wait_for("/new", 1)[0].first()["a"], property(5));
    assert_eq!((receiver.notices("/deleted").len(), receiver.notices("/old").len()), (0, 0));
}

// §5.2.12: With throttling, that much time lies between two notifications.
#[test]
fn throttling_keeps_notifications_apart() {
    let receiver = Receiver::start();
    let tenant = tenant_with([&x(0)]);
    tenant.subscribe(&subscription("T", &receiver.url("/sub"), json!({"throttling": 1})));
    let mut value = 0;
    eventually("three notifications came", || {
        value += 1;
        tenant.patch(&path("x")).json(json!({"a": property(value)})).send().expect_status(204);
        (receiver.notices("/sub").len() >= 3).then_some(())
    });
    let notices = receiver.notices("/sub");
    assert!(value > 6, "there were many more changes than notifications");
    for pair in notices.windows(2) {
        let gap = pair[1].at - pair[0].at;
        assert!(gap >= Duration::from_millis(900), "only {gap:?} between two notifications");
    }
}

// §5.8.6: With timeInterval all entities that match are notified again and again, without any change.
// §5.8.6: Where no entity matches, nothing is sent.
#[test]
fn a_time_interval_notifies_without_changes() {
    let receiver = Receiver::start();
    let tenant = tenant_with([&x(1), &t("y", json!({"a": property(2)})), &t("z", json!({"a": property(9)}))]);
    let every = |path: &str, q: &str| subscription("T", &receiver.url(path), json!({"timeInterval": 1, "q": q}));
    tenant.subscribe(&every("/some", "a<5"));
    tenant.subscribe(&every("/none", "a>100"));
    let notices = receiver.wait_for("/some", 3);
    for notice in &notices {
        assert_eq!(sorted(&json!(names(std::slice::from_ref(notice)))), ["x", "y"]);
    }
    let gap = notices[2].at - notices[1].at;
    assert!(gap >= Duration::from_millis(700) && gap <= Duration::from_secs(3), "{gap:?} between two notifications");
    assert_eq!(receiver.notices("/none").len(), 0);
}

// §5.5.11.3: Each entity of a batch is notified, and one that occurs twice is notified twice, in order.
#[test]
fn a_batch_notifies_each_of_its_changes() {
    let receiver = Receiver::start();
    let tenant = tenant_with([&x(0)]);
    tenant.subscribe(&subscription("T", &receiver.url("/sub"), json!({})));
    let all = json!([x(1), t("y", json!({"a": property(1)})), x(2)]);
    let answer = tenant.post("/entityOperations/upsert").json(all).send();
    answer.expect_status(201);
    let notices = receiver.wait_until("/sub", "three changes were notified", |notices| names(notices).len() >= 3);
    let data: Vec<Value> = notices.iter().flat_map(Notice::data).collect();
    let of_x: Vec<&Value> =
        data.iter().filter(|entity| entity["id"] == thing("x")).map(|entity| &entity["a"]["value"]).collect();
    assert_eq!(of_x, [&json!(1), &json!(2)]);
}

// §5.8.6: Changes of one entity are notified in the order in which they were made, each as it was then.
#[test]
fn changes_of_an_entity_are_notified_in_order() {
    let receiver = Receiver::start();
    let tenant = tenant_with([&x(0)]);
    tenant.subscribe(&subscription("T", &receiver.url("/sub"), json!({})));
    for value in 1..=50 {
        tenant.patch(&path("x")).json(json!({"a": property(value)})).send().expect_status(204);
    }
    let notices = receiver.wait_until("/sub", "50 changes were notified", |notices| names(notices).len() >= 50);
    let values: Vec<i64> =
        notices.iter().flat_map(Notice::data).filter_map(|entity| entity["a"]["value"].as_i64()).collect();
    assert_eq!(values, (1..=50).collect::<Vec<_>>());
}
