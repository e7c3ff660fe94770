//! What the changes of entities come to in their evolutions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use machi_archive::Origin;
use serde_json::{Value, json};

use crate::city::{City, EVOLUTIONS, at, hour, said};

const ROOM: &str = "urn:ngsi-ld:Room:1";

fn room(members: &Value) -> Value {
    let mut room = json!({"id": ROOM, "type": "Room"});
    room.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    room
}

fn property(value: &str, hour_of: u32) -> (String, String, Option<String>) {
    ("Property".into(), value.into(), Some(hour(hour_of)))
}

// §4.5.6: each change of an attribute is an instance, also one that sets the same value at another time.
#[tokio::test]
async fn each_change_is_an_instance() {
    let city = City::new();
    city.write(&[room(&json!({"temperature": at(9, 20)}))]).await;
    for (hour, value) in [(10, json!(21)), (11, json!(21)), (9, json!(19))] {
        city.write(&[room(&json!({"temperature": at(hour, value)}))]).await;
    }
    assert_eq!(
        city.said(ROOM, "temperature").await,
        [property("20", 9), property("21", 10), property("21", 11), property("19", 9)]
    );
    let written: Vec<_> = city.instances(ROOM, "temperature").await.into_iter().map(|(_, one)| one).collect();
    assert!(written.iter().all(|one| one.origin == Origin::Change && one.key.created_at == one.modified_at));
    assert!(written.windows(2).all(|pair| pair[0].modified_at < pair[1].modified_at));
}

#[tokio::test]
async fn a_write_that_changes_nothing_is_no_instance() {
    let city = City::new();
    city.write(&[room(&json!({"temperature": at(9, 20)}))]).await;
    city.write(&[room(&json!({"temperature": at(9, 20)}))]).await;
    assert_eq!(city.said(ROOM, "temperature").await.len(), 1);
}

#[tokio::test]
async fn one_commit_may_write_a_series_twice() {
    let city = City::new();
    let batch = [room(&json!({"temperature": at(9, 1)})), room(&json!({"temperature": at(9, 2)}))];
    city.write(&batch).await;
    let places: Vec<_> = city.instances(ROOM, "temperature").await.into_iter().map(|(_, one)| one.key.place).collect();
    assert_eq!(places, [0, 1]);
    assert_eq!(city.said(ROOM, "temperature").await, [property("1", 9), property("2", 9)]);
}

// §4.5.7: what goes leaves an instance that says so.
#[tokio::test]
async fn what_is_deleted_says_so() {
    let city = City::new();
    let two = json!([at(9, 1), {"type": "Property", "value": 2, "datasetId": "urn:ngsi-ld:Dataset:1"}]);
    city.write(&[room(&json!({"a": two, "b": {"type": "Relationship", "object": "urn:x:1"}, "scope": "/A"}))]).await;
    city.later(5);
    city.remove_attribute(ROOM, "a").await;
    let a = city.instances(ROOM, "a").await;
    assert_eq!(a.len(), 3);
    assert_eq!(a[2].1.deleted_at, Some(a[2].1.modified_at));
    assert_eq!(said(&a[2].1), ("Property".into(), "-".into(), None));
    city.later(5);
    city.remove(ROOM).await;
    for (attribute, kind, count) in [("a", "Property", 4), ("b", "Relationship", 2), ("scope", "Property", 2)] {
        let all = city.said(ROOM, attribute).await;
        assert_eq!((all.len(), all.last()), (count, Some(&(kind.to_owned(), "-".to_owned(), None))), "{attribute}");
    }
    let evolution = city.evolution(ROOM).await.unwrap();
    assert_eq!(evolution.deleted_at(), Some(evolution.heads[1].modified_at));
    city.write(&[room(&json!({"a": at(9, 3)}))]).await;
    let evolution = city.evolution(ROOM).await.unwrap();
    assert_eq!((evolution.deleted_at(), evolution.heads.len()), (None, 3));
    assert_eq!(evolution.created_at(), Some(evolution.heads[0].created_at));
}

// §4.18: scopes have a history, found by the default time; §4.16: types are never removed from it.
#[tokio::test]
async fn scopes_and_types_have_a_history() {
    let city = City::new();
    city.write(&[room(&json!({"scope": "/A"}))]).await;
    city.write(&[room(&json!({"scope": ["/A", "/B"]}))]).await;
    city.write(&[room(&json!({"type": "Lab", "scope": ["/A", "/B"]}))]).await;
    let scopes = city.instances(ROOM, "scope").await;
    let values: Vec<_> = scopes.iter().map(|(_, one)| said(one).1).collect();
    assert_eq!(values, ["\"/A\"", "[\"/A\",\"/B\"]"]);
    assert!(scopes.iter().all(|(_, one)| one.observed_at == Some(one.modified_at)));
    let evolution = city.evolution(ROOM).await.unwrap();
    assert_eq!((evolution.heads.len(), evolution.types().len()), (2, 2));
}

// §4.22: what expired ended when it expired, whenever that was noticed.
#[tokio::test]
async fn what_expired_ended_then() {
    let city = City::new();
    let brief = json!({"type": "Property", "value": 1, "expiresAt": "2026-11-22T10:00:10Z"});
    city.write(&[room(&json!({"a": brief}))]).await;
    city.later(60);
    city.write(&[room(&json!({"b": at(9, 1)}))]).await;
    city.replace(&room(&json!({"b": at(9, 2)}))).await;
    let a = city.instances(ROOM, "a").await;
    assert_eq!(a.last().unwrap().1.deleted_at.unwrap().to_string(), "2026-11-22T10:00:10Z");
}

// Whoever counts the bytes holds the state and reads what came last; whoever takes an amendment writes that. They shall not
// wait for each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_is_written_while_somebody_counts_its_bytes() {
    let city = City::new();
    let is_over = Arc::new(AtomicBool::new(false));
    let (history, watched) = (city.history.clone(), is_over.clone());
    let counting = std::thread::spawn(move || {
        while !watched.load(Ordering::SeqCst) {
            std::hint::black_box(history.bytes());
        }
    });
    for number in 0..500 {
        let told = json!({"id": format!("urn:ngsi-ld:Room:{number}"), "type": "Room", "a": at(0, number)});
        city.done("POST", EVOLUTIONS, &told).await;
    }
    is_over.store(true, Ordering::SeqCst);
    counting.join().unwrap();
    assert!(city.history.bytes() > 0);
}
