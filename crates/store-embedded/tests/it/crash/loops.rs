//! The loops: kill after kill and cut after cut on one folder that goes on living.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use machi_testkit::{Dice, Recording, Watch};
use tempfile::TempDir;

use super::check::{Numbers, check};
use super::ledger::Ledger;
use super::plan::Plan;
use super::process::{Writer, copy};

/// How many rounds a short run has.
const ROUNDS: u64 = 5;
/// How many more cuts are tried at earlier moments of each recording.
const EARLIER_CUTS: u64 = 3;

/// A store that crashes again and again, and what was ever said about it.
struct Crashing {
    folder: TempDir,
    ledger: Ledger,
    numbers: Numbers,
    dice: Dice,
    runtime: tokio::runtime::Runtime,
}

impl Crashing {
    fn new(seed: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("base/store")).unwrap();
        Self { folder, ledger: Ledger::default(), numbers: Numbers::default(), dice: Dice::new(seed), runtime }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn plan(&self, seed: u64) -> Plan {
        Plan::endless(&self.path("live/store"), seed, self.ledger.last + 1)
    }

    /// Runs a writer for a random while, which may end before it has recovered, and kills it.
    fn run_and_kill(&mut self, seed: u64, watch: Option<&Watch>) -> Result<Vec<String>, String> {
        let mut writer = Writer::start(self.folder.path(), &self.plan(seed), watch);
        if self.dice.chance(80) {
            writer.listen_until(Duration::from_mins(1), |line| line == "ready");
        }
        let moment = Duration::from_micros(self.dice.below(700_000));
        writer.listen_until(moment, |_| false);
        let (said, was_running) = writer.kill();
        if was_running {
            return Ok(said);
        }
        let errors = fs::read_to_string(self.path("stderr")).unwrap_or_default();
        Err(format!("the writer ended by itself:\n{}\n{errors}", said.join("\n")))
    }

    /// Checks a copy of a folder against a ledger, which it leaves as what was found.
    fn check_copy(&mut self, name: &str, seed: u64, ledger: &mut Ledger) -> Result<String, String> {
        let copied = self.path("checked");
        copy(&self.path(name), &copied);
        let mut numbers = self.numbers.clone();
        let checked = self.runtime.block_on(check(&copied.join("store"), seed, ledger, &mut numbers));
        self.numbers = numbers;
        checked.map(|verified| format!("{} documents, {} commits in the journal", verified.documents, verified.commits))
    }

    fn kill_round(&mut self, seed: u64) -> Result<String, String> {
        let said = self.run_and_kill(seed, None)?;
        said.iter().for_each(|line| self.ledger.note(line));
        let acknowledged = self.ledger.acknowledged;
        let mut ledger = self.ledger.clone();
        let found = self.check_copy("live", seed, &mut ledger)?;
        self.ledger = ledger;
        Ok(format!("{acknowledged} acknowledged so far, {found}"))
    }

    fn power_cut_round(&mut self, seed: u64, watch: impl FnOnce(Watch) -> Watch) -> Result<String, String> {
        copy(&self.path("base"), &self.path("live"));
        let log = self.path("log");
        let _ = fs::remove_file(&log);
        let watch = watch(Watch::new(&self.path("live"), &log).slow_sync(self.dice.below(2_000)));
        self.run_and_kill(seed, Some(&watch))?;
        let recording = Recording::read(&log);
        assert_eq!(recording.violations(), Vec::<String>::new());
        for earlier in 0..EARLIER_CUTS {
            let moment = self.dice.below(recording.end() as u64) as usize;
            let cut_seed = seed.wrapping_mul(100).wrapping_add(earlier + 1);
            self.cut_at(&recording, moment, cut_seed, seed)?;
        }
        let (ledger, found) = self.cut_at(&recording, recording.end(), seed.wrapping_mul(100), seed)?;
        let acknowledged = ledger.acknowledged;
        self.ledger = ledger;
        copy(&self.path("image"), &self.path("base"));
        Ok(format!("{acknowledged} acknowledged so far, {found}"))
    }

    fn cut_at(&mut self, recording: &Recording, at: usize, cut: u64, seed: u64) -> Result<(Ledger, String), String> {
        let image = self.path("image");
        let _ = fs::remove_dir_all(&image);
        recording.cut(&self.path("base"), at, cut, &image);
        let mut ledger = self.ledger.clone();
        let said = recording.said(at);
        let whole_lines = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole_lines.lines().for_each(|line| ledger.note(line));
        let numbers = self.numbers.clone();
        let checked = self.check_copy("image", seed, &mut ledger);
        if at < recording.end() {
            self.numbers = numbers;
        }
        let found = checked.map_err(|wrong| format!("cut {cut} after {at} of {} deeds: {wrong}", recording.end()))?;
        Ok((ledger, found))
    }

    /// Keeps the folder for whoever looks for the reason.
    fn fail(self, seed: u64, round: u64, wrong: &str) -> ! {
        let kept = self.folder.keep();
        panic!("round {round} of seed {seed}: {wrong}\nthe folder is kept: {}", kept.display());
    }
}

#[expect(clippy::disallowed_methods, reason = "how long the loops run is told to the tests, not to Machi")]
fn rounds() -> u64 {
    std::env::var("MACHI_SOAK_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

/// The seed of a run: the time, or the one that is to be run again.
#[expect(clippy::disallowed_methods, reason = "how the loops run is told to the tests, not to Machi")]
fn seed() -> u64 {
    let told = std::env::var("MACHI_SOAK_SEED").ok().and_then(|seed| seed.parse().ok());
    told.unwrap_or_else(|| {
        use machi_types::Clock as _;
        machi_types::SystemClock.now().micros().unsigned_abs() % 1_000_000_007
    })
}

#[test]
fn kills_lose_nothing_that_was_acknowledged() {
    let seed = seed();
    println!("seed {seed}");
    let mut crashing = Crashing::new(seed);
    copy(&crashing.path("base"), &crashing.path("live"));
    for round in 0..rounds() {
        match crashing.kill_round(seed.wrapping_add(round)) {
            Ok(found) => println!("kill {round}: {found}"),
            Err(wrong) => crashing.fail(seed, round, &wrong),
        }
    }
    assert!(crashing.ledger.acknowledged > 100, "hardly anything was written");
}

#[test]
fn power_cuts_lose_nothing_that_was_acknowledged() {
    let seed = seed();
    println!("seed {seed}");
    let mut crashing = Crashing::new(seed);
    for round in 0..rounds() {
        match crashing.power_cut_round(seed.wrapping_add(round), |watch| watch) {
            Ok(found) => println!("power cut {round}: {found}"),
            Err(wrong) => crashing.fail(seed, round, &wrong),
        }
    }
    assert!(crashing.ledger.acknowledged > 100, "hardly anything was written");
}

/// The counter-proof: a loop that cannot fail proves nothing.
#[test]
fn without_the_journals_syncs_the_power_cuts_are_noticed() {
    let seed = seed();
    println!("seed {seed}");
    let mut crashing = Crashing::new(seed);
    for round in 0..20 {
        let verdict =
            crashing.power_cut_round(seed.wrapping_add(round), |watch| watch.without_syncs().matching("journal"));
        if let Err(wrong) = verdict {
            println!("noticed in round {round}: {wrong}");
            return;
        }
    }
    panic!("twenty power cuts of an engine without syncs, and nothing was missed");
}
