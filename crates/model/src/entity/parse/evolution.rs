//! Reads temporal evolutions: attributes with many instances each, and scopes with times
//! (ETSI GS CIM 009 §5.2.20, §4.5.6 to §4.5.9).

use machi_types::json::Members;
use machi_types::{Json, Name, Timestamp};

use super::classify::is_instance;
use super::entity::Names;
use super::fault::{Fault, InvalidEntity, shortened};
use super::member::{Member, member_of};
use super::path::Path;
use super::scalar::{datetime, form, iri, is_null, observed, scopes};
use super::{Input, Nulls, Parser};
use crate::entity::entity::Instance;
use crate::entity::fragment::{Change, InstanceFragment};
use crate::entity::json_text::JsonText;
use crate::entity::kind::Kind;
use crate::entity::observed::Observed;

/// A temporal evolution, or a part of one, as a request tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvolutionFragment {
    /// The id, where it names one.
    pub id: Option<Name>,
    /// The types, expanded.
    pub types: Vec<Name>,
    /// When the evolution is to vanish.
    pub expires_at: Option<Timestamp>,
    /// The scopes at different times.
    pub scopes: Vec<ScopeInstance>,
    /// The attributes by expanded name, each name once, with their instances in the order in which they came.
    pub attributes: Vec<(Name, Vec<TemporalInstance>)>,
}

/// The scopes from one time on; none where they were removed then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeInstance {
    /// The scopes as they were written.
    pub scopes: Vec<Name>,
    /// Since when.
    pub observed_at: Option<Observed>,
}

/// An instance of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemporalInstance {
    /// The instance; where it says that there is none, only kind, dataset and time of observation count.
    pub instance: Instance,
    /// Whether it says that from then on there is none (§4.5.7).
    pub is_deletion: bool,
}

/// What a member with many values holds, by the kinds of attributes that have it (§4.5.9).
const MANY: [(&str, Kind); 7] = [
    ("values", Kind::Property),
    ("objects", Kind::Relationship),
    ("languageMaps", Kind::LanguageProperty),
    ("jsons", Kind::JsonProperty),
    ("vocabs", Kind::VocabProperty),
    ("valueLists", Kind::ListProperty),
    ("objectLists", Kind::ListRelationship),
];

