//! Filters and orders evaluated on one document: the reference, and what adapters use for rechecks.

use std::cmp::Ordering;

use machi_types::Timestamp;
use machi_types::geo::Geometry;

use crate::{
    Condition, Cursor, Derive, Document, DocumentNo, Facet, FacetValue, Filter, Instances, NameNo, Names, Order,
    OrderBy, StoreError, Test, TextCondition,
};

/// A facet that owns its value.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedFacet {
    name: NameNo,
    instance: NameNo,
    value: OwnedValue,
}

impl OwnedFacet {
    fn of(facet: &Facet<'_>) -> Self {
        Self { name: facet.name, instance: facet.instance, value: owned(&facet.value) }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum OwnedValue {
    Exists,
    Tag(NameNo),
    Flag(bool),
    Number(f64),
    Time(Timestamp),
    Text(Box<str>),
    Geometry(Box<Geometry>),
    Link(Box<str>),
}

/// All facets of a document: those that the block derives, its id and its times.
pub fn facets(document: &Document, derive: &dyn Derive, names: &dyn Names) -> Vec<OwnedFacet> {
    let mut facets = Vec::with_capacity(document.sections.len() * 2 + 4);
    for_each_facet(document, derive, names, &mut |facet| facets.push(OwnedFacet::of(&facet)));
    facets
}

/// The facets that a head tells by itself.
pub fn facets_of_head(head: &[u8], derive: &dyn Derive, names: &dyn Names) -> Vec<OwnedFacet> {
    let mut facets = Vec::new();
    derive.head(names, head, &mut |facet| facets.push(OwnedFacet::of(&facet)));
    facets
}

/// Hands all facets of a document to `facet`.
pub fn for_each_facet(document: &Document, derive: &dyn Derive, names: &dyn Names, facet: &mut dyn FnMut(Facet<'_>)) {
    let own = |name, value| Facet { name, instance: NameNo::NONE, value };
    facet(own(NameNo::ID, FacetValue::Text(&document.id)));
    facet(own(NameNo::CREATED, FacetValue::Time(document.created)));
    facet(own(NameNo::MODIFIED, FacetValue::Time(document.modified)));
    derive.head(names, &document.head, facet);
    for section in &document.sections {
        derive.section(names, section.key, &section.body, facet);
    }
}

fn owned(value: &FacetValue<'_>) -> OwnedValue {
    match value {
        FacetValue::Exists => OwnedValue::Exists,
        FacetValue::Tag(tag) => OwnedValue::Tag(*tag),
        FacetValue::Flag(flag) => OwnedValue::Flag(*flag),
        // Both zeros are one number.
        FacetValue::Number(number) => OwnedValue::Number(*number + 0.0),
        FacetValue::Time(time) => OwnedValue::Time(*time),
        FacetValue::Text(text) | FacetValue::Whole(text) => OwnedValue::Text((*text).into()),
        FacetValue::Geometry(geometry) => OwnedValue::Geometry(Box::new((*geometry).clone())),
        FacetValue::Link(target) => OwnedValue::Link((*target).into()),
    }
}

/// Whether a document meets a filter; `facets` are all of its facets.
pub fn meets(filter: &Filter, document: &Document, facets: &[OwnedFacet]) -> Result<bool, StoreError> {
    match filter {
        Filter::All => Ok(true),
        Filter::And(parts) => {
            for part in parts {
                if !meets(part, document, facets)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Filter::Or(parts) => {
            for part in parts {
                if meets(part, document, facets)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Filter::Not(part) => Ok(!meets(part, document, facets)?),
        Filter::Ids(ids) => Ok(ids.contains(&document.id)),
        Filter::IdMatches(pattern) => Ok(pattern.is_match(&document.id)),
        Filter::Check(check) => Ok(check.meets(document)),
        // A document's own facets are not those of added indexes.
        Filter::Indexed(indexed) => meets(&indexed.otherwise, document, facets),
        Filter::Test(test) => {
            for facet in facets {
                if meets_test(test, facet)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// What a filter comes to as far as an id and the facets of some names tell, of which all facets are given; nothing where
/// others decide.
pub fn meets_so_far(filter: &Filter, id: &str, facets: &[OwnedFacet]) -> Result<Option<bool>, StoreError> {
    let of_parts = |parts: &[Filter], decides: bool| {
        let mut so_far = Some(!decides);
        for part in parts {
            match meets_so_far(part, id, facets)? {
                Some(met) if met == decides => return Ok(Some(decides)),
                Some(_) => {}
                None => so_far = None,
            }
        }
        Ok(so_far)
    };
    match filter {
        Filter::All => Ok(Some(true)),
        Filter::And(parts) => of_parts(parts, false),
        Filter::Or(parts) => of_parts(parts, true),
        Filter::Not(part) => Ok(meets_so_far(part, id, facets)?.map(|met| !met)),
        Filter::Ids(ids) => Ok(Some(ids.iter().any(|one| **one == *id))),
        Filter::IdMatches(pattern) => Ok(Some(pattern.is_match(id))),
        Filter::Check(_) => Ok(None),
        Filter::Indexed(indexed) => meets_so_far(&indexed.otherwise, id, facets),
        Filter::Test(test) => {
            let mut so_far = None;
            for facet in facets.iter().filter(|facet| facet.name == test.name) {
                so_far = Some(so_far == Some(true) || meets_test(test, facet)?);
            }
            Ok(so_far)
        }
    }
}

fn meets_test(test: &Test, facet: &OwnedFacet) -> Result<bool, StoreError> {
    if facet.name != test.name || !test.instances.include(facet.instance) {
        return Ok(false);
    }
    Ok(match (&test.condition, &facet.value) {
        (Condition::Exists, OwnedValue::Exists) => true,
        (Condition::Tag(wanted), OwnedValue::Tag(tag)) => wanted == tag,
        (Condition::Flag(wanted), OwnedValue::Flag(flag)) => wanted == flag,
        (Condition::Number(range), OwnedValue::Number(number)) => range.contains(number),
        (Condition::Time(range), OwnedValue::Time(time)) => range.contains(time),
        (Condition::Text(condition), OwnedValue::Text(text)) => meets_text(condition, text),
        (Condition::Geometry(condition), OwnedValue::Geometry(place)) => condition.holds(place)?,
        (Condition::Link(targets), OwnedValue::Link(target)) => targets.iter().any(|wanted| **wanted == **target),
        _ => false,
    })
}

/// Whether a text meets a condition.
pub fn meets_text(condition: &TextCondition, text: &str) -> bool {
    match condition {
        TextCondition::Range(range) => {
            let bound = |b: &std::ops::Bound<Box<str>>| b.as_ref().map(|limit| text.cmp(limit));
            let above = match bound(&range.low) {
                std::ops::Bound::Included(order) => order != Ordering::Less,
                std::ops::Bound::Excluded(order) => order == Ordering::Greater,
                std::ops::Bound::Unbounded => true,
            };
            let below = match bound(&range.high) {
                std::ops::Bound::Included(order) => order != Ordering::Greater,
                std::ops::Bound::Excluded(order) => order == Ordering::Less,
                std::ops::Bound::Unbounded => true,
            };
            above && below
        }
        TextCondition::Matches(pattern) => pattern.is_match(text),
    }
}

/// What an order compares. The kinds follow each other as they stand here; what is missing comes last.
#[derive(Clone, Debug, PartialEq)]
pub enum SortKey {
    /// A truth value.
    Flag(bool),
    /// A number.
    Number(f64),
    /// An instant.
    Time(Timestamp),
    /// A text.
    Text(Box<str>),
    /// Nothing to compare.
    Missing,
}

impl SortKey {
    fn rank(&self) -> u8 {
        match self {
            Self::Flag(_) => 0,
            Self::Number(_) => 1,
            Self::Time(_) => 2,
            Self::Text(_) => 3,
            Self::Missing => 4,
        }
    }

    /// Ascending order of two keys, texts as this part of an order has them.
    pub fn ascending(&self, other: &Self, part: &Order) -> Ordering {
        match (self, other) {
            (Self::Flag(a), Self::Flag(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => part.compare_texts(a, b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// The sort keys of a document under an order.
pub fn sort_keys(order: &[Order], document: &Document, facets: &[OwnedFacet]) -> Result<Vec<SortKey>, StoreError> {
    order.iter().map(|key| sort_key(key, document, facets)).collect()
}

fn sort_key(order: &Order, document: &Document, facets: &[OwnedFacet]) -> Result<SortKey, StoreError> {
    match &order.by {
        OrderBy::Id => Ok(SortKey::Text((*document.id).into())),
        OrderBy::Facet { name, instances } => {
            let keys = values(facets, *name, *instances).filter_map(scalar_key);
            Ok(best(keys, order, order.descending))
        }
        OrderBy::Distance { name, instances, from } => {
            let places = values(facets, *name, *instances).filter_map(|value| match value {
                OwnedValue::Geometry(place) => Some(place),
                _ => None,
            });
            let distances = places.map(|place| Ok(SortKey::Number(place.distance(from)?)));
            let distances = distances.collect::<Result<Vec<_>, StoreError>>()?;
            Ok(best(distances.into_iter(), order, false))
        }
    }
}

fn values(facets: &[OwnedFacet], name: NameNo, instances: Instances) -> impl Iterator<Item = &OwnedValue> {
    facets.iter().filter(move |facet| facet.name == name && instances.include(facet.instance)).map(|facet| &facet.value)
}

fn scalar_key(value: &OwnedValue) -> Option<SortKey> {
    match value {
        OwnedValue::Flag(flag) => Some(SortKey::Flag(*flag)),
        OwnedValue::Number(number) => Some(SortKey::Number(*number)),
        OwnedValue::Time(time) => Some(SortKey::Time(*time)),
        OwnedValue::Text(text) => Some(SortKey::Text(text.clone())),
        _ => None,
    }
}

fn best(keys: impl Iterator<Item = SortKey>, order: &Order, descending: bool) -> SortKey {
    let compare = |a: &SortKey, b: &SortKey| a.ascending(b, order);
    let chosen = match descending {
        true => keys.max_by(compare),
        false => keys.min_by(compare),
    };
    chosen.unwrap_or(SortKey::Missing)
}

/// A document's place in an order: its keys, then its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The keys, one for each part of the order.
    pub keys: Vec<SortKey>,
    /// The document's number, which decides ties.
    pub number: DocumentNo,
}

impl Place {
    /// How two places follow each other.
    pub fn compare(&self, other: &Self, order: &[Order]) -> Ordering {
        for ((mine, theirs), part) in self.keys.iter().zip(&other.keys).zip(order) {
            let is_missing = matches!(mine, SortKey::Missing) || matches!(theirs, SortKey::Missing);
            let ascending = mine.ascending(theirs, part);
            let ordering = if part.descending && !is_missing { ascending.reverse() } else { ascending };
            if ordering.is_ne() {
                return ordering;
            }
        }
        self.number.cmp(&other.number)
    }

    /// The place as a cursor.
    pub fn to_cursor(&self) -> Cursor {
        let mut bytes = self.number.0.to_be_bytes().to_vec();
        for key in &self.keys {
            bytes.push(key.rank());
            match key {
                SortKey::Flag(flag) => bytes.push(u8::from(*flag)),
                SortKey::Number(number) => bytes.extend(number.to_be_bytes()),
                SortKey::Time(time) => bytes.extend(time.micros().to_be_bytes()),
                SortKey::Text(text) => {
                    bytes.extend((text.len() as u32).to_be_bytes());
                    bytes.extend(text.as_bytes());
                }
                SortKey::Missing => {}
            }
        }
        Cursor(bytes)
    }

    /// The place behind a cursor that was made under an order of this many parts.
    pub fn from_cursor(cursor: &Cursor, parts: usize) -> Result<Self, StoreError> {
        let mut rest = cursor.0.as_slice();
        let place = read_place(&mut rest, parts).ok_or(StoreError::InvalidCursor)?;
        if rest.is_empty() { Ok(place) } else { Err(StoreError::InvalidCursor) }
    }
}

fn read_place(rest: &mut &[u8], parts: usize) -> Option<Place> {
    let number = DocumentNo(u32::from_be_bytes(take(rest)?));
    let keys = (0..parts).map(|_| read_key(rest)).collect::<Option<_>>()?;
    Some(Place { keys, number })
}

fn read_key(rest: &mut &[u8]) -> Option<SortKey> {
    let [rank] = take(rest)?;
    Some(match rank {
        0 => SortKey::Flag(take::<1>(rest)? == [1]),
        1 => SortKey::Number(f64::from_be_bytes(take(rest)?)),
        2 => SortKey::Time(Timestamp::from_micros(i64::from_be_bytes(take(rest)?))),
        3 => {
            let length = u32::from_be_bytes(take(rest)?) as usize;
            let (text, behind) = rest.split_at_checked(length)?;
            *rest = behind;
            SortKey::Text(std::str::from_utf8(text).ok()?.into())
        }
        4 => SortKey::Missing,
        _ => return None,
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_decided_as_soon_as_what_is_known_decides_it() {
        let (kind, other) = (NameNo::from_number(7), NameNo::from_number(8));
        let tag = |tag| FacetValue::Tag(NameNo::from_number(tag));
        let known = [OwnedFacet::of(&Facet { name: kind, instance: NameNo::NONE, value: tag(1) })];
        let test = |name, tag| {
            Filter::Test(Test { name, instances: Instances::Any, condition: Condition::Tag(NameNo::from_number(tag)) })
        };
        let so_far = |filter: &Filter| meets_so_far(filter, "urn:x", &known).unwrap();
        let (meets, fails, open) = (test(kind, 1), test(kind, 2), test(other, 1));
        assert_eq!([so_far(&meets), so_far(&fails), so_far(&open)], [Some(true), Some(false), None]);
        let and = |parts: [&Filter; 2]| so_far(&Filter::And(parts.map(Clone::clone).into()));
        assert_eq!(
            [and([&open, &fails]), and([&open, &meets]), and([&meets, &meets])],
            [Some(false), None, Some(true)]
        );
        let or = |parts: [&Filter; 2]| so_far(&Filter::Or(parts.map(Clone::clone).into()));
        assert_eq!([or([&open, &fails]), or([&open, &meets]), or([&fails, &fails])], [None, Some(true), Some(false)]);
        assert_eq!(so_far(&Filter::Not(Box::new(fails))), Some(true));
        assert_eq!(so_far(&Filter::Not(Box::new(open))), None);
        assert_eq!(so_far(&Filter::Ids(vec!["urn:x".into()])), Some(true));
        assert_eq!(so_far(&Filter::Ids(vec!["urn:y".into()])), Some(false));
    }

    #[test]
    fn places_round_trip_as_cursors_and_garbage_is_refused() {
        let keys = vec![
            SortKey::Flag(true),
            SortKey::Number(-1.5),
            SortKey::Time(Timestamp::from_micros(7)),
            SortKey::Text("街".into()),
            SortKey::Missing,
        ];
        let place = Place { keys, number: DocumentNo(9) };
        let cursor = place.to_cursor();
        assert_eq!(Place::from_cursor(&cursor, 5).unwrap(), place);
        assert!(Place::from_cursor(&cursor, 4).is_err());
        assert!(Place::from_cursor(&Cursor(vec![1, 2, 3]), 0).is_err());
        assert!(Place::from_cursor(&Cursor(vec![0, 0, 0, 0, 3, 255, 255, 255, 255]), 1).is_err());
    }
}
