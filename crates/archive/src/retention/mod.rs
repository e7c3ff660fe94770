//! How long instances stay: whole at first, then summed up by minutes, hours or days, then not at all.
//!
//! A *step* is a length by which instances are summed up; a *summary* is the instance that stands for those of one minute,
//! hour or day. What happens moves in *grains*: what has come to its end goes with all that belongs to the same hour or
//! day, so that files are not written anew all the time. So nothing goes too early, and all goes a grain later at most.

mod in_force;
mod summary;
mod thin;

use machi_types::{Name, Timestamp};

pub use in_force::{InForce, in_force};
pub use summary::{Figures, SUMMARY, Summary};
pub use thin::{Effect, Thinner};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A length by which instances are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days, in UTC.
    Day,
}

/// What is left of an instance, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// All of it.
    Whole,
    /// Its part in a summary.
    Summed(Step),
    /// Nothing.
    Gone,
}

/// How long what stays, in microseconds, counted from when it was observed, or else written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// How long instances stay whole.
    pub whole: i64,
    /// How long summaries stay, each longer than the one before; the last may stay for ever.
    pub summed: Vec<(Step, Option<i64>)>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The type of entities that it is for; none for all of whose types no other one is.
    pub of: Option<Name>,
    /// How long what stays.
    pub keep: Keep,
}

/// What must stay as it is, whatever the policies say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    /// Of entities that have one of these types.
    pub types: Vec<Name>,
    /// Of these entities.
    pub ids: Vec<Name>,
}

/// The policies of a tenant at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The instant.
    pub now: Timestamp,
    /// The policies, one for each type at most.
    pub rules: Vec<Rule>,
    /// What is held.
    pub holds: Vec<Hold>,
}

/// What retention did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Instances that are gone for good.
    pub dropped: u64,
    /// Instances that were summed up.
    pub summed: u64,
    /// Summaries that came in their place.
    pub summaries: u64,
}

/// The policies of some entities, ready to be applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds(Vec<Vec<Bound>>);

/// Where something ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bound {
    /// What is before this time goes on to the next level.
    before: i64,
    to: Level,
    /// How long it has stayed, and by which steps the bound moves.
    keep: i64,
    grain: i64,
}

impl Step {
    /// All, the shortest first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// How long it is, in microseconds.
    pub const fn micros(self) -> i64 {
        match self {
            Self::Minute => 60 * SECOND,
            Self::Hour => 3600 * SECOND,
            Self::Day => DAY,
        }
    }

    /// As an ISO 8601 duration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "PT1M",
            Self::Hour => "PT1H",
            Self::Day => "P1D",
        }
    }
}

impl Hold {
    /// Whether it holds all of the tenant.
    pub fn is_of_all(&self) -> bool {
        self.types.is_empty() && self.ids.is_empty()
    }

    /// Whether it holds an entity.
    pub fn holds(&self, entity: &Name, types: &[Name]) -> bool {
        self.is_of_all() || self.ids.contains(entity) || self.types.iter().any(|one| types.contains(one))
    }
}

impl Keep {
    fn bounds(&self, now: i64) -> Vec<Bound> {
        let mut bounds = Vec::new();
        let mut own = SECOND;
        let mut left = Some(self.whole);
        for (step, next) in self.summed.iter().map(|(step, next)| (Some(*step), *next)).chain([(None, None)]) {
            let Some(keep) = left else { break };
            // Whole periods go together: those of what goes, and those of what comes.
            let period = step.map_or(own, |step| step.micros().max(own));
            let grain = (keep / 8).clamp(period, DAY.max(period)) / period * period;
            let before = now.saturating_sub(keep).div_euclid(grain) * grain;
            let to = step.map_or(Level::Gone, Level::Summed);
            bounds.push(Bound { before, to, keep, grain });
            own = step.map_or(own, Step::micros);
            left = next;
        }
        bounds
    }
}

impl Retention {
    /// What is to be done with instances of an entity of these types.
    pub fn bounds(&self, entity: &Name, types: &[Name]) -> Bounds {
        if self.holds.iter().any(|hold| hold.holds(entity, types)) {
            return Bounds::default();
        }
        let of_types = self.rules.iter().filter(|rule| rule.of.as_ref().is_some_and(|of| types.contains(of)));
        let mut found: Vec<&Rule> = of_types.collect();
        if found.is_empty() {
            found.extend(self.rules.iter().filter(|rule| rule.of.is_none()));
        }
        Bounds(found.into_iter().map(|rule| rule.keep.bounds(self.now.micros())).collect())
    }

    /// Before this time not all changes of the city may be there any more: the end of what stays whole, of the shortest
    /// policy.
    pub fn horizon(&self) -> Option<Timestamp> {
        let now = self.now.micros();
        let ends = self.rules.iter().filter_map(|rule| Some(rule.keep.bounds(now).first()?.before));
        ends.max().map(Timestamp::from_micros)
    }
}

