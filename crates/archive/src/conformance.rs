//! The suite that every archive must pass: its laws, each by itself, and random deliveries that it must hold as the
//! reference in memory does.

mod dice;
mod laws;
mod random;

use std::sync::Arc;

use crate::{Archive, Instance, Series, Sink};

/// Makes an empty archive; one that lies on disk is opened anew each time.
pub type Make<'m> = &'m dyn Fn() -> Arc<dyn Archive>;

/// Tries all laws.
pub fn run(make: Make<'_>) {
    laws::run(make);
    for seed in 1..=8 {
        random::run(&*make(), seed, 12);
    }
}

/// Random deliveries into an archive, and after each of them random questions, compared with the reference.
pub fn random(archive: &dyn Archive, seed: u64, deliveries: usize) {
    random::run(archive, seed, deliveries);
}

/// What a reading gave, in an order of its own.
#[derive(Debug, Default)]
pub struct Read {
    /// The instances.
    pub instances: Vec<(Series, Instance)>,
    /// The numbers, with their times.
    pub numbers: Vec<(Series, i64, f64)>,
}

impl Sink for Read {
    fn instances(&mut self, series: &Series, instances: Vec<Instance>) {
        self.instances.extend(instances.into_iter().map(|one| (series.clone(), one)));
    }

    fn numbers(&mut self, series: &Series, times: &[machi_types::Timestamp], numbers: &[f64]) {
        assert_eq!(times.len(), numbers.len(), "each number has a time");
        let pairs = times.iter().zip(numbers);
        self.numbers.extend(pairs.map(|(time, number)| (series.clone(), time.micros(), *number)));
    }
}

impl Read {
    /// The same in ascending order.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.instances.sort_by(|one, other| {
            (&one.0, one.1.written(), one.1.key).cmp(&(&other.0, other.1.written(), other.1.key))
        });
        self.numbers.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)).then(one.2.total_cmp(&other.2)));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryArchive;

    #[test]
    fn the_reference_keeps_the_laws() {
        run(&|| Arc::new(MemoryArchive::default()));
    }
}
