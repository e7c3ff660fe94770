//! How long answers took, and how many of them came within which time.

use std::time::Duration;

/// How long each of some answers took, the shortest first.
#[derive(Clone, Debug, Default)]
pub struct Took(Vec<Duration>);

impl Took {
    /// This share of the answers (0.99 for 99 of 100) came within what is returned; zero where there were none.
    pub fn within(&self, share: f64) -> Duration {
        let at = (self.0.len() as f64 * share) as usize;
        self.0.get(at.min(self.0.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    /// How many answers there were.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl FromIterator<Duration> for Took {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

impl IntoIterator for Took {
    type Item = Duration;
    type IntoIter = std::vec::IntoIter<Duration>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