impl Parser<'_> {
    pub(super) fn evolution(self, json: &Json<'_>) -> Result<EvolutionFragment, InvalidEntity> {
        let root = Path::ROOT;
        let Json::Object(members) = json else {
            return Err(form(json, ("an object", "オブジェクト"), &root));
        };
        let scoped = self.terms_for_types(members, &root)?;
        let inner = Parser { terms: scoped.as_deref().unwrap_or(self.terms), ..self };
        let mut evolution = EvolutionFragment::default();
        let mut names = Names::default();
        for (key, value) in members {
            let path = root.member(key);
            match member_of(key) {
                Some(member) => self.evolution_member(member, (key, value), &mut evolution, &path)?,
                None => evolution.attributes.push(inner.evolving((key, value), &mut names, &path)?),
            }
        }
        Ok(evolution)
    }

    fn evolution_member(
        self,
        member: Member,
        (key, value): (&str, &Json<'_>),
        evolution: &mut EvolutionFragment,
        path: &Path<'_>,
    ) -> Result<(), InvalidEntity> {
        let is_new = match member {
            Member::Id => evolution.id.replace(iri(value, path)?.into()).is_none(),
            Member::Type => std::mem::replace(&mut evolution.types, self.types(value, path)?).is_empty(),
            Member::ExpiresAt => evolution.expires_at.replace(datetime(value, path)?).is_none(),
            Member::Scope => std::mem::replace(&mut evolution.scopes, scope_instances(value, path)?).is_empty(),
            Member::Context | Member::SystemTime => true,
            _ => return Err(path.fault(Fault::Reserved(shortened(key)))),
        };
        if is_new { Ok(()) } else { Err(path.fault(Fault::SameName(member.term().to_owned()))) }
    }

    /// An attribute with its instances.
    fn evolving(
        self,
        (key, value): (&str, &Json<'_>),
        names: &mut Names,
        path: &Path<'_>,
    ) -> Result<(Name, Vec<TemporalInstance>), InvalidEntity> {
        let name = self.attribute_name(key, names, path)?;
        let instances = self.inside(key, path, |inner| inner.temporal_instances(&name, value, path))?;
        Ok((name, instances))
    }

    fn temporal_instances(
        self,
        name: &Name,
        json: &Json<'_>,
        path: &Path<'_>,
    ) -> Result<Vec<TemporalInstance>, InvalidEntity> {
        let is_item = |item: &Json<'_>| is_instance(item, self.input) || many(item).is_some();
        let mut instances = Vec::new();
        match json {
            Json::Array(items) if items.is_empty() || items.iter().any(is_item) => {
                for (index, item) in items.iter().enumerate() {
                    let path = path.item(index);
                    if !is_item(item) {
                        return Err(path.fault(Fault::MixedInstances));
                    }
                    self.temporal_item(name, item, &path, &mut instances)?;
                }
            }
            one => self.temporal_item(name, one, path, &mut instances)?,
        }
        Ok(instances)
    }

    /// An instance, or the object that holds many values of one series.
    fn temporal_item(
        self,
        name: &Name,
        json: &Json<'_>,
        path: &Path<'_>,
        instances: &mut Vec<TemporalInstance>,
    ) -> Result<(), InvalidEntity> {
        if let Some((key, kind, pairs)) = many(json) {
            return self.pairs(name, (json, kind), pairs, &path.member(key), instances);
        }
        instances.push(self.temporal_instance(name, json, path)?);
        Ok(())
    }

    /// One instance, which may be an NGSI-LD Null (§5.5.4).
    pub(super) fn temporal_instance(
        self,
        name: &Name,
        json: &Json<'_>,
        path: &Path<'_>,
    ) -> Result<TemporalInstance, InvalidEntity> {
        let is_deletion = is_deletion(json);
        let nulls = if is_deletion { Nulls::Members } else { Nulls::Refused };
        let parser = Parser { input: Input { nulls, ..self.input }, ..self };
        let fragment = parser.instance(name, json, path)?;
        if !is_deletion {
            let instance = fragment.into_instance().ok_or_else(|| path.fault(Fault::NoValue))?;
            return Ok(TemporalInstance { instance, is_deletion });
        }
        let kind = fragment.kind().or_else(|| value_member(json)).unwrap_or(Kind::Property);
        let InstanceFragment { dataset_id, observed_at, .. } = fragment;
        let mut instance = Instance::new(kind, JsonText::string(crate::entity::NULL));
        (instance.dataset_id, instance.observed_at) = (dataset_id, observed_at.into_set());
        Ok(TemporalInstance { instance, is_deletion })
    }

    /// `[[value, time], …]`, each read as the instance that it stands for.
    fn pairs(
        self,
        name: &Name,
        (json, kind): (&Json<'_>, Kind),
        pairs: &Json<'_>,
        path: &Path<'_>,
        instances: &mut Vec<TemporalInstance>,
    ) -> Result<(), InvalidEntity> {
        let expected = ("an array of pairs of a value and its time", "値と時刻の組の配列");
        let Json::Array(items) = pairs else { return Err(form(pairs, expected, path)) };
        for (index, item) in items.iter().enumerate() {
            let path = path.item(index);
            let Json::Array(pair) = item else { return Err(form(item, expected, &path)) };
            let [value, time] = pair.as_slice() else { return Err(form(item, expected, &path)) };
            let whole = instance_of(json, kind, value, time);
            instances.push(self.temporal_instance(name, &whole, &path)?);
        }
        Ok(())
    }
}

/// The scopes: now, at one time or at several.
fn scope_instances(json: &Json<'_>, path: &Path<'_>) -> Result<Vec<ScopeInstance>, InvalidEntity> {
    match json {
        Json::Array(items) if items.iter().any(|item| item.as_object().is_some()) => {
            items.iter().enumerate().map(|(index, item)| scope_instance(item, &path.item(index))).collect()
        }
        Json::Object(_) => match many(json) {
            Some((key, _, pairs)) => scope_pairs(pairs, &path.member(key)),
            None => Ok(vec![scope_instance(json, path)?]),
        },
        json => Ok(vec![ScopeInstance { scopes: scopes(json, path)?, observed_at: None }]),
    }
}

/// The member with many values, where an object has one and no member with a single one.
fn many<'j>(json: &'j Json<'j>) -> Option<(&'static str, Kind, &'j Json<'j>)> {
    let members = json.as_object()?;
    if members.iter().any(|(key, _)| matches!(member_of(key), Some(Member::Value(_)))) {
        return None;
    }
    MANY.into_iter().find_map(|(many, kind)| {
        let (_, value) = members.iter().find(|(key, _)| key == many)?;
        Some((many, kind, value))
    })
}

/// What a pair stands for, with what stands beside all pairs.
fn instance_of<'j>(json: &'j Json<'j>, kind: Kind, value: &'j Json<'j>, time: &'j Json<'j>) -> Json<'j> {
    let beside = |member: &&(_, _)| MANY.iter().all(|(many, _)| member.0 != *many);
    let mut members: Members<'j> = json.as_object().into_iter().flatten().filter(beside).cloned().collect();
    match value {
        // §4.5.9: values of these kinds stand within an object of their own.
        Json::Object(own) if own.iter().any(|(key, _)| key == kind.member()) => members.extend(own.iter().cloned()),
        value => members.push((kind.member().into(), value.clone())),
    }
    members.push(("observedAt".into(), time.clone()));
    Json::Object(members)
}

/// Whether an instance says that there is none: its value is an NGSI-LD Null (§4.5.0).
fn is_deletion(json: &Json<'_>) -> bool {
    let Json::Object(members) = json else { return false };
    let value = members.iter().find(|(key, _)| matches!(member_of(key), Some(Member::Value(_))));
    value.is_some_and(|(_, value)| match value {
        Json::Object(inner) => matches!(inner.as_slice(), [(tag, text)] if tag == "@none" && is_null(text)),
        Json::Array(items) => matches!(items.as_slice(), [one] if is_null(one)),
        value => is_null(value),
    })
}

/// The kind that the member with the value tells.
fn value_member(json: &Json<'_>) -> Option<Kind> {
    json.as_object()?.iter().find_map(|(key, _)| match member_of(key) {
        Some(Member::Value(kind)) => Some(kind),
        _ => None,
    })
}

/// `{"type": "Property", "value": "/a", "observedAt": …}`: the scopes are no attribute and have nothing else (§4.18).
fn scope_instance(json: &Json<'_>, path: &Path<'_>) -> Result<ScopeInstance, InvalidEntity> {
    let Json::Object(members) = json else {
        return Err(form(json, ("an object with a value and its times", "値と時刻を持つオブジェクト"), path));
    };
    let (mut found, mut observed_at) = (None, Change::Keep);
    for (key, value) in members {
        let path = path.member(key);
        match member_of(key) {
            Some(Member::Type) if value.as_str() == Some(Kind::Property.as_str()) => {}
            Some(Member::Value(Kind::Property)) => found = Some(removable_scopes(value, &path)?),
            Some(Member::ObservedAt) => observed_at = Change::Set(observed(value, &path)?),
            Some(Member::SystemTime | Member::OutputOnly) => {}
            _ => return Err(path.fault(Fault::Reserved(shortened(key)))),
        }
    }
    let scopes = found.ok_or_else(|| path.fault(Fault::Missing("value")))?;
    Ok(ScopeInstance { scopes, observed_at: observed_at.into_set() })
}

fn scope_pairs(json: &Json<'_>, path: &Path<'_>) -> Result<Vec<ScopeInstance>, InvalidEntity> {
    let expected = ("an array of pairs of scopes and their time", "スコープと時刻の組の配列");
    let Json::Array(items) = json else { return Err(form(json, expected, path)) };
    let pair = |(index, item): (usize, &Json<'_>)| {
        let path = path.item(index);
        match item {
            Json::Array(pair) if pair.len() == 2 => Ok(ScopeInstance {
                scopes: removable_scopes(&pair[0], &path.item(0))?,
                observed_at: Some(observed(&pair[1], &path.item(1))?),
            }),
            other => Err(form(other, expected, &path)),
        }
    };
    items.iter().enumerate().map(pair).collect()
}

/// Scopes; an empty array and an NGSI-LD Null both say that there are none.
fn removable_scopes(json: &Json<'_>, path: &Path<'_>) -> Result<Vec<Name>, InvalidEntity> {
    let is_none = is_null(json)
        || json.as_array().is_some_and(|items| items.is_empty() || matches!(items, [one] if is_null(one)));
    if is_none { Ok(Vec::new()) } else { scopes(json, path) }
}

#[cfg(test)]
mod tests {
    use machi_types::json;

    use super::*;
    use crate::entity::CoreTerms;
    use crate::entity::parse::parse_evolution;

    fn read(text: &str) -> Result<EvolutionFragment, InvalidEntity> {
        parse_evolution(&json::parse(text.as_bytes(), 64).unwrap(), &CoreTerms)
    }

    /// Kind, value, time of observation, whether it is a deletion.
    fn told(text: &str) -> Vec<(&'static str, String, Option<String>, bool)> {
        let evolution = read(&format!(r#"{{"a": {text}}}"#)).unwrap();
        let (_, instances) = &evolution.attributes[0];
        let tell = |one: &TemporalInstance| {
            let time = one.instance.observed_at.map(|observed| {
                let mut text = Vec::new();
                observed.write(&mut text);
                String::from_utf8(text).unwrap()
            });
            (one.instance.kind.as_str(), one.instance.value.as_str().to_owned(), time, one.is_deletion)
        };
        instances.iter().map(tell).collect()
    }

    fn fault(text: &str) -> String {
        read(text).unwrap_err().pointer
    }

    #[test]
    fn instances_of_one_dataset_may_be_many() {
        let text = r#"[{"type":"Property","value":1,"observedAt":"2026-03-01T09:00:00Z","instanceId":"urn:x:1"},
            {"value":2.5,"observedAt":"2026-03-01T09:00:00.500Z","createdAt":"2020-01-01T00:00:00Z"}]"#;
        let at = |time: &str| Some(time.to_owned());
        assert_eq!(
            told(text),
            [
                ("Property", "1".into(), at("2026-03-01T09:00:00Z"), false),
                ("Property", "2.5".into(), at("2026-03-01T09:00:00.500Z"), false)
            ]
        );
        assert_eq!(told("5"), [("Property", "5".into(), None, false)]);
        assert_eq!(told("[1,2]"), [("Property", "[1,2]".into(), None, false)]);
    }

    #[test]
    fn what_was_read_as_temporal_values_can_be_sent() {
        let text = r#"{"type":"Property","datasetId":"urn:d:1","values":[[1,"2026-03-01T09:00:00Z"],["x","2026-03-01T10:00:00Z"]]}"#;
        assert_eq!(told(text).len(), 2);
        let evolution = read(&format!(r#"{{"a": [{text}]}}"#)).unwrap();
        assert!(evolution.attributes[0].1.iter().all(|one| one.instance.dataset_id.as_deref() == Some("urn:d:1")));
        let languages =
            r#"{"type":"LanguageProperty","languageMaps":[[{"languageMap":{"en":"Lab"}},"2026-03-01T09:00:00Z"]]}"#;
        assert_eq!(told(languages)[0].1, r#"{"en":"Lab"}"#);
        assert_eq!(told(r#"{"objects":[["urn:t:1","2026-03-01T09:00:00Z"]]}"#)[0].0, "Relationship");
        assert_eq!(told(r#"{"valueLists":[[[1,2],"2026-03-01T09:00:00Z"]]}"#)[0].1, "[1,2]");
        assert_eq!(fault(r#"{"a":{"type":"Property","values":[[1,"2026-03-01T09:00:00Z"],[2]]}}"#), "/a/values/1");
        assert_eq!(
            fault(r#"{"a":{"type":"Relationship","values":[[1,"2026-03-01T09:00:00Z"]]}}"#),
            "/a/values/0/value"
        );
    }

    #[test]
    fn a_null_is_an_instance_and_nothing_else() {
        for (value, kind) in [
            (r#""type":"Property","value":"urn:ngsi-ld:null""#, "Property"),
            (r#""object":"urn:ngsi-ld:null""#, "Relationship"),
            (r#""languageMap":{"@none":"urn:ngsi-ld:null"}"#, "LanguageProperty"),
            (r#""valueList":["urn:ngsi-ld:null"]"#, "ListProperty"),
            (r#""type":"GeoProperty","value":"urn:ngsi-ld:null""#, "GeoProperty"),
        ] {
            let found = told(&format!(r#"{{{value},"observedAt":"2026-03-01T09:00:00Z"}}"#));
            assert_eq!((found[0].0, found[0].3), (kind, true), "{value}");
        }
        assert_eq!(fault(r#"{"a":"urn:ngsi-ld:null"}"#), "/a");
        assert_eq!(fault(r#"{"a":{"value":{"b":"urn:ngsi-ld:null"}}}"#), "/a/value/b");
        assert_eq!(fault(r#"{"expiresAt":"urn:ngsi-ld:null"}"#), "/expiresAt");
        assert_eq!(fault(r#"{"a":[{"value":1},{"value":null}]}"#), "/a/1/value");
    }

    #[test]
    fn scopes_have_times() {
        let scopes = |text: &str| {
            let evolution = read(&format!(r#"{{"scope": {text}}}"#)).unwrap();
            evolution.scopes.iter().map(|one| (one.scopes.len(), one.observed_at.is_some())).collect::<Vec<_>>()
        };
        assert_eq!(scopes(r#""/a""#), [(1, false)]);
        assert_eq!(scopes(r#"["/a","/b"]"#), [(2, false)]);
        assert_eq!(
            scopes(
                r#"[{"type":"Property","value":"/a","observedAt":"2026-03-01T09:00:00Z"},{"value":[]},{"value":"urn:ngsi-ld:null"}]"#
            ),
            [(1, true), (0, false), (0, false)]
        );
        assert_eq!(scopes(r#"{"type":"Property","values":[[["/a","/b"],"2026-03-01T09:00:00Z"]]}"#), [(2, true)]);
        assert_eq!(fault(r#"{"scope":{"value":"/a","unitCode":"CEL"}}"#), "/scope/unitCode");
    }
}
