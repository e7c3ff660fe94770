//! Added indexes: what a path into attributes leads to, as facets of a name of its own.
//!
//! Such a name stands for the end of the path as an attribute's name stands for its value, so that conditions
//! on it are compiled alike. Where a path leads to several places of one instance, they are tagged as many
//! values, and what cannot be told of many values by facets is read.

use std::sync::Arc;

use machi_model::entity::{InstanceRef, Kind, Scalar, json_scalars, value_of};
use machi_model::query::{Member, Path, Step};
use machi_store::{DeriveAdded, Facet, FacetValue, NameNo, Names, SectionKey};
use machi_types::{Json, Name, json};

use super::facets::{DATE, DATE_TEXT, SectionFacets, TIME, value};

/// What the names of added indexes begin with.
const PREFIX: &str = "@index:";
/// How deep stored sub-attributes may nest; the edge takes less.
const DEPTH: usize = 64;

/// What an added index is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    /// The attribute.
    pub(crate) attribute: Name,
    /// The way on from there: sub-attributes, and at the end perhaps a member.
    pub(crate) steps: Vec<Step>,
    /// The way into a JSON value, or a language tag.
    pub(crate) members: Vec<String>,
    /// Whether texts are kept whole, for patterns.
    pub(crate) is_for_patterns: bool,
}

/// Why a path cannot be indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoIndex {
    /// It leads over other entities.
    #[error("a path that follows relationships cannot be indexed")]
    Linked,
    /// It begins with no attribute, or ends with a member that the store itself keeps.
    #[error("a path begins with an attribute, and may end with observedAt, expiresAt or unitCode, but no other member")]
    Member,
    /// It is indexed anyway.
    #[error("attributes are indexed by default; an added index of one is for patterns alone")]
    Default,
}

impl Definition {
    /// The definition of a path's index.
    pub(crate) fn of(path: &Path, is_for_patterns: bool) -> Result<Self, NoIndex> {
        if !path.links.is_empty() {
            return Err(NoIndex::Linked);
        }
        let Some((Step::Attribute(attribute), steps)) = path.names.split_first() else { return Err(NoIndex::Member) };
        let is_kept = |step: &Step| match step {
            Step::Attribute(_) => true,
            Step::Member(member) => matches!(member, Member::ObservedAt | Member::ExpiresAt | Member::UnitCode),
        };
        if !steps.iter().all(is_kept) {
            return Err(NoIndex::Member);
        }
        if steps.is_empty() && path.members.is_empty() && !is_for_patterns {
            return Err(NoIndex::Default);
        }
        Ok(Self { attribute: attribute.clone(), steps: steps.to_vec(), members: path.members.clone(), is_for_patterns })
    }

    /// The text by which the store knows it.
    pub(crate) fn text(&self) -> Name {
        let step = |step: &Step| match step {
            Step::Attribute(name) => Json::from(name.to_string()),
            Step::Member(member) => Json::from(["@", member.term()].concat()),
        };
        let members = self.members.iter().map(|member| Json::from(member.clone())).collect();
        let kept = if self.is_for_patterns { "texts" } else { "values" };
        let parts = vec![
            Json::from(kept),
            Json::from(self.attribute.to_string()),
            Json::Array(self.steps.iter().map(step).collect()),
            Json::Array(members),
        ];
        Name::from(Json::Array(parts).to_text())
    }

    /// The definition behind such a text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let json = json::parse(text.as_bytes(), 4).ok()?;
        let [kept, attribute, steps, members] = json.as_array()? else { return None };
        let step = |json: &Json<'_>| json.as_str().map(|text| Step::of(Name::from(text)));
        let member = |json: &Json<'_>| json.as_str().map(str::to_owned);
        Some(Self {
            attribute: Name::from(attribute.as_str()?),
            steps: steps.as_array()?.iter().map(step).collect::<Option<_>>()?,
            members: members.as_array()?.iter().map(member).collect::<Option<_>>()?,
            is_for_patterns: kept.as_str()? == "texts",
        })
    }

    /// The name of its facets.
    pub(crate) fn facet_name(&self) -> String {
        [PREFIX, &self.text()].concat()
    }

    /// Whether the path ends with a time of an attribute.
    pub(crate) fn is_of_time(&self) -> bool {
        matches!(self.steps.last(), Some(Step::Member(Member::ObservedAt | Member::ExpiresAt)))
    }
}

/// Derives the facets of one added index.
#[derive(Debug)]
pub(crate) struct DerivePath {
    definition: Definition,
    attribute: NameNo,
    /// The name of the facets, and the names beside it.
    names: [NameNo; 4],
}

impl DerivePath {
    /// What derives the index that a text defines.
    pub(crate) fn of(names: &dyn Names, definition: &str) -> Option<Arc<dyn DeriveAdded>> {
        let definition = Definition::parse(definition)?;
        let own = definition.facet_name();
        let beside = |prefix: &str| names.intern(&[prefix, &own].concat());
        let names_of = [names.intern(&own), beside(DATE_TEXT), beside(DATE), beside(TIME)];
        let attribute = names.intern(&definition.attribute);
        Some(Arc::new(Self { definition, attribute, names: names_of }))
    }
}

impl DeriveAdded for DerivePath {
    fn reads(&self) -> NameNo {
        self.attribute
    }

    fn names(&self) -> &[NameNo] {
        &self.names
    }

