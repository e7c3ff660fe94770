//! What a writer process is told: a file in its working folder, a line per value.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use machi_store_embedded::Options;
use machi_testkit::Dice;

/// The name of the file.
const FILE: &str = "plan";

/// What a writer does.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The store's folder.
    pub(crate) store: PathBuf,
    /// Decides what is written and how small the store's parts are.
    pub(crate) seed: u64,
    /// The number of the first deed; numbers are never used twice.
    pub(crate) first: u64,
    /// How many deeds each task does before it ends.
    pub(crate) deeds: u64,
    /// How long to wait after each refusal.
    pub(crate) patience: Duration,
}

impl Plan {
    /// A plan of a writer that writes until it is killed.
    pub(crate) fn endless(store: &Path, seed: u64, first: u64) -> Self {
        Self { store: store.to_owned(), seed, first, deeds: u64::MAX, patience: Duration::from_millis(20) }
    }

    pub(crate) fn write(&self, folder: &Path) {
        let mut text = String::new();
        let _ = writeln!(text, "{}\n{}\n{}", self.store.display(), self.seed, self.first);
        let _ = writeln!(text, "{}\n{}", self.deeds, self.patience.as_millis());
        fs::write(folder.join(FILE), text).unwrap();
    }

    /// The plan in the working folder, where there is one.
    pub(crate) fn read() -> Option<Self> {
        let text = fs::read_to_string(FILE).ok()?;
        let mut lines = text.lines();
        let store = PathBuf::from(lines.next()?);
        let mut number = || lines.next()?.parse::<u64>().ok();
        let (seed, first, deeds) = (number()?, number()?, number()?);
        Some(Self { store, seed, first, deeds, patience: Duration::from_millis(number()?) })
    }
}

/// Options so small that tables, checkpoints and segments come and go all the time.
pub(crate) fn small_options(seed: u64) -> Options {
    let mut dice = Dice::new(seed ^ 0x0071_0715);
    Options {
        document_cache_bytes: dice.pick(&[1 << 14, 1 << 20]),
        note_bytes: 1 << 16,
        block_cache_bytes: 1 << 16,
        segment_bytes: dice.pick(&[1 << 13, 1 << 15, 1 << 17]),
        checkpoint_bytes: dice.pick(&[1 << 13, 1 << 15, 1 << 17]),
        tail_bytes: dice.pick(&[1 << 12, 1 << 20]),
        feed_kept: dice.pick(&[Duration::ZERO, Duration::from_secs(1), Duration::from_hours(1)]),
        feed_bytes: dice.pick(&[1 << 15, 1 << 18, 1 << 22]),
        ..Options::default()
    }
}
