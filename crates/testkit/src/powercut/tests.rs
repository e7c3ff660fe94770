//! The model of a disk against what it must keep and what it may lose.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;

/// A C compiler makes the process that is watched: it does what a line each of its input tells.
const ACTOR: &str = r#"
// Does to files what its arguments tell, one after the other.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int count, char **words) {
    int fd = -1;
    for (int at = 1; at + 1 < count; at += 2) {
        char *what = words[at], *with = words[at + 1];
        if (!strcmp(what, "open")) fd = open(with, O_RDWR | O_CREAT, 0644);
        if (!strcmp(what, "folder")) fd = open(with, O_RDONLY);
        if (!strcmp(what, "write") && write(fd, with, strlen(with)) < 0) return 1;
        if (!strcmp(what, "beside") && syscall(SYS_write, fd, with, strlen(with)) < 0) return 1;
        if (!strcmp(what, "rewrite") && pwrite(fd, with, strlen(with), 0) < 0) return 1;
        if (!strcmp(what, "sync") && fsync(fd) != 0 && write(1, "failed\n", 7) < 0) return 1;
        if (!strcmp(what, "mkdir")) mkdir(with, 0755);
        if (!strcmp(what, "remove")) unlink(with);
        if (!strcmp(what, "commit")) rename("new", with);
    }
    return write(1, "done\n", 5) != 5;
}
"#;

/// Runs a story in a watched folder and returns the recording.
fn record(folder: &Path, story: &[&str], watch: impl FnOnce(Watch) -> Watch) -> Recording {
    record_by(folder, story, watch, |actor| Command::new(actor))
}

/// Runs a story by a command that is made of the actor.
fn record_by(
    folder: &Path,
    story: &[&str],
    watch: impl FnOnce(Watch) -> Watch,
    command: impl FnOnce(&Path) -> Command,
) -> Recording {
    let (source, actor) = (folder.join("actor.c"), folder.join("actor"));
    fs::write(&source, ACTOR).unwrap();
    assert!(Command::new("cc").arg("-o").arg(&actor).arg(&source).status().unwrap().success());
    let (live, log) = (folder.join("live"), folder.join("log"));
    fs::create_dir_all(folder.join("base")).unwrap();
    fs::create_dir_all(&live).unwrap();
    let mut command = command(&actor);
    watch(Watch::new(&live, &log)).around(&mut command).current_dir(&live).args(story);
    assert!(command.output().unwrap().status.success());
    Recording::read(&log)
}

