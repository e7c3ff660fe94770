//! Archive, stretches and feed tell one past, wherever each instance lies.

use std::time::Duration;

use machi_archive::{Evolution, Instance, Replaced, Series, Snapshot, WantedEvolutions};
use machi_history::config::Config;
use machi_types::Name;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::city::{City, EVOLUTIONS, all, at};

/// What somebody does.
#[derive(Clone, Debug)]
enum Act {
    Write { entity: u8, attribute: u8, hour: u32, value: i32 },
    Delete { entity: u8 },
    DeleteAttribute { entity: u8, attribute: u8 },
    Tell { entity: u8, attribute: u8, hour: u32, value: i32 },
    Forget { entity: u8 },
    ForgetAttribute { entity: u8, attribute: u8 },
    ForgetInstance { entity: u8, attribute: u8, which: usize },
    Correct { entity: u8, attribute: u8, which: usize, value: i32 },
}

fn any_act() -> impl Strategy<Value = Act> {
    let place = || (0..4_u8, 0..2_u8);
    prop_oneof![
        6 => (place(), 0..5_u32, 0..9_i32).prop_map(|((entity, attribute), hour, value)| Act::Write { entity, attribute, hour, value }),
        1 => (0..4_u8).prop_map(|entity| Act::Delete { entity }),
        1 => place().prop_map(|(entity, attribute)| Act::DeleteAttribute { entity, attribute }),
        3 => (place(), 0..5_u32, 0..9_i32).prop_map(|((entity, attribute), hour, value)| Act::Tell { entity, attribute, hour, value }),
        1 => (0..4_u8).prop_map(|entity| Act::Forget { entity }),
        1 => place().prop_map(|(entity, attribute)| Act::ForgetAttribute { entity, attribute }),
        2 => (place(), 0..9_usize).prop_map(|((entity, attribute), which)| Act::ForgetInstance { entity, attribute, which }),
        2 => (place(), 0..9_usize, 0..9_i32).prop_map(|((entity, attribute), which, value)| Act::Correct { entity, attribute, which, value }),
    ]
}

fn id(entity: u8) -> String {
    format!("urn:ngsi-ld:Room:{entity}")
}

fn name(attribute: u8) -> &'static str {
    if attribute == 0 { "a" } else { "b" }
}

async fn instance_path(city: &City, entity: u8, attribute: u8, which: usize) -> Option<String> {
    let all = city.instances(&id(entity), name(attribute)).await;
    let (_, one) = all.get(which % all.len().max(1))?;
    Some(format!("{EVOLUTIONS}/{}/attrs/{}/{}", id(entity), name(attribute), one.key))
}

async fn act(city: &City, act: &Act) {
    match act {
        Act::Write { entity, attribute, hour, value } => {
            let room = json!({"id": id(*entity), "type": "Room", name(*attribute): at(*hour, *value)});
            city.write(&[room]).await;
        }
        Act::Delete { entity } => city.remove(&id(*entity)).await,
        Act::DeleteAttribute { entity, attribute } => city.remove_attribute(&id(*entity), name(*attribute)).await,
        Act::Tell { entity, attribute, hour, value } => {
            let told = json!({"id": id(*entity), "type": "Room", name(*attribute): at(*hour, *value)});
            city.done("POST", EVOLUTIONS, &told).await;
        }
        Act::Forget { entity } => {
            city.send("DELETE", &format!("{EVOLUTIONS}/{}", id(*entity)), &Value::Null).await;
        }
        Act::ForgetAttribute { entity, attribute } => {
            city.send("DELETE", &format!("{EVOLUTIONS}/{}/attrs/{}", id(*entity), name(*attribute)), &Value::Null)
                .await;
        }
        Act::ForgetInstance { entity, attribute, which } => {
            if let Some(path) = instance_path(city, *entity, *attribute, *which).await {
                city.done("DELETE", &path, &Value::Null).await;
            }
        }
        Act::Correct { entity, attribute, which, value } => {
            if let Some(path) = instance_path(city, *entity, *attribute, *which).await {
                city.done("PATCH", &path, &json!({"value": value})).await;
            }
        }
    }
}

/// All that is known.
#[derive(Debug, PartialEq)]
struct Known {
    evolutions: Vec<Evolution>,
    instances: Vec<(Series, Instance)>,
    replaced: Vec<Replaced>,
}

