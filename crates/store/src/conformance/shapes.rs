//! Documents of the suite: a body is lines such as `n 21.5`, each of which is one value.

use std::sync::Arc;

use bytes::Bytes;
use machi_types::Timestamp;
use machi_types::geo::{Geometry, GeometryKind};

use crate::{
    Change, Collection, CollectionSpec, Derive, DeriveAdded, Facet, FacetValue, NameNo, Names, SectionKey, SetSection,
    Stamp, Store,
};

/// The collection of the suite.
pub const THINGS: Collection = Collection("things");

/// How the tags begin that tell what the texts of a section are, a letter for each.
pub(super) const ORDER: &str = "@order:";

/// What an adapter registers before it runs the suite.
pub fn collections() -> Vec<CollectionSpec> {
    vec![CollectionSpec { collection: THINGS, derive: Arc::new(Lines) }]
}

/// Reads lines as facets: `n` number, `t` text, `f` flag, `d` time, `g` geometry, `o` tag of the order of texts, `l` link.
#[derive(Debug)]
struct Lines;

/// An added index of the suite: how many lines the sections of an attribute have, and their texts, whole.
#[derive(Debug)]
struct LineCounts {
    reads: NameNo,
    own: [NameNo; 1],
}

impl DeriveAdded for LineCounts {
    fn reads(&self) -> NameNo {
        self.reads
    }

    fn names(&self) -> &[NameNo] {
        &self.own
    }

    fn section(&self, _: &dyn Names, key: SectionKey, body: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        let [name] = self.own;
        let mut tell = |value: FacetValue<'_>| facet(Facet { name, instance: key.instance, value });
        tell(FacetValue::Exists);
        tell(FacetValue::Number(lines(body) as f64));
        tell(FacetValue::Whole(std::str::from_utf8(body).unwrap_or_default()));
    }
}

pub(super) fn lines(body: &[u8]) -> usize {
    std::str::from_utf8(body).unwrap_or_default().lines().count()
}

/// The name of the facets of the suite's added index of an attribute.
pub(super) fn added_name(attribute: &str) -> String {
    ["@lines:", attribute].concat()
}

impl Derive for Lines {
    fn added(&self, names: &dyn Names, definition: &str) -> Option<Arc<dyn DeriveAdded>> {
        let attribute = definition.strip_prefix("lines of ")?;
        Some(Arc::new(LineCounts { reads: names.intern(attribute), own: [names.intern(&added_name(attribute))] }))
    }

    fn head(&self, names: &dyn Names, head: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        let text = std::str::from_utf8(head).unwrap_or_default();
        for tag in text.split_whitespace() {
            let name = names.intern("@tag");
            facet(Facet { name, instance: NameNo::NONE, value: FacetValue::Tag(names.intern(tag)) });
        }
    }

    fn section(&self, names: &dyn Names, key: SectionKey, body: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        let mut tell = |value: FacetValue<'_>| facet(Facet { name: key.name, instance: key.instance, value });
        tell(FacetValue::Exists);
        for line in std::str::from_utf8(body).unwrap_or_default().lines() {
            let Some((kind, value)) = line.split_once(' ') else { continue };
            match kind {
                "n" => value.parse().ok().into_iter().for_each(|number| tell(FacetValue::Number(number))),
                "t" => tell(FacetValue::Text(value)),
                "f" => tell(FacetValue::Flag(value == "true")),
                "d" => {
                    let micros = value.parse().unwrap_or_default();
                    tell(FacetValue::Time(Timestamp::from_micros(micros)));
                }
                "g" => {
                    if let Some(place) = geometry(value) {
                        tell(FacetValue::Geometry(&place));
                    }
                }
                "o" => tell(FacetValue::Tag(names.intern(&[ORDER, value].concat()))),
                _ => tell(FacetValue::Link(value)),
            }
        }
    }
}

pub(super) fn geometry(text: &str) -> Option<Geometry> {
    let kind = if text.starts_with("[[[") {
        GeometryKind::Polygon
    } else if text.starts_with("[[") {
        GeometryKind::LineString
    } else {
        GeometryKind::Point
    };
    Geometry::parse_coordinates(kind, text).ok()
}

/// The section of an attribute, of the instance where one is named: `name` or `name@instance`.
pub(super) fn key(store: &dyn Store, attribute: &str) -> SectionKey {
    let (name, instance) = attribute.split_once('@').unwrap_or((attribute, ""));
    SectionKey::new(store.names().intern(name), store.names().intern(instance))
}

/// A change that sets a head and sections.
pub(super) fn change(store: &dyn Store, head: Option<&str>, sections: &[(String, String)]) -> Change {
    let set = sections.iter().map(|(attribute, body)| SetSection {
        key: key(store, attribute),
        body: Bytes::from(body.clone()),
        created: Stamp::Keep,
    });
    Change { head: head.map(|head| Bytes::from(head.to_owned())), set: set.collect(), ..Change::default() }
}
