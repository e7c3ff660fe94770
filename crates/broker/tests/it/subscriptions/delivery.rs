//! Receivers that fail, are slow, or come back; dead letters.

use serde_json::json;

use super::{Working, entity, notifying, quick};
use crate::city::City;
use crate::receiver::{Receiver, wait_for};

fn values(receiver: &Receiver) -> Vec<i64> {
    receiver.received().iter().map(|one| one.body["data"][0]["a"]["value"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn what_a_receiver_refuses_waits_and_comes_in_order() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    let id = city.subscribe(&receiver, json!({})).await;
    receiver.answer(503);
    city.given(&entity("urn:x:1", 0)).await;
    for n in 1..30 {
        city.set("urn:x:1", "a", json!(n)).await;
    }
    // Asked a third time: two refusals have been answered and counted.
    receiver.wait_asked(3).await;
    assert_eq!(city.shown(&id).await["notification"]["status"], "failed");
    receiver.answer(200);
    receiver.wait(30).await;
    for n in 30..40 {
        city.set("urn:x:1", "a", json!(n)).await;
    }
    receiver.wait(40).await;
    assert_eq!(values(&receiver), (0..40).collect::<Vec<_>>());
    let shown = city.shown(&id).await;
    assert_eq!(shown["notification"]["status"], "ok");
    assert!(shown["notification"]["timesFailed"].as_u64().unwrap() >= 2);
    let ids: std::collections::BTreeSet<String> =
        receiver.received().iter().map(|one| one.body["id"].to_string()).collect();
    assert_eq!(ids.len(), 40);
    working.close().await;
}

#[tokio::test]
async fn a_receiver_that_is_back_in_a_steady_flow_is_served_from_memory() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    city.subscribe(&receiver, json!({})).await;
    receiver.answer(503);
    city.given(&entity("urn:x:1", 0)).await;
    // One comes sooner after the other than what is to wait is written down.
    let flow = async {
        for n in 1.. {
            city.set("urn:x:1", "a", json!(n)).await;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let wait = async {
        assert!(wait_for(|| working.waiting() == 1).await);
        receiver.answer(200);
        assert!(wait_for(|| working.waiting() == 0).await);
        receiver.received().len()
    };
    let back = tokio::select! { () = flow => unreachable!(), back = wait => back };
    let all = values(&receiver);
    assert!(back > 0 && all.iter().enumerate().all(|(place, value)| *value == place as i64), "{all:?}");
    working.close().await;
}

#[tokio::test]
async fn a_dead_and_a_slow_receiver_hold_nobody_up() {
    let (city, working) = notifying().await;
    let (healthy, slow, flapping) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    slow.delay(1500);
    for n in 0..5 {
        city.subscribe(&healthy, json!({"notification": {"endpoint": {"uri": healthy.url(&format!("/{n}"))}}})).await;
    }
    city.subscribe(&healthy, json!({"notification": {"endpoint": {"uri": "http://127.0.0.1:9/dead"}}})).await;
    city.subscribe(&slow, json!({})).await;
    city.subscribe(&flapping, json!({})).await;
    city.given(&entity("urn:x:1", 0)).await;
    let started = std::time::Instant::now();
    for n in 1..40 {
        flapping.answer(if n % 3 == 0 { 500 } else { 200 });
        city.set("urn:x:1", "a", json!(n)).await;
    }
    flapping.answer(200);
    healthy.wait(5 * 40).await;
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
    for path in 0..5 {
        let received = healthy.received();
        let of_path = received.iter().filter(|one| one.path == format!("/{path}"));
        let values: Vec<i64> = of_path.map(|one| one.body["data"][0]["a"]["value"].as_i64().unwrap()).collect();
        assert_eq!(values, (0..40).collect::<Vec<_>>());
    }
    flapping.wait(40).await;
    assert_eq!(values(&flapping), (0..40).collect::<Vec<_>>());
    // No receiver that fails keeps the feed from being settled: it is far behind by itself alone.
    let settled = async || {
        let cursor = city.store.cursor("subscriptions").await.unwrap();
        cursor.is_some_and(|cursor| cursor.bucket(0) > 40)
    };
    while !settled().await {
        assert!(started.elapsed() < std::time::Duration::from_mins(1), "the feed is not settled");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    working.close().await;
}

#[tokio::test]
async fn what_is_given_up_becomes_a_dead_letter_and_the_rest_goes_on() {
    let mut config = quick();
    config.subscriptions.attempts = 3;
    let city = City::with(config);
    let working = Working::start(&city).await;
    let receiver = Receiver::start().await;
    let id = city.subscribe(&receiver, json!({})).await;
    receiver.answer(400);
    city.given(&entity("urn:x:1", 0)).await;
    receiver.wait_asked(3).await;
    let letters = || async { city.ask("GET", &format!("/machi/v1/dead-letters?subscription={id}"), &[]).await.value() };
    let mut list = letters().await;
    for _ in 0..200 {
        if list.as_array().is_some_and(|list| !list.is_empty()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        list = letters().await;
    }
    assert_eq!((&list[0]["attempts"], &list[0]["subscriptionId"]), (&json!(3), &json!(id)));
    assert_eq!(list[0]["reason"], "the receiver answered 400 Bad Request");
    receiver.answer(200);
    city.set("urn:x:1", "a", json!(1)).await;
    receiver.wait(1).await;
    let letter = list[0]["id"].as_str().unwrap();
    let read = city.ask("GET", &format!("/machi/v1/dead-letters/{letter}"), &[]).await;
    assert_eq!(read.value()["notification"]["data"][0]["a"]["value"], 0);
    assert_eq!(city.ask("POST", &format!("/machi/v1/dead-letters/{letter}/replay"), &[]).await.status, 202);
    let received = receiver.wait(2).await;
    assert_eq!(received[1].body["id"], json!(letter));
    assert_eq!(letters().await, json!([]));
    let gone = city.ask("DELETE", &format!("/machi/v1/dead-letters/{letter}"), &[]).await;
    assert_eq!(gone.fault().0, 404);
    // What has nobody to go to any more is not lost by trying.
    receiver.answer(400);
    city.set("urn:x:1", "a", json!(2)).await;
    let mut left = letters().await;
    while left == json!([]) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        left = letters().await;
    }
    assert_eq!(city.ask("DELETE", &format!("/subscriptions/{id}"), &[]).await.status, 204);
    let letter = left[0]["id"].as_str().unwrap();
    let refused = city.ask("POST", &format!("/machi/v1/dead-letters/{letter}/replay"), &[]).await;
    assert_eq!(refused.fault().0, 404);
    assert_eq!(letters().await, left);
    working.close().await;
}

#[tokio::test]
async fn what_waits_tells_why_it_was_not_taken() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    let id = city.subscribe(&receiver, json!({})).await;
    let waiting = |id: String| {
        let city = &city;
        async move { city.ask("GET", &format!("/machi/v1/deliveries?subscription={id}"), &[]).await.value() }
    };
    receiver.answer(503);
    city.given(&entity("urn:x:1", 0)).await;
    let mut list = waiting(id.clone()).await;
    while list == json!([]) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        list = waiting(id.clone()).await;
    }
    assert_eq!(list[0]["reason"], "the receiver answered 503 Service Unavailable");
    assert!(list[0]["attempts"].as_u64().is_some_and(|attempts| attempts > 0), "{list}");
    assert!(list[0]["lastAttemptAt"].is_string() && list[0]["subscriptionId"] == json!(id), "{list}");
    assert_eq!(waiting("urn:x:other".to_owned()).await, json!([]));
    assert_eq!(city.ask("GET", "/machi/v1/deliveries?limit=1001", &[]).await.fault().0, 400);
    receiver.answer(200);
    receiver.wait(1).await;
    while list != json!([]) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        list = waiting(id.clone()).await;
    }
    working.close().await;
}

#[tokio::test]
async fn a_deleted_subscription_takes_its_waiting_notifications_along() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    let id = city.subscribe(&receiver, json!({})).await;
    receiver.answer(503);
    city.given(&entity("urn:x:1", 0)).await;
    receiver.wait_asked(2).await;
    assert_eq!(city.ask("DELETE", &format!("/subscriptions/{id}"), &[]).await.status, 204);
    let mut left = u64::MAX;
    for _ in 0..300 {
        let tenants = city.store.tenants().await.unwrap();
        let documents = tenants.iter().flat_map(|tenant| &tenant.documents);
        left = documents.filter(|(name, _)| &**name == "deliveries").map(|(_, count)| *count).sum();
        if left == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(left, 0);
    receiver.answer(200);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(receiver.received().is_empty());
    working.close().await;
}

#[tokio::test]
async fn the_numbers_of_many_subscriptions_never_fill_the_queue_of_the_store() {
    let mut config = quick();
    config.subscriptions.figures_millis = 60_000;
    let city = City::with(config);
    let working = Working::start(&city).await;
    let receiver = Receiver::start().await;
    for _ in 0..500 {
        city.subscribe(&receiver, json!({})).await;
    }
    let before = city.store.view().position().await.unwrap();
    city.given(&entity("urn:x:1", 0)).await;
    receiver.wait(500).await;
    // All numbers are written down at once, when the city closes.
    working.close().await;
    let (entries, _) = city.store.feed(&before, usize::MAX).await.unwrap();
    let mut commits = std::collections::BTreeMap::<u64, usize>::new();
    for entry in entries.iter().filter(|entry| entry.collection.0 == "subscriptions") {
        *commits.entry(entry.commit).or_default() += 1;
    }
    assert_eq!(commits.values().sum::<usize>(), 500);
    assert!(commits.values().all(|changes| *changes <= 200), "{commits:?}");
}
