//! The loops: kill after kill and cut after cut on one folder that goes on living.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use machi_testkit::{Dice, Recording, Watch, soak_rounds, soak_seed};
use tempfile::TempDir;

use super::check::{Numbers, check};
use super::ledger::Ledger;
use super::plan::Plan;
use super::process::{Writer, copy};

/// How many rounds a short run has.
const ROUNDS: u64 = 5;
/// How many more cuts are tried at earlier moments of each recording.
const EARLIER_CUTS: u64 = 3;

/// How soon writes must be taken again after a sync has failed.
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// What became of a round in which a sync was to fail.
struct Failing {
    has_failed: bool,
    is_refused: bool,
    found: String,
}

/// Whether a line says that something was acknowledged that had to be written.
pub(super) fn is_written(line: &str) -> bool {
    line.strip_prefix("ack ").and_then(|rest| rest.rsplit(' ').next()).is_some_and(|version| version != "0")
}

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

    /// Runs a writer whose sync of that number fails, and kills it once it has gone on.
    fn failing_sync_round(&mut self, seed: u64, number: u64, part: &str) -> Result<Failing, String> {
        copy(&self.path("base"), &self.path("live"));
        let log = self.path("log");
        let _ = fs::remove_file(&log);
        let watch = Watch::new(&self.path("live"), &log).failing_sync(number).matching(part);
        let mut writer = Writer::start(self.folder.path(), &self.plan(seed), Some(&watch));
        let is_ready = writer.listen_until(Duration::from_mins(1), |line| line == "ready");
        let patience = Duration::from_millis(if part == "journal" { 5_000 } else { 500 });
        let is_refused = is_ready && writer.listen_until(patience, |line| line.starts_with("refused"));
        let refused = Instant::now();
        let is_back = writer.listen_until(BACK_WITHIN, is_written);
        let back_after = refused.elapsed();
        writer.listen_until(Duration::from_millis(self.dice.below(300)), |_| false);
        let (said, was_running) = writer.kill();
        let recording = Recording::read(&log);
        let again = recording.synced_after_failure(&self.path("base"));
        match (is_back && was_running, again.as_slice()) {
            (false, _) => Err(format!("writing did not go on within {BACK_WITHIN:?}: {}", said.join("\n"))),
            (true, [_, ..]) => Err(format!("{again:?} were synced again after a sync of them had failed")),
            (true, []) => {
                let has_failed = recording.failed_syncs() == 1;
                let found = self.cut_at_random(&recording, seed)?;
                Ok(Failing { has_failed, is_refused, found: format!("back after {back_after:?}; {found}") })
            }
        }
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
        self.cut_at_random(&Recording::read(&log), seed)
    }

    /// Cuts at some moments and at the end, where the story goes on.
    fn cut_at_random(&mut self, recording: &Recording, seed: u64) -> Result<String, String> {
        assert_eq!(recording.violations(), Vec::<String>::new());
        for earlier in 0..EARLIER_CUTS {
            let moment = self.dice.below(recording.end() as u64) as usize;
            let cut_seed = seed.wrapping_mul(100).wrapping_add(earlier + 1);
            self.cut_at(recording, moment, cut_seed, seed)?;
        }
        let (ledger, found) = self.cut_at(recording, recording.end(), seed.wrapping_mul(100), seed)?;
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

#[test]
fn kills_lose_nothing_that_was_acknowledged() {
    let seed = soak_seed();
    let mut crashing = Crashing::new(seed);
    copy(&crashing.path("base"), &crashing.path("live"));
    for round in 0..soak_rounds(ROUNDS) {
        match crashing.kill_round(seed.wrapping_add(round)) {
            Ok(found) => println!("kill {round}: {found}"),
            Err(wrong) => crashing.fail(seed, round, &wrong),
        }
    }
    assert!(crashing.ledger.acknowledged > 100, "hardly anything was written");
}

#[test]
fn power_cuts_lose_nothing_that_was_acknowledged() {
    let seed = soak_seed();
    let mut crashing = Crashing::new(seed);
    for round in 0..soak_rounds(ROUNDS) {
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
    let seed = soak_seed();
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

// After a failing sync the engine never syncs the same file again; it goes on in another and serves soon, and what
// was refused is there wholly or not at all: the ledger and the cuts tell.
#[test]
fn after_a_failing_sync_the_same_file_is_never_synced_again() {
    let seed = soak_seed();
    let mut crashing = Crashing::new(seed);
    let (mut failed, mut refused) = (0, 0);
    for round in 0..soak_rounds(4) {
        // The journal's own syncs make writers wait; those of tables must not even be noticed.
        let part = if round % 2 == 0 { "journal" } else { "store/" };
        // Those of opening come first.
        let number = 60 + crashing.dice.below(60);
        match crashing.failing_sync_round(seed.wrapping_add(round), number, part) {
            Ok(failing) => {
                println!("failing sync {number} of {part}: {}", failing.found);
                failed += u64::from(failing.has_failed);
                refused += u64::from(failing.is_refused);
            }
            Err(wrong) => crashing.fail(seed, round, &wrong),
        }
    }
    assert!(failed > 0 && refused > 0, "no sync has failed: {failed}, or nobody noticed: {refused}");
}