fn known(past: &dyn Snapshot) -> Known {
    let mut evolutions: Vec<Evolution> = Vec::new();
    loop {
        let after = evolutions.last().map(|one| one.entity.clone());
        let page =
            past.evolutions(&WantedEvolutions::After { after: after.as_deref(), limit: 2, types: None }).unwrap();
        if page.is_empty() {
            break;
        }
        evolutions.extend(page);
    }
    let ids: Vec<Name> = (0..4).map(|entity| id(entity).into()).collect();
    let mut replaced = past.replaced(&ids).unwrap();
    replaced.sort_by_key(|one| (one.series.clone(), one.instance.written(), one.replaced_at));
    Known { evolutions, instances: ids.iter().flat_map(|id| all(past, id)).collect(), replaced }
}

/// What one tells and the other does not.
fn differences<T: PartialEq + std::fmt::Debug>(found: &[T], expected: &[T]) -> String {
    let more = found.iter().filter(|one| !expected.contains(one)).map(|one| format!("+ {one:?}\n"));
    let less = expected.iter().filter(|one| !found.contains(one)).map(|one| format!("- {one:?}\n"));
    more.chain(less).collect()
}

fn assert_same(found: &Known, expected: &Known, what: &str) {
    let evolutions = differences(&found.evolutions, &expected.evolutions);
    let instances = differences(&found.instances, &expected.instances);
    let replaced = differences(&found.replaced, &expected.replaced);
    assert!(
        evolutions.is_empty() && instances.is_empty() && replaced.is_empty(),
        "{what}\n{evolutions}{instances}{replaced}"
    );
    assert!(found == expected, "{what}: the same in another order, or twice");
}

/// The number of the newest commit.
async fn newest(city: &City) -> u64 {
    city.store.view().position().await.unwrap().bucket(0)
}

/// Does all of it in a city that archives after these acts, and in one that never does; both tell the same, after
/// each act, and a past that was opened earlier tells what it told, but for what was erased since.
async fn check(acts: &[Act], archived_after: &[usize]) {
    let config = || Config { memory: usize::MAX, archive_after: Duration::from_hours(1), ..Config::default() };
    let (city, reference) = (City::with(config()), City::with(config()));
    let mut earlier: Option<(std::sync::Arc<dyn Snapshot>, Known)> = None;
    for (number, one) in acts.iter().enumerate() {
        act(&city, one).await;
        act(&reference, one).await;
        if archived_after.contains(&number) {
            city.history.archive_now().await.unwrap();
            // The amendment of what the temporal API wrote is no longer needed, and takes a commit to go away.
            let behind = newest(&city).await - newest(&reference).await;
            assert!(behind <= 2 * archived_after.len() as u64);
        }
        city.later(1);
        reference.later(1);
        let (past, expected) = (city.past().await, known(&*reference.past().await));
        assert_same(&known(&*past), &expected, &format!("after act {number}: {one:?}"));
        if let Some((past, told)) = &earlier
            && !matches!(one, Act::Forget { .. } | Act::ForgetAttribute { .. } | Act::ForgetInstance { .. })
        {
            assert_same(&known(&**past), told, &format!("an earlier past, after act {number}: {one:?}"));
        }
        earlier = Some((past, expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_does_not_matter_where_an_instance_lies(
        acts in prop::collection::vec(any_act(), 1..40),
        archived_after in prop::collection::vec(0..40_usize, 0..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(&acts, &archived_after));
    }
}

#[tokio::test]
async fn a_restart_loses_and_doubles_nothing() {
    let city = City::new();
    for hour in 0..5 {
        act(&city, &Act::Write { entity: 1, attribute: 0, hour, value: 1 }).await;
        act(&city, &Act::Tell { entity: 1, attribute: 1, hour, value: 1 }).await;
        if hour == 2 {
            city.history.archive_now().await.unwrap();
        }
    }
    let before = known(&*city.past().await);
    assert_eq!(known(&*city.restarted().past().await), before);
    city.history.archive_now().await.unwrap();
    assert_eq!(known(&*city.restarted().past().await), before);
}

#[tokio::test]
async fn what_does_not_fit_into_memory_is_archived() {
    let city = City::with(Config { memory: 2000, archive_after: Duration::from_hours(1), ..Config::default() });
    for hour in 0..24 {
        act(&city, &Act::Write { entity: 1, attribute: 0, hour, value: 1 }).await;
        city.past().await;
    }
    let archived = city.archive.open(&machi_types::TenantId::default_tenant()).unwrap();
    assert!(all(&*archived, &id(1)).len() > 5);
    assert_eq!(all(&*city.past().await, &id(1)).len(), 24);
}
