//! Create, update and add: what clients tell of the past.

use std::collections::BTreeSet;

use machi_archive::{InstanceKey, Origin};
use machi_types::Timestamp;
use serde_json::{Value, json};

use crate::city::{City, EVOLUTIONS, at, hour, said};

const ROOM: &str = "urn:ngsi-ld:Room:1";

fn property(value: &str, hour_of: u32) -> (String, String, Option<String>) {
    ("Property".into(), value.into(), Some(hour(hour_of)))
}

fn told(members: &Value) -> Value {
    let mut room = json!({"id": ROOM, "type": "Room"});
    room.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    room
}

// §5.6.11, §6.18.3.1: 201 with its place for an id without an evolution, else 204.
#[tokio::test]
async fn an_evolution_is_created_and_updated() {
    let city = City::new();
    let reply = city.send("POST", EVOLUTIONS, &told(&json!({"a": [at(9, 1), at(10, 2)]}))).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.headers["location"], "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Room:1");
    assert!(reply.body.is_empty());
    let reply = city.send("POST", &format!("{EVOLUTIONS}/"), &told(&json!({"a": at(11, 3), "b": at(9, "x")}))).await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (204, 0));
    assert_eq!(city.said(ROOM, "a").await, [property("1", 9), property("2", 10), property("3", 11)]);
    assert_eq!(city.said(ROOM, "b").await, [property("\"x\"", 9)]);
    // §5.6.11: the present does not know of it.
    assert!(!city.is_there(ROOM).await);
}

// docs/temporal-api.md, D2: at one time of observation a series has what was told last, under the key that it had.
#[tokio::test]
async fn an_instance_comes_in_the_place_of_one_of_the_same_time() {
    let city = City::new();
    city.write(&[told(&json!({"a": at(9, 1)}))]).await;
    let before = city.instances(ROOM, "a").await;
    city.later(1);
    city.done("POST", EVOLUTIONS, &told(&json!({"a": [at(9, 2), at(9, 3), at(8, 0)]}))).await;
    let after = city.instances(ROOM, "a").await;
    assert_eq!(after.len(), 2);
    let (_, corrected) = after.iter().find(|(_, one)| said(one).1 == "3").unwrap();
    assert_eq!(corrected.key, before[0].1.key);
    assert!(corrected.modified_at > before[0].1.modified_at && corrected.origin == Origin::Amendment);
    let replaced = city.past().await.replaced(&[ROOM.into()]).unwrap();
    assert_eq!(replaced.len(), 1);
    assert_eq!((said(&replaced[0].instance).1, replaced[0].replaced_at), ("1".to_owned(), corrected.modified_at));
}

#[tokio::test]
async fn datasets_and_what_has_no_time_stand_beside_each_other() {
    let city = City::new();
    let of =
        |dataset: &str, value: i32| json!({"value": value, "datasetId": dataset, "observedAt": "2026-03-01T09:00:00Z"});
    let all = json!([at(9, 1), of("urn:d:1", 2), of("urn:d:2", 3), {"value": 4}, {"value": 4}]);
    city.done("POST", EVOLUTIONS, &told(&json!({"a": all}))).await;
    assert_eq!(city.said(ROOM, "a").await.len(), 5);
}

// §5.5.4: a Null is an instance that says that there is none from then on.
#[tokio::test]
async fn a_null_is_a_deletion() {
    let city = City::new();
    let none = json!({"type": "Property", "value": "urn:ngsi-ld:null", "observedAt": "2026-03-01T10:00:00Z"});
    let bare = json!({"object": "urn:ngsi-ld:null"});
    city.done("POST", EVOLUTIONS, &told(&json!({"a": [at(9, 1), none], "b": bare}))).await;
    let a = city.instances(ROOM, "a").await;
    assert_eq!(a[1].1.deleted_at.unwrap().to_string(), "2026-03-01T10:00:00Z");
    let b = city.instances(ROOM, "b").await;
    assert_eq!((said(&b[0].1).0, b[0].1.deleted_at), ("Relationship".to_owned(), Some(b[0].1.modified_at)));
}

// §5.6.12: more instances of an evolution that is there.
#[tokio::test]
async fn instances_are_added_to_what_is_there() {
    let city = City::new();
    let path = format!("{EVOLUTIONS}/{ROOM}/attrs");
    assert_eq!(city.fault("POST", &path, &json!({"a": at(9, 1)})).await, (404, "ResourceNotFound".into()));
    city.done("POST", EVOLUTIONS, &told(&json!({}))).await;
    let reply = city.send("POST", &path, &json!({"a": at(9, 1), "type": "Lab"})).await;
    assert_eq!(reply.status, 204);
    city.done("POST", &format!("{path}/"), &json!({"a": at(10, 2), "scope": "/A"})).await;
    assert_eq!(city.said(ROOM, "a").await, [property("1", 9), property("2", 10)]);
    assert_eq!(city.evolution(ROOM).await.unwrap().types().len(), 2);
    assert_eq!(city.said(ROOM, "scope").await, [("Property".to_owned(), "\"/A\"".to_owned(), None)]);
    let wrong = json!({"id": "urn:ngsi-ld:Room:2", "a": at(9, 1)});
    assert_eq!(city.fault("POST", &path, &wrong).await, (400, "BadRequestData".into()));
}

