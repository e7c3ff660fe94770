//! What the index knows of an entity: the facets derived from its head and from each attribute instance.
//!
//! Facets of an attribute carry its expanded name. What is not the value of an attribute carries a name of
//! its own that begins with `@`, which no attribute's name does. Every facet of a section differs from those
//! of the entity's other sections, so that removing one section takes nothing from another.

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use machi_face::facets::{TYPE, value};
use machi_face::once::EXPIRES;
use machi_model::entity::{Corrupt, HeadRef, InstanceRef, Kind, Scalar, iris_of, scalars, value_of};
use machi_model::query::Moment;
use machi_store::{Derive, DeriveAdded, Facet, FacetValue, NameNo, Names, SectionKey};
use machi_types::geo::Geometry;
use machi_types::{Json, Timestamp};

use super::added::DerivePath;
use super::scope::scope_tags;

/// Tags each scope, each place above it, and that there is any (see [`scope_tags`]).
pub(crate) const SCOPE: &str = "@scope";
/// Tags the attributes that have instances other than the default one.
pub(crate) const DATASET: &str = "@dataset";
/// When parts of its instances expire.
pub(crate) const PART_EXPIRES: &str = "@expires:part";
/// The texts of an attribute's date-times: those are ordered as times, and yet found as texts.
pub(crate) const DATE_TEXT: &str = "@text:";
/// An attribute's dates, as the instants at which they begin.
pub(crate) const DATE: &str = "@date:";
/// An attribute's times of day, as those times on 1970-01-01.
pub(crate) const TIME: &str = "@time:";

/// Tells in which language each text of a LanguageProperty is, in their order: `@languages:ja,en`. It is missing where
/// a language has several texts, a text is filed as an instant, or there are very many languages.
const LANGUAGES: &str = "@languages:";
/// How long such a tag may be: each is a set of its own.
const LANGUAGES_LENGTH: usize = 64;

/// How deep stored sub-attributes may nest; the edge takes less.
const DEPTH: usize = 64;

/// Derives the facets of entities.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DeriveEntities;

impl Derive for DeriveEntities {
    fn version(&self) -> u32 {
        // 2: languages of texts.
        2
    }

    fn added(&self, names: &dyn Names, definition: &str) -> Option<Arc<dyn DeriveAdded>> {
        DerivePath::of(names, definition)
    }

    fn head(&self, names: &dyn Names, head: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        // Damaged bytes have no facets; whoever reads the document is told.
        let Ok(head) = HeadRef::read(head) else { return };
        let mut tag = |name, tag: &str| {
            let value = FacetValue::Tag(names.intern(tag));
            facet(Facet { name: names.intern(name), instance: NameNo::NONE, value });
        };
        let mut scratch = String::new();
        head.types().for_each(|name| tag(TYPE, name.read_into(&mut scratch)));
        if head.scopes().len() > 0 {
            scope_tags(head.scopes()).iter().for_each(|scope| tag(SCOPE, scope));
        }
        if let Some(time) = head.expires_at() {
            facet(Facet { name: names.intern(EXPIRES), instance: NameNo::NONE, value: FacetValue::Time(time) });
        }
    }

    fn section(&self, names: &dyn Names, key: SectionKey, body: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        let Ok(instance) = InstanceRef::read(body) else { return };
        let mut section = SectionFacets { names, key, is_whole: false, facet };
        section.own(FacetValue::Exists);
        // A Property is what carries no tag of a kind: most attributes are, and need no entry for it.
        if instance.kind() != Kind::Property {
            section.tag(instance.kind().as_str());
        }
        if key.instance != NameNo::NONE {
            section.under(names.intern(DATASET), FacetValue::Tag(key.name));
        }
        section.value_tag(&instance);
        section.languages_tag(&instance);
        section.values(&instance);
        section.expiries(&instance);
    }
}

/// Hands out the facets of one section, or of one place inside it.
pub(super) struct SectionFacets<'f> {
    pub(super) names: &'f dyn Names,
    /// Their name and instance.
    pub(super) key: SectionKey,
    /// Whether texts are kept whole.
    pub(super) is_whole: bool,
    pub(super) facet: &'f mut dyn FnMut(Facet<'_>),
}

