//! Neutral conditions on documents; a block compiles its query language into them.

use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use machi_types::geo::{BoundingBox, Geometry, SpatialRelation, TooIntricate};
use machi_types::{Name, Timestamp};
use regex::Regex;

use crate::{Document, Indexed, NameNo};

/// Which documents are meant.
#[derive(Clone, Debug)]
pub enum Filter {
    /// All of them.
    All,
    /// Those that meet every part.
    And(Vec<Filter>),
    /// Those that meet any part.
    Or(Vec<Filter>),
    /// Those that do not meet the part.
    Not(Box<Filter>),
    /// Those with one of these ids.
    Ids(Vec<Name>),
    /// Those whose id the pattern finds.
    IdMatches(Arc<Regex>),
    /// Those with a facet that meets the test.
    Test(Test),
    /// Those that the block itself approves after reading them. Each costs a document read, so it
    /// belongs behind conditions that leave few candidates.
    Check(Arc<dyn Check>),
    /// Those that an added index tells, where it is complete.
    Indexed(Box<Indexed>),
}

impl Filter {
    /// Those that meet both; flattens and drops `All`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, only) | (only, Self::All) => only,
            (Self::And(mut parts), Self::And(more)) => {
                parts.extend(more);
                Self::And(parts)
            }
            (Self::And(mut parts), part) => {
                parts.push(part);
                Self::And(parts)
            }
            (first, second) => Self::And(vec![first, second]),
        }
    }

    /// An area that whatever is meant touches with a facet of a name, where that is plain.
    pub fn area(&self) -> Option<(NameNo, BoundingBox)> {
        match self {
            Self::And(parts) => parts.iter().find_map(Self::area),
            Self::Or(parts) => {
                let (first, others) = parts.split_first()?;
                first.area().filter(|area| others.iter().all(|other| other.area().as_ref() == Some(area)))
            }
            Self::Test(Test { name, condition: Condition::Geometry(condition), .. }) => {
                Some((*name, condition.reach()?))
            }
            _ => None,
        }
    }
}

/// A condition only the block can decide, such as one on the inside of a JSON value.
pub trait Check: fmt::Debug + Send + Sync {
    /// Whether the document is meant.
    fn meets(&self, document: &Document) -> bool;
}

/// A condition on facets of one name.
#[derive(Clone, Debug)]
pub struct Test {
    /// The facets' name.
    pub name: NameNo,
    /// Which instances are looked at; any of them may meet the condition.
    pub instances: Instances,
    /// What a facet must meet.
    pub condition: Condition,
}

/// Which instances of a name are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instances {
    /// All of them.
    Any,
    /// One.
    Only(NameNo),
}

impl Instances {
    /// Whether this instance is meant.
    pub fn include(self, instance: NameNo) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == instance,
        }
    }
}

/// What a facet must meet.
#[derive(Clone, Debug)]
pub enum Condition {
    /// It exists.
    Exists,
    /// It is this tag.
    Tag(NameNo),
    /// It is this truth value.
    Flag(bool),
    /// It is a number within the range.
    Number(Range<f64>),
    /// It is an instant within the range.
    Time(Range<Timestamp>),
    /// It is a text of this kind.
    Text(TextCondition),
    /// It is a place in this relation.
    Geometry(Arc<GeoCondition>),
    /// It links to one of these ids.
    Link(Vec<Name>),
}

/// A condition on a text.
#[derive(Clone, Debug)]
pub enum TextCondition {
    /// It lies within the range, by code points.
    Range(Range<Box<str>>),
    /// The pattern finds something in it.
    Matches(Arc<Regex>),
}

/// A condition on a place.
#[derive(Clone, Debug, PartialEq)]
pub struct GeoCondition {
    /// How the facet's geometry must lie to this one.
    pub relation: GeoRelation,
    /// The geometry to compare with.
    pub geometry: Geometry,
}

