//! What a reading gives, all of it in memory: for callers that want little.

use machi_types::Timestamp;

use crate::{ArchiveError, Instance, Series, Sink, Snapshot, WantedInstances};

/// What a reading gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collected {
    /// By series, and in each of them in the order in which they were written.
    pub instances: Vec<(Series, Instance)>,
    /// What came as numbers, by series and time.
    pub numbers: Vec<(Series, Timestamp, f64)>,
}

impl Collected {
    /// All that is wanted of a snapshot.
    pub fn of(snapshot: &dyn Snapshot, wanted: &WantedInstances<'_>) -> Result<Self, ArchiveError> {
        let mut collected = Self::default();
        snapshot.read(wanted, &mut collected)?;
        collected.instances.sort_unstable_by(|(series, one), (other_series, other)| {
            (series, one.written(), one.key).cmp(&(other_series, other.written(), other.key))
        });
        collected.numbers.sort_unstable_by(|(series, time, number), (other_series, other_time, other)| {
            (series, time).cmp(&(other_series, other_time)).then(number.total_cmp(other))
        });
        Ok(collected)
    }
}

impl Sink for Collected {
    fn instances(&mut self, series: &Series, instances: Vec<Instance>) {
        self.instances.extend(instances.into_iter().map(|one| (series.clone(), one)));
    }

    fn numbers(&mut self, series: &Series, times: &[Timestamp], numbers: &[f64]) {
        let both = times.iter().zip(numbers);
        self.numbers.extend(both.map(|(time, number)| (series.clone(), *time, *number)));
    }
}