#[tokio::test]
async fn what_was_read_as_temporal_values_can_be_told() {
    let city = City::new();
    let values = json!({"type": "Property", "values": [[1, "2026-03-01T09:00:00Z"], [2, "2026-03-01T10:00:00Z"]]});
    city.done("POST", EVOLUTIONS, &told(&json!({"a": values}))).await;
    assert_eq!(city.said(ROOM, "a").await, [property("1", 9), property("2", 10)]);
}

#[tokio::test]
async fn what_is_wrong_is_refused_as_a_whole() {
    let city = City::new();
    let wrong = [
        json!({"type": "Room"}),
        json!({"id": ROOM}),
        json!({"id": "no iri", "type": "Room"}),
        told(&json!({"a": [at(9, 1), {"type": "Property", "observedAt": "2026-03-01T09:00:00Z"}]})),
        told(&json!({"a": [at(9, 1), 5]})),
        told(&json!({"a": {"value": 1, "observedAt": "2026-03-01T09:00:00+14:00"}})),
        told(&json!({"a": "urn:ngsi-ld:null"})),
        told(&json!({"a": [at(9, Value::Null)]})),
    ];
    for body in wrong {
        assert_eq!(city.fault("POST", EVOLUTIONS, &body).await, (400, "BadRequestData".into()), "{body}");
    }
    assert_eq!(
        city.fault("POST", &format!("{EVOLUTIONS}?timerel=after"), &told(&json!({}))).await,
        (400, "InvalidRequest".into())
    );
    assert!(city.evolution(ROOM).await.is_none());
}

// §4.6.3: years 0001 and 9999 are date-times like others.
#[tokio::test]
async fn all_years_are_kept() {
    let city = City::new();
    let far = |time: &str| json!({"value": 1, "observedAt": time});
    let (first, last) = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z");
    city.done("POST", EVOLUTIONS, &told(&json!({"a": [far(first), far(last)]}))).await;
    city.done("POST", EVOLUTIONS, &told(&json!({"a": [far(first), far(last)]}))).await;
    let times: Vec<_> = city.said(ROOM, "a").await.into_iter().filter_map(|(_, _, time)| time).collect();
    assert_eq!(times, [first, last]);
}

// §5.5.10: the first thing that a tenant is told makes it.
#[tokio::test]
async fn a_tenant_begins_with_its_first_evolution() {
    let city = City::new();
    let tenant = [("ngsild-tenant", "east")];
    let add = format!("{EVOLUTIONS}/{ROOM}/attrs");
    let reply = city.send_as("POST", &add, &tenant, &json!({"a": at(9, 1)})).await;
    assert!(String::from_utf8_lossy(&reply.body).contains("NonexistentTenant"));
    assert_eq!(city.send_as("POST", EVOLUTIONS, &tenant, &told(&json!({}))).await.status, 201);
    assert_eq!(city.send_as("POST", &add, &tenant, &json!({"a": at(9, 1)})).await.status, 204);
    assert!(city.evolution(ROOM).await.is_none());
}

// A request that is sent again under its key is answered as before, and done once.
#[tokio::test]
async fn a_request_is_done_once_under_its_key() {
    let city = City::new();
    let key = [("idempotency-key", "one")];
    let told = told(&json!({"a": {"value": 1}}));
    for _ in 0..3 {
        assert_eq!(city.send_as("POST", EVOLUTIONS, &key, &told).await.status, 201);
    }
    assert_eq!(city.instances(ROOM, "a").await.len(), 1);
    let add = format!("{EVOLUTIONS}/{ROOM}/attrs");
    assert_eq!(city.send_as("POST", &add, &key, &json!({"a": {"value": 2}})).await.status, 422);
    for _ in 0..3 {
        assert_eq!(
            city.send_as("POST", &add, &[("idempotency-key", "two")], &json!({"a": {"value": 2}})).await.status,
            204
        );
    }
    let all = city.instances(ROOM, "a").await;
    assert_eq!(all.len(), 2);
    let one = format!("{add}/a/{}", all[1].1.key);
    for _ in 0..3 {
        let reply = city.send_as("PATCH", &one, &[("idempotency-key", "three")], &json!({"value": 3})).await;
        assert_eq!(reply.status, 204);
    }
    for path in [one, format!("{add}/a"), format!("{EVOLUTIONS}/{ROOM}")] {
        for _ in 0..2 {
            assert_eq!(city.send_as("DELETE", &path, &[("idempotency-key", &path)], &Value::Null).await.status, 204);
        }
    }
}

/// Keys, values and times of modification, in the order in which they were written.
async fn written(city: &City, id: &str) -> Vec<(InstanceKey, String, Timestamp)> {
    let all = city.instances(id, "a").await;
    all.iter().map(|(_, one)| (one.key, said(one).1, one.modified_at)).collect()
}

