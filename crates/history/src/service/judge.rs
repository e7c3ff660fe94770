//! Which of the evolutions are asked for, many at a time (ETSI GS CIM 009 §5.7.4.4).

use machi_archive::{Evolution, SCOPE, Series, Snapshot, WantedInstances};
use machi_face::{Criteria, FaceError};
use machi_model::query::{TemporalRelation, TimeProperty};
use machi_types::Name;
use rustc_hash::{FxHashMap, FxHashSet};

use super::reading::Reading;
use crate::domain::conditions::{Conditions, Met, Tester};
use crate::domain::cut::next_instant;
use crate::domain::gathered::BySeries;
use crate::domain::question::Question;
use crate::domain::scopes::{self, Valid};
use crate::domain::select::selects;
use crate::domain::timing::{FIRST, Timing};
use crate::error::failed;

/// An evolution that is asked for.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) evolution: Evolution,
    /// The scopes by which it was found; none where none were asked for.
    pub(super) scopes: Option<Vec<Valid>>,
}

/// Holds evolutions against what is asked for.
#[derive(Debug)]
pub(super) struct Judge<'j> {
    past: &'j dyn Snapshot,
    criteria: &'j Criteria,
    question: &'j Question,
    conditions: Conditions<'j>,
}

impl<'j> Judge<'j> {
    pub(super) fn new(past: &'j dyn Snapshot, criteria: &'j Criteria, question: &'j Question) -> Self {
        let conditions = Conditions::new(criteria.q.as_ref(), criteria.geo.as_ref());
        Self { past, criteria, question, conditions }
    }

    /// Those that are asked for, in their order.
    pub(super) fn judge(&self, mut evolutions: Vec<Evolution>) -> Result<Vec<Selected>, FaceError> {
        evolutions.retain(|evolution| selects(&self.criteria.selectors, evolution));
        self.keep_present(&mut evolutions)?;
        self.keep_meeting(&mut evolutions)?;
        self.keep_in_scopes(evolutions)
    }

    /// S1: those with an instance in time of a wanted attribute and dataset.
    pub(super) fn keep_present(&self, evolutions: &mut Vec<Evolution>) -> Result<(), FaceError> {
        let entities = ids(evolutions);
        let reading = Reading {
            attributes: self.question.selecting.as_deref(),
            keeps: &|series: &Series| self.question.is_of_wanted_dataset(series.dataset.as_deref()),
            ..self.reading(&entities, self.question.timing)
        };
        let present = reading.last(1)?;
        let present: FxHashSet<&Name> = present.series.keys().map(|series| &series.entity).collect();
        evolutions.retain(|evolution| present.contains(&evolution.entity));
        Ok(())
    }

    /// S2 and S3: those that meet `q` and the geoquery.
    fn keep_meeting(&self, evolutions: &mut Vec<Evolution>) -> Result<(), FaceError> {
        if self.conditions.is_empty() || evolutions.is_empty() {
            return Ok(());
        }
        let mut met: FxHashMap<Name, Met> =
            evolutions.iter().map(|one| (one.entity.clone(), self.conditions.of_entity(one))).collect();
        let (entities, attributes) = (ids(evolutions), self.conditions.attributes());
        if !attributes.is_empty() {
            self.note_in_time(&entities, &attributes, &mut met)?;
            self.note_static(&entities, &attributes, &mut met)?;
        }
        evolutions.retain(|one| met.get(&one.entity).is_some_and(|met| self.conditions.hold(met)));
        Ok(())
    }

    fn note_in_time(
        &self,
        entities: &[Name],
        attributes: &[Name],
        met: &mut FxHashMap<Name, Met>,
    ) -> Result<(), FaceError> {
        for query in self.question.timing.queries() {
            let wanted = WantedInstances {
                attributes: Some(attributes),
                time: Some(query),
                ..WantedInstances::all_of(entities)
            };
            let mut tester = Tester { conditions: &self.conditions, met };
            self.past.read(&wanted, &mut tester).map_err(failed)?;
        }
        Ok(())
    }

    /// What has no such time at all counts as it was when the interval ended (annex C.5.5 asks so for a brand name).
    fn note_static(
        &self,
        entities: &[Name],
        attributes: &[Name],
        met: &mut FxHashMap<Name, Met>,
    ) -> Result<(), FaceError> {
        let property = self.question.timing.property();
        if matches!(property, TimeProperty::CreatedAt | TimeProperty::ModifiedAt) {
            return Ok(());
        }
        let last = |timing| -> Result<BySeries, FaceError> {
            Ok(Reading { attributes: Some(attributes), ..self.reading(entities, timing) }.last(1)?.series)
        };
        let (start, end) = self.question.timing.interval();
        let mut entered = last(Timing::By(TimeProperty::CreatedAt, Some(TemporalRelation::Before(end))))?;
        entered.retain(|_, all| all.iter().all(|one| one.instance.time(property).is_none()));
        if entered.is_empty() {
            return Ok(());
        }
        let timed = last(Timing::By(property, None))?;
        let gone = Timing::By(TimeProperty::DeletedAt, Some(TemporalRelation::Before(next_instant(start))));
        let gone = last(gone)?;
        for (series, all) in entered {
            let created = all.last().map(|one| one.instance.key);
            let is_gone = gone.get(&series).is_some_and(|gone| gone.last().map(|one| one.instance.key) > created);
            if let Some(met) = met.get_mut(&series.entity)
                && !timed.contains_key(&series)
                && !is_gone
            {
                let instances: Vec<_> = all.into_iter().map(|one| one.instance).collect();
                self.conditions.note(met, &series, &instances);
            }
        }
        Ok(())
    }

    /// S4: those that were in a wanted scope at some time of the interval.
    fn keep_in_scopes(&self, evolutions: Vec<Evolution>) -> Result<Vec<Selected>, FaceError> {
        let Some(query) = &self.question.scopes else {
            return Ok(evolutions.into_iter().map(|evolution| Selected { evolution, scopes: None }).collect());
        };
        let (entities, attributes) = (ids(&evolutions), [Name::from(SCOPE)]);
        let reading = Reading { attributes: Some(&attributes), ..self.reading(&entities, Timing::Any(FIRST)) };
        let mut by_entity: FxHashMap<Name, Vec<_>> = FxHashMap::default();
        for (series, all) in reading.all()?.series {
            by_entity.entry(series.entity).or_default().extend(all.into_iter().map(|one| one.instance));
        }
        let timing = self.question.timing;
        let selected = evolutions.into_iter().filter_map(|evolution| {
            let all = scopes::valid(by_entity.remove(&evolution.entity)?, timing);
            let matching = scopes::matching(all, query, timing);
            (!matching.is_empty()).then_some(Selected { evolution, scopes: Some(matching) })
        });
        Ok(selected.collect())
    }

    fn reading<'r>(&'r self, entities: &'r [Name], timing: Timing) -> Reading<'r> {
        Reading { past: self.past, entities, attributes: None, timing, keeps: &|_| true }
    }
}

fn ids(evolutions: &[Evolution]) -> Vec<Name> {
    evolutions.iter().map(|evolution| evolution.entity.clone()).collect()
}