/// How a place must lie to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GeoRelation {
    /// At a distance in metres beyond the least and up to the most (ETSI GS CIM 009 §4.10).
    Near {
        /// The distance beyond which places count.
        least: Option<f64>,
        /// The greatest distance that counts.
        most: Option<f64>,
    },
    /// In a spatial relation.
    Spatial(SpatialRelation),
}

impl GeoCondition {
    /// Whether a place meets the condition.
    pub fn holds(&self, place: &Geometry) -> Result<bool, TooIntricate> {
        match self.relation {
            GeoRelation::Spatial(relation) => place.relates(relation, &self.geometry),
            GeoRelation::Near { least, most } => {
                if let Some(most) = most
                    && !place.is_within_distance(&self.geometry, most)?
                {
                    return Ok(false);
                }
                match least {
                    Some(least) => Ok(place.distance(&self.geometry)? > least),
                    None => Ok(true),
                }
            }
        }
    }

    /// A box of which every point meets the condition; `None` where there is no simple one.
    pub fn core(&self) -> Option<BoundingBox> {
        let bounds = self.geometry.bounding_box();
        let has_extent = bounds.east > bounds.west || bounds.north > bounds.south;
        match self.relation {
            GeoRelation::Near { least: None, most: Some(metres) } if !has_extent => {
                BoundingBox::inside(bounds.west, bounds.south, metres)
            }
            _ => None,
        }
    }

    /// The box that every place that meets the condition touches; `None` where there is no such box.
    pub fn reach(&self) -> Option<BoundingBox> {
        let bounds = self.geometry.bounding_box();
        match self.relation {
            GeoRelation::Near { most, .. } => most.map(|metres| bounds.widened(metres)),
            GeoRelation::Spatial(SpatialRelation::Disjoint) => None,
            GeoRelation::Spatial(_) => Some(bounds),
        }
    }
}

/// Values between two bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Range<T> {
    /// The lower bound.
    pub low: Bound<T>,
    /// The upper bound.
    pub high: Bound<T>,
}

impl<T: PartialOrd> Range<T> {
    /// Just this value.
    pub fn exactly(value: T) -> Self
    where
        T: Clone,
    {
        Self { low: Bound::Included(value.clone()), high: Bound::Included(value) }
    }

    /// Whether the value lies between the bounds.
    pub fn contains<V: PartialOrd<T> + ?Sized>(&self, value: &V) -> bool {
        let above = match &self.low {
            Bound::Included(low) => value >= low,
            Bound::Excluded(low) => value > low,
            Bound::Unbounded => true,
        };
        let below = match &self.high {
            Bound::Included(high) => value <= high,
            Bound::Excluded(high) => value < high,
            Bound::Unbounded => true,
        };
        above && below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_told_where_all_that_is_meant_touches_it() {
        let geometry = Geometry::point(135.0, 35.0).expect("it is on Earth");
        let geo = |name, relation| {
            let condition = Condition::Geometry(Arc::new(GeoCondition { relation, geometry: geometry.clone() }));
            Filter::Test(Test { name: NameNo::from_number(name), instances: Instances::Any, condition })
        };
        let near = |name| geo(name, GeoRelation::Near { least: None, most: Some(1000.0) });
        let other = || Filter::Ids(vec!["urn:x".into()]);
        let area = near(7).area().expect("a distance is an area");
        assert_eq!(area.0, NameNo::from_number(7));
        assert!(area.1.covers(&geometry.bounding_box()) && area.1.east < 135.1);
        assert_eq!(other().and(near(7)).area(), Some(area));
        let either = |one, other| Filter::Or(vec![one, other]);
        assert_eq!(either(near(7), other().and(near(7))).area(), Some(area));
        for none in [
            other(),
            either(near(7), other()),
            either(near(7), near(8)),
            Filter::Or(Vec::new()),
            Filter::Not(Box::new(near(7))),
            geo(7, GeoRelation::Near { least: Some(1.0), most: None }),
            geo(7, GeoRelation::Spatial(SpatialRelation::Disjoint)),
        ] {
            assert_eq!(none.area(), None, "{none:?}");
        }
    }
}