// docs/temporal-api.md, D2: what is told again as it is changes nothing, so that an import may be repeated.
#[tokio::test]
async fn what_is_told_again_changes_nothing() {
    let city = City::new();
    let all =
        told(&json!({"a": [at(9, 1), at(10, 2)], "scope": [{"value": "/A", "observedAt": "2026-03-01T09:00:00Z"}]}));
    city.done("POST", EVOLUTIONS, &all).await;
    let (before, position) = (written(&city, ROOM).await, city.store.view().position().await.unwrap());
    city.later(1);
    let reply = city.send("POST", EVOLUTIONS, &all).await;
    assert_eq!(reply.status, 204);
    assert_eq!((written(&city, ROOM).await, city.store.view().position().await.unwrap()), (before, position));
    assert!(city.past().await.replaced(&[ROOM.into()]).unwrap().is_empty());
    // The present that was written by the city itself is the same instance, too.
    city.write(&[told(&json!({"a": at(11, 3)}))]).await;
    let before = written(&city, ROOM).await;
    city.done("POST", EVOLUTIONS, &told(&json!({"a": at(11, 3)}))).await;
    assert_eq!(written(&city, ROOM).await, before);
}

// docs/temporal-api.md, D2: an instance keeps its key, whatever stands before it in a request.
#[tokio::test]
async fn keys_stay_apart_where_some_of_what_is_told_is_new() {
    let city = City::new();
    city.done("POST", EVOLUTIONS, &told(&json!({"a": [at(12, 1), at(10, 2), at(8, 3)]}))).await;
    let before = written(&city, ROOM).await;
    city.later(1);
    let again = [at(7, 40), at(8, 30), at(9, 50), at(10, 20), at(11, 60), at(12, 10)];
    city.done("POST", EVOLUTIONS, &told(&json!({"a": again}))).await;
    let after = written(&city, ROOM).await;
    let key = |all: &[(InstanceKey, String, Timestamp)], value: &str| all.iter().find(|one| one.1 == value).unwrap().0;
    for (old, new) in [("1", "10"), ("2", "20"), ("3", "30")] {
        assert_eq!(key(&after, new), key(&before, old), "{new}");
    }
    let keys: BTreeSet<InstanceKey> = after.iter().map(|(key, ..)| *key).collect();
    assert_eq!(keys.len(), 6, "{after:?}");
}

const MANY: &str = "/machi/v1/history/evolutions";

// docs/api-design.md: many entities in one commit, or nothing.
#[tokio::test]
async fn many_evolutions_are_told_at_once() {
    let city = City::new();
    let of = |number: u32, members: &Value| {
        let mut evolution = told(members);
        evolution["id"] = format!("urn:ngsi-ld:Room:{number}").into();
        evolution
    };
    let all = json!([of(2, &json!({"a": at(9, 2)})), of(1, &json!({"a": [at(9, 1), at(10, 1)], "b": at(9, 0)}))]);
    city.done("POST", MANY, &all).await;
    city.done("POST", MANY, &all).await;
    assert_eq!(city.said("urn:ngsi-ld:Room:1", "a").await, [property("1", 9), property("1", 10)]);
    assert_eq!(city.said("urn:ngsi-ld:Room:2", "a").await, [property("2", 9)]);
    let position = city.store.view().position().await.unwrap();
    for wrong in [
        json!([]),
        json!({"id": ROOM, "type": "Room"}),
        json!([of(3, &json!({"a": at(9, 3)})), {"id": ROOM}]),
        json!([of(3, &json!({"a": at(9, 3)})), of(3, &json!({"a": at(10, 3)}))]),
        json!([of(3, &json!({"a": at(9, 3)})), 5]),
    ] {
        assert_eq!(city.fault("POST", MANY, &wrong).await, (400, "BadRequestData".into()), "{wrong}");
    }
    assert_eq!(city.store.view().position().await.unwrap(), position);
}

// Two who tell of the same entities in another order do not wait for each other for good.
#[tokio::test]
async fn those_who_tell_of_many_entities_take_turns() {
    let city = City::new();
    let of = |number: u32, value: u32| json!({"id": format!("urn:ngsi-ld:Room:{number}"), "type": "Room", "a": at(9, value)});
    let one: Value = (0..100).map(|number| of(number, 1)).collect();
    let other: Value = (0..100).rev().map(|number| of(number, 2)).collect();
    tokio::join!(city.done("POST", MANY, &one), city.done("POST", MANY, &other));
    for number in 0..100 {
        assert_eq!(city.said(&format!("urn:ngsi-ld:Room:{number}"), "a").await.len(), 1);
    }
}

// A request that is repeated under its key is done once, also where it changes nothing.
#[tokio::test]
async fn a_request_that_changes_nothing_is_answered_again() {
    let city = City::new();
    let all = told(&json!({"a": at(9, 1)}));
    city.done("POST", EVOLUTIONS, &all).await;
    for _ in 0..2 {
        let reply = city.send_as("POST", EVOLUTIONS, &[("idempotency-key", "k")], &all).await;
        assert_eq!(reply.status, 204);
    }
    let other = told(&json!({"a": at(9, 2)}));
    let reply = city.send_as("POST", EVOLUTIONS, &[("idempotency-key", "k")], &other).await;
    assert_eq!(reply.status, 422);
}
