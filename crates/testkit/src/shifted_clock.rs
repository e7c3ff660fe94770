//! A wall clock that a test sets while a process runs.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::preload::{self, Environment};

const SOURCE: &str = include_str!("../shim/clock.c");

/// The wall clock of the processes that were started with its environment.
#[derive(Debug)]
pub struct ShiftedClock {
    file: PathBuf,
}

impl ShiftedClock {
    /// A clock that goes right until it is set. The file is made.
    pub fn new(file: &Path) -> Self {
        let clock = Self { file: file.to_owned() };
        clock.set(0);
        clock
    }

    /// Sets it so many seconds ahead, or back, of the right time.
    pub fn set(&self, seconds: i64) {
        // In place: running processes have the file mapped.
        let file = File::options().create(true).truncate(false).write(true).open(&self.file);
        let written = file.and_then(|file| file.write_all_at(&seconds.to_ne_bytes(), 0));
        written.expect("the file of the clock can be written");
    }

    /// What a process that goes by this clock is started with.
    pub fn environment(&self) -> Environment {
        let library = preload::library("clock", SOURCE);
        vec![(preload::VARIABLE.to_owned(), library.into()), ("MACHI_CLOCK_SHIFT".to_owned(), self.file.clone().into())]
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_goes_by_the_clock_that_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let clock = ShiftedClock::new(&folder.path().join("clock"));
        let year = || {
            let date = Command::new("date").arg("+%Y").envs(clock.environment()).output().unwrap();
            String::from_utf8(date.stdout).unwrap().trim().parse::<i64>().unwrap()
        };
        let now = year();
        clock.set(10 * 366 * 86_400);
        assert!((10..=11).contains(&(year() - now)));
        clock.set(-366 * 86_400);
        assert!(year() < now);
    }
}
