//! Instances that were gathered from an archive, by series, and up to where what was gathered is all there is.

use std::collections::BTreeMap;

use machi_archive::{Instance, Series, Share, Sink};
use machi_model::query::TimeProperty;
use machi_types::Timestamp;
use rustc_hash::FxHashMap;

use super::timing::Timing;

/// How many instances may be gathered for one answer before it is cut.
pub(crate) const ROOM: usize = 1_000_000;

/// An instance at the time by which it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timed {
    pub(crate) time: Timestamp,
    pub(crate) instance: Instance,
    /// Since when another one is in force in its place.
    pub(crate) superseded_at: Option<Timestamp>,
}

/// Instances by series, each series in the order of time.
pub(crate) type BySeries = BTreeMap<Series, Vec<Timed>>;

/// What several readings gathered.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) series: BySeries,
    /// How many instances.
    pub(crate) count: usize,
    /// Beyond this time there may be others that were not given; none where all were.
    pub(crate) horizon: Option<Timestamp>,
    /// Whether there were more than there is room for.
    pub(crate) is_full: bool,
}

impl Timed {
    /// Its place in the order of an answer: by time, and what was written later behind.
    pub(crate) fn order(&self) -> (Timestamp, Timestamp, u32) {
        let (modified, place) = self.instance.written();
        (self.time, modified, place)
    }
}

impl Gathered {
    /// Puts the instances of each series in order.
    pub(crate) fn sort(&mut self) {
        self.series.values_mut().for_each(|all| all.sort_unstable_by_key(Timed::order));
    }

    /// Leaves those that are wanted.
    pub(crate) fn retain(&mut self, mut is_wanted: impl FnMut(&Series, &Timed) -> bool) {
        self.series.retain(|series, all| {
            all.retain(|one| is_wanted(series, one));
            !all.is_empty()
        });
        self.count = self.series.values().map(Vec::len).sum();
    }

    /// Leaves the last ones of each series.
    pub(crate) fn keep_last(&mut self, count: usize) {
        self.series.values_mut().for_each(|all| drop(all.drain(..all.len().saturating_sub(count))));
        self.count = self.series.values().map(Vec::len).sum();
    }

    /// The times of all.
    pub(crate) fn times(&self) -> Vec<Timestamp> {
        self.series.values().flatten().map(|one| one.time).collect()
    }
}

/// Takes what an archive gives for one of the times that are looked at.
pub(crate) struct Gatherer<'g> {
    pub(crate) timing: Timing,
    pub(crate) property: TimeProperty,
    /// Which series are wanted.
    pub(crate) keeps: &'g dyn Fn(&Series) -> bool,
    pub(crate) gathered: &'g mut Gathered,
    /// The times of all that was given, wanted or not: of all series, or of each.
    given: Vec<Timestamp>,
    given_by_series: FxHashMap<Series, Vec<Timestamp>>,
    share: Share,
}

impl<'g> Gatherer<'g> {
    pub(crate) fn new(
        (timing, property): (Timing, TimeProperty),
        keeps: &'g dyn Fn(&Series) -> bool,
        share: Share,
        gathered: &'g mut Gathered,
    ) -> Self {
        let given_by_series = FxHashMap::default();
        Self { timing, property, keeps, gathered, given: Vec::new(), given_by_series, share }
    }

    /// Notes up to where all was given.
    pub(crate) fn finish(mut self) {
        let known = self.gathered.horizon;
        self.gathered.horizon = match self.share {
            Share::All => known,
            Share::Earliest(count) => {
                let last = count.checked_sub(1).filter(|last| *last < self.given.len());
                let horizon = last.map(|last| *self.given.select_nth_unstable(last).1);
                [known, horizon].into_iter().flatten().min()
            }
            Share::Latest(count) => {
                let full = self.given_by_series.values_mut().filter(|times| times.len() >= count.max(1));
                let first = full.map(|times| {
                    let place = times.len() - count.max(1);
                    *times.select_nth_unstable(place).1
                });
                [known, first.max()].into_iter().flatten().max()
            }
        };
    }

    fn note(&mut self, series: &Series, time: Timestamp) {
        match self.share {
            Share::All => {}
            Share::Earliest(_) => self.given.push(time),
            Share::Latest(_) => match self.given_by_series.get_mut(series) {
                Some(times) => times.push(time),
                None => drop(self.given_by_series.insert(series.clone(), vec![time])),
            },
        }
    }
}

impl Sink for Gatherer<'_> {
    fn instances(&mut self, series: &Series, instances: Vec<Instance>) {
        if !(self.keeps)(series) {
            // They count for the share that was given, though not for what is wanted.
            if let Share::Earliest(_) = self.share {
                self.given.extend(instances.iter().filter_map(|one| one.time(self.property)));
            }
            return;
        }
        let mut kept = Vec::with_capacity(instances.len());
        for instance in instances {
            if let Some(time) = instance.time(self.property) {
                self.note(series, time);
            }
            if !self.timing.is_of(self.property, &instance) {
                continue;
            }
            if let Some(time) = self.timing.time(&instance) {
                kept.push(Timed { time, instance, superseded_at: None });
            }
        }
        if kept.is_empty() {
            return;
        }
        self.gathered.count += kept.len();
        if self.gathered.count > ROOM {
            self.gathered.is_full = true;
            return;
        }
        self.gathered.series.entry(series.clone()).or_default().extend(kept);
    }

    /// Nobody who wants whole instances is given numbers.
    fn numbers(&mut self, _: &Series, _: &[Timestamp], _: &[f64]) {}
}
