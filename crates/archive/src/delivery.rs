//! What an archive takes: new instances and heads, and what is removed of those that it has.

use std::borrow::Cow;
use std::sync::Arc;

use machi_store::Position;
use machi_types::{Name, Timestamp};

use crate::{Head, Instance, InstanceKey, Series};

/// What the feed brought. Instances and heads may be lent: whoever hands them over holds them until they are taken.
#[derive(Clone, Debug, Default)]
pub struct Delivery<'d> {
    /// Up to where the feed was read. None where more will come before an archive that was empty is filled: what comes so
    /// is taken each time.
    pub up_to: Option<Position>,
    /// New instances. What is to be removed of them is removed already.
    pub instances: Vec<(Series, Cow<'d, [Instance]>)>,
    /// New heads.
    pub heads: Vec<(Name, Cow<'d, [Head]>)>,
    /// The types of entities of which instances came and no head, as far as they are known: an archive that notes them
    /// with the instances need not look for them.
    pub types: Vec<(Name, Arc<[Name]>)>,
    /// What is removed of what was taken earlier, before the new is added.
    pub removals: Vec<Removal>,
    /// What came and was replaced, all before it was taken.
    pub replaced: Vec<Replaced>,
}

/// What is removed of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The entity.
    pub entity: Name,
    /// Which part of it.
    pub part: Part,
    /// Where something came in its place: when. It is then kept as [`Replaced`]; else it is gone for good.
    pub replaced_at: Option<Timestamp>,
}

/// A part of an evolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it, heads and what was replaced among it.
    All,
    /// A series.
    Series {
        /// The attribute.
        attribute: Name,
        /// The dataset; none for the default one.
        dataset: Option<Name>,
    },
    /// All series of an attribute.
    Attribute(Name),
    /// One instance.
    Instance {
        /// The attribute.
        attribute: Name,
        /// The dataset; none for the default one.
        dataset: Option<Name>,
        /// Which of its instances.
        key: InstanceKey,
    },
}

/// An instance in whose place another one came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// Its series.
    pub series: Series,
    /// The instance as it was.
    pub instance: Instance,
    /// Since when it is no longer in force.
    pub replaced_at: Timestamp,
}

impl Part {
    /// Whether an instance is of this part.
    pub fn holds(&self, series: &Series, instance: InstanceKey) -> bool {
        let is_of =
            |attribute: &Name, dataset: &Option<Name>| series.attribute == *attribute && series.dataset == *dataset;
        match self {
            Self::All => true,
            Self::Attribute(name) => series.attribute == *name,
            Self::Series { attribute, dataset } => is_of(attribute, dataset),
            Self::Instance { attribute, dataset, key } => is_of(attribute, dataset) && instance == *key,
        }
    }
}
