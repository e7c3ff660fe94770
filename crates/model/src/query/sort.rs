//! The order of values of whatever type (§4.23.2).

use std::cmp::Ordering;

use machi_types::geo::Geometry;
use machi_types::{Json, Number, Timestamp};

use super::eval::Reached;
use super::{Collation, Moment, Target, compare};

/// What an entity is ordered by: numbers come before texts, texts before objects, and so on, as §4.23.2 lists them.
///
/// Texts are ordered by a [`Collation`] (§4.23.1).
#[derive(Clone, Debug)]
pub enum SortKey {
    /// Metres from the reference geometry; only where the order is by distance.
    Distance(f64),
    /// A number.
    Number(Number),
    /// A text.
    Text(Box<str>),
    /// An object, by its JSON text.
    Object(Box<str>),
    /// An array, by its JSON text.
    Array(Box<str>),
    /// A truth value.
    Bool(bool),
    /// A time of day.
    Time(Timestamp),
    /// A date.
    Date(Timestamp),
    /// A date-time.
    DateTime(Timestamp),
    /// `null`
    Null,
    /// There is nothing to order by.
    Missing,
}

impl SortKey {
    fn rank(&self) -> u8 {
        match self {
            Self::Distance(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
            Self::Object(_) => 3,
            Self::Array(_) => 4,
            Self::Bool(_) => 5,
            Self::Time(_) => 6,
            Self::Date(_) => 7,
            Self::DateTime(_) => 8,
            Self::Null => 9,
            Self::Missing => 10,
        }
    }

    /// The key of a JSON value.
    pub fn of_json(value: &Json<'_>) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::Number(number.clone()),
            Json::String(text) => Self::of_text(text),
            Json::Array(_) => Self::Array(value.to_text().into()),
            Json::Object(_) => match value.get("@value") {
                Some(inner) if !matches!(inner, Json::Object(_) | Json::Array(_)) => Self::of_json(inner),
                _ => Self::Object(value.to_text().into()),
            },
        }
    }

    /// The key of a text, which may write a date or time.
    pub fn of_text(text: &str) -> Self {
        match Moment::parse(text) {
            Some(Moment::Time(time)) => Self::Time(time),
            Some(Moment::Date(time)) => Self::Date(time),
            Some(Moment::DateTime(time)) => Self::DateTime(time),
            None => Self::Text(text.into()),
        }
    }

    /// The key of what a path leads to; several texts are an array.
    pub(super) fn of(reached: Reached<'_>) -> Self {
        match reached {
            Reached::Json(value)
            | Reached::Languages(value, None)
            | Reached::Target(Target::Value(value) | Target::Languages(value)) => Self::of_json(value),
            Reached::Languages(value, Some(tag)) => {
                let texts =
                    value.as_object().and_then(|map| map.iter().find(|(known, _)| known.eq_ignore_ascii_case(tag)));
                texts.map_or(Self::Missing, |(_, texts)| Self::of_json(texts))
            }
            Reached::Target(Target::Time(time)) => Self::DateTime(time),
            Reached::Target(Target::Objects([text]) | Target::Vocab([text]) | Target::Texts([text])) => {
                Self::Text((*text).into())
            }
            Reached::Target(Target::Objects(texts) | Target::Vocab(texts) | Target::Texts(texts)) => {
                Self::Array(Json::Array(texts.iter().map(|text| Json::from(*text)).collect()).to_text().into())
            }
        }
    }

    /// The distance to the reference, where this is a geometry; else its key as a value.
    pub(super) fn of_distance(reached: Reached<'_>, reference: &Geometry) -> Self {
        let metres = match reached {
            Reached::Json(value @ Json::Object(_)) => Geometry::from_json(value).ok(),
            _ => None,
        };
        let metres = metres.and_then(|geometry| geometry.distance(reference).ok());
        metres.map_or_else(|| Self::of(reached), Self::Distance)
    }
}

impl SortKey {
    /// Which of two keys comes first; without a collation, texts by code points.
    pub(super) fn compare(&self, other: &Self, collation: Option<&Collation>) -> Ordering {
        self.compare_with(other, |a, b| collation.map_or_else(|| a.cmp(b), |collation| collation.compare(a, b)))
    }

    /// Backwards among values of one type; the order of types, nothing last, is the same both ways.
    pub(super) fn compare_descending(&self, other: &Self, collation: Option<&Collation>) -> Ordering {
        self.rank().cmp(&other.rank()).then_with(|| other.compare(self, collation))
    }

    fn compare_with(&self, other: &Self, texts: impl Fn(&str, &str) -> Ordering) -> Ordering {
        match (self, other) {
            (Self::Distance(a), Self::Distance(b)) => a.total_cmp(b),
            (Self::Number(a), Self::Number(b)) => compare::numbers(a, b),
            (Self::Text(a), Self::Text(b)) => texts(a, b),
            (Self::Object(a), Self::Object(b)) | (Self::Array(a), Self::Array(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Time(a), Self::Time(b))
            | (Self::Date(a), Self::Date(b))
            | (Self::DateTime(a), Self::DateTime(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialEq for SortKey {
    fn eq(&self, other: &Self) -> bool {
        self.compare_with(other, str::cmp).is_eq()
    }
}

impl Eq for SortKey {}
