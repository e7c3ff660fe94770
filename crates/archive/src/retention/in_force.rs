//! Which changes of the city must stay whole although they are old: those that were in force at the horizon, or are now.
//! Without them nobody could say how the city was since.

use machi_model::query::{TemporalQuery, TemporalRelation, TimeProperty};
use machi_types::{Name, Timestamp};
use rustc_hash::FxHashMap;

use crate::{
    ArchiveError, Instance, InstanceKey, Origin, Series, Share, Sink, Snapshot, WantedEvolutions, WantedInstances,
    Writers,
};

/// What is in force of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InForce {
    /// At the horizon.
    then: Option<Place>,
    /// At last.
    now: Option<Place>,
}

/// A change in the order in which changes come into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    since: Timestamp,
    modified_at: Timestamp,
    key: (u32, Timestamp),
}

impl InForce {
    /// Whether an instance is in force.
    pub fn is(&self, key: InstanceKey) -> bool {
        let is_it = |place: Option<Place>| place.is_some_and(|place| place.key == (key.place, key.created_at));
        is_it(self.then) || is_it(self.now)
    }

    /// Since when what is in force now is so.
    pub fn last(&self) -> Option<Timestamp> {
        self.now.map(|place| place.since)
    }

    fn note(&mut self, instance: &Instance, horizon: Timestamp) {
        let since = instance.in_force_since();
        let key = (instance.key.place, instance.key.created_at);
        let place = Some(Place { since, modified_at: instance.modified_at, key });
        self.now = self.now.max(place);
        if since <= horizon {
            self.then = self.then.max(place);
        }
    }
}

/// What is in force of these entities, which ascend. Of an entity that was gone at the horizon, and has not come back,
/// nothing is.
pub fn in_force(
    snapshot: &dyn Snapshot,
    ids: &[Name],
    horizon: Timestamp,
) -> Result<FxHashMap<Series, InForce>, ArchiveError> {
    let mut found = Found { horizon, all: FxHashMap::default() };
    let end = Timestamp::from_micros(horizon.micros().saturating_add(1));
    let first = Timestamp::from_micros(i64::MIN);
    for property in [TimeProperty::ModifiedAt, TimeProperty::DeletedAt] {
        for relation in [TemporalRelation::Before(end), TemporalRelation::After(first)] {
            let time = Some(TemporalQuery { relation, property });
            let (writers, share) = (Writers::Changes, Share::Latest(1));
            let wanted = WantedInstances { entities: ids, attributes: None, time, writers, share, numbers: false };
            snapshot.read(&wanted, &mut found)?;
        }
    }
    for replaced in snapshot.replaced(ids)? {
        if replaced.instance.origin == Origin::Change {
            found.instances(&replaced.series, vec![replaced.instance]);
        }
    }
    for evolution in snapshot.evolutions(&WantedEvolutions::Of(ids))? {
        let is_gone = evolution.deleted_at().is_some_and(|deleted_at| deleted_at <= horizon);
        let last = evolution.heads.iter().filter(|head| head.origin != Origin::Amendment).map(|head| head.modified_at);
        if is_gone && last.max().is_some_and(|last| last <= horizon) {
            found.all.retain(|series, _| series.entity != evolution.entity);
        }
    }
    Ok(found.all)
}

struct Found {
    horizon: Timestamp,
    all: FxHashMap<Series, InForce>,
}

impl Sink for Found {
    fn instances(&mut self, series: &Series, instances: Vec<Instance>) {
        let of_series = self.all.entry(series.clone()).or_default();
        instances.iter().for_each(|instance| of_series.note(instance, self.horizon));
    }

    /// Nobody who wants whole instances is given numbers.
    fn numbers(&mut self, _: &Series, _: &[Timestamp], _: &[f64]) {}
}
