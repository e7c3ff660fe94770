//! Which scopes an entity had, and when (ETSI GS CIM 009 §4.18, annex C.5.16).

use machi_archive::Instance;
use machi_model::entity::{InstanceRef, value_of};
use machi_model::query::{ScopePath, ScopeQuery};
use machi_types::{Json, Name, Timestamp};

use super::timing::{LAST, Timing};

/// Scopes that an entity had from one time to another.
#[derive(Clone, Debug)]
pub(crate) struct Valid {
    pub(crate) since: Timestamp,
    /// What is at this time is beyond it.
    pub(crate) until: Timestamp,
    pub(crate) instance: Instance,
}

/// The scopes that an instance tells.
pub(crate) fn scopes_of(instance: &Instance) -> Vec<Name> {
    let Ok(read) = InstanceRef::read(&instance.body) else { return Vec::new() };
    match value_of(read.value()) {
        Ok(Json::Array(scopes)) => scopes.iter().filter_map(Json::as_str).map(Name::from).collect(),
        Ok(Json::String(scope)) => vec![Name::from(&*scope)],
        _ => Vec::new(),
    }
}

/// Since when an instance of the scopes holds.
fn since(instance: &Instance, timing: Timing) -> Timestamp {
    let asked = timing.time(instance).filter(|_| instance.deleted_at.is_none());
    instance.deleted_at.or(asked).or(instance.observed_at).unwrap_or(instance.key.created_at)
}

/// From when to when each of the scopes held that an entity had: each until the next one came, or none.
pub(crate) fn valid(instances: Vec<Instance>, timing: Timing) -> Vec<Valid> {
    let mut all: Vec<Valid> = instances
        .into_iter()
        .map(|instance| Valid { since: since(&instance, timing), until: LAST, instance })
        .collect();
    all.sort_unstable_by_key(|one| (one.since, one.instance.written()));
    let ends: Vec<Timestamp> = all.iter().skip(1).map(|one| one.since).collect();
    for (one, end) in all.iter_mut().zip(ends) {
        one.until = end;
    }
    all
}

/// Those of them that match, and held at some time of the interval.
pub(crate) fn matching(all: Vec<Valid>, query: &ScopeQuery, timing: Timing) -> Vec<Valid> {
    let (start, end) = timing.interval();
    let is_within = |one: &Valid| one.since < one.until && one.since < end && one.until > start && start < end;
    let matches = |one: &Valid| {
        let paths: Vec<ScopePath> = scopes_of(&one.instance).iter().filter_map(|scope| scope.parse().ok()).collect();
        one.instance.deleted_at.is_none() && query.matches(&paths)
    };
    all.into_iter().filter(|one| is_within(one) && matches(one)).collect()
}

/// Whether a time lies where one of them held.
pub(crate) fn hold_at(valid: &[Valid], time: Timestamp) -> bool {
    valid.iter().any(|one| one.since <= time && time < one.until)
}
