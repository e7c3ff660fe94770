//! The index finds just what a look at every subscription would find, whatever entities and subscriptions there are.

use std::collections::BTreeSet;
use std::sync::Arc;

use machi_model::entity::{Attribute, Entity, Head, Instance, JsonText, Kind, encode_instance};
use machi_store::{
    ChangeKind, Collection, Document, DocumentNo, Entry, NameNo, NameTable, Names, Section, SectionChange, SectionKey,
};
use machi_types::{Json, Name, TenantId, Timestamp, json};
use proptest::prelude::*;

use super::changes::Changes;
use super::counters::Counters;
use super::index::Index;
use super::matching::{hears, meets_query, selects};
use super::read::{Kept, read};
use super::shared::Shared;
use super::state::EntityState;
use super::subscription::{Subscription, SubscriptionKey};

const NOW: Timestamp = Timestamp::from_micros(1_000_000);

fn kept(id: &str, members: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"Subscription","notification":{{"endpoint":{{"uri":"http://a.example/"}}}},{members}}}"#
    )
}

fn subscription(text: &str, names: &dyn Names, shared: &mut Shared) -> Subscription {
    let json = json::parse(text.as_bytes(), 32).unwrap();
    let id = json.get("id").and_then(Json::as_str).unwrap();
    let key = SubscriptionKey { tenant: TenantId::default_tenant(), id: id.into() };
    let kept = Kept { key, json: &json, created_at: NOW, defined_at: NOW, counters: Arc::new(Counters::default()) };
    read(kept, names, shared).unwrap()
}

fn stored(entity: &Entity, names: &dyn Names) -> Arc<Document> {
    let sections = entity.instances().map(|(name, instance)| Section {
        key: SectionKey::new(names.intern(name), NameNo::NONE),
        created: NOW,
        modified: NOW,
        body: encode_instance(instance).into(),
    });
    Arc::new(Document {
        number: DocumentNo(0),
        id: entity.id.clone(),
        version: 1,
        created: NOW,
        modified: NOW,
        head: Head::of(entity).encode().into(),
        sections: sections.collect(),
    })
}

/// The entity has just come to be, or one of its attributes has changed.
fn entry(document: &Document, changed: Option<usize>) -> Entry {
    let sections = document.sections.iter().enumerate().filter(|(n, _)| changed.is_none_or(|changed| changed == *n));
    let change = |(_, section): (usize, &Section)| {
        let old = Instance::new(Kind::Property, JsonText::parse("\"before\"").unwrap());
        let old = Section { body: encode_instance(&old).into(), ..section.clone() };
        SectionChange { old: changed.map(|_| old), new: Some(section.clone()) }
    };
    Entry {
        commit: 1,
        time: NOW,
        tenant: TenantId::default_tenant(),
        collection: Collection("entities"),
        number: document.number,
        id: document.id.clone(),
        kind: if changed.is_some() { ChangeKind::Changed } else { ChangeKind::Created },
        created: NOW,
        modified: NOW,
        old_head: None,
        new_head: None,
        sections: sections.map(change).collect(),
    }
}

fn is_due(subscription: &Subscription, state: &EntityState, changes: &Changes) -> bool {
    hears(subscription, changes, NOW) && selects(subscription, state) && meets_query(subscription, state, &|_| None)
}

