//! Which time of the instances a request looks at, and in which interval (ETSI GS CIM 009 §4.8, §4.11).

use machi_archive::Instance;
use machi_model::query::{TemporalQuery, TemporalRelation, TimeProperty};
use machi_types::Timestamp;

/// Before every instant.
pub(crate) const FIRST: Timestamp = Timestamp::from_micros(i64::MIN);
/// After every instant.
pub(crate) const LAST: Timestamp = Timestamp::from_micros(i64::MAX);

/// Which time of the instances a request looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    /// This time: those that have it, within an interval where there is one.
    By(TimeProperty, Option<TemporalRelation>),
    /// Any: all instances from a time on, each at the time of its observation, else of its deletion, else of its
    /// creation.
    Any(Timestamp),
}

impl Timing {
    /// The time that is looked at first.
    pub(crate) fn property(self) -> TimeProperty {
        match self {
            Self::By(property, _) => property,
            Self::Any(_) => TimeProperty::ObservedAt,
        }
    }

    /// The interval, where there is one.
    pub(crate) fn relation(self) -> Option<TemporalRelation> {
        match self {
            Self::By(_, relation) => relation,
            Self::Any(_) => None,
        }
    }

    /// From when to when it goes; what is at the end is not in it.
    pub(crate) fn interval(self) -> (Timestamp, Timestamp) {
        match self {
            Self::By(_, Some(relation)) => match relation {
                TemporalRelation::Before(end) => (FIRST, end),
                TemporalRelation::After(start) => (start, LAST),
                TemporalRelation::Between(start, end) => (start, end),
            },
            Self::By(_, None) => (FIRST, LAST),
            Self::Any(start) => (start, LAST),
        }
    }

    /// The same, from a time on.
    pub(crate) fn from(self, time: Timestamp) -> Self {
        let relation = |relation| match relation {
            None => TemporalRelation::After(time),
            Some(TemporalRelation::After(start)) => TemporalRelation::After(start.max(time)),
            Some(TemporalRelation::Before(end)) => TemporalRelation::Between(time, end.max(time)),
            Some(TemporalRelation::Between(start, end)) => {
                TemporalRelation::Between(start.max(time), end.max(start.max(time)))
            }
        };
        match self {
            Self::By(property, known) => Self::By(property, Some(relation(known))),
            Self::Any(start) => Self::Any(start.max(time)),
        }
    }

    /// The questions for an archive that find all of it.
    pub(crate) fn queries(self) -> Vec<TemporalQuery> {
        let properties = match self {
            Self::By(property, _) => vec![property],
            Self::Any(_) => vec![TimeProperty::ObservedAt, TimeProperty::DeletedAt, TimeProperty::CreatedAt],
        };
        let relation = self.relation().unwrap_or(TemporalRelation::After(self.interval().0));
        properties.into_iter().map(|property| TemporalQuery { relation, property }).collect()
    }

    /// The time of an instance that is looked at.
    pub(crate) fn time(self, instance: &Instance) -> Option<Timestamp> {
        match self {
            Self::By(property, _) => instance.time(property),
            Self::Any(_) => Some(instance.observed_at.or(instance.deleted_at).unwrap_or(instance.key.created_at)),
        }
    }

    /// Whether an instance that was found by this time is looked at by it, and not by another one, which finds it, too.
    pub(crate) fn is_of(self, property: TimeProperty, instance: &Instance) -> bool {
        match (self, property) {
            (Self::By(..), _) | (_, TimeProperty::ObservedAt) => true,
            (_, TimeProperty::DeletedAt) => instance.observed_at.is_none(),
            (_, TimeProperty::CreatedAt | TimeProperty::ModifiedAt) => {
                instance.observed_at.is_none() && instance.deleted_at.is_none()
            }
        }
    }

    /// Whether an instance is asked for, and at which time.
    pub(crate) fn place(self, instance: &Instance) -> Option<Timestamp> {
        let (start, end) = self.interval();
        self.time(instance).filter(|time| start <= *time && (*time < end || end == LAST))
    }
}