impl Bounds {
    /// Whether all stays as it is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is to be left of an instance at a time, of which so much is left. Of several policies the one counts that
    /// leaves the most.
    pub fn level(&self, time: Timestamp, now: Level) -> Level {
        let of = |bounds: &Vec<Bound>| {
            let passed = bounds.iter().take_while(|bound| time.micros() < bound.before).last();
            passed.map_or(Level::Whole, |bound| bound.to)
        };
        self.0.iter().map(of).min().map_or(now, |level| level.max(now))
    }

    /// When what is left of an instance at a time may next become less; never, if none.
    pub fn due(&self, time: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let of = |bound: &Bound| {
            let end = time.micros().div_euclid(bound.grain).checked_add(1)?.checked_mul(bound.grain)?;
            end.checked_add(bound.keep)
        };
        let all = self.0.iter().flatten().filter_map(of);
        all.filter(|due| *due > now.micros()).min().map(Timestamp::from_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(whole: i64, summed: &[(Step, Option<i64>)]) -> Keep {
        Keep { whole, summed: summed.to_vec() }
    }

    fn retention(rules: &[(Option<&str>, Keep)]) -> Retention {
        let rules = rules.iter().map(|(of, keep)| Rule { of: of.map(Name::from), keep: keep.clone() }).collect();
        Retention { now: Timestamp::from_micros(1000 * DAY + 7), rules, holds: Vec::new() }
    }

    fn level(retention: &Retention, types: &[&str], days: i64) -> Level {
        let types: Vec<Name> = types.iter().map(|name| Name::from(*name)).collect();
        retention.bounds(&"urn:x".into(), &types).level(Timestamp::from_micros((1000 - days) * DAY), Level::Whole)
    }

    #[test]
    fn instances_become_less_step_by_step() {
        let steps = [(Step::Minute, Some(30 * DAY)), (Step::Day, Some(100 * DAY))];
        let retention = retention(&[(Some("a"), keep(10 * DAY, &steps))]);
        let at = |days| level(&retention, &["a"], days);
        assert_eq!([at(9), at(10)], [Level::Whole; 2]);
        assert_eq!([at(11), at(29)], [Level::Summed(Step::Minute); 2]);
        assert_eq!([at(31), at(99)], [Level::Summed(Step::Day); 2]);
        assert_eq!(at(102), Level::Gone);
        assert_eq!(level(&retention, &["b"], 500), Level::Whole);
        assert_eq!(retention.horizon(), Some(Timestamp::from_micros(990 * DAY)));
    }

    #[test]
    fn of_several_policies_the_one_counts_that_leaves_the_most() {
        let long = keep(2 * DAY, &[(Step::Day, None)]);
        let retention = retention(&[(Some("a"), keep(10 * DAY, &[])), (Some("b"), long), (None, keep(DAY, &[]))]);
        let at = |types: &[&str], days| level(&retention, types, days);
        assert_eq!(at(&["a", "b"], 5), Level::Whole);
        assert_eq!(at(&["a", "b"], 500), Level::Summed(Step::Day));
        assert_eq!(at(&["a"], 500), Level::Gone);
        assert_eq!(at(&["other"], 5), Level::Gone);
        assert_eq!(at(&[], 5), Level::Gone);
    }

    #[test]
    fn what_is_held_stays() {
        let mut retention = retention(&[(None, keep(DAY, &[]))]);
        retention.holds.push(Hold { types: vec!["a".into()], ids: Vec::new() });
        assert_eq!(level(&retention, &["a"], 500), Level::Whole);
        assert_eq!(level(&retention, &["b"], 500), Level::Gone);
        retention.holds.push(Hold { types: Vec::new(), ids: vec!["urn:x".into()] });
        assert_eq!(level(&retention, &["b"], 500), Level::Whole);
        retention.holds = vec![Hold::default()];
        assert_eq!(level(&retention, &["c"], 500), Level::Whole);
    }

    #[test]
    fn something_is_due_exactly_when_its_level_changes() {
        let steps = [(Step::Minute, Some(30 * DAY)), (Step::Hour, Some(100 * DAY)), (Step::Day, None)];
        let mut retention = retention(&[(None, keep(10 * SECOND, &steps)), (Some("a"), keep(7 * DAY + 5, &[]))]);
        for types in [vec![], vec![Name::from("a")]] {
            for age in [0, 5 * SECOND, 60 * SECOND, 3 * DAY, 29 * DAY, 77 * DAY] {
                let time = Timestamp::from_micros(1000 * DAY + 7 - age);
                retention.now = Timestamp::from_micros(1000 * DAY + 7);
                let before = retention.bounds(&"urn:x".into(), &types);
                let Some(due) = before.due(time, retention.now) else { continue };
                let level = before.level(time, Level::Whole);
                retention.now = Timestamp::from_micros(due.micros() - 1);
                assert_eq!(retention.bounds(&"urn:x".into(), &types).level(time, Level::Whole), level);
                retention.now = due;
                assert!(retention.bounds(&"urn:x".into(), &types).level(time, Level::Whole) > level);
            }
        }
    }
}
