//! Folds instances as an archive gives them, series by series and period by period.

use std::collections::BTreeMap;

use machi_archive::retention::Summary;
use machi_archive::{Instance, Series, Sink};
use machi_model::entity::{InstanceRef, Kind};
use machi_model::query::TimeProperty;
use machi_types::{Name, Timestamp};
use rustc_hash::FxHashMap;

use super::period::{Periods, Span};
use super::series::{Folded, Needs};
use super::value;
use crate::domain::timing::Timing;

/// How many periods may be held at once before those that no answer will show are let go.
const HELD: usize = 200_000;

/// Which instances are folded.
pub(crate) type Keeps<'k> = &'k dyn Fn(&Series, Option<Timestamp>) -> bool;

/// What was folded so far.
pub(crate) struct Fold<'f> {
    pub(crate) timing: Timing,
    pub(crate) periods: Periods,
    pub(crate) needs: Needs,
    /// Whether a series is wanted, at any time or at this one.
    pub(crate) keeps: Keeps<'f>,
    /// Whether which instances of a series are wanted is told by their times.
    pub(crate) by_time: bool,
    /// How many periods an answer shows, the first ones; none where the last ones of each series are shown.
    pub(crate) first: Option<usize>,
    pub(crate) series: BTreeMap<Series, Folded>,
    /// The first and the last time of each entity.
    pub(crate) spans: FxHashMap<Name, (Timestamp, Timestamp)>,
    /// Periods up to this one were in an earlier answer.
    told: i64,
    /// Periods behind this one are in no answer.
    beyond: i64,
    held: usize,
    /// Whether an instance could not be read.
    pub(crate) is_corrupt: bool,
    /// Whether there were more periods than can be held.
    pub(crate) is_full: bool,
}

impl<'f> Fold<'f> {
    pub(crate) fn new(
        (timing, periods, needs): (Timing, Periods, Needs),
        keeps: Keeps<'f>,
        by_time: bool,
        first: Option<usize>,
    ) -> Self {
        Self {
            timing,
            periods,
            needs,
            keeps,
            by_time,
            first,
            series: BTreeMap::new(),
            spans: FxHashMap::default(),
            told: i64::MIN,
            beyond: i64::MAX,
            held: 0,
            is_corrupt: false,
            is_full: false,
        }
    }

    /// Passes over the period that begins at this time, and those before it.
    pub(crate) fn pass_over(&mut self, start: Timestamp) {
        self.told = self.periods.span(start).number;
    }

    const fn is_shown(&self, number: i64) -> bool {
        self.told < number && number <= self.beyond
    }

    fn note_span(&mut self, series: &Series, times: impl Iterator<Item = Timestamp>) {
        let Some((least, most)) = extent(times) else { return };
        match self.spans.get_mut(&series.entity) {
            Some(known) => *known = (known.0.min(least), known.1.max(most)),
            None => {
                self.spans.insert(series.entity.clone(), (least, most));
            }
        }
    }

    /// The series, and how many periods it had before.
    fn open(&mut self, series: &Series) -> (Folded, usize) {
        let folded = self.series.remove(series).unwrap_or_default();
        let held = folded.periods.len();
        (folded, held)
    }

    fn close(&mut self, series: &Series, (folded, held): (Folded, usize)) {
        self.held += folded.periods.len() - held;
        self.series.insert(series.clone(), folded);
        if self.held > HELD {
            self.let_go();
        }
    }

    /// Lets go of the periods behind those that an answer shows.
    fn let_go(&mut self) {
        let Some(first) = self.first.filter(|first| *first < HELD / 2) else {
            self.is_full |= self.held > 2 * HELD;
            return;
        };
        let mut numbers: Vec<i64> = self.series.values().flat_map(|folded| folded.periods.keys().copied()).collect();
        if numbers.len() <= first {
            return;
        }
        self.beyond = *numbers.select_nth_unstable(first).1;
        let beyond = self.beyond;
        self.series.values_mut().for_each(|folded| folded.periods.retain(|number, _| *number <= beyond));
        self.held = self.series.values().map(|folded| folded.periods.len()).sum();
        self.is_full |= self.held > HELD;
    }

