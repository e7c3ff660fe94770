//! Tests of the laws: the examples of the standard, and what holds for all entities.

use machi_types::json::parse;
use machi_types::{Json, Name, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::entity::arbitrary::{any_entity, core, term};
use crate::entity::render::{Format, Output, write_entity};
use crate::entity::{
    CoreTerms, Corrupt, Document, Encoded, Entity, Fragment, Head, Input, NULL, Section, group, parse_attribute,
    parse_entity, parse_fragment,
};

type Times = (Timestamp, Timestamp);

/// A store of one entity.
#[derive(Clone, Debug)]
struct Store {
    id: Name,
    head: Vec<u8>,
    sections: Vec<(SectionKey, Vec<u8>, Times)>,
    clock: i64,
}

impl Store {
    fn of(entity: &Entity) -> Self {
        let mut store = Self { id: entity.id.clone(), head: Vec::new(), sections: Vec::new(), clock: 0 };
        store.apply(create(entity));
        store
    }

    fn parsed(text: &str) -> Self {
        let text = format!(r#"{{"id":"urn:x:1","type":"T",{text}}}"#);
        Self::of(&parse_entity(&parse(text.as_bytes(), 64).unwrap(), &CoreTerms, Input::WHOLE).unwrap())
    }

    fn apply(&mut self, changes: Changes) {
        self.clock += 1_000_000;
        let now = Timestamp::from_micros(self.clock);
        if let Some(head) = changes.head {
            self.head = head.encode();
        }
        self.sections.retain(|(key, ..)| !changes.remove.contains(key));
        for set in changes.set {
            if let Some((_, bytes, times)) = self.sections.iter_mut().find(|(key, ..)| *key == set.key) {
                assert!(!set.fresh);
                (*bytes, times.1) = (set.bytes, now);
            } else {
                assert!(set.fresh && set.changed);
                self.sections.push((set.key, set.bytes, (now, now)));
            }
        }
    }

    fn read<T>(&self, read: impl FnOnce(&Document<'_>) -> T) -> T {
        let mut sections = Vec::new();
        for (key, bytes, (created, modified)) in &self.sections {
            let mut section = Section::new(&key.name, key.dataset_id.as_deref(), bytes);
            (section.created_at, section.modified_at) = (Some(*created), Some(*modified));
            sections.push(section);
        }
        group(&mut sections);
        read(&Document::new(&self.id, &self.head, &sections))
    }

    fn run(&mut self, law: impl FnOnce(&Document<'_>) -> Result<Changes, Refusal>) -> Result<Changes, Refusal> {
        let changes = self.read(law)?;
        self.apply(changes.clone());
        Ok(changes)
    }

    /// The entity without the times that the store adds.
    fn entity(&self) -> Entity {
        let mut entity = self.read(|current| current.to_entity()).unwrap();
        for attribute in &mut entity.attributes {
            for instance in &mut attribute.instances {
                *instance = instance.clone().without_times();
            }
        }
        entity
    }

    /// The attributes in the normalized representation.
    fn text(&self) -> String {
        let mut out = Vec::new();
        self.read(|document| write_entity(document, &Output::new(&CoreTerms), &mut out)).unwrap();
        String::from_utf8(out).unwrap().replace(r#"{"id":"urn:x:1","type":"T","#, "{")
    }
}

fn fragment(text: &str, input: Input) -> Fragment {
    parse_fragment(&parse(text.as_bytes(), 64).unwrap(), &CoreTerms, input).unwrap()
}

const TEMPERATURE: &str =
    r#""temperature":{"type":"Property","value":25,"unitCode":"CEL","observedAt":"2022-03-14T01:59:26.535Z"}"#;

#[test]
fn a_partial_update_replaces_members_and_an_update_replaces_attributes() {
    // §5.5.8, examples 1 to 3.
    let patch = r#"{"type":"Property","value":100,"observedAt":"2022-03-14T13:00:00.000Z"}"#;
    let mut store = Store::parsed(TEMPERATURE);
    let attribute =
        parse_attribute(&parse(patch.as_bytes(), 64).unwrap(), &term("temperature"), &CoreTerms, Input::PARTIAL)
            .unwrap();
    store.run(|current| partial_update(current, &term("temperature"), &attribute)).unwrap();
    assert_eq!(
        store.text(),
        r#"{"temperature":{"type":"Property","value":100,"unitCode":"CEL","observedAt":"2022-03-14T13:00:00.000Z"}}"#
    );
    let mut store = Store::parsed(TEMPERATURE);
    store.run(|current| update(current, &fragment(&format!(r#"{{"temperature":{patch}}}"#), Input::UPDATE))).unwrap();
    assert_eq!(
        store.text(),
        r#"{"temperature":{"type":"Property","value":100,"observedAt":"2022-03-14T13:00:00.000Z"}}"#
    );
    let null = r#"{"temperature":{"type":"Property","value":"urn:ngsi-ld:null"}}"#;
    let changes = store.run(|current| update(current, &fragment(null, Input::UPDATE))).unwrap();
    assert_eq!(store.sections.len(), 0);
    assert_eq!(changes.updated, [term("temperature")]);
}

fn merged(before: &str, patch: &str, options: Merge<'_>) -> (String, Changes) {
    let mut store = Store::parsed(before);
    let changes = store.run(|current| merge(current, &fragment(patch, Input::MERGE), options)).unwrap();
    (store.text(), changes)
}

fn check_merge(before: &str, patch: &str, expected: &str) {
    let (after, changes) = merged(before, patch, Merge::default());
    assert_eq!(after, format!("{{{expected}}}"), "{patch}");
    assert_eq!(changes.not_updated, [], "{patch}");
}

#[test]
fn a_merge_goes_down_to_single_members() {
    // §5.5.12, examples 1 and 2.
    check_merge(
        TEMPERATURE,
        r#"{"temperature":{"type":"Property","value":100,"observedAt":"2022-03-14T13:00:00.000Z"}}"#,
        r#""temperature":{"type":"Property","value":100,"unitCode":"CEL","observedAt":"2022-03-14T13:00:00.000Z"}"#,
    );
    check_merge(
        r#""address":{"type":"Property","value":{"street":"Straße","city":"Berlin","country":"Germany"}}"#,
        r#"{"address":{"type":"Property","value":{"street":"Platz","country":"urn:ngsi-ld:null"}}}"#,
        r#""address":{"type":"Property","value":{"street":"Platz","city":"Berlin"}}"#,
    );
    check_merge(
        TEMPERATURE,
        r#"{"temperature":{"unitCode":"urn:ngsi-ld:null","observedAt":"urn:ngsi-ld:null"}}"#,
        r#""temperature":{"type":"Property","value":25}"#,
    );
    check_merge(
        r#""a":{"value":1,"b":2,"c":{"value":3,"d":4}}"#,
        r#"{"a":{"b":"urn:ngsi-ld:null","c":{"value":5},"e":{"type":"Property","value":{"x":"urn:ngsi-ld:null","y":1}}}}"#,
        r#""a":{"type":"Property","value":1,"c":{"type":"Property","value":5,"d":{"type":"Property","value":4}},"e":{"type":"Property","value":{"y":1}}}"#,
    );
    check_merge(
        r#""a":{"languageMap":{"en":"x","fr":"y"}}"#,
        r#"{"a":{"languageMap":{"fr":"urn:ngsi-ld:null","ja":"z"}}}"#,
        r#""a":{"type":"LanguageProperty","languageMap":{"en":"x","ja":"z"}}"#,
    );
    check_merge(
        r#""a":[{"value":1},{"value":2,"datasetId":"urn:d:1"}]"#,
        r#"{"a":[{"value":"urn:ngsi-ld:null","datasetId":"urn:d:1"},{"value":3,"datasetId":"urn:d:2"}],"z":"urn:ngsi-ld:null"}"#,
        r#""a":[{"type":"Property","value":1},{"type":"Property","value":3,"datasetId":"urn:d:2"}]"#,
    );
}

#[test]
fn plain_values_keep_the_kind_that_the_attribute_has() {
    // §5.6.17.4.
    check_merge(
        r#""a":{"object":"urn:x:2","b":1}"#,
        r#"{"a":"urn:x:3"}"#,
        r#""a":{"type":"Relationship","object":"urn:x:3","b":{"type":"Property","value":1}}"#,
    );
    check_merge(r#""a":{"vocab":"x"}"#, r#"{"a":"y"}"#, r#""a":{"type":"VocabProperty","vocab":"y"}"#);
    check_merge(r#""a":{"valueList":[1]}"#, r#"{"a":[2,3]}"#, r#""a":{"type":"ListProperty","valueList":[2,3]}"#);
    check_merge(r#""a":{"json":{"x":1}}"#, r#"{"a":{"y":2}}"#, r#""a":{"type":"JsonProperty","json":{"x":1,"y":2}}"#);
    check_merge(
        r#""a":{"objectList":["urn:x:2"]}"#,
        r#"{"a":["urn:x:3"]}"#,
        r#""a":{"type":"ListRelationship","objectList":[{"object":"urn:x:3"}]}"#,
    );
    let (_, changes) = merged(r#""a":{"object":"urn:x:2"}"#, r#"{"a":5}"#, Merge::default());
    assert_eq!(changes.not_updated[0].reason.to_string(), "the attribute is a Relationship, which takes no such value");
    let (after, _) = merged(
        r#""a":{"languageMap":{"en":"x","fr":"y"}}"#,
        r#"{"a":"z"}"#,
        Merge { lang: Some("fr"), ..Merge::default() },
    );
    assert_eq!(after, r#"{"a":{"type":"LanguageProperty","languageMap":{"en":"x","fr":"z"}}}"#);
    let (_, changes) = merged(r#""a":{"languageMap":{"en":"x"}}"#, r#"{"a":"z"}"#, Merge::default());
    assert_eq!(changes.not_updated[0].reason, Reason::NoLanguage);
}

#[test]
fn a_common_time_is_for_attributes_that_had_one() {
    let time = "2026-11-22T10:00:00Z".parse().ok();
    let (after, _) = merged(
        &format!(r#"{TEMPERATURE},"b":1"#),
        r#"{"temperature":26,"b":2,"c":3}"#,
        Merge { observed_at: time, ..Merge::default() },
    );
    assert_eq!(
        after,
        r#"{"temperature":{"type":"Property","value":26,"unitCode":"CEL","observedAt":"2026-11-22T10:00:00Z"},"b":{"type":"Property","value":2},"c":{"type":"Property","value":3}}"#
    );
}

#[test]
fn a_merge_that_makes_no_value_leaves_the_attribute() {
    let point = r#""location":{"type":"Point","coordinates":[1,2]}"#;
    check_merge(
        point,
        r#"{"location":{"value":{"coordinates":[3,4]}}}"#,
        r#""location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[3,4]}}"#,
    );
    let (_, changes) =
        merged(point, r#"{"location":{"type":"GeoProperty","value":{"type":"Polygon"}}}"#, Merge::default());
    assert!(matches!(changes.not_updated[0].reason, Reason::Geometry(_)));
    assert_eq!(changes.not_updated[0].name, core("location"));
    let (_, changes) = merged(r#""a":1"#, r#"{"b":{"unitCode":"CEL"}}"#, Merge::default());
    assert_eq!(changes.not_updated[0].reason, Reason::NoValue);
}

#[test]
fn times_of_sub_attributes_stay_unless_they_change() {
    let mut store = Store::parsed(r#""a":{"value":1,"b":2,"c":3}"#);
    store
        .run(|current| {
            merge(current, &fragment(r#"{"a":{"c":{"type":"Property","value":4}}}"#, Input::MERGE), Merge::default())
        })
        .unwrap();
    let entity = store.read(|current| current.to_entity()).unwrap();
    let a = &entity.attributes[0].instances[0];
    let seconds = |time: Option<Timestamp>| time.unwrap().micros() / 1_000_000;
    let times = |index: usize| {
        let sub = &a.attributes[index].instances[0];
        (seconds(sub.created_at), seconds(sub.modified_at))
    };
    assert_eq!((seconds(a.created_at), seconds(a.modified_at)), (1, 2));
    assert_eq!((times(0), times(1)), ((1, 1), (1, 2)));
}

#[test]
fn partial_updates_cannot_change_the_type_nor_find_what_is_not_there() {
    let store = Store::parsed(r#""a":{"object":"urn:x:2","by":{"object":"urn:x:3"}}"#);
    let run = |text: &str| {
        let attribute =
            parse_attribute(&parse(text.as_bytes(), 64).unwrap(), &term("a"), &CoreTerms, Input::PARTIAL).unwrap();
        let mut store = store.clone();
        store
            .run(|current| partial_update(current, &term("a"), &attribute))
            .map(|_| store.text())
            .map_err(|error| error.to_string())
    };
    let name = "https://uri.etsi.org/ngsi-ld/default-context/a";
    assert_eq!(
        run(r#"{"value":5}"#).unwrap_err(),
        format!("{name}: the attribute is a Relationship, and its type cannot be changed to Property")
    );
    assert_eq!(
        run(r#"{"type":"Property"}"#).unwrap_err(),
        format!("{name}: the attribute is a Relationship, and its type cannot be changed to Property")
    );
    assert_eq!(
        run(r#"{"object":"urn:x:3","datasetId":"urn:d:1"}"#).unwrap_err(),
        format!("the entity has no attribute {name} with the datasetId urn:d:1")
    );
    assert_eq!(run(r#"{"by":"urn:ngsi-ld:null"}"#).unwrap(), r#"{"a":{"type":"Relationship","object":"urn:x:2"}}"#);
    assert_eq!(run(r#"{"object":"urn:ngsi-ld:null"}"#).unwrap(), r#"{"id":"urn:x:1","type":"T"}"#);
}

#[test]
fn types_are_added_and_scopes_follow_the_operation() {
    let before = r#""scope":["/a"],"x":1"#;
    let patch = r#"{"type":["U","T"],"scope":["/b"]}"#;
    let head = |changes: &Changes| {
        let head = changes.head.clone().unwrap();
        (head.types.len(), head.scopes.join(" "))
    };
    let store = Store::parsed(before);
    let of = |input| fragment(patch, input);
    let run = |law: &dyn Fn(&Document<'_>) -> Result<Changes, Refusal>| head(&store.clone().run(law).unwrap());
    assert_eq!(run(&|c| append(c, &of(Input::WHOLE), Overwrite::Allowed)), (2, "/b".to_owned()));
    assert_eq!(run(&|c| append(c, &of(Input::WHOLE), Overwrite::Forbidden)), (2, "/a /b".to_owned()));
    assert_eq!(run(&|c| update(c, &of(Input::UPDATE))), (2, "/b".to_owned()));
    assert_eq!(run(&|c| merge(c, &of(Input::MERGE), Merge::default())), (2, "/b".to_owned()));
    assert_eq!(run(&|c| delete_scope(c)), (1, String::new()));
    let without = Store::parsed(r#""x":1"#);
    assert_eq!(head(&without.clone().run(|c| update(c, &of(Input::UPDATE))).unwrap()), (2, String::new()));
    let removed = fragment(r#"{"scope":"urn:ngsi-ld:null"}"#, Input::MERGE);
    assert_eq!(run(&|c| merge(c, &removed, Merge::default())), (1, String::new()));
    assert!(matches!(without.read(delete_scope), Err(Refusal::NoSuchAttribute { .. })));
    let expiry = fragment(r#"{"expiresAt":"2030-01-01T00:00:00Z"}"#, Input::MERGE);
    assert!(store.clone().run(|c| merge(c, &expiry, Merge::default())).unwrap().head.unwrap().expires_at.is_some());
}

#[test]
fn deleting_takes_the_instances_that_are_meant() {
    let store = Store::parsed(r#""a":[{"value":1},{"value":2,"datasetId":"urn:d:1"}],"b":3"#);
    let count = |instances: &Instances| {
        store.clone().run(|c| delete_attribute(c, &term("a"), instances)).map(|changes| changes.remove.len())
    };
    assert_eq!(count(&Instances::Default), Ok(1));
    assert_eq!(count(&Instances::Dataset("urn:d:1".into())), Ok(1));
    assert_eq!(count(&Instances::All), Ok(2));
    assert!(count(&Instances::Dataset("urn:d:2".into())).is_err());
    let kept = store.read(|current| purge(current, Purge::Keep(&[term("b")])));
    let dropped = store.read(|current| purge(current, Purge::Drop(&[term("b")])));
    assert_eq!((kept.remove.len(), dropped.remove.len()), (2, 1));
}

#[test]
fn corrupt_sections_are_an_error_not_a_panic() {
    let store = Store { head: vec![7], ..Store::parsed(r#""a":1"#) };
    let removed = fragment(r#"{"scope":"urn:ngsi-ld:null"}"#, Input::MERGE);
    assert_eq!(store.read(|c| merge(c, &removed, Merge::default())), Err(Refusal::Corrupt(Corrupt::Version(7))));
}

/// The entity as a fragment, with a Null in place of the attributes that `nulls` marks.
fn as_fragment(entity: &Entity, format: Format, nulls: u8, input: Input) -> Fragment {
    let encoded = Encoded::of(entity);
    let mut out = Vec::new();
    let output = Output { format, ..Output::new(&CoreTerms) };
    write_entity(&encoded.document(&encoded.sections()), &output, &mut out).unwrap();
    let Json::Object(mut members) = parse(&out, 64).unwrap() else { unreachable!("an entity is an object") };
    let is_attribute = |name: &str| !["id", "type", "scope"].contains(&name);
    for (index, (_, value)) in members.iter_mut().filter(|(name, _)| is_attribute(name)).enumerate() {
        if nulls >> (index % 8) & 1 == 1 {
            *value = NULL.into();
        }
    }
    fragment(&Json::Object(members).to_text(), input)
}

/// An entity whose attributes stand in no order.
fn sorted(mut entity: Entity) -> Entity {
    entity.attributes.sort_by(|one, other| one.name.cmp(&other.name));
    for attribute in &mut entity.attributes {
        attribute.instances.sort_by(|one, other| one.dataset_id.cmp(&other.dataset_id));
    }
    entity
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn merging_again_changes_nothing(before in any_entity(), patch in any_entity(), nulls: u8, is_bare: bool) {
        let format = if is_bare { Format::Concise } else { Format::Normalized };
        let patch = as_fragment(&patch, format, if is_bare { nulls } else { 0 }, Input::MERGE);
        let mut store = Store::of(&before);
        store.run(|current| merge(current, &patch, Merge::default())).unwrap();
        let once = store.entity();
        let changes = store.run(|current| merge(current, &patch, Merge::default())).unwrap();
        prop_assert_eq!(store.entity(), once);
        prop_assert!(changes.head.is_none() && changes.set.iter().all(|set| !set.changed), "{:?}", changes);
    }

    #[test]
    fn what_is_appended_is_there_and_nothing_else_changes(before in any_entity(), new in any_entity()) {
        let fragment = as_fragment(&new, Format::Normalized, 0, Input::WHOLE);
        let mut store = Store::of(&before);
        store.run(|current| append(current, &fragment, Overwrite::Allowed)).unwrap();
        let after = store.entity();
        for (name, instance) in after.instances() {
            let of = |entity: &Entity| {
                entity.attribute(name).and_then(|a| a.instances.iter().find(|one| one.dataset_id == instance.dataset_id).cloned())
            };
            let expected = of(&new).map(without_expiry).or(of(&before)).unwrap();
            prop_assert_eq!(instance, &expected);
        }
        prop_assert!(before.types.iter().chain(&new.types).all(|name| after.types.contains(name)));
    }

    #[test]
    fn without_overwriting_nothing_that_exists_changes(before in any_entity(), new in any_entity()) {
        let fragment = as_fragment(&new, Format::Normalized, 0, Input::WHOLE);
        let mut store = Store::of(&before);
        let sections = store.sections.clone();
        let changes = store.run(|current| append(current, &fragment, Overwrite::Forbidden)).unwrap();
        prop_assert!(changes.set.iter().all(|set| set.fresh));
        prop_assert_eq!(&store.sections[..sections.len()], &sections[..]);
    }

    #[test]
    fn appending_and_deleting_again_is_nothing(before in any_entity(), new in any_entity()) {
        let fragment = as_fragment(&new, Format::Normalized, 0, Input::WHOLE);
        let mut store = Store::of(&before);
        let old = store.sections.clone();
        let changes = store.run(|current| append(current, &fragment, Overwrite::Forbidden)).unwrap();
        for set in changes.set {
            let instances = set.key.dataset_id.map_or(Instances::Default, Instances::Dataset);
            store.run(|current| delete_attribute(current, &set.key.name, &instances)).unwrap();
        }
        prop_assert_eq!(store.sections, old);
    }

    #[test]
    fn replacing_does_not_depend_on_what_was(before in any_entity(), new in any_entity()) {
        let mut store = Store::of(&before);
        let changes = store.run(|current| replace(current, &new)).unwrap();
        let mut after = store.entity();
        after.id = new.id.clone();
        prop_assert_eq!(sorted(after), sorted(new.clone()));
        let is_there = |set: &SetSection| before.instances().any(|(name, one)| *name == set.key.name && one.dataset_id == set.key.dataset_id);
        prop_assert!(changes.set.iter().all(|set| set.fresh != is_there(set)));
        let again = store.run(|current| replace(current, &new)).unwrap();
        prop_assert!(again.head.is_none() && again.set.iter().all(|set| !set.changed));
    }

    #[test]
    fn nulls_delete(before in any_entity(), nulls: u8) {
        let patch = as_fragment(&before, Format::Normalized, nulls, Input::UPDATE);
        let mut store = Store::of(&before);
        store.run(|current| update(current, &patch)).unwrap();
        let after = store.entity();
        for (index, attribute) in before.attributes.iter().enumerate() {
            let had_default = attribute.instances.iter().any(|one| one.dataset_id.is_none());
            let has_default = after.attribute(&attribute.name).is_some_and(|a| a.instances.iter().any(|one| one.dataset_id.is_none()));
            let is_deleted = nulls >> (index % 8) & 1 == 1;
            prop_assert_eq!(has_default, had_default && !is_deleted);
        }
    }
}

/// `expiresAt` is not written without sysAttrs, so fragments made from answers have none.
fn without_expiry(mut instance: crate::entity::Instance) -> crate::entity::Instance {
    instance.expires_at = None;
    for attribute in &mut instance.attributes {
        attribute.instances = attribute.instances.drain(..).map(without_expiry).collect();
    }
    instance
}

#[test]
fn an_upsert_creates_replaces_or_updates() {
    let entity = Entity::new("urn:x:1", vec![term("T")]);
    assert_eq!(upsert(None, Upsert::Replace(&entity)), Ok(Some(create(&entity))));
    let patch = fragment(r#"{"id":"urn:x:1","type":"T","a":2}"#, Input::UPDATE);
    assert_eq!(upsert(None, Upsert::Update(&patch)).unwrap().unwrap().set.len(), 1);
    assert_eq!(upsert(None, Upsert::Update(&fragment(r#"{"a":2}"#, Input::UPDATE))), Ok(None));
    let store = Store::parsed(r#""a":1,"b":1"#);
    let replaced = store.read(|current| upsert(Some(current), Upsert::Replace(&entity))).unwrap().unwrap();
    let updated = store.read(|current| upsert(Some(current), Upsert::Update(&patch))).unwrap().unwrap();
    assert_eq!((replaced.remove.len(), updated.remove.len(), updated.set.len()), (2, 0, 1));
    let head = Head::of(&entity);
    assert_eq!(create(&entity).head, Some(head));
}
