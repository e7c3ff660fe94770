//! Random entities for the property tests: every kind, every member, in the ways that requests can make.

use std::collections::BTreeMap;

use machi_types::{Name, Timestamp};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::terms::{CORE, DEFAULT};
use super::{Attribute, Entity, Instance, JsonText, Kind, NULL, Observed};

/// Any entity that a request can make.
pub(crate) fn any_entity() -> impl Strategy<Value = Entity> {
    let scopes = prop::collection::btree_set(select(vec!["/Fukui/River", "/Fukui", "Sabae"]), 0..3);
    let types = prop::collection::btree_set(any_name(), 1..3);
    (any_iri(), types, scopes, option::of(any_time()), any_attributes(2)).prop_map(
        |(id, types, scopes, expires_at, attributes)| Entity {
            scopes: scopes.into_iter().map(Name::from).collect(),
            expires_at,
            attributes,
            ..Entity::new(id, types.into_iter().collect())
        },
    )
}

/// Attributes of different names, with sub-attributes down to a depth.
pub(crate) fn any_attributes(depth: u32) -> BoxedStrategy<Vec<Attribute>> {
    prop::collection::btree_map(any_name(), any_instances(depth), 0..4)
        .prop_map(|map| map.into_iter().map(|(name, instances)| Attribute { name, instances }).collect())
        .boxed()
}

fn any_instances(depth: u32) -> impl Strategy<Value = Vec<Instance>> {
    let datasets = prop::collection::btree_set(option::weighted(0.4, any_iri()), 1..3);
    (datasets, prop::collection::vec(any_instance(depth), 3)).prop_map(|(datasets, instances)| {
        datasets.into_iter().zip(instances).map(|(dataset_id, instance)| Instance { dataset_id, ..instance }).collect()
    })
}

/// Any default instance.
pub(crate) fn any_instance(depth: u32) -> impl Strategy<Value = Instance> {
    let attributes = if depth == 0 { Just(Vec::new()).boxed() } else { any_attributes(depth - 1) };
    let times = (option::of(any_observed()), option::weighted(0.2, any_time()));
    let details = (option::weighted(0.3, select(vec!["CEL", "MMT"])), option::weighted(0.2, any_name()));
    let object_types = prop::collection::btree_set(any_name(), 0..3);
    (any_value(), times, details, object_types, attributes).prop_map(
        |((kind, value), (observed_at, expires_at), (unit, value_type), object_types, attributes)| Instance {
            observed_at,
            expires_at,
            unit_code: unit.map(Name::from).filter(|_| kind.has_unit()),
            value_type: value_type.filter(|datatype| kind.takes_value_type(datatype)),
            object_types: object_types.into_iter().filter(|_| kind.is_link()).collect(),
            attributes,
            ..Instance::new(kind, value)
        },
    )
}

fn any_value() -> impl Strategy<Value = (Kind, JsonText)> {
    let terms = || prop::collection::vec(any_name(), 1..3);
    let iris = |least| prop::collection::vec(any_iri(), least..3);
    let texts = |names: Vec<Name>| JsonText::strings(names.iter().map(|name| &**name));
    prop_oneof![
        4 => any_json().prop_map(|value| (Kind::Property, value)),
        1 => any_iri().prop_map(|iri| (Kind::Relationship, JsonText::string(&iri))),
        1 => iris(1).prop_map(move |iris| (Kind::Relationship, texts(iris))),
        1 => any_geometry().prop_map(|value| (Kind::GeoProperty, value)),
        1 => any_geometry().prop_map(|value| (Kind::Property, value)),
        1 => any_language_map().prop_map(|value| (Kind::LanguageProperty, value)),
        1 => any_name().prop_map(|name| (Kind::VocabProperty, JsonText::string(&name))),
        1 => terms().prop_map(move |names| (Kind::VocabProperty, texts(names))),
        1 => any_object().prop_map(|value| (Kind::JsonProperty, value)),
        1 => any_list().prop_map(|value| (Kind::ListProperty, value)),
        1 => iris(0).prop_map(move |iris| (Kind::ListRelationship, texts(iris))),
    ]
}