impl SectionFacets<'_> {
    pub(super) fn own(&mut self, value: FacetValue<'_>) {
        self.under(self.key.name, value);
    }

    fn under(&mut self, name: NameNo, value: FacetValue<'_>) {
        (self.facet)(Facet { name, instance: self.key.instance, value });
    }

    pub(super) fn tag(&mut self, tag: &str) {
        let tag = self.names.intern(tag);
        self.own(FacetValue::Tag(tag));
    }

    /// A name beside the attribute's own.
    fn beside(&self, prefix: &str) -> NameNo {
        self.names.intern(&[prefix, &self.names.text(self.key.name)].concat())
    }

    /// What the value is, as far as orders and single-valued conditions must know.
    pub(super) fn value_tag(&mut self, instance: &InstanceRef<'_>) {
        let value = instance.value();
        let tag = match (instance.kind(), value.as_bytes().first()) {
            (Kind::VocabProperty, _) if iris_of(value).count() != 1 => value::MANY,
            (Kind::VocabProperty, _) => value::TEXT,
            (Kind::Property | Kind::JsonProperty | Kind::ListProperty, first) => match first {
                Some(b'[' | b'{') => value::MANY,
                Some(b't' | b'f') => value::FLAG,
                Some(b'"') => tag_of_text(value.trim_matches('"')),
                _ => return,
            },
            _ => return,
        };
        self.tag(tag);
    }

    /// In which language each of the texts is that [`values`](Self::values) files, where each language has one.
    fn languages_tag(&mut self, instance: &InstanceRef<'_>) {
        if instance.kind() != Kind::LanguageProperty {
            return;
        }
        let Ok(Json::Object(texts)) = value_of(instance.value()) else { return };
        let mut tag = String::from(LANGUAGES);
        for (nth, (language, text)) in texts.iter().enumerate() {
            // A date-time is filed as an instant, and a comma would stand between two languages.
            let is_filed = text.as_str().is_some_and(|text| !matches!(Moment::parse(text), Some(Moment::DateTime(_))));
            if !is_filed || language.contains(',') || tag.len() + language.len() > LANGUAGES_LENGTH {
                return;
            }
            tag.push_str(if nth == 0 { "" } else { "," });
            tag.push_str(language);
        }
        if !texts.is_empty() {
            self.tag(&tag);
        }
    }

    pub(super) fn values(&mut self, instance: &InstanceRef<'_>) {
        scalars(instance, |scalar| match scalar {
            Scalar::Number(number) => self.own(FacetValue::Number(number)),
            Scalar::Bool(flag) => self.own(FacetValue::Flag(flag)),
            // Moments are read from the texts that write them.
            Scalar::Time(_) => {}
            Scalar::Text(text) | Scalar::Language { text, .. } => self.text(&text),
            Scalar::Vocab(iri) => self.own(FacetValue::Text(&iri)),
            Scalar::Link(target) => self.own(FacetValue::Link(target)),
            Scalar::Geometry(text) => {
                let geometry = value_of(text).ok().and_then(|json| Geometry::from_json(&json).ok());
                if let Some(geometry) = &geometry {
                    self.own(FacetValue::Geometry(geometry));
                }
            }
        });
    }

    pub(super) fn text(&mut self, text: &str) {
        let kept = if self.is_whole { FacetValue::Whole(text) } else { FacetValue::Text(text) };
        match Moment::parse(text) {
            None => self.own(kept),
            Some(Moment::DateTime(time)) => {
                self.own(FacetValue::Time(time));
                self.under(self.beside(DATE_TEXT), kept);
            }
            Some(Moment::Date(time)) => {
                self.own(kept);
                self.under(self.beside(DATE), FacetValue::Time(time));
            }
            Some(Moment::Time(time)) => {
                self.own(kept);
                self.under(self.beside(TIME), FacetValue::Time(time));
            }
        }
    }

    /// When the instance expires, and when anything inside it does.
    fn expiries(&mut self, instance: &InstanceRef<'_>) {
        let mut parts = Vec::new();
        // What cannot be read is told to whoever reads it.
        let is_read = gather_expiries(instance, &mut parts, DEPTH).is_ok();
        if !is_read || (parts.is_empty() && instance.expires_at().is_none()) {
            return;
        }
        let (name, dataset) = (self.names.text(self.key.name), self.names.text(self.key.instance));
        let unique = self.names.intern(&instance_key(&name, &dataset));
        let mut own = |name, time| {
            let name = self.names.intern(name);
            (self.facet)(Facet { name, instance: unique, value: FacetValue::Time(time) });
        };
        if let Some(time) = instance.expires_at() {
            own(EXPIRES, time);
        }
        parts.into_iter().for_each(|time| own(PART_EXPIRES, time));
    }
}

/// The name under which the times stand at which an instance and its parts expire.
pub(crate) fn instance_key(attribute: &str, instance: &str) -> String {
    [attribute, " ", instance].concat()
}

/// The languages of texts, in the order in which they are filed; `None` where a tag tells something else.
pub(crate) fn languages_of(tag: &str) -> Option<impl Iterator<Item = &str> + Clone> {
    tag.strip_prefix(LANGUAGES).map(|languages| languages.split(','))
}

fn tag_of_text(text: &str) -> &'static str {
    match Moment::parse(text) {
        None => value::TEXT,
        Some(Moment::DateTime(_)) => value::TIME,
        Some(Moment::Date(_) | Moment::Time(_)) => value::DAY,
    }
}

/// The times at which sub-attributes expire, at every depth.
fn gather_expiries(instance: &InstanceRef<'_>, times: &mut Vec<Timestamp>, depth: usize) -> Result<(), Corrupt> {
    if !instance.has_attributes() {
        return Ok(());
    }
    let depth = depth.checked_sub(1).ok_or(Corrupt::Depth)?;
    for sub in instance.attributes() {
        let inner = sub?.instance;
        times.extend(inner.expires_at());
        gather_expiries(&inner, times, depth)?;
    }
    Ok(())
}
