//! What an entity or its change must be like for a subscription to be due, as far as an index can tell.
//!
//! A need is necessary, never sufficient: an entity that does not meet it is certainly not asked for. Of several
//! needs that must all be met one is enough to file a subscription under, and the rarest is the cheapest.

use machi_model::query::{
    Logic, Moment, Operand, Operator, Pattern, Query, ScopeLevel, ScopePattern, ScopeQuery, Term, Test, TypeExpression,
    Value,
};
use machi_types::Name;
use machi_types::geo::BoundingBox;
use ordered::Bits;

use crate::subscriptions::domain::subscription::{Ids, Selector, Subscription};

/// The bytes of a piece of an id, and how few are still worth looking for.
const PART: usize = 8;
const SHORTEST_PART: usize = 3;
/// So many pieces of a literal are considered, from its end on, where ids differ most.
const MOST_PARTS: usize = 32;

/// One thing to file a subscription under.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Key {
    /// The entity has this id.
    Id(Name),
    /// Its id begins so.
    Prefix(Box<[u8]>),
    /// Its id holds this somewhere.
    Part(Box<[u8]>),
    /// It has this type.
    Type(Name),
    /// It has a scope at or below this one.
    Scope(Box<str>),
    /// It has a scope whose level of this depth, counted from the top, has this name.
    Level(usize, Box<str>),
    /// This attribute changed.
    Watched(machi_store::NameNo),
    /// It has this attribute.
    Exists(Name),
    /// It has an attribute with this value.
    Equal(Name, Scalar),
    /// It has an attribute with a number at or above the one and, maybe another, at or below the other.
    Between(Name, f64, f64),
    /// It has an attribute with a place in this box.
    Place(machi_store::NameNo, BoundingBox),
    /// Anything.
    Any,
}

/// A value that is compared as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scalar {
    Text(Box<str>),
    Number(Bits),
    Flag(bool),
}

/// Conditions joined by and and or.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Need {
    One(Key),
    All(Vec<Need>),
    AnyOf(Vec<Need>),
    /// Nothing that an index could tell.
    Unknown,
}

pub(super) mod ordered {
    //! Numbers in the order and with the equality that indexes want.

    /// A number by its bits, in the order of numbers; -0 is 0.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub(in super::super) struct Bits(u64);

    impl Bits {
        pub(in super::super) fn of(number: f64) -> Self {
            let bits = (number + 0.0).to_bits();
            let is_negative = bits >> 63 == 1;
            Self(if is_negative { !bits } else { bits | 1 << 63 })
        }

        pub(in super::super) fn number(self) -> u64 {
            self.0
        }
    }
}

/// What a subscription needs.
pub(super) fn of(subscription: &Subscription) -> Need {
    let mut all = Vec::new();
    if !subscription.selectors.is_empty() {
        all.push(Need::AnyOf(subscription.selectors.iter().map(selector).collect()));
    }
    if !subscription.watched.is_empty() {
        all.push(Need::AnyOf(subscription.watched.iter().map(|name| Need::One(Key::Watched(*name))).collect()));
    }
    all.extend(subscription.q.as_deref().map(query));
    all.extend(subscription.scope.as_deref().map(scope));
    if let Some(geo) = &subscription.geo
        && let Some(reach) = geo.query.search_box()
    {
        all.push(Need::One(Key::Place(geo.attribute, reach)));
    }
    Need::All(all)
}

fn selector(selector: &Selector) -> Need {
    let ids = match &selector.ids {
        Ids::Any => Need::Unknown,
        Ids::Of(ids) => Need::AnyOf(ids.iter().map(|id| Need::One(Key::Id(id.clone()))).collect()),
        Ids::Matching(pattern) => match pattern.as_exact() {
            Some(exact) => Need::One(Key::Id(exact.into())),
            None => of_pattern(pattern),
        },
    };
    let types = match &selector.types {
        TypeExpression::Every => Need::Unknown,
        TypeExpression::Logic(logic) => of_logic(logic, &|name| Need::One(Key::Type(name.clone()))),
    };
    Need::All(vec![ids, types])
}

/// What an id begins with, and pieces of what it holds: the rarest of them is the one to look for.
fn of_pattern(pattern: &Pattern) -> Need {
    let prefix = Some(pattern.literal_prefix()).filter(|prefix| !prefix.is_empty());
    let mut all: Vec<Need> =
        prefix.map(|prefix| Need::One(Key::Prefix(prefix.as_bytes().into()))).into_iter().collect();
    for literal in pattern.literals().iter().filter(|literal| literal.len() >= SHORTEST_PART) {
        let pieces = literal.as_bytes().windows(literal.len().min(PART)).rev().take(MOST_PARTS);
        all.extend(pieces.map(|piece| Need::One(Key::Part(piece.into()))));
    }
    Need::All(all)
}