fn any_entity() -> impl Strategy<Value = Entity> {
    let value = prop_oneof![
        (0..6_i32).prop_map(|n| (Kind::Property, n.to_string())),
        (0..4_i32).prop_map(|n| (Kind::Property, format!("[{n},{}]", n + 1))),
        "[ab]{1,2}".prop_map(|text| (Kind::Property, format!("\"{text}\""))),
        any::<bool>().prop_map(|flag| (Kind::Property, flag.to_string())),
        (0..3_i32).prop_map(|n| (Kind::Relationship, format!("\"urn:e:{n}\""))),
        (-20..20_i32, -20..20_i32)
            .prop_map(|(x, y)| (Kind::GeoProperty, format!(r#"{{"type":"Point","coordinates":[{x},{y}]}}"#))),
        "[ab]".prop_map(|text| (Kind::LanguageProperty, format!(r#"{{"en":"{text}"}}"#))),
        Just((Kind::Property, "\"2026-01-01T00:00:00Z\"".to_owned())),
    ];
    let attributes = prop::collection::btree_map(0..5_u8, value, 0..5);
    let scopes = prop::collection::btree_set(prop_oneof![Just("/a"), Just("/a/b"), Just("/c/b/d"), Just("/c")], 0..3);
    let types = prop::collection::btree_set(0..3_u8, 1..3);
    (0..30_u8, types, scopes, attributes).prop_map(|(id, types, scopes, attributes)| {
        let mut entity =
            Entity::new(format!("urn:e:{id}"), types.iter().map(|n| format!("urn:t:{n}").into()).collect());
        entity.scopes = scopes.into_iter().map(Name::from).collect();
        entity.attributes = attributes
            .into_iter()
            .map(|(n, (kind, value))| Attribute {
                name: format!("urn:a:{n}").into(),
                instances: vec![Instance::new(kind, JsonText::parse(&value).unwrap())],
            })
            .collect();
        entity
    })
}

fn any_query() -> impl Strategy<Value = String> {
    let attribute = (0..5_u8).prop_map(|n| format!("<urn:a:{n}>"));
    let test = prop_oneof![
        Just(String::new()),
        (0..6_i32).prop_map(|n| format!("=={n}")),
        (0..6_i32).prop_map(|n| format!("!={n}")),
        (0..6_i32).prop_map(|n| format!(">{n}")),
        (0..6_i32).prop_map(|n| format!("<={n}")),
        (0..4_i32).prop_map(|n| format!("=={n}..{}", n + 2)),
        (0..6_i32, 0..3_i32, 0..5_u8)
            .prop_map(|(low, more, n)| format!(">={low};<urn:a:{n}>>={low};<urn:a:{n}><{}", low + more)),
        Just("==\"a\",\"b\",3".to_owned()),
        Just("==\"ab\"".to_owned()),
        Just("==\"2026-01-01T00:00:00.000Z\"".to_owned()),
        Just("==urn:e:1".to_owned()),
        Just("==true".to_owned()),
        Just("~=\"a\"".to_owned()),
    ];
    let term = (attribute, test, any::<bool>()).prop_map(|(attribute, test, absent)| {
        if absent && test.is_empty() { format!("!{attribute}") } else { format!("{attribute}{test}") }
    });
    (prop::collection::vec(term, 1..4), any::<bool>()).prop_map(|(terms, all)| terms.join(if all { ";" } else { "|" }))
}

fn any_members() -> impl Strategy<Value = String> {
    let selector = prop_oneof![
        (0..30_u8, 0..3_u8).prop_map(|(id, t)| format!(r#"{{"type":"<urn:t:{t}>","id":["urn:e:{id}","urn:e:1"]}}"#)),
        (0..4_u8).prop_map(|id| format!(r#"{{"type":"*","idPattern":"^urn:e:{id}.*"}}"#)),
        (0..4_u8).prop_map(|id| format!(r#"{{"type":"*","idPattern":"{id}$"}}"#)),
        (0..3_u8, 0..3_u8).prop_map(|(a, b)| format!(r#"{{"type":"(<urn:t:{a}>;<urn:t:{b}>)"}}"#)),
        (0..4_u8).prop_map(|id| format!(r#"{{"type":"*","idPattern":"e:{id}[0-9]?$"}}"#)),
        (0..4_u8).prop_map(|id| format!(r#"{{"type":"*","idPattern":"^urn:.*rn:e:{id}|:e:1{id}"}}"#)),
        (0..3_u8, 0..3_u8).prop_map(|(a, b)| format!(r#"{{"type":"<urn:t:{a}>|<urn:t:{b}>"}}"#)),
    ];
    let entities = prop::collection::vec(selector, 1..3).prop_map(|list| format!(r#""entities":[{}]"#, list.join(",")));
    let watched = prop::collection::btree_set(0..5_u8, 1..3).prop_map(|names| {
        let names: Vec<String> = names.iter().map(|n| format!("\"urn:a:{n}\"")).collect();
        format!(r#""watchedAttributes":[{}]"#, names.join(","))
    });
    let scope = prop_oneof![
        Just("/a"),
        Just("/a/#"),
        Just("/+/b"),
        Just("/c/b|/a/b"),
        Just("(/a;/c/#)"),
        Just("/+/b/#"),
        Just("/+/+/d"),
        Just("/#")
    ]
    .prop_map(|text| format!(r#""scopeQ":"{text}""#));
    let near = (-20..20_i32, -20..20_i32, 0..5_u8, any::<bool>()).prop_map(|(x, y, n, is_far)| {
        let relation = if is_far { "near;minDistance==900000" } else { "near;maxDistance==900000" };
        format!(
            r#""geoQ":{{"georel":"{relation}","geometry":"Point","coordinates":[{x},{y}],"geoproperty":"urn:a:{n}"}}"#
        )
    });
    let within = (-20..10_i32, -20..10_i32).prop_map(|(x, y)| {
        let (e, n) = (x + 10, y + 10);
        format!(r#""geoQ":{{"georel":"within","geometry":"Polygon","coordinates":[[[{x},{y}],[{e},{y}],[{e},{n}],[{x},{n}],[{x},{y}]]],"geoproperty":"urn:a:0"}}"#)
    });
    let query = any_query().prop_map(|q| format!(r#""q":"{}""#, q.replace('"', "\\\"")));
    let triggers = prop_oneof![
        Just(r#""notificationTrigger":["entityCreated"]"#),
        Just(r#""notificationTrigger":["attributeUpdated"]"#)
    ]
    .prop_map(str::to_owned);
    let part = |strategy: BoxedStrategy<String>| prop::option::weighted(0.4, strategy);
    (
        prop::option::weighted(0.7, entities),
        part(watched.boxed()),
        part(scope.boxed()),
        part(prop_oneof![near, within].boxed()),
        part(query.boxed()),
        part(triggers.boxed()),
    )
        .prop_map(|(entities, watched, scope, geo, query, triggers)| {
            let parts = [entities, watched, scope, geo, query, triggers, Some("\"localOnly\":true".to_owned())];
            parts.into_iter().flatten().collect::<Vec<_>>().join(",")
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_index_misses_nothing(
        members in prop::collection::vec(any_members(), 1..40),
        removed in prop::collection::vec(0..40_usize, 0..10),
        entity in any_entity(),
        changed in prop::option::of(0..5_usize),
    ) {
        let names = NameTable::default();
        let (mut index, mut shared) = (Index::default(), Shared::default());
        for (n, members) in members.iter().enumerate() {
            let text = kept(&format!("urn:s:{n}"), members);
            index.insert(Arc::new(subscription(&text, &names, &mut shared)));
        }
        for n in removed {
            index.remove(&format!("urn:s:{n}"));
        }
        let document = stored(&entity, &names);
        let entry = entry(&document, changed.filter(|n| *n < document.sections.len()));
        let state = EntityState::of(document, &names, NOW).unwrap().unwrap();
        let changes = Changes::of(&entry);
        let due = |subscription: &&Arc<Subscription>| is_due(subscription, &state, &changes);
        let id = |subscription: &Arc<Subscription>| subscription.key.id.clone();
        let found: Vec<Name> = index.candidates(&state, &changes, &names).into_iter().filter(due).map(id).collect();
        let expected: BTreeSet<Name> = index.all().filter(due).map(id).collect();
        prop_assert_eq!(found.len(), expected.len());
        prop_assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    }
}

#[test]
fn many_subscriptions_of_one_kind_leave_few_candidates() {
    let names = NameTable::default();
    let (mut index, mut shared) = (Index::default(), Shared::default());
    for n in 0..2000 {
        let (x, y) = (f64::from(n % 50) * 0.1, f64::from(n / 50) * 0.1);
        for (kind, members) in [
            ("id", format!(r#""entities":[{{"type":"<urn:t:0>","id":["urn:e:{n}"]}}]"#)),
            ("pattern", format!(r#""entities":[{{"type":"<urn:t:0>","idPattern":"^urn:e:{n}-.*"}}]"#)),
            ("part", format!(r#""entities":[{{"type":"<urn:t:0>","idPattern":"urn:e:{n}-"}}]"#)),
            ("regex", format!(r#""entities":[{{"type":"<urn:t:0>","idPattern":".*:e:{n}-[0-9]$"}}]"#)),
            ("watched", format!(r#""entities":[{{"type":"<urn:t:0>"}}],"watchedAttributes":["urn:a:{n}"]"#)),
            ("equal", format!(r#""entities":[{{"type":"<urn:t:0>"}}],"q":"<urn:a:room>==\"r{n}\"""#)),
            ("above", format!(r#""entities":[{{"type":"<urn:t:0>"}}],"q":"<urn:a:number>>{n}""#)),
            (
                "between",
                format!(r#""entities":[{{"type":"<urn:t:0>"}}],"q":"<urn:a:number>>={n};<urn:a:number><{}""#, n + 1),
            ),
            (
                "place",
                format!(
                    r#""entities":[{{"type":"<urn:t:0>"}}],"geoQ":{{"georel":"near;maxDistance==100","geometry":"Point","coordinates":[{x},{y}],"geoproperty":"urn:a:place"}}"#
                ),
            ),
            ("level", format!(r#""entities":[{{"type":"<urn:t:0>"}}],"scopeQ":"/+/s{n}""#)),
            ("scope", format!(r#""entities":[{{"type":"<urn:t:0>"}}],"scopeQ":"/city/s{n}/#""#)),
        ] {
            let text = kept(&format!("urn:s:{kind}:{n}"), &members);
            index.insert(Arc::new(subscription(&text, &names, &mut shared)));
        }
    }
    let mut entity = Entity::new("urn:e:17-3", vec!["urn:t:0".into()]);
    entity.scopes = vec!["/city/s9/x".into(), "/town/s8".into()];
    let attribute = |name: &str, kind, value: &str| Attribute {
        name: name.into(),
        instances: vec![Instance::new(kind, JsonText::parse(value).unwrap())],
    };
    entity.attributes = vec![
        attribute("urn:a:room", Kind::Property, "\"r5\""),
        attribute("urn:a:number", Kind::Property, "3"),
        attribute("urn:a:place", Kind::GeoProperty, r#"{"type":"Point","coordinates":[0.1,0]}"#),
        attribute("urn:a:12", Kind::Property, "1"),
    ];
    let document = stored(&entity, &names);
    let entry = entry(&document, None);
    let state = EntityState::of(document, &names, NOW).unwrap().unwrap();
    let changes = Changes::of(&entry);
    let candidates = index.candidates(&state, &changes, &names);
    let due: Vec<_> = candidates.iter().filter(|subscription| is_due(subscription, &state, &changes)).collect();
    assert_eq!(due.len(), 12, "{:?}", due.iter().map(|s| s.key.id.as_str()).collect::<Vec<_>>());
    assert!(candidates.len() < 400, "{} candidates", candidates.len());
    assert!(index.get("urn:s:id:5").is_some() && !index.is_empty());
}