    fn take_runs(&self, folded: &mut Folded, times: &[Timestamp], numbers: &[f64]) {
        folded.traits.has_numbers = true;
        let (mut times, mut numbers) = (times, numbers);
        while let Some(first) = times.first() {
            let span = self.periods.span(*first);
            let run = run_of(&span, times).min(numbers.len()).max(1);
            let (these, rest) = numbers.split_at_checked(run).unwrap_or((numbers, &[]));
            if self.is_shown(span.number) {
                folded.periods.entry(span.number).or_default().extend(these, self.needs);
            }
            (times, numbers) = (times.get(run..).unwrap_or_default(), rest);
        }
    }

    fn take_numbers(&mut self, series: &Series, times: &[Timestamp], numbers: &[f64]) {
        let Some(last) = times.iter().max() else { return };
        self.note_span(series, times.iter().copied());
        let (mut folded, held) = self.open(series);
        self.take_runs(&mut folded, times, numbers);
        folded.note_kind(*last, Kind::Property);
        self.close(series, (folded, held));
    }

    fn take(&mut self, folded: &mut Folded, instance: &Instance, time: Timestamp) {
        let span = self.periods.span(time);
        if !self.is_shown(span.number) {
            return;
        }
        match InstanceRef::read(&instance.body) {
            Ok(read) if instance.is_summary() => {
                value::take_summary(folded, (span.number, time), &read, &Summary::of(instance), self.needs);
            }
            Ok(read) if instance.deleted_at.is_some() => value::count(folded, span.number, time, read.kind()),
            Ok(read) => value::take(folded, span.number, time, &read, self.needs),
            Err(_) => self.is_corrupt = true,
        }
    }
}

impl Sink for Fold<'_> {
    fn instances(&mut self, series: &Series, instances: Vec<Instance>) {
        if self.is_full || !(self.keeps)(series, None) {
            return;
        }
        // What says "there is none" is no value; who asks when things were deleted counts it.
        let counts = |one: &Instance| one.deleted_at.is_none() || self.timing.property() == TimeProperty::DeletedAt;
        let timed: Vec<(Timestamp, &Instance)> = instances
            .iter()
            .filter(|one| counts(one))
            .filter_map(|one| Some((self.timing.time(one)?, one)))
            .filter(|(time, _)| !self.by_time || (self.keeps)(series, Some(*time)))
            .collect();
        if timed.is_empty() {
            return;
        }
        self.note_span(series, timed.iter().map(|(time, _)| *time));
        let (mut folded, held) = self.open(series);
        for (time, instance) in timed {
            self.take(&mut folded, instance, time);
        }
        self.close(series, (folded, held));
    }

    fn numbers(&mut self, series: &Series, times: &[Timestamp], numbers: &[f64]) {
        if self.is_full || !(self.keeps)(series, None) {
            return;
        }
        if !self.by_time {
            return self.take_numbers(series, times, numbers);
        }
        let wanted = times.iter().zip(numbers).filter(|(time, _)| (self.keeps)(series, Some(**time)));
        let (times, numbers): (Vec<Timestamp>, Vec<f64>) = wanted.map(|(time, number)| (*time, *number)).unzip();
        self.take_numbers(series, &times, &numbers);
    }
}

/// How many of the times, from the first on, are in one period.
fn run_of(span: &Span, times: &[Timestamp]) -> usize {
    times.iter().take_while(|time| span.holds(**time)).count()
}

fn extent(mut times: impl Iterator<Item = Timestamp>) -> Option<(Timestamp, Timestamp)> {
    let first = times.next()?;
    Some(times.fold((first, first), |(least, most), time| (least.min(time), most.max(time))))
}