fn of_logic<T>(logic: &Logic<T>, one: &dyn Fn(&T) -> Need) -> Need {
    match logic {
        Logic::One(condition) => one(condition),
        Logic::All(parts) => Need::All(with_bounds(parts.iter().map(|part| of_logic(part, one)).collect())),
        Logic::Any(parts) => Need::AnyOf(parts.iter().map(|part| of_logic(part, one)).collect()),
    }
}

/// Adds what bounds from below and from above say together: both of them are rarer than either alone.
fn with_bounds(mut parts: Vec<Need>) -> Vec<Need> {
    let mut bounds: Vec<(Name, f64, f64)> = Vec::new();
    for part in &parts {
        let Need::One(Key::Between(name, low, high)) = part else { continue };
        match bounds.iter_mut().find(|(known, ..)| known == name) {
            Some((_, lowest, highest)) => (*lowest, *highest) = (lowest.max(*low), highest.min(*high)),
            None => bounds.push((name.clone(), *low, *high)),
        }
    }
    // Two values of one attribute may meet bounds that exclude each other; then only each bound alone is needed.
    let together = bounds.into_iter().filter(|(_, low, high)| low <= high && low.is_finite() && high.is_finite());
    parts.extend(together.map(|(name, low, high)| Need::One(Key::Between(name, low, high))));
    parts
}

fn scope(query: &ScopeQuery) -> Need {
    of_logic(&query.logic, &|pattern: &ScopePattern| {
        let mut path = String::new();
        for level in &pattern.levels {
            let ScopeLevel::Named(name) = level else { break };
            path.push('/');
            path.push_str(name);
        }
        let mut all: Vec<Need> = Vec::new();
        if !path.is_empty() {
            all.push(Need::One(Key::Scope(path.into())));
        }
        // Behind a level that may be anything a name may be rarer than all that stands before it.
        let levels = pattern.levels.iter().enumerate().filter_map(|(depth, level)| match level {
            ScopeLevel::Named(name) => Some(Need::One(Key::Level(depth, name.as_str().into()))),
            ScopeLevel::Any => None,
        });
        all.extend(levels);
        Need::All(all)
    })
}

fn query(query: &Query) -> Need {
    of_logic(&query.logic, &term)
}

fn term(term: &Term) -> Need {
    let path = &term.path;
    let Some(name) = path.names.first().and_then(|step| step.attribute()).filter(|_| path.links.is_empty()) else {
        return Need::Unknown;
    };
    let exists = Need::One(Key::Exists(name.clone()));
    if path.as_plain().is_none() {
        return if term.test == Test::Absent { Need::Unknown } else { exists };
    }
    let between = |low, high| Need::One(Key::Between(name.clone(), low, high));
    match &term.test {
        Test::Absent => Need::Unknown,
        Test::Equal(Operand::One(value)) => equal(name, value).unwrap_or(exists),
        Test::Equal(Operand::List(values)) => {
            let each: Option<Vec<Need>> = values.iter().map(|value| equal(name, value)).collect();
            each.map_or(exists, Need::AnyOf)
        }
        Test::Equal(Operand::Range(Value::Number(from), Value::Number(to))) => match (from.as_f64(), to.as_f64()) {
            (Some(from), Some(to)) => between(from, to),
            _ => exists,
        },
        Test::Order(operator, Value::Number(bound)) => match (operator, bound.as_f64()) {
            (Operator::Greater | Operator::GreaterOrEqual, Some(bound)) => between(bound, f64::INFINITY),
            (Operator::Less | Operator::LessOrEqual, Some(bound)) => between(f64::NEG_INFINITY, bound),
            (_, None) => exists,
        },
        _ => exists,
    }
}

fn equal(name: &Name, value: &Value) -> Option<Need> {
    let scalar = match value {
        Value::Number(number) => Scalar::Number(Bits::of(number.as_f64()?)),
        Value::Bool(flag) => Scalar::Flag(*flag),
        // A time may be written in several ways, so that its text is not what must be there.
        Value::Text(text) if Moment::parse(text).is_some() => return None,
        Value::Text(text) | Value::Uri(text) => Scalar::Text(text.as_str().into()),
        Value::Moment(_) => return None,
    };
    Some(Need::One(Key::Equal(name.clone(), scalar)))
}

impl Need {
    /// The keys that together are needed, and what they cost; the cheapest choice. Nothing where no index helps.
    pub(super) fn cheapest(&self, cost: &dyn Fn(&Key) -> u64) -> Option<(u64, Vec<Key>)> {
        match self {
            Self::Unknown => None,
            Self::One(key) => Some((cost(key), vec![key.clone()])),
            Self::All(parts) => parts.iter().filter_map(|part| part.cheapest(cost)).min_by_key(|(cost, _)| *cost),
            Self::AnyOf(parts) => {
                let each: Option<Vec<(u64, Vec<Key>)>> = parts.iter().map(|part| part.cheapest(cost)).collect();
                let each = each.filter(|each| !each.is_empty())?;
                let total = each.iter().map(|(cost, _)| *cost).fold(0, u64::saturating_add);
                Some((total, each.into_iter().flat_map(|(_, keys)| keys).collect()))
            }
        }
    }
}
