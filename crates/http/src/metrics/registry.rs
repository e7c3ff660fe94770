//! The list of all figures.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::instruments::{Counter, Gauge, Histogram};
use super::render;

/// What kind of figure a family holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows; its name is written with `_total` behind it.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by size.
    Histogram,
}

/// All figures of the city; cheap to share by reference, and there is one.
#[derive(Default)]
pub struct Registry {
    families: Mutex<Vec<Family>>,
}

pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: Kind,
    pub(super) series: Vec<Series>,
}

pub(super) struct Series {
    /// Written already, without braces; empty where there are none.
    pub(super) labels: String,
    pub(super) source: Source,
}

pub(super) enum Source {
    Counter(Counter),
    Gauge(Gauge),
    Histogram(Histogram),
    Observed(Box<dyn Fn(&mut Samples) + Send + Sync>),
}

/// Where an observed family writes its values when the figures are read.
#[derive(Debug, Default)]
pub struct Samples(pub(super) Vec<(String, f64)>);

impl Samples {
    /// Writes one value.
    pub fn write(&mut self, labels: &[(&str, &str)], value: f64) {
        self.0.push((render::labels(labels), value));
    }
}

impl Registry {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// A counter; `name` comes without `_total`. The same name and labels give the same counter.
    pub fn counter(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Counter {
        let source = self.series(name, help, Kind::Counter, labels, || Source::Counter(Counter::default()));
        match source {
            Some(Source::Counter(counter)) => counter,
            _ => Counter::default(),
        }
    }

    /// A gauge. The same name and labels give the same gauge.
    pub fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Gauge {
        match self.series(name, help, Kind::Gauge, labels, || Source::Gauge(Gauge::default())) {
            Some(Source::Gauge(gauge)) => gauge,
            _ => Gauge::default(),
        }
    }

    /// A histogram with these upper bounds. The same name and labels give the same histogram.
    pub fn histogram(
        &self,
        name: &'static str,
        help: &'static str,
        bounds: &'static [f64],
        labels: &[(&str, &str)],
    ) -> Histogram {
        match self.series(name, help, Kind::Histogram, labels, || Source::Histogram(Histogram::new(bounds))) {
            Some(Source::Histogram(histogram)) => histogram,
            _ => Histogram::new(bounds),
        }
    }

    /// A family whose values are read where they lie, each time the figures are asked for.
    pub fn observe(
        &self,
        name: &'static str,
        help: &'static str,
        kind: Kind,
        read: impl Fn(&mut Samples) + Send + Sync + 'static,
    ) {
        self.with_family(name, help, kind, |family| {
            family.series.push(Series { labels: String::new(), source: Source::Observed(Box::new(read)) });
        });
    }

    /// Forgets the series of a family that carry this label, as when a tenant is erased.
    pub fn forget(&self, name: &str, label: (&str, &str)) {
        let written = render::labels(&[label]);
        for family in self.lock().iter_mut().filter(|family| family.name == name) {
            family.series.retain(|series| {
                !series.labels.split("\",").any(|one| one.trim_end_matches('"') == written.trim_end_matches('"'))
            });
        }
    }

    /// All figures as OpenMetrics text.
    pub fn render(&self) -> String {
        render::text(&self.lock())
    }

    /// The source of a series, made where there is none yet.
    fn series(
        &self,
        name: &'static str,
        help: &'static str,
        kind: Kind,
        labels: &[(&str, &str)],
        make: impl FnOnce() -> Source,
    ) -> Option<Source> {
        let labels = render::labels(labels);
        self.with_family(name, help, kind, |family| {
            if let Some(series) = family.series.iter().find(|series| series.labels == labels) {
                return series.source.share();
            }
            let source = make();
            let shared = source.share();
            family.series.push(Series { labels, source });
            shared
        })
    }

    fn with_family<T>(
        &self,
        name: &'static str,
        help: &'static str,
        kind: Kind,
        act: impl FnOnce(&mut Family) -> T,
    ) -> T {
        debug_assert!(render::is_name(name), "{name} is no name of a metric");
        let mut families = self.lock();
        if families.iter().all(|family| family.name != name) {
            families.push(Family { name, help, kind, series: Vec::new() });
        }
        let family =
            families.iter_mut().find(|family| family.name == name).expect("the family was found or just added");
        debug_assert!(family.kind == kind, "{name} is registered as two kinds");
        act(family)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Family>> {
        // Families are only ever pushed or filtered; a panic elsewhere leaves them whole.
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    fn share(&self) -> Option<Self> {
        match self {
            Self::Counter(counter) => Some(Self::Counter(counter.clone())),
            Self::Gauge(gauge) => Some(Self::Gauge(gauge.clone())),
            Self::Histogram(histogram) => Some(Self::Histogram(histogram.clone())),
            Self::Observed(_) => None,
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("families", &self.lock().len()).finish()
    }
}