/// Any value of a Property.
pub(crate) fn any_json() -> impl Strategy<Value = JsonText> {
    any_json_value().prop_map(|value| text(&value))
}

fn any_object() -> impl Strategy<Value = JsonText> {
    any_members(any_json_value()).prop_map(|value| text(&value))
}

fn any_list() -> impl Strategy<Value = JsonText> {
    prop::collection::vec(any_json_value(), 0..4).prop_map(|items| text(&serde_json::Value::from(items)))
}

fn any_json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_filter("JSON has no infinity", |number| number.is_finite()).prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
        select(vec!["2026-11-22T10:00:00Z", "Property", "Point", "a\\\"b"]).prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into), any_members(inner)]
    })
}

fn any_members(values: impl Strategy<Value = serde_json::Value>) -> impl Strategy<Value = serde_json::Value> {
    let words =
        select(vec!["type", "value", "object", "unitCode", "street", "a/b", "coordinates", "@type", "dataset", "id"]);
    let names = prop_oneof![words.prop_map(String::from), "[a-z]{0,4}"];
    prop::collection::btree_map(names, values, 0..4)
        .prop_map(|members: BTreeMap<_, _>| serde_json::Value::Object(members.into_iter().collect()))
}

fn any_geometry() -> impl Strategy<Value = JsonText> {
    (-180.0..180.0_f64, -90.0..90.0_f64).prop_map(|(longitude, latitude)| {
        text(&serde_json::json!({"type": "Point", "coordinates": [longitude, latitude]}))
    })
}

fn any_language_map() -> impl Strategy<Value = JsonText> {
    let tags = select(vec!["en", "ja", "fr-CH", "@none"]).prop_map(String::from);
    prop::collection::btree_map(tags, ".{0,8}", 0..3).prop_map(|texts| text(&serde_json::to_value(texts).unwrap()))
}

fn text(value: &serde_json::Value) -> JsonText {
    JsonText::parse(&value.to_string()).unwrap()
}

fn any_name() -> impl Strategy<Value = Name> {
    let terms = select(vec!["speed", "temperature", "速度", "a_1", "owner", "route", "name", "category"]);
    (select(vec![DEFAULT, DEFAULT, "https://schema.org/", "https://example.org/x#"]), terms)
        .prop_map(|(namespace, term)| Name::from([namespace, term].concat()))
}

fn any_iri() -> impl Strategy<Value = Name> {
    "urn:ngsi-ld:[A-Z][a-z]{1,4}:[a-z0-9福井]{1,4}".prop_map(Name::from).prop_filter("null", |iri| &**iri != NULL)
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_000_000_i64).prop_map(Timestamp::from_micros)
}

fn any_observed() -> impl Strategy<Value = Observed> {
    (any_time(), 0..7_u8).prop_map(|(time, digits)| Observed::with_digits(time, digits).unwrap_or(time.into()))
}

/// Times for sub-attributes, which only stored instances have.
pub(crate) fn with_times(mut instance: Instance, micros: i64) -> Instance {
    for attribute in &mut instance.attributes {
        for sub in &mut attribute.instances {
            let timed = with_times(sub.clone(), micros + 7);
            let (created, modified) = (Timestamp::from_micros(micros), Timestamp::from_micros(micros + 3));
            *sub = Instance { created_at: Some(created), modified_at: Some(modified), ..timed };
        }
    }
    instance
}

/// The expanded name of a core attribute.
pub(crate) fn core(term: &str) -> Name {
    Name::from([CORE, term].concat())
}

/// The expanded name of a term that no context defines.
pub(crate) fn term(term: &str) -> Name {
    Name::from([DEFAULT, term].concat())
}
