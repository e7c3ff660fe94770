//! Nothing that is due is lost when the notifier ends, and what is sent again keeps its id.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{Working, entity, notifying};
use crate::receiver::{Receiver, wait_for};

/// The values that came, by the id of the notification; each id stands for one content.
fn by_id(receiver: &Receiver) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    for one in receiver.received() {
        let value = one.body["data"][0]["a"]["value"].as_i64().unwrap();
        let before = all.insert(one.body["id"].as_str().unwrap().to_owned(), value);
        assert!(before.is_none_or(|before| before == value), "one id, two contents");
    }
    all
}

#[tokio::test]
async fn a_crash_loses_nothing_and_repeats_keep_their_ids() {
    let (city, mut working) = notifying().await;
    let receiver = Receiver::start().await;
    city.subscribe(&receiver, json!({})).await;
    city.given(&entity("urn:x:1", 0)).await;
    let mut due = 1;
    for round in 0..5 {
        for n in 1..=20 {
            city.set("urn:x:1", "a", json!(round * 20 + n)).await;
            due += 1;
        }
        if round % 2 == 0 {
            receiver.wait(1).await;
        }
        working.crash().await;
        working = Working::start(&city.restarted()).await;
    }
    let all = || by_id(&receiver).values().copied().collect::<BTreeSet<i64>>();
    assert!(wait_for(|| all().len() == due).await, "{} of {due}", all().len());
    assert_eq!(by_id(&receiver).len(), due, "what came again came under the same id");
    working.close().await;
}

#[tokio::test]
async fn an_orderly_end_repeats_nothing_and_numbers_go_on() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    let id = city.subscribe(&receiver, json!({})).await;
    city.given(&entity("urn:x:1", 0)).await;
    receiver.wait(1).await;
    working.close().await;
    let again = city.restarted();
    again.set("urn:x:1", "a", json!(1)).await;
    assert_eq!(again.shown(&id).await["notification"]["timesSent"], 1);
    let working = Working::start(&again).await;
    receiver.wait(2).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(receiver.received().len(), 2);
    assert!(wait_for(|| receiver.received().len() == 2).await);
    assert_eq!(again.shown(&id).await["notification"]["timesSent"], 2);
    working.close().await;
}

#[tokio::test]
async fn what_waits_goes_on_after_a_restart_and_throttling_counts_on() {
    let (city, working) = notifying().await;
    let receiver = Receiver::start().await;
    city.subscribe(&receiver, json!({})).await;
    city.subscribe(
        &receiver,
        json!({"throttling": 100, "notification": {"endpoint": {"uri": receiver.url("/throttled")}}}),
    )
    .await;
    city.given(&entity("urn:x:1", 0)).await;
    receiver.wait(2).await;
    receiver.answer(503);
    for n in 1..10 {
        city.set("urn:x:1", "a", json!(n)).await;
    }
    receiver.wait_asked(4).await;
    working.close().await;
    receiver.answer(200);
    let again = city.restarted();
    let working = Working::start(&again).await;
    again.set("urn:x:1", "a", json!(10)).await;
    receiver.wait(12).await;
    let received = receiver.received();
    assert_eq!(received.iter().filter(|one| one.path == "/throttled").count(), 1);
    let values: Vec<i64> = received
        .iter()
        .filter(|one| one.path != "/throttled")
        .map(|one| one.body["data"][0]["a"]["value"].as_i64().unwrap())
        .collect();
    assert_eq!(values, (0..=10).collect::<Vec<_>>());
    working.close().await;
}
