//! Reads instances into memory, where they are few.

use std::collections::BTreeMap;

use machi_archive::{Instance, Series, Share, Sink, Snapshot, WantedInstances, Writers};
use machi_model::query::TemporalQuery;
use machi_types::{Name, Timestamp};

use crate::error::HistoryError;

/// Instances by series, in each of them in the order in which they were written.
#[derive(Debug, Default)]
pub(crate) struct Gathered(BTreeMap<Series, Vec<Instance>>);

impl Gathered {
    /// All instances of these attributes of an entity, with such a time.
    pub(crate) fn of(
        past: &dyn Snapshot,
        entity: &Name,
        attributes: &[Name],
        time: Option<TemporalQuery>,
    ) -> Result<Self, HistoryError> {
        let entities = std::slice::from_ref(entity);
        let wanted = WantedInstances {
            entities,
            attributes: Some(attributes),
            time,
            writers: Writers::All,
            share: Share::All,
            numbers: false,
        };
        let mut gathered = Self::default();
        past.read(&wanted, &mut gathered)?;
        gathered.0.values_mut().for_each(|instances| instances.sort_unstable_by_key(Instance::written));
        Ok(gathered)
    }

    /// The series, ascending.
    pub(crate) fn series(&self) -> impl Iterator<Item = (&Series, &[Instance])> {
        self.0.iter().map(|(series, instances)| (series, instances.as_slice()))
    }
}

impl Sink for Gathered {
    fn instances(&mut self, series: &Series, instances: Vec<Instance>) {
        self.0.entry(series.clone()).or_default().extend(instances);
    }

    fn numbers(&mut self, _: &Series, _: &[Timestamp], _: &[f64]) {}
}
