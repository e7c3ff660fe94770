//! Gathers the figures that an aggregated answer shows, and cuts them in time where their periods are too many (ETSI GS
//! CIM 009 §4.5.19, §6.3.10).

use machi_archive::{SCOPE, Series, Snapshot, WantedInstances};
use machi_face::FaceError;
use machi_http::Text;
use machi_model::entity::render::{Aggregate, Aggregates};
use machi_model::query::{AggregationMethod, TemporalRelation};
use machi_store::StoreError;
use machi_types::{Name, Timestamp};
use rustc_hash::FxHashMap;

use super::answer::{Scribe, Told, last_changes, too_many};
use super::judge::Selected;
use super::reading::Reading;
use crate::domain::aggregate::{Fold, Folded, Needs, Periods, is_possible, result};
use crate::domain::cut::{Direction, Range};
use crate::domain::question::Question;
use crate::domain::represent::{Aggregation, Content, Shown};
use crate::domain::scopes::{self, Valid};
use crate::error::failed;

/// Shows evolutions by figures.
#[derive(Clone, Copy)]
pub(super) struct Figures<'f> {
    pub(super) past: &'f dyn Snapshot,
    pub(super) question: &'f Question,
    pub(super) aggregation: &'f Aggregation,
    /// The evolutions, in the order of the answer.
    pub(super) rows: &'f [Selected],
    /// How many periods an answer may hold.
    pub(super) most: usize,
}

/// A series with the periods that are shown of it.
struct Line<'l> {
    series: &'l Series,
    folded: &'l Folded,
    /// Their numbers, ascending.
    periods: Vec<i64>,
}

