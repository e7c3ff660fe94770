//! JSON Merge Patch (RFC 7396) with the NGSI-LD Null in place of null (ETSI GS CIM 009 §5.5.12).

use std::borrow::Cow;
use std::collections::HashMap;

use machi_types::Json;
use machi_types::json::Members;

use crate::entity::NULL;

/// A value after a patch.
pub(super) fn merge_json<'a>(target: Json<'a>, patch: Json<'a>) -> Json<'a> {
    let Json::Object(patch) = patch else { return without_nulls(patch) };
    let mut merged = match target {
        Json::Object(members) => Merged::of(members),
        _ => Merged::of(Members::new()),
    };
    for (name, value) in patch {
        if is_null(&value) {
            merged.remove(&name);
        } else {
            merged.merge(name, value);
        }
    }
    merged.into_json()
}

/// A value that stands alone: what is null in it is not there.
pub(super) fn without_nulls(value: Json<'_>) -> Json<'_> {
    match value {
        Json::Array(items) => Json::Array(items.into_iter().map(without_nulls).collect()),
        Json::Object(members) => Json::Object(
            members
                .into_iter()
                .filter(|(_, value)| !is_null(value))
                .map(|(name, value)| (name, without_nulls(value)))
                .collect(),
        ),
        other => other,
    }
}

fn is_null(value: &Json<'_>) -> bool {
    value.as_str() == Some(NULL)
}

/// Members that are found by their names and keep their order.
struct Merged<'a> {
    members: Vec<Option<(Cow<'a, str>, Json<'a>)>>,
    places: HashMap<Cow<'a, str>, usize>,
}

impl<'a> Merged<'a> {
    fn of(members: Members<'a>) -> Self {
        let places = members.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
        Self { members: members.into_iter().map(Some).collect(), places }
    }

    fn remove(&mut self, name: &str) {
        if let Some(slot) = self.places.remove(name).and_then(|place| self.members.get_mut(place)) {
            *slot = None;
        }
    }

    fn merge(&mut self, name: Cow<'a, str>, patch: Json<'a>) {
        let slot = self.places.get(&name).and_then(|place| self.members.get_mut(*place));
        if let Some(Some((_, value))) = slot {
            *value = merge_json(std::mem::replace(value, Json::Null), patch);
        } else {
            self.places.insert(name.clone(), self.members.len());
            self.members.push(Some((name, merge_json(Json::Null, patch))));
        }
    }

    fn into_json(self) -> Json<'a> {
        Json::Object(self.members.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_types::json::parse;

    fn check(target: &str, patch: &str, expected: &str) {
        let value = |text: &'static str| parse(text.as_bytes(), 64).unwrap();
        let (target, patch) = (target.to_owned().leak(), patch.replace("NULL", "\"urn:ngsi-ld:null\"").leak());
        assert_eq!(merge_json(value(target), value(patch)).to_text(), expected);
    }

    #[test]
    fn patches_follow_rfc_7396() {
        check(r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#);
        check(r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#);
        check(r#"{"a":"b"}"#, r#"{"a":NULL}"#, "{}");
        check(r#"{"a":"b","b":"c"}"#, r#"{"a":NULL}"#, r#"{"b":"c"}"#);
        check(r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#);
        check(r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#);
        check(r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":NULL}}"#, r#"{"a":{"b":"d"}}"#);
        check(r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#);
        check(r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#);
        check(r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#);
        check(r#"{"e":1}"#, r#"{"a":{"bb":{"ccc":NULL}}}"#, r#"{"e":1,"a":{"bb":{}}}"#);
        check("[1,2]", r#"{"a":"b","c":NULL}"#, r#"{"a":"b"}"#);
    }
}
