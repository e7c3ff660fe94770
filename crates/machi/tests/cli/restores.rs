//! Backups and restores that are killed, or lose their power, at a random moment: what they leave is neither backup nor
//! city, says so, and the same command into the same folder then succeeds.
//!
//! Seeds are printed. `MACHI_SOAK_ROUNDS` says how many rounds of each kind are run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use machi_testkit::{Dice, Recording, Watch, soak_rounds, soak_seed};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::process::{Running, machi, refused_start, text};

/// How many rounds a short run has.
const ROUNDS: u64 = 8;
/// How many entities the city has.
const ENTITIES: usize = 300;

/// What a restore that did not end has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    Unfinished,
    Whole,
}

struct Restores {
    folder: TempDir,
    backup: PathBuf,
    position: String,
}

impl Restores {
    /// Makes a city with tables and a journal, and a backup of it.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (city, backup) = (folder.path().join("city"), folder.path().join("backup"));
        let data = city.to_str().unwrap();
        let serve = ["serve", "--listen", "127.0.0.1:0", "--open", "--data", data];
        for part in ["a", "b"] {
            let mut running = Running::start(&serve);
            let value = "x".repeat(1000);
            let entity = |n| format!(r#"{{"id":"urn:{part}:{n}","type":"T","a":"{value}"}}"#);
            let body = format!("[{}]", (0..ENTITIES / 2).map(entity).collect::<Vec<_>>().join(","));
            let answer = running.post("/ngsi-ld/v1/entityOperations/create", "application/json", &body);
            assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
            running.end(Signal::TERM);
        }
        let saved = text(&machi(&["backup", backup.to_str().unwrap(), "--data", data]).output().unwrap().stdout);
        let position = saved.split_whitespace().skip_while(|word| *word != "position").nth(1).unwrap().to_owned();
        Self { folder, backup, position }
    }

    fn restore(&self, to: &Path) -> std::process::Command {
        machi(&["restore", self.backup.to_str().unwrap(), "--data", to.to_str().unwrap()])
    }

    /// What lies in a folder now; anything but the three is a fault.
    fn look(folder: &Path) -> Left {
        let seen = machi(&["verify", "--data", folder.to_str().unwrap()]).output().unwrap();
        let told = text(&seen.stdout) + &text(&seen.stderr);
        if told.starts_with(&format!("everything is whole: {ENTITIES} documents")) {
            return Left::Whole;
        }
        if told.contains("holds a restore that has not ended") {
            assert!(refused_start(folder).contains("do it again with machi restore"));
            return Left::Unfinished;
        }
        assert!(told.contains("holds no city"), "{told}");
        Left::Nothing
    }

    /// Looks at what was left, and restores into it once more where that is not the whole city.
    fn check(&self, folder: &Path) -> Left {
        let left = Self::look(folder);
        if left != Left::Whole {
            let again = self.restore(folder).output().unwrap();
            assert!(again.status.success(), "{left:?}: {}", text(&again.stderr));
            assert!(text(&again.stdout).contains(&format!("up to position {} ", self.position)));
            assert_eq!(Self::look(folder), Left::Whole, "after {left:?}");
        }
        left
    }
}

#[test]
fn a_restore_that_is_killed_leaves_no_city() {
    let restores = Restores::new();
    let mut dice = Dice::new(soak_seed());
    let to = restores.folder.path().join("restored");
    let started = Instant::now();
    assert!(restores.restore(&to).output().unwrap().status.success());
    let takes = started.elapsed();
    let mut left = Vec::new();
    for _ in 0..soak_rounds(ROUNDS) {
        fs::remove_dir_all(&to).unwrap();
        let mut child = restores.restore(&to).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(dice.below(takes.as_micros() as u64)));
        child.kill().unwrap();
        child.wait().unwrap();
        left.push(restores.check(&to));
    }
    println!("a restore takes {takes:?}; killed, it left {left:?}");
}

#[test]
fn a_backup_that_is_killed_leaves_no_backup() {
    let restores = Restores::new();
    let mut dice = Dice::new(soak_seed());
    let (city, to) = (restores.folder.path().join("city"), restores.folder.path().join("again"));
    let command = |arguments: &[&str]| machi(&[arguments, &["--data", city.to_str().unwrap()]].concat());
    let backup = || command(&["backup", to.to_str().unwrap()]);
    let started = Instant::now();
    assert!(backup().output().unwrap().status.success());
    let takes = started.elapsed();
    for _ in 0..soak_rounds(ROUNDS) {
        fs::remove_dir_all(&to).unwrap();
        let mut child = backup().stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(dice.below(takes.as_micros() as u64)));
        child.kill().unwrap();
        child.wait().unwrap();
        let seen = machi(&["verify", "--data", to.to_str().unwrap()]).output().unwrap();
        let told = text(&seen.stdout) + &text(&seen.stderr);
        println!("{told}");
        if !told.starts_with("the backup of position") {
            let is_known = told.contains("holds a backup that has not ended") || told.contains("holds no city");
            assert!(is_known, "{told}");
            let again = backup().output().unwrap();
            assert!(again.status.success(), "{}", text(&again.stderr));
        }
        let restored = restores.folder.path().join("restored");
        let put_back =
            machi(&["restore", to.to_str().unwrap(), "--data", restored.to_str().unwrap()]).output().unwrap();
        assert!(put_back.status.success(), "{}", text(&put_back.stderr));
        assert_eq!(Restores::look(&restored), Left::Whole);
        fs::remove_dir_all(&restored).unwrap();
    }
}

#[test]
fn a_restore_that_loses_its_power_leaves_no_city() {
    let restores = Restores::new();
    let seed = soak_seed();
    let mut dice = Dice::new(seed);
    let path = |name: &str| restores.folder.path().join(name);
    let (base, live, image, log) = (path("base"), path("live"), path("image"), path("log"));
    fs::create_dir(&base).unwrap();
    fs::create_dir(&live).unwrap();
    let mut command = restores.restore(&live.join("restored"));
    assert!(Watch::new(&live, &log).around(&mut command).output().unwrap().status.success());
    let recording = Recording::read(&log);
    assert_eq!(recording.violations(), Vec::<String>::new());
    let mut left = Vec::new();
    for round in 0..soak_rounds(ROUNDS) {
        // The last one comes when the command has said that all is done.
        let at = if round == 0 { recording.end() } else { dice.below(recording.end() as u64) as usize };
        let _ = fs::remove_dir_all(&image);
        recording.cut(&base, at, seed.wrapping_add(round), &image);
        println!("the power goes after {at} of {} deeds", recording.end());
        left.push(restores.check(&image.join("restored")));
    }
    println!("without power, it left {left:?}");
    assert_eq!(left[0], Left::Whole, "what was done is lost");
    assert!(left.contains(&Left::Unfinished), "no cut came between the beginning and the end");
}
