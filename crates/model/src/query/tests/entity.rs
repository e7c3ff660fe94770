//! An entity as plain JSON, which answers queries in the simplest way: the witness that others are held to.

use super::*;
use machi_types::Json;
use machi_types::json::{self, DEFAULT_DEPTH};

pub(super) struct JsonEntity<'w> {
    pub(super) json: Json<'static>,
    pub(super) world: &'w [JsonEntity<'w>],
}

pub(super) fn json(text: &str) -> Json<'static> {
    json::parse(text.as_bytes(), DEFAULT_DEPTH).unwrap_or_else(|error| panic!("{text}: {error}")).into_owned()
}

pub(super) fn entity(text: &str) -> JsonEntity<'static> {
    JsonEntity { json: json(text), world: &[] }
}

fn strings<'j>(value: &'j Json<'j>) -> Vec<&'j str> {
    match value {
        Json::Array(items) => items.iter().flat_map(strings).collect(),
        Json::Object(_) => value.get("object").map(strings).unwrap_or_default(),
        value => value.as_str().into_iter().collect(),
    }
}

fn instances<'j>(value: &'j Json<'j>) -> &'j [Json<'j>] {
    value.as_array().unwrap_or(std::slice::from_ref(value))
}

fn any_of_instance(instance: &Json<'_>, test: &mut dyn FnMut(Target<'_>) -> bool) -> bool {
    for member in ["value", "valueList", "json"] {
        if let Some(value) = instance.get(member) {
            return test(Target::Value(value));
        }
    }
    if let Some(map) = instance.get("languageMap") {
        return test(Target::Languages(map));
    }
    if let Some(vocab) = instance.get("vocab") {
        return test(Target::Vocab(&strings(vocab)));
    }
    let objects = instance.get("object").or_else(|| instance.get("objectList")).unwrap_or(instance);
    test(Target::Objects(&strings(objects)))
}

fn any_below(node: &Json<'_>, path: &[Step], test: &mut dyn FnMut(Target<'_>) -> bool) -> bool {
    match path {
        [] => any_of_instance(node, test),
        [Step::Member(_), _, ..] => false,
        [Step::Member(member)] => {
            let Some(value) = node.get(member.term()) else { return false };
            match value.as_str().and_then(|text| text.parse().ok()) {
                Some(time) => test(Target::Time(time)),
                None => test(Target::Texts(&strings(value))),
            }
        }
        [Step::Attribute(name), rest @ ..] => {
            let attribute = name.strip_prefix("ex:").and_then(|name| node.get(name));
            attribute.into_iter().flat_map(instances).any(|instance| any_below(instance, rest, test))
        }
    }
}

impl Facts for JsonEntity<'_> {
    fn any_target(&self, path: &[Step], test: &mut dyn FnMut(Target<'_>) -> bool) -> bool {
        any_below(&self.json, path, test)
    }

    fn any_linked(&self, link: &Link, test: &mut dyn FnMut(&dyn Facts) -> bool) -> bool {
        let mut targets = Vec::new();
        self.any_target(std::slice::from_ref(&link.relationship), &mut |target| {
            if let Target::Objects(objects) = target {
                targets.extend(objects.iter().map(|object| (*object).to_owned()));
            }
            false
        });
        let has_type = |entity: &&JsonEntity<'_>| {
            let kind = entity.json.get("type").and_then(Json::as_str).map(|kind| expanded(kind).unwrap());
            link.types.is_empty() || kind.is_some_and(|kind| link.types.contains(&kind))
        };
        let id_of = |entity: &JsonEntity<'_>| entity.json.get("id").and_then(Json::as_str).map(str::to_owned);
        let linked =
            |target: &String| self.world.iter().filter(has_type).find(|entity| id_of(entity).as_ref() == Some(target));
        targets.iter().filter_map(linked).any(|entity| test(entity))
    }
}