/// What a file can hold after cuts at a moment.
fn outcomes(folder: &Path, recording: &Recording, at: Moment, file: &str) -> BTreeSet<Option<String>> {
    let outcome = |seed| {
        let image = folder.join(format!("image{seed}"));
        let _ = fs::remove_dir_all(&image);
        recording.cut(&folder.join("base"), at, seed, &image);
        fs::read(image.join(file)).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    (0..60).map(outcome).collect()
}

#[test]
fn only_what_was_synced_survives_for_certain() {
    let folder = tempfile::tempdir().unwrap();
    let story = ["open", "a", "write", "first", "sync", "", "folder", ".", "sync", ""];
    let recording = record(folder.path(), &story, |watch| watch);
    assert_eq!(recording.said(recording.end()), "done\n");
    assert_eq!(recording.violations(), Vec::<String>::new());
    assert_eq!(outcomes(folder.path(), &recording, recording.end(), "a"), BTreeSet::from([Some("first".to_owned())]));

    let before_folder = outcomes(folder.path(), &recording, recording.end() - 3, "a");
    assert_eq!(before_folder, BTreeSet::from([None, Some("first".to_owned())]), "the name was not synced yet");
    let before_sync = outcomes(folder.path(), &recording, 3, "a");
    assert!(before_sync.contains(&None) && before_sync.contains(&Some(String::new())), "{before_sync:?}");
}

#[test]
fn a_rewritten_sector_is_old_or_new() {
    let folder = tempfile::tempdir().unwrap();
    let story = ["open", "a", "write", "old", "sync", "", "folder", ".", "sync", "", "open", "a", "rewrite", "new"];
    let recording = record(folder.path(), &story, |watch| watch);
    let outcomes = outcomes(folder.path(), &recording, recording.end(), "a");
    assert_eq!(outcomes, BTreeSet::from([Some("old".to_owned()), Some("new".to_owned())]));
}

#[test]
fn a_renamed_file_is_whole_on_either_side() {
    let folder = tempfile::tempdir().unwrap();
    let first = ["open", "new", "write", "one", "sync", "", "commit", "a", "folder", ".", "sync", ""];
    let second = ["open", "new", "write", "two", "sync", "", "commit", "a"];
    let recording = record(folder.path(), &[&first[..], &second[..]].concat(), |watch| watch);
    let outcomes = outcomes(folder.path(), &recording, recording.end(), "a");
    assert_eq!(outcomes, BTreeSet::from([Some("one".to_owned()), Some("two".to_owned())]));
}

#[test]
fn names_below_a_folder_that_was_not_synced_may_go() {
    let folder = tempfile::tempdir().unwrap();
    let story = ["mkdir", "d", "open", "d/a", "write", "x", "sync", "", "folder", "d", "sync", ""];
    let recording = record(folder.path(), &story, |watch| watch);
    let outcomes = outcomes(folder.path(), &recording, recording.end(), "d/a");
    assert_eq!(outcomes, BTreeSet::from([None, Some("x".to_owned())]));
}

#[test]
fn a_failing_sync_drops_what_it_was_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let story = ["open", "a", "write", "x", "sync", "", "sync", "", "folder", ".", "sync", ""];
    let recording = record(folder.path(), &story, |watch| watch.failing_sync(1).matching("a"));
    assert_eq!(recording.said(recording.end()), "failed\ndone\n");
    assert_eq!(recording.failed_syncs(), 1);
    assert_eq!(recording.synced_after_failure(&folder.path().join("base")), ["a"]);
    let outcomes = outcomes(folder.path(), &recording, recording.end(), "a");
    assert!(outcomes.contains(&Some(String::new())) && outcomes.contains(&Some("x".to_owned())), "{outcomes:?}");
}

#[test]
fn a_sync_that_is_taken_out_makes_nothing_durable() {
    let folder = tempfile::tempdir().unwrap();
    let story = ["open", "a", "write", "x", "sync", "", "folder", ".", "sync", ""];
    let recording = record(folder.path(), &story, |watch| watch.without_syncs().matching("a"));
    let outcomes = outcomes(folder.path(), &recording, recording.end(), "a");
    assert!(outcomes.contains(&Some(String::new())) && outcomes.contains(&Some("x".to_owned())), "{outcomes:?}");
    assert!(!outcomes.contains(&None), "the folder was synced");
}

#[test]
fn space_runs_out_at_the_quota() {
    let folder = tempfile::tempdir().unwrap();
    let quota = folder.path().join("quota");
    fs::write(&quota, "3").unwrap();
    let recording = record(folder.path(), &["open", "a", "write", "12345"], |watch| watch.quota(&quota));
    assert_eq!(fs::read(folder.path().join("live/a")).unwrap(), b"123");
    assert_eq!(recording.deeds().get(&(Deed::Write, "a".to_owned())), Some(&(1, 3)));
}

#[test]
fn what_passes_beside_the_shim_is_seen_by_strace() {
    let folder = tempfile::tempdir().unwrap();
    let Some(strace) = Strace::new(&folder.path().join("trace")) else {
        println!("SKIPPED: processes cannot be traced here");
        return;
    };
    let story = ["open", "new", "write", "x", "sync", "", "commit", "a", "write", "y", "mkdir", "d", "remove", "a"];
    let traced = |story: &[&str]| {
        let recording = record_by(folder.path(), story, |watch| watch, |actor| strace.command(actor));
        let seen = strace.deeds(&folder.path().join("live")).unwrap();
        (comparable(&recording.deeds()), comparable(&seen))
    };
    let (recorded, seen) = traced(&story);
    assert_eq!(recorded, seen);
    assert_eq!(seen.get(&(Deed::Write, "a".to_owned())), Some(&(1, 1)));
    let (recorded, seen) = traced(&["open", "b", "write", "x", "beside", "yz"]);
    let written = (Deed::Write, "b".to_owned());
    assert_eq!((recorded.get(&written), seen.get(&written)), (Some(&(1, 1)), Some(&(2, 3))));
}
