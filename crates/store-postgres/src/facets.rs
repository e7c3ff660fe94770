//! Facets as rows: what a changed document adds to the table and takes out of it.

use machi_store::evaluate::for_each_facet;
use machi_store::{Derive, Document, FacetValue, NameNo, Names};
use machi_types::geo::BoundingBox;
use rustc_hash::FxHashMap;

/// How many bytes of a text or an id are kept: more would not fit into an index.
pub(crate) const KEPT: usize = 200;

/// The kinds of facets, by the number that their rows have.
pub(crate) mod kind {
    pub(crate) const EXISTS: i16 = 0;
    pub(crate) const TAG: i16 = 1;
    pub(crate) const FLAG: i16 = 2;
    pub(crate) const NUMBER: i16 = 3;
    pub(crate) const TIME: i16 = 4;
    pub(crate) const TEXT: i16 = 5;
    pub(crate) const PLACE: i16 = 6;
    pub(crate) const LINK: i16 = 7;
}

/// What a facet is about: a name and an instance.
pub(crate) type About = (NameNo, NameNo);

/// What a row of the table says beside what it is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Exists,
    Tag(NameNo),
    Flag(bool),
    Number(f64),
    Time(i64),
    Text(Vec<u8>),
    Place(BoundingBox),
    Link(Vec<u8>),
}

/// The facets of a document by what they are about; its id and its times are columns of its own.
pub(crate) fn of(document: Option<&Document>, derive: &dyn Derive, names: &dyn Names) -> FxHashMap<About, Vec<Value>> {
    let mut facets: FxHashMap<About, Vec<Value>> = FxHashMap::default();
    let Some(document) = document else { return facets };
    for_each_facet(document, derive, names, &mut |facet| {
        if [NameNo::ID, NameNo::CREATED, NameNo::MODIFIED].contains(&facet.name) {
            return;
        }
        let value = match facet.value {
            FacetValue::Exists => Value::Exists,
            FacetValue::Tag(tag) => Value::Tag(tag),
            FacetValue::Flag(flag) => Value::Flag(flag),
            FacetValue::Number(number) => Value::Number(number + 0.0),
            FacetValue::Time(time) => Value::Time(time.micros()),
            FacetValue::Text(text) | FacetValue::Whole(text) => Value::Text(kept(text)),
            FacetValue::Geometry(place) => Value::Place(place.bounding_box()),
            FacetValue::Link(target) => Value::Link(kept(target)),
        };
        facets.entry((facet.name, facet.instance)).or_default().push(value);
    });
    facets
}

/// As much of a text as rows keep.
pub(crate) fn kept(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    bytes[..bytes.len().min(KEPT)].to_vec()
}

/// What one document adds to the table and takes out of it.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    pub(crate) gone: Vec<About>,
    pub(crate) new: Vec<(About, Value)>,
}

/// The difference between the facets before and after.
pub(crate) fn difference(before: &FxHashMap<About, Vec<Value>>, after: FxHashMap<About, Vec<Value>>) -> Difference {
    let mut difference = Difference::default();
    for (about, values) in before {
        if after.get(about) != Some(values) {
            difference.gone.push(*about);
        }
    }
    for (about, values) in after {
        if before.get(&about) != Some(&values) {
            difference.new.extend(values.into_iter().map(|value| (about, value)));
        }
    }
    difference
}

impl Difference {
    /// The names that its rows need numbers for.
    pub(crate) fn names(&self) -> impl Iterator<Item = NameNo> {
        let tag = |value: &Value| if let Value::Tag(tag) = value { Some(*tag) } else { None };
        let new = self.new.iter().flat_map(move |((name, instance), value)| [Some(*name), Some(*instance), tag(value)]);
        let gone = self.gone.iter().flat_map(|(name, instance)| [Some(*name), Some(*instance)]);
        new.chain(gone).flatten()
    }
}
