//! Gathers the instances that an answer shows, and cuts them in time where they are too many (ETSI GS CIM 009 §5.7.4.4,
//! §6.3.10).

use machi_archive::{SCOPE, Series, Snapshot};
use machi_face::FaceError;
use machi_model::entity::{InstanceRef, Kind};
use machi_types::{Name, Timestamp};
use rustc_hash::FxHashMap;

use super::answer::{Scribe, Told, last_changes, too_many};
use super::judge::Selected;
use super::reading::Reading;
use crate::domain::cut::{Direction, Range};
use crate::domain::gathered::{BySeries, Gathered, Timed};
use crate::domain::question::Question;
use crate::domain::represent::{Content, Line, Shown};
use crate::domain::scopes::{self, Valid};
use crate::error::failed;

/// Shows evolutions one by one.
#[derive(Clone, Copy)]
pub(super) struct Show<'s> {
    pub(super) past: &'s dyn Snapshot,
    pub(super) question: &'s Question,
    /// The evolutions, in the order of the answer.
    pub(super) rows: &'s [Selected],
    /// How many instances an answer may hold.
    pub(super) most: usize,
}

impl Show<'_> {
    pub(super) fn tell(&self) -> Result<Told, FaceError> {
        let mut entities: Vec<Name> = self.rows.iter().map(|row| row.evolution.entity.clone()).collect();
        entities.sort_unstable();
        let attributes = self.question.showing();
        let keeps = |series: &Series| self.keeps(series);
        let reading = Reading {
            past: self.past,
            entities: &entities,
            attributes: attributes.as_deref(),
            timing: self.question.timing,
            keeps: &keeps,
        };
        let is_by_hand = self.question.scopes.is_some() || self.question.representation.audit;
        let mut gathered = if is_by_hand { self.gather_by_hand(&reading)? } else { self.gather(&reading)? };
        let direction = self.question.direction();
        let earlier = self.question.earlier;
        let edge = direction.edge(gathered.times(), self.most).map_err(|_| too_many(self.most))?;
        if edge.is_none() && earlier.is_none() {
            return self.write(gathered.series, &FxHashMap::default(), None, None);
        }
        let kinds = if is_by_hand { last_kinds(&gathered.series)? } else { last_kinds(&reading.last(1)?.series)? };
        if let Some(edge) = edge {
            gathered.retain(|_, one| direction.fits(one.time, edge));
        }
        let times = gathered.times();
        let range = Range::of(direction, self.question.timing, earlier, times.iter().copied());
        for series in kinds.keys() {
            gathered.series.entry(series.clone()).or_default();
        }
        self.write(gathered.series, &kinds, range, edge)
    }

    /// Whether a series is shown by its instances in time. Where scopes are asked for, those by which an entity was found
    /// are shown instead.
    fn keeps(&self, series: &Series) -> bool {
        let is_of_scopes = self.question.scopes.is_some() && &*series.attribute == SCOPE;
        !is_of_scopes && self.question.shows(&series.attribute, series.dataset.as_deref())
    }

    /// As many as an answer holds, and one more.
    fn gather(&self, reading: &Reading<'_>) -> Result<Gathered, FaceError> {
        match self.question.direction() {
            Direction::Forwards => reading.first_beyond(self.question.earlier, self.most),
            Direction::Backwards { last } => reading.last_before(last, self.question.earlier, self.most),
        }
    }

    /// All, chosen by what an archive does not know.
    fn gather_by_hand(&self, reading: &Reading<'_>) -> Result<Gathered, FaceError> {
        let mut gathered = reading.all()?;
        if self.question.scopes.is_some() {
            self.keep_in_scopes(&mut gathered);
        }
        if self.question.representation.audit {
            self.add_replaced(reading, &mut gathered)?;
        }
        gathered.sort();
        if let Some(last) = self.question.last {
            gathered.keep_last(last);
        }
        if let Some(earlier) = self.question.earlier {
            let direction = self.question.direction();
            gathered.retain(|_, one| !direction.fits(one.time, earlier));
        }
        Ok(gathered)
    }

    fn keep_in_scopes(&self, gathered: &mut Gathered) {
        let scopes: FxHashMap<&Name, &[Valid]> =
            self.rows.iter().map(|row| (&row.evolution.entity, row.scopes.as_deref().unwrap_or_default())).collect();
        gathered.retain(|series, one| scopes.get(&series.entity).is_some_and(|valid| scopes::hold_at(valid, one.time)));
        if !self.question.shows(SCOPE, None) {
            return;
        }
        for (entity, valid) in scopes {
            let series = Series { entity: entity.clone(), attribute: Name::from(SCOPE), dataset: None };
            let timed =
                valid.iter().map(|one| Timed { time: one.since, instance: one.instance.clone(), superseded_at: None });
            gathered.series.insert(series, timed.collect());
        }
    }

    fn add_replaced(&self, reading: &Reading<'_>, gathered: &mut Gathered) -> Result<(), FaceError> {
        for one in self.past.replaced(reading.entities).map_err(failed)? {
            let is_of = reading.attributes.is_none_or(|attributes| attributes.contains(&one.series.attribute));
            let Some(time) = self.question.timing.place(&one.instance) else { continue };
            if is_of && (reading.keeps)(&one.series) {
                let timed = Timed { time, instance: one.instance, superseded_at: Some(one.replaced_at) };
                gathered.series.entry(one.series).or_default().push(timed);
            }
        }
        Ok(())
    }

    fn write(
        &self,
        mut series: BySeries,
        kinds: &FxHashMap<Series, Kind>,
        range: Option<Range>,
        edge: Option<Timestamp>,
    ) -> Result<Told, FaceError> {
        let representation = &self.question.representation;
        let changes = match representation.sys_attrs {
            true => last_changes(self.past, self.rows.iter().map(|row| &row.evolution))?,
            false => FxHashMap::default(),
        };
        let mut lines: FxHashMap<&Name, Vec<Line<'_>>> = FxHashMap::default();
        let is_amended = representation.keep_to_version(&mut series)?;
        for (series, instances) in &series {
            let kind = kinds.get(series).copied().unwrap_or(Kind::Property);
            lines.entry(&series.entity).or_default().push(Line { series, instances, kind });
        }
        let mut scribe = Scribe::new(representation);
        scribe.is_amended = is_amended;
        for Selected { evolution, .. } in self.rows {
            let lines = lines.get(&evolution.entity).map(Vec::as_slice).unwrap_or_default();
            let modified_at = changes.get(&evolution.entity).copied();
            scribe.tell(&Shown { evolution, modified_at, content: Content::Instances(lines) })?;
        }
        Ok(scribe.finish(range, edge))
    }
}

/// Of which kind each series is at last.
fn last_kinds(series: &BySeries) -> Result<FxHashMap<Series, Kind>, FaceError> {
    let last = series.iter().filter_map(|(series, all)| Some((series, all.last()?)));
    last.map(|(series, one)| Ok((series.clone(), InstanceRef::read(&one.instance.body)?.kind()))).collect()
}