impl Figures<'_> {
    pub(super) fn tell(&self) -> Result<Told, FaceError> {
        let mut entities: Vec<Name> = self.rows.iter().map(|row| row.evolution.entity.clone()).collect();
        entities.sort_unstable();
        let scopes: FxHashMap<&Name, &[Valid]> =
            self.rows.iter().filter_map(|row| Some((&row.evolution.entity, row.scopes.as_deref()?))).collect();
        let keeps = |series: &Series, time: Option<Timestamp>| {
            let is_within = |time| scopes.get(&series.entity).is_some_and(|valid| scopes::hold_at(valid, time));
            self.keeps(series) && time.is_none_or(is_within)
        };
        let direction = self.question.direction();
        let first = (direction == Direction::Forwards).then_some(self.most);
        let periods = Periods::new(self.aggregation.period, self.origin(&entities)?);
        let needs = Needs::of(&self.aggregation.methods);
        let is_by_time = self.question.scopes.is_some();
        let mut fold = Fold::new((self.question.timing, periods, needs), &keeps, is_by_time, first);
        if let Some(earlier) = self.question.earlier.filter(|_| direction == Direction::Forwards) {
            fold.pass_over(earlier);
        }
        self.fold(&entities, &mut fold)?;
        self.check_possible(&fold)?;
        self.show(&fold)
    }

    /// Scopes are no values that come to figures.
    fn keeps(&self, series: &Series) -> bool {
        &*series.attribute != SCOPE && self.question.shows(&series.attribute, series.dataset.as_deref())
    }

    fn fold(&self, entities: &[Name], fold: &mut Fold<'_>) -> Result<(), FaceError> {
        let attributes = self.question.showing();
        if entities.is_empty() || attributes.as_ref().is_some_and(Vec::is_empty) {
            return Ok(());
        }
        for query in self.question.timing.queries() {
            let wanted = WantedInstances {
                attributes: attributes.as_deref(),
                time: Some(query),
                numbers: true,
                ..WantedInstances::all_of(entities)
            };
            self.past.read(&wanted, fold).map_err(failed)?;
        }
        match (fold.is_corrupt, fold.is_full) {
            (true, _) => Err(FaceError::Bug("an instance of the history cannot be read")),
            (_, true) => Err(too_many_periods()),
            _ => Ok(()),
        }
    }

    /// Where periods are counted from: a time of the interval, else the oldest instance.
    fn origin(&self, entities: &[Name]) -> Result<Timestamp, FaceError> {
        match self.question.timing.relation() {
            Some(
                TemporalRelation::After(time) | TemporalRelation::Before(time) | TemporalRelation::Between(time, _),
            ) => Ok(time),
            None => {
                let attributes = self.question.showing();
                let reading = Reading {
                    past: self.past,
                    entities,
                    attributes: attributes.as_deref(),
                    timing: self.question.timing,
                    keeps: &|series: &Series| self.keeps(series),
                };
                let oldest = reading.first_beyond(None, 0)?;
                Ok(oldest.times().into_iter().min().unwrap_or(Timestamp::from_micros(0)))
            }
        }
    }

    /// §5.7.4.4: an attribute that the request names must have something to work on for each method.
    fn check_possible(&self, fold: &Fold<'_>) -> Result<(), FaceError> {
        let Some(named) = self.question.showing() else { return Ok(()) };
        for (series, folded) in fold.series.iter().filter(|(series, _)| named.contains(&series.attribute)) {
            let impossible = self.aggregation.methods.iter().find(|method| !is_possible(**method, folded));
            if let Some(method) = impossible {
                return Err(not_possible(*method, series));
            }
        }
        Ok(())
    }

    fn show(&self, fold: &Fold<'_>) -> Result<Told, FaceError> {
        let direction = self.question.direction();
        let mut lines: Vec<Line<'_>> =
            fold.series.iter().filter_map(|(series, folded)| self.line(series, folded)).collect();
        let start = |line: &Line<'_>, number: i64| self.bounds(fold, &line.series.entity, number).0;
        if let Some(earlier) = self.question.earlier {
            for line in &mut lines {
                let starts: Vec<Timestamp> = line.periods.iter().map(|number| start(line, *number)).collect();
                let mut starts = starts.into_iter();
                line.periods.retain(|_| starts.next().is_some_and(|start| !direction.fits(start, earlier)));
            }
        }
        let times = |lines: &[Line<'_>]| -> Vec<Timestamp> {
            lines.iter().flat_map(|line| line.periods.iter().map(|number| start(line, *number))).collect()
        };
        let edge = direction.edge(times(&lines), self.most).map_err(|_| too_many(self.most))?;
        if let Some(edge) = edge {
            for line in &mut lines {
                let starts: Vec<Timestamp> = line.periods.iter().map(|number| start(line, *number)).collect();
                let mut starts = starts.into_iter();
                line.periods.retain(|_| starts.next().is_some_and(|start| direction.fits(start, edge)));
            }
        }
        let is_part = edge.is_some() || self.question.earlier.is_some();
        let shown = times(&lines);
        let range = Range::of(direction, self.question.timing, self.question.earlier, shown.iter().copied());
        self.write(fold, &lines, range.filter(|_| is_part), edge)
    }

    /// A series of which any method makes something.
    fn line<'l>(&self, series: &'l Series, folded: &'l Folded) -> Option<Line<'l>> {
        if !self.aggregation.methods.iter().any(|method| is_possible(*method, folded)) {
            return None;
        }
        let numbers: Vec<i64> = folded.periods.keys().copied().collect();
        let last = self.question.last.unwrap_or(usize::MAX).min(numbers.len());
        let periods = numbers.get(numbers.len() - last..).unwrap_or_default().to_vec();
        Some(Line { series, folded, periods })
    }

    /// When a period begins and ends; the one over all there is goes to the end of the interval, or the last instance.
    fn bounds(&self, fold: &Fold<'_>, entity: &Name, number: i64) -> (Timestamp, Timestamp) {
        if !fold.periods.is_one() {
            return (fold.periods.start(number), fold.periods.end(number));
        }
        let zero = Timestamp::from_micros(0);
        let (least, most) = fold.spans.get(entity).copied().unwrap_or((zero, zero));
        match self.question.timing.relation() {
            Some(TemporalRelation::Between(start, end)) => (start, end),
            Some(TemporalRelation::After(start)) => (start, most),
            Some(TemporalRelation::Before(end)) => (least, end),
            None => (least, most),
        }
    }

    fn write(
        &self,
        fold: &Fold<'_>,
        lines: &[Line<'_>],
        range: Option<Range>,
        edge: Option<Timestamp>,
    ) -> Result<Told, FaceError> {
        let representation = &self.question.representation;
        let changes = match representation.sys_attrs {
            true => last_changes(self.past, self.rows.iter().map(|row| &row.evolution))?,
            false => FxHashMap::default(),
        };
        let is_part = range.is_some();
        let mut attributes: FxHashMap<&Name, Vec<(&str, Vec<Aggregates<'_>>)>> = FxHashMap::default();
        for line in lines {
            let Some(aggregates) = self.aggregates(fold, line, is_part) else { continue };
            let of_entity = attributes.entry(&line.series.entity).or_default();
            match of_entity.last_mut() {
                Some((name, series)) if *name == &*line.series.attribute => series.push(aggregates),
                _ => of_entity.push((&line.series.attribute, vec![aggregates])),
            }
        }
        let mut scribe = Scribe::new(representation);
        for Selected { evolution, .. } in self.rows {
            let figures = attributes.get(&evolution.entity).map(Vec::as_slice).unwrap_or_default();
            let modified_at = changes.get(&evolution.entity).copied();
            scribe.tell(&Shown { evolution, modified_at, content: Content::Figures(figures) })?;
        }
        Ok(scribe.finish(range, edge))
    }

    /// What the methods make of a series; of one that an answer in parts does not reach, arrays with nothing in them.
    fn aggregates<'l>(&self, fold: &Fold<'_>, line: &Line<'l>, is_part: bool) -> Option<Aggregates<'l>> {
        let mut methods = Vec::new();
        for method in self.aggregation.methods.iter().filter(|method| is_possible(**method, line.folded)) {
            let results: Vec<Aggregate> = line
                .periods
                .iter()
                .filter_map(|number| {
                    let (start, end) = self.bounds(fold, &line.series.entity, *number);
                    let result = result(*method, line.folded.periods.get(number)?, line.folded)?;
                    Some(Aggregate { result, start, end })
                })
                .collect();
            if !results.is_empty() || is_part {
                methods.push((*method, results));
            }
        }
        let kind = line.folded.kind();
        (!methods.is_empty()).then_some(Aggregates { dataset_id: line.series.dataset.as_deref(), kind, methods })
    }
}

fn not_possible(method: AggregationMethod, series: &Series) -> FaceError {
    let attribute = &series.attribute;
    FaceError::invalid(Text::both(
        format!(
            "aggrMethods: {method} makes nothing of the values of the attribute {attribute}, which the request names"
        ),
        format!("aggrMethods: 指定された属性{attribute}の値は{method}で集約できません"),
    ))
}

fn too_many_periods() -> FaceError {
    StoreError::TooComplex(Text::both(
        "too many periods would have to be held at once; a shorter interval or longer periods help",
        "同時に集約する期間の数が多すぎます。期間を短くするか、aggrPeriodDurationを長くしてください",
    ))
    .into()
}
