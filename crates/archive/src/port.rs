//! The port itself: what every archive offers. All of it may block: callers run it where that is allowed.

use std::fmt::Debug;
use std::sync::Arc;

use machi_model::query::TemporalQuery;
use machi_store::Position;
use machi_types::geo::BoundingBox;
use machi_types::{Name, TenantId, Timestamp};

use crate::retention::{Retained, Retention};
use crate::{ArchiveError, Delivery, Evolution, Instance, Origin, Replaced, Series};

/// An archive of the instances of all tenants.
pub trait Archive: Debug + Send + Sync {
    /// What is in it now of a tenant, from now on unchanged. Of a tenant that it does not know it holds nothing, up to
    /// the position before everything.
    fn open(&self, tenant: &TenantId) -> Result<Arc<dyn Snapshot>, ArchiveError>;

    /// Takes what the feed brought, whole and durably or not at all. A delivery up to a position that was taken already
    /// is passed over.
    fn take(&self, tenant: &TenantId, delivery: Delivery<'_>) -> Result<(), ArchiveError>;

    /// Applies the policies of a tenant to what is in it, some at a time, each time whole and durably or not at all: who
    /// reads meanwhile finds each instance whole, in a summary, or gone, and never twice. It may last; others write
    /// meanwhile.
    fn retain(&self, tenant: &TenantId, retention: &Retention) -> Result<Retained, ArchiveError>;

    /// Removes all of a tenant, for good.
    fn erase(&self, tenant: &TenantId) -> Result<(), ArchiveError>;
}

/// One state of a tenant's archive.
pub trait Snapshot: Debug + Send + Sync {
    /// Up to where the feed is in it.
    fn position(&self) -> Position;

    /// From when on nothing is missing of what was once in force; none where retention has taken nothing.
    fn known_since(&self) -> Option<Timestamp>;

    /// Evolutions in ascending order of their ids, compared by bytes.
    fn evolutions(&self, wanted: &WantedEvolutions<'_>) -> Result<Vec<Evolution>, ArchiveError>;

    /// Gives the wanted instances to the sink, in any order, and no others than those that are of the wanted entities,
    /// attributes and times.
    fn read(&self, wanted: &WantedInstances<'_>, sink: &mut dyn Sink) -> Result<(), ArchiveError>;

    /// The entities of which anything was written after a time, ascending, perhaps more; where there are more than a
    /// limit, any of them, no fewer than that.
    fn written_after(&self, time: Timestamp, limit: usize) -> Result<Vec<Name>, ArchiveError>;

    /// The entities of which a geometry of this attribute has ever touched an area, ascending, perhaps more; where there
    /// are more than a limit, any of them, no fewer than that.
    fn touching(&self, attribute: &Name, area: &BoundingBox, limit: usize) -> Result<Vec<Name>, ArchiveError>;

    /// The entities whose past was erased while they lived on ([`Origin::Forgotten`]), ascending, each with the time when
    /// that was last done; perhaps some that are gone since.
    fn forgotten(&self) -> Result<Vec<(Name, Timestamp)>, ArchiveError>;

    /// What was once in place of an instance that was corrected, for who asks what was known at some time.
    fn replaced(&self, entities: &[Name]) -> Result<Vec<Replaced>, ArchiveError>;
}

/// Which evolutions are wanted.
#[derive(Clone, Copy, Debug)]
pub enum WantedEvolutions<'w> {
    /// Those of these ids, which ascend; ids without an evolution are passed over.
    Of(&'w [Name]),
    /// The first ones behind an id.
    After {
        /// All ids are larger than this; none for the first of all.
        after: Option<&'w str>,
        /// How many at most.
        limit: usize,
        /// An evolution that never had any of these types may be left out; none asks for all.
        types: Option<&'w [Name]>,
    },
}

/// Which instances are wanted.
#[derive(Clone, Copy, Debug)]
pub struct WantedInstances<'w> {
    /// Of these entities, which ascend.
    pub entities: &'w [Name],
    /// Of these attributes, by expanded name; none asks for all.
    pub attributes: Option<&'w [Name]>,
    /// With such a time; none asks for all, those without any time, too.
    pub time: Option<TemporalQuery>,
    /// By whom they were written.
    pub writers: Writers,
    /// How many.
    pub share: Share,
    /// Whether numbers will do: then what holds a plain number may go to [`Sink::numbers`].
    pub numbers: bool,
}

/// Whose instances are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writers {
    /// All that an evolution shows.
    #[default]
    All,
    /// Those of changes of the city alone ([`Origin::Change`](crate::Origin)), which were once the present.
    Changes,
}

/// How many of the instances with a wanted time are needed. More than these may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// All.
    All,
    /// Of all series together the first so many by the time that is asked for, and all that have the time of the last one.
    Earliest(usize),
    /// Of each series the last so many by the time that is asked for; of those with one time, the ones written last.
    Latest(usize),
}

/// Takes what a reading gives. A series may come several times, each instance once.
pub trait Sink {
    /// Instances of a series.
    fn instances(&mut self, series: &Series, instances: Vec<Instance>);

    /// Numbers of a series, each with the time that was asked for. What is given so is a Property with a number as its
    /// value and says no deletion.
    fn numbers(&mut self, series: &Series, times: &[Timestamp], numbers: &[f64]);
}

impl<'w> WantedInstances<'w> {
    /// All instances of these entities, which ascend.
    pub const fn all_of(entities: &'w [Name]) -> Self {
        Self { entities, attributes: None, time: None, writers: Writers::All, share: Share::All, numbers: false }
    }

    /// Whether instances of this series are wanted.
    pub fn is_of(&self, series: &Series) -> bool {
        self.entities.binary_search(&series.entity).is_ok()
            && self.attributes.is_none_or(|attributes| attributes.contains(&series.attribute))
    }

    /// Whether an instance has a wanted time and writer.
    pub fn is_at(&self, instance: &Instance) -> bool {
        let is_by = self.writers == Writers::All || instance.origin == Origin::Change;
        is_by && self.time.is_none_or(|query| instance.time(query.property).is_some_and(|time| query.matches(time)))
    }
}
