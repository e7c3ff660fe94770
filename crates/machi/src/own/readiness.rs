//! Whether the city takes requests, and what its operator should know: each part says what it waits for, and what
//! is not as it should be although the city works.

use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use machi_http::{Problem, Text};
use machi_types::ErrorKind;

type Check = Box<dyn Fn() -> Result<(), String> + Send + Sync>;
type Worry = Box<dyn Fn() -> Option<Text> + Send + Sync>;

/// The checks of all blocks.
#[derive(Default)]
pub struct Readiness {
    checks: RwLock<Vec<Check>>,
    worries: RwLock<Vec<Worry>>,
}

impl Readiness {
    /// Adds a check; its error says what is missing, for operators.
    pub fn add(&self, check: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        self.checks.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(check));
    }

    /// Adds a worry: what it tells, if anything, does not keep the city from working, but needs an operator.
    pub fn worry(&self, worry: impl Fn() -> Option<Text> + Send + Sync + 'static) {
        self.worries.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(worry));
    }

    /// What an operator should know.
    pub fn warnings(&self) -> Vec<Text> {
        let worries = self.worries.read().unwrap_or_else(PoisonError::into_inner);
        worries.iter().filter_map(|worry| worry()).collect()
    }

    /// Refuses where any block is not ready.
    pub fn check(&self) -> Result<(), Problem> {
        let checks = self.checks.read().unwrap_or_else(PoisonError::into_inner);
        let missing: Vec<String> = checks.iter().filter_map(|check| check().err()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.join("; ");
        let detail =
            Text::both(format!("the city is not ready: {missing}"), format!("準備ができていません: {missing}"));
        Err(Problem::new(ErrorKind::Unavailable, detail).retry_after(Duration::from_secs(1)))
    }
}

impl Readiness {
    /// What a request is told that comes before the city is ready.
    pub(super) fn opening() -> Problem {
        let detail = Text::both(
            "the city's data is being read; try again after the time in Retry-After",
            "データを読み込んでいます。Retry-Afterの時間が経ってから再試行してください",
        );
        Problem::new(ErrorKind::Unavailable, detail).retry_after(Duration::from_secs(1))
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readiness")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_http::Language;

    #[test]
    fn what_is_missing_is_named() {
        let readiness = Readiness::default();
        assert!(readiness.check().is_ok());
        readiness.add(|| Ok(()));
        readiness.add(|| Err("the store replays its journal".to_owned()));
        assert_eq!(readiness.warnings(), []);
        readiness.worry(|| None);
        readiness.worry(|| Some(Text::both("the clock lags", "時計が遅れています")));
        assert_eq!(readiness.warnings().len(), 1);
        let problem = readiness.check().unwrap_err();
        assert_eq!(problem.status(), 503);
        assert_eq!(problem.detail(Language::English), "the city is not ready: the store replays its journal");
    }
}
