//! Thins a series out: instances come in the order of time, and go on whole, summed up, or not at all.
//!
//! Deletions and scopes are never summed up: each of them says when something ended or began. A change of the city that
//! is in force stays whole ([`InForce`]).

use machi_model::entity::{InstanceRef, JsonText, Kind};
use machi_types::{Name, Timestamp};

use super::summary::{Class, SUMMARY, Summary, class};
use super::{Bounds, InForce, Level, Retained, Step};
use crate::{Instance, InstanceKey, Origin, SCOPE, Series};

/// What tells the key of a summary from that of the first instance that it stands for.
const OF_SUMMARY: u32 = 1 << 31;

/// What came of thinning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// What was done.
    pub retained: Retained,
    /// From when on nothing is missing of what was once in force, where anything is.
    pub known_since: Option<Timestamp>,
}

/// Thins one series out.
#[derive(Debug)]
pub struct Thinner<'t> {
    bounds: &'t Bounds,
    in_force: InForce,
    horizon: Timestamp,
    is_scope: bool,
    open: Option<Open>,
    effect: &'t mut Effect,
    out: Vec<Instance>,
}

/// The period that instances come of now.
#[derive(Debug)]
struct Open {
    step: Step,
    period: i64,
    groups: Vec<Group>,
    kept: Vec<Instance>,
}

/// Instances that may stand behind one summary.
#[derive(Debug)]
struct Group {
    sort: Sort,
    summary: Summary,
    members: u64,
    first: Instance,
    last: Instance,
    /// Since when the newest change among them was in force.
    in_force: Option<Timestamp>,
}

/// What the instances behind one summary have in common.
#[derive(Debug, PartialEq, Eq)]
struct Sort {
    kind: Kind,
    class: Class,
    unit: Option<Name>,
    is_observed: bool,
}

impl Effect {
    fn note(&mut self, in_force: InForce, since: Timestamp, horizon: Timestamp) {
        let known = if since <= horizon { horizon } else { in_force.last().unwrap_or(since).max(since) };
        self.known_since = self.known_since.max(Some(known));
    }

    /// Whether something in whose place another came stays: as long as it would have stayed whole, and as long as it is
    /// what was in force.
    pub fn keeps_replaced(
        &mut self,
        instance: &Instance,
        bounds: &Bounds,
        in_force: InForce,
        horizon: Timestamp,
    ) -> bool {
        let is_change = instance.origin == Origin::Change;
        let is_in_force = is_change && in_force.is(instance.key);
        let is_whole = bounds.level(instance.kept_by(), Level::Whole) == Level::Whole;
        if is_in_force || is_whole {
            return true;
        }
        self.retained.dropped += 1;
        if is_change {
            self.note(in_force, instance.in_force_since(), horizon);
        }
        false
    }

    /// Whether anything is not as it was.
    pub fn is_any(&self) -> bool {
        *self != Self::default()
    }
}

impl<'t> Thinner<'t> {
    /// Begins with a series.
    pub fn new(
        series: &Series,
        bounds: &'t Bounds,
        in_force: InForce,
        horizon: Timestamp,
        effect: &'t mut Effect,
    ) -> Self {
        let is_scope = *series.attribute == *SCOPE;
        Self { bounds, in_force, horizon, is_scope, open: None, effect, out: Vec::new() }
    }

    /// Takes the next instance, and gives those that are ready.
    pub fn push(&mut self, instance: Instance) -> std::vec::Drain<'_, Instance> {
        self.take(instance);
        self.out.drain(..)
    }

    /// Gives the rest.
    pub fn finish(mut self) -> Vec<Instance> {
        self.close();
        self.out
    }

    fn take(&mut self, instance: Instance) {
        let time = instance.kept_by();
        let level = self.bounds.level(time, instance.level());
        let is_in_force = instance.origin == Origin::Change && self.in_force.is(instance.key);
        match level {
            Level::Gone if !is_in_force => {
                self.effect.retained.dropped += 1;
                if instance.origin == Origin::Change {
                    self.effect.note(self.in_force, instance.in_force_since(), self.horizon);
                }
            }
            Level::Gone | Level::Whole => {
                self.close();
                self.out.push(instance);
            }
            Level::Summed(step) => {
                let is_apart = is_in_force || self.is_scope;
                let open = self.period(step, time);
                match sort_of(&instance).filter(|_| !is_apart) {
                    Some(sort) => open.add(instance, sort),
                    None => open.kept.push(instance),
                }
            }
        }
    }

    /// The period of a time, open.
    fn period(&mut self, step: Step, time: Timestamp) -> &mut Open {
        let period = time.micros().div_euclid(step.micros());
        if self.open.as_ref().is_none_or(|open| (open.step, open.period) != (step, period)) {
            self.close();
        }
        self.open.get_or_insert_with(|| Open { step, period, groups: Vec::new(), kept: Vec::new() })
    }

    fn close(&mut self) {
        let Some(Open { step, period, groups, mut kept }) = self.open.take() else { return };
        for group in groups {
            if group.members < 2 {
                kept.push(group.first);
                continue;
            }
            self.effect.retained.summed += group.members;
            self.effect.retained.summaries += 1;
            if let Some(since) = group.in_force {
                self.effect.note(self.in_force, since, self.horizon);
            }
            kept.push(group.summed(step, period));
        }
        kept.sort_by_key(|one| (one.kept_by(), one.written()));
        self.out.append(&mut kept);
    }
}

impl Open {
    fn add(&mut self, instance: Instance, sort: Sort) {
        let summary = Summary::of(&instance);
        let since = (instance.origin == Origin::Change).then(|| instance.in_force_since());
        if let Some(group) = self.groups.iter_mut().find(|group| group.sort == sort) {
            group.summary.add(&summary);
            group.members += 1;
            group.in_force = group.in_force.max(since);
            group.last = instance;
        } else {
            let last = instance.clone();
            self.groups.push(Group { sort, summary, members: 1, first: instance, last, in_force: since });
        }
    }
}

impl Group {
    /// The instance that stands for all: the mean of numbers at the beginning of the period, else what was last.
    fn summed(self, step: Step, period: i64) -> Instance {
        let mut instance = Instance { origin: Origin::Summary(step), ..self.last };
        let Ok(Ok(mut body)) = InstanceRef::read(&instance.body).map(|body| body.to_instance(None, None, None)) else {
            return instance;
        };
        body.expires_at = None;
        if let Some(mean) = self.summary.mean().filter(|_| self.sort.class == Class::Number) {
            body.value = JsonText::of(&mean.into());
            body.attributes.clear();
            if self.sort.is_observed {
                let start = Timestamp::from_micros(period.saturating_mul(step.micros()));
                body.observed_at = Some(start.into());
                instance.observed_at = Some(start);
            }
        }
        body.attributes.retain(|attribute| *attribute.name != *SUMMARY);
        body.attributes.push(self.summary.attribute(step.as_str()));
        let key = self.first.key;
        instance.key = InstanceKey { place: key.place | OF_SUMMARY, ..key };
        instance.body = machi_model::entity::encode_instance(&body).into();
        instance
    }
}

/// Of which sort an instance is; none where it is never summed up.
fn sort_of(instance: &Instance) -> Option<Sort> {
    let body = InstanceRef::read(&instance.body).ok().filter(|_| instance.deleted_at.is_none())?;
    Some(Sort {
        kind: body.kind(),
        class: class(&body),
        unit: body.unit_code().map(Name::from),
        is_observed: instance.observed_at.is_some(),
    })
}