    fn section(&self, names: &dyn Names, key: SectionKey, body: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        let Ok(instance) = InstanceRef::read(body) else { return };
        let [own, ..] = self.names;
        let mut section = SectionFacets {
            names,
            key: SectionKey::new(own, key.instance),
            is_whole: self.definition.is_for_patterns,
            facet,
        };
        let mut ends = 0;
        walk(&instance, &self.definition.steps, DEPTH, &mut |end| {
            ends += 1;
            section.end(end, &self.definition.members);
        });
        if ends > 1 {
            section.tag(value::MANY);
        }
    }
}

/// Where the steps of a path end.
enum End<'i, 'b> {
    Instance(&'i InstanceRef<'b>),
    Time(machi_types::Timestamp),
    Text(&'i str),
}

/// Follows the steps of a path from an instance to wherever they lead.
fn walk(instance: &InstanceRef<'_>, steps: &[Step], depth: usize, reached: &mut dyn FnMut(End<'_, '_>)) {
    match steps.split_first() {
        None => reached(End::Instance(instance)),
        Some((Step::Member(Member::ObservedAt), [])) => {
            instance.observed_at().into_iter().for_each(|observed| reached(End::Time(observed.time())));
        }
        Some((Step::Member(Member::ExpiresAt), [])) => {
            instance.expires_at().into_iter().for_each(|time| reached(End::Time(time)));
        }
        Some((Step::Member(Member::UnitCode), [])) => {
            instance.unit_code().into_iter().for_each(|unit| reached(End::Text(unit)));
        }
        Some((Step::Member(_), _)) => {}
        Some((Step::Attribute(name), rest)) => {
            let Some(depth) = depth.checked_sub(1) else { return };
            let subs = instance.attributes().map_while(Result::ok).filter(|sub| sub.name.is(name));
            subs.for_each(|sub| walk(&sub.instance, rest, depth, reached));
        }
    }
}

impl SectionFacets<'_> {
    /// The facets of the end of a path, members included.
    fn end(&mut self, end: End<'_, '_>, members: &[String]) {
        match (end, members) {
            (End::Instance(instance), []) => {
                self.own(FacetValue::Exists);
                self.value_tag(instance);
                self.values(instance);
            }
            (End::Time(time), []) => {
                self.own(FacetValue::Exists);
                self.own(FacetValue::Time(time));
            }
            (End::Text(text), []) => {
                self.own(FacetValue::Exists);
                self.text(text);
            }
            (End::Instance(instance), members) => self.inside(instance, members),
            _ => {}
        }
    }

    /// The facets of what lies inside a value, as `value.a.b` of ECMAScript leads there (ETSI GS CIM 009 §4.9).
    fn inside(&mut self, instance: &InstanceRef<'_>, members: &[String]) {
        let Ok(json) = value_of(instance.value()) else { return };
        match (instance.kind(), members) {
            (Kind::LanguageProperty, [tag]) => self.languages(&json, tag),
            (Kind::Property | Kind::JsonProperty | Kind::ListProperty | Kind::GeoProperty, members) => {
                let inner = members.iter().try_fold(&json, |value, member| value.get(member));
                let Some(inner) = inner else { return };
                self.own(FacetValue::Exists);
                if matches!(inner, Json::Array(_) | Json::Object(_)) {
                    self.tag(value::MANY);
                }
                json_scalars(inner.clone(), |scalar| self.scalar(scalar));
            }
            _ => {}
        }
    }

    fn languages(&mut self, json: &Json<'_>, tag: &str) {
        let Some(texts) = json.as_object() else { return };
        let is_any = tag == "*";
        let mut is_there = is_any;
        for (known, texts) in texts {
            if !is_any && !known.eq_ignore_ascii_case(tag) {
                continue;
            }
            is_there = true;
            match texts {
                Json::Array(texts) => texts.iter().filter_map(Json::as_str).for_each(|text| self.text(text)),
                text => text.as_str().into_iter().for_each(|text| self.text(text)),
            }
        }
        if is_there {
            self.own(FacetValue::Exists);
        }
    }

    fn scalar(&mut self, scalar: Scalar<'_>) {
        match scalar {
            Scalar::Number(number) => self.own(FacetValue::Number(number)),
            Scalar::Bool(flag) => self.own(FacetValue::Flag(flag)),
            Scalar::Text(text) => self.text(&text),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_model::entity::{CoreTerms, Terms};
    use machi_model::query::Q;

    fn definition(text: &str, is_for_patterns: bool) -> Result<Definition, NoIndex> {
        let q = Q::parse(text).unwrap().expand(&|name| CoreTerms.expand(name)).unwrap();
        let machi_model::query::Logic::One(term) = q.logic else { panic!("{text} is one condition") };
        Definition::of(&term.path, is_for_patterns)
    }

    #[test]
    fn definitions_round_trip_as_texts() {
        for (text, is_for_patterns) in
            [("a.b", false), ("a[b.\"c.d\"]", false), ("a.b.observedAt", true), ("a", true), ("a.unitCode", false)]
        {
            let definition = definition(text, is_for_patterns).unwrap();
            assert_eq!(Definition::parse(&definition.text()), Some(definition), "{text}");
        }
        assert_eq!(Definition::parse("[]"), None);
        assert_eq!(Definition::parse("街"), None);
    }

    #[test]
    fn what_cannot_be_indexed_is_told() {
        assert_eq!(definition("a", false), Err(NoIndex::Default));
        assert_eq!(definition("a.modifiedAt", false), Err(NoIndex::Member));
        assert_eq!(definition("id", true), Err(NoIndex::Member));
        assert_eq!(definition("a{b}", true), Err(NoIndex::Linked));
    }
}
