//! The city as it was: what a view of an instant tells is what was recorded at it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use machi_face::{AsOf, ENTITIES};
use machi_history::config::{Config, Lists};
use machi_store::{
    Condition, Filter, Find, GeoCondition, GeoRelation, Instances, Names, Position, SectionKey, Test, View,
};
use machi_types::geo::Geometry;
use machi_types::{Clock, Name, TenantId, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::city::{City, EVOLUTIONS, TYPE, at};

const DEFAULT: &str = "https://uri.etsi.org/ngsi-ld/default-context/";
const LOCATION: &str = "https://uri.etsi.org/ngsi-ld/location";

/// What somebody does.
#[derive(Clone, Debug)]
enum Act {
    Write {
        entity: u8,
        attribute: u8,
        value: i32,
        dataset: bool,
    },
    Type {
        entity: u8,
        scope: u8,
    },
    Replace {
        entity: u8,
        attribute: u8,
        value: i32,
    },
    Link {
        entity: u8,
        to: u8,
    },
    Move {
        entity: u8,
        to: u8,
    },
    Remove {
        entity: u8,
    },
    RemoveAttribute {
        entity: u8,
        attribute: u8,
    },
    /// What is told of the past changes nothing that was.
    Tell {
        entity: u8,
        attribute: u8,
        value: i32,
    },
}

fn any_act() -> impl Strategy<Value = Act> {
    let place = || (0..4_u8, 0..3_u8);
    prop_oneof![
        8 => (place(), any::<i32>(), prop::bool::weighted(0.3))
            .prop_map(|((entity, attribute), value, dataset)| Act::Write { entity, attribute, value, dataset }),
        1 => (0..4_u8, 0..3_u8).prop_map(|(entity, scope)| Act::Type { entity, scope }),
        1 => (place(), any::<i32>()).prop_map(|((entity, attribute), value)| Act::Replace { entity, attribute, value }),
        2 => (0..4_u8, 0..4_u8).prop_map(|(entity, to)| Act::Link { entity, to }),
        3 => (0..4_u8, 0..4_u8).prop_map(|(entity, to)| Act::Move { entity, to }),
        1 => (0..4_u8).prop_map(|entity| Act::Remove { entity }),
        2 => place().prop_map(|(entity, attribute)| Act::RemoveAttribute { entity, attribute }),
        3 => (place(), any::<i32>()).prop_map(|((entity, attribute), value)| Act::Tell { entity, attribute, value }),
    ]
}

fn id(entity: u8) -> String {
    format!("urn:ngsi-ld:Room:{entity}")
}

fn name(attribute: u8) -> String {
    format!("a{attribute}")
}

fn room(entity: u8, attribute: &str, value: impl Into<Value>) -> Value {
    json!({"id": id(entity), "type": "Room", attribute: value.into()})
}

async fn act(city: &City, act: &Act) {
    match *act {
        Act::Write { entity, attribute, value, dataset } => {
            let mut written = at(1, value);
            if dataset {
                written["datasetId"] = json!("urn:ngsi-ld:Dataset:1");
            }
            city.write(&[room(entity, &name(attribute), written)]).await;
        }
        Act::Type { entity, scope } => {
            city.write(&[json!({"id": id(entity), "type": format!("T{scope}"), "scope": format!("/S{scope}")})]).await;
        }
        Act::Replace { entity, attribute, value } => city.replace(&room(entity, &name(attribute), at(2, value))).await,
        Act::Link { entity, to } => {
            city.write(&[room(entity, "in", json!({"type": "Relationship", "object": id(to)}))]).await;
        }
        Act::Move { entity, to } => {
            let place = json!({"type": "Point", "coordinates": [135 + to, 35]});
            city.write(&[room(entity, "location", json!({"type": "GeoProperty", "value": place}))]).await;
        }
        Act::Remove { entity } => city.remove(&id(entity)).await,
        Act::RemoveAttribute { entity, attribute } => city.remove_attribute(&id(entity), &name(attribute)).await,
        Act::Tell { entity, attribute, value } => {
            city.done("POST", EVOLUTIONS, &room(entity, &name(attribute), at(1, value))).await;
        }
    }
}

/// Who is within half a degree of a place.
fn beside(names: &dyn Names, place: u8) -> Filter {
    let geometry = Geometry::point(135.2 + f64::from(place), 35.0).unwrap();
    let condition = GeoCondition { relation: GeoRelation::Near { least: None, most: Some(50_000.0) }, geometry };
    let (name, condition) = (names.intern(LOCATION), Condition::Geometry(Arc::new(condition)));
    Filter::Test(Test { name, instances: Instances::Any, condition })
}

async fn ids(view: &dyn View, filter: Filter) -> Vec<Name> {
    let find = Find { limit: 100, ..Find::new(TenantId::default_tenant(), ENTITIES, filter) };
    let found = view.find(find.clone()).await.unwrap();
    assert_eq!(view.count(find).await.unwrap(), found.rows.len() as u64);
    let mut ids: Vec<Name> = found.rows.iter().map(|row| row.document.id.clone()).collect();
    ids.sort_unstable();
    ids
}

/// Who is beside each place and who is of each type, and what there is in all.
type Whole = (Vec<Vec<Name>>, BTreeMap<Name, Recorded>);

async fn record(view: &dyn View, names: &dyn Names) -> Whole {
    let mut met = Vec::new();
    for place in 0..4 {
        met.push(ids(view, beside(names, place)).await);
    }
    for kind in ["Room", "T0", "T1"] {
        let condition = Condition::Tag(names.intern(&format!("{DEFAULT}{kind}")));
        let filter = Filter::Test(Test { name: names.intern(TYPE), instances: Instances::Any, condition });
        met.push(ids(view, filter).await);
    }
    (met, record_all(view, names).await)
}

/// An entity: head, times, and what each section holds and when it came; when it was last written only where that
/// changed something.
type Recorded = (Vec<u8>, Timestamp, BTreeMap<(Name, Name), (Timestamp, Vec<u8>)>);

async fn record_all(view: &dyn View, names: &dyn Names) -> BTreeMap<Name, Recorded> {
    let find = Find { limit: 100, ..Find::new(TenantId::default_tenant(), ENTITIES, Filter::All) };
    let found = view.find(find.clone()).await.unwrap();
    assert_eq!(view.count(find).await.unwrap(), found.rows.len() as u64);
    let key = |key: SectionKey| (names.text(key.name), names.text(key.instance));
    let mut recorded = BTreeMap::new();
    for row in found.rows {
        let document = row.document;
        let sections = document.sections.iter().map(|one| (key(one.key), (one.created, one.body.to_vec()))).collect();
        recorded.insert(document.id.clone(), (document.head.to_vec(), document.created, sections));
    }
    recorded
}

async fn view(city: &City, as_of: AsOf) -> Arc<dyn View> {
    city.face().view(&TenantId::default_tenant(), Some(&as_of)).await.unwrap().0
}

/// When it is, where the feed is, and what there is.
async fn moment(city: &City, names: &dyn Names) -> (Timestamp, Position, Whole) {
    let position = city.store.view().position().await.unwrap();
    (city.clock.now(), position, record(&*city.store.view(), names).await)
}

async fn check(acts: &[Act], archived_after: &[usize], lists: Lists) {
    let city = City::with(Config { memory: usize::MAX, archive_after: Duration::from_hours(1), lists });
    let names = city.store.names();
    let mut moments = vec![moment(&city, names).await];
    city.later(1);
    for (number, one) in acts.iter().enumerate() {
        act(&city, one).await;
        moments.push(moment(&city, names).await);
        city.later(1);
        if archived_after.contains(&number) {
            city.history.archive_now().await.unwrap();
            city.later(1);
        }
    }
    let mut before: Option<Whole> = None;
    for (number, (time, position, recorded)) in moments.iter().enumerate() {
        let found = record(&*view(&city, AsOf::Time(*time)).await, names).await;
        assert_eq!(found, *recorded, "at commit {number} of {acts:?}");
        let found = record(&*view(&city, AsOf::Position(position.clone())).await, names).await;
        assert_eq!(found, *recorded, "at the position of commit {number} of {acts:?}");
        if let Some(before) = &before {
            let just_before = Timestamp::from_micros(time.micros() - 1);
            let found = record(&*view(&city, AsOf::Time(just_before)).await, names).await;
            assert_eq!(found, *before, "a microsecond before commit {number} of {acts:?}");
        }
        before = Some(recorded.clone());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_instant_is_as_it_was_recorded(
        acts in prop::collection::vec(any_act(), 1..30),
        archived_after in prop::collection::vec(0..30_usize, 0..5),
        (few, many) in prop::sample::select(vec![(2000, 200_000), (0, 200_000), (0, 2), (0, 0), (2, 0)]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(&acts, &archived_after, Lists { few, many }));
    }
}

/// Whether it is there by its id, and among all, those of its type and those beside its place.
async fn where_it_is(city: &City, entity: u8, time: Timestamp) -> [bool; 4] {
    let (then, names) = (view(city, AsOf::Time(time)).await, city.store.names());
    let id = Name::from(id(entity));
    let by_id = then.document(&TenantId::default_tenant(), ENTITIES, &id).await.unwrap().is_some();
    let condition = Condition::Tag(names.intern(&format!("{DEFAULT}Room")));
    let kind = Filter::Test(Test { name: names.intern(TYPE), instances: Instances::Any, condition });
    let mut found = vec![by_id];
    for filter in [Filter::All, kind, beside(names, entity)] {
        found.push(ids(&*then, filter).await.contains(&id));
    }
    found.try_into().unwrap()
}

// §5.6.16: as of an instant before its evolution was deleted nobody knows of an entity; from then on it is as it is.
#[tokio::test]
async fn an_entity_whose_evolution_was_deleted_is_there_from_then_on() {
    for (few, many) in [(2000, 200_000), (0, 200_000), (0, 2), (0, 0), (2, 0)] {
        for is_archived in [false, true] {
            let city = City::with(Config { lists: Lists { few, many }, ..Config::default() });
            for entity in 0..4 {
                act(&city, &Act::Move { entity, to: entity }).await;
            }
            city.later(1);
            let before = city.clock.now();
            city.later(1);
            city.done("DELETE", &format!("{EVOLUTIONS}/{}", id(1)), &Value::Null).await;
            let after = city.clock.now();
            city.later(1);
            if is_archived {
                city.history.archive_now().await.unwrap();
            }
            let told = format!("few {few}, many {many}, archived: {is_archived}");
            assert_eq!(where_it_is(&city, 1, before).await, [false; 4], "before, {told}");
            assert_eq!(where_it_is(&city, 1, after).await, [true; 4], "from then on, {told}");
            assert_eq!(where_it_is(&city, 2, before).await, [true; 4], "another one, {told}");
            act(&city, &Act::Write { entity: 1, attribute: 0, value: 1, dataset: false }).await;
            assert_eq!(where_it_is(&city, 1, before).await, [false; 4], "before, written since, {told}");
            assert_eq!(where_it_is(&city, 1, after).await, [true; 4], "from then on, written since, {told}");
        }
    }
}

#[tokio::test]
async fn pages_of_an_instant_follow_each_other() {
    for many in [0, 200_000] {
        check_pages(Lists { many, ..Lists::default() }).await;
    }
}

async fn check_pages(lists: Lists) {
    let city = City::with(Config { lists, ..Config::default() });
    for entity in 0..30 {
        city.write(&[room(entity, "a0", at(1, 1))]).await;
    }
    city.later(1);
    let time = city.clock.now();
    city.later(1);
    for entity in (0..30).step_by(3) {
        city.write(&[room(entity, "a0", at(1, 2))]).await;
    }
    city.remove(&id(4)).await;
    city.write(&[room(99, "a0", at(1, 1))]).await;
    let then = view(&city, AsOf::Time(time)).await;
    let mut find = Find { limit: 7, ..Find::new(TenantId::default_tenant(), ENTITIES, Filter::All) };
    let mut ids = Vec::new();
    loop {
        let found = then.find(find.clone()).await.unwrap();
        ids.extend(found.rows.iter().map(|row| row.document.id.to_string()));
        find.after = found.rows.last().map(|row| row.cursor.clone());
        if !found.more {
            break;
        }
    }
    let mut all: Vec<String> = (0..30).map(id).collect();
    all.sort();
    assert_eq!(ids, all);
    let rest = Find { offset: 25, limit: 100, ..Find::new(TenantId::default_tenant(), ENTITIES, Filter::All) };
    assert_eq!(then.find(rest).await.unwrap().rows.len(), 5);
}

#[tokio::test]
async fn what_is_not_known_is_refused() {
    let city = City::new();
    city.write(&[room(1, "a0", at(1, 1))]).await;
    let asked = async |as_of: AsOf| {
        let found = city.face().view(&TenantId::default_tenant(), Some(&as_of)).await;
        found.map(|_| ()).map_err(|error| error.to_string())
    };
    assert!(asked(AsOf::parse("asOf", "2999-01-01T00:00:00Z").unwrap()).await.unwrap_err().contains("future"));
    assert!(asked(AsOf::parse("asOf", "99").unwrap()).await.unwrap_err().contains("99"));
    assert!(asked(AsOf::parse("asOf", "0001-01-01T00:00:00Z").unwrap()).await.is_ok());
    for wrong in ["", "yesterday", "2026-11-22", "2026-11-22T10:00:00+09:00", "-1"] {
        assert!(AsOf::parse("asOf", wrong).is_err(), "{wrong}");
    }
}
