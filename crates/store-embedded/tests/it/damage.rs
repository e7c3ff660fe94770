//! A flipped bit in any file is reported by the file's name, and never served.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use machi_store::StoreError;
use machi_store::conformance::collections;
use machi_store_embedded::{EmbeddedStore, Options};
use machi_testkit::Dice;
use machi_types::SystemClock;

use crate::crash::process::copy;
use crate::resting::{contents, looked_at};
use crate::things::{all, served, set};

/// So small that a short story leaves every kind of file.
fn open(folder: &Path) -> Result<EmbeddedStore, StoreError> {
    let options = Options {
        segment_bytes: 1 << 13,
        checkpoint_bytes: 1 << 15,
        feed_kept: Duration::from_hours(1),
        feed_bytes: 1 << 15,
        versions_kept: 0,
        ..Options::default()
    };
    EmbeddedStore::open(folder, collections(), Arc::new(SystemClock), options)
}

/// The files of a folder, those of folders below it included.
fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}

/// The kind of a file: its name without the numbers in it.
fn kind(name: &Path) -> String {
    name.display().to_string().replace(|c: char| c.is_ascii_digit(), "")
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(folder, &mut found);
    let mut names: Vec<PathBuf> = found.iter().map(|file| file.strip_prefix(folder).unwrap().to_owned()).collect();
    names.retain(|name| name != Path::new("lock"));
    names.sort();
    names
}

/// A city that ran, was backed up, restored, and ran on.
async fn restored_city(folder: &Path) -> (PathBuf, PathBuf) {
    let (first, backup, city) = (folder.join("first"), folder.join("backup"), folder.join("city"));
    let store = open(&first).unwrap();
    for n in 0..900 {
        set(&store, "one", n % 200, n).await.unwrap();
    }
    store.backup(&backup).unwrap();
    EmbeddedStore::restore(&backup, &city).unwrap();
    let store = open(&city).unwrap();
    for n in 0..900 {
        set(&store, "one", n % 150, n).await.unwrap();
    }
    drop(store);
    let store = open(&city).unwrap();
    for n in 0..20 {
        set(&store, "one", n, n).await.unwrap();
    }
    (city, backup)
}

/// Every byte of small files would take too long: both ends, the middle, and some others.
fn places(length: usize, dice: &mut Dice) -> BTreeSet<usize> {
    let any = |dice: &mut Dice| dice.below(length as u64) as usize;
    [0, length / 2, length.saturating_sub(1), any(dice)].into_iter().filter(|at| *at < length).collect()
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 1 << (at % 8);
    fs::write(file, bytes).unwrap();
}

fn is_named(error: &StoreError, name: &Path) -> bool {
    error.to_string().contains(&name.display().to_string())
}

/// What tells where in a table its parts lie may point beyond its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_bit_in_the_end_of_a_table_is_reported_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (good, _) = restored_city(folder.path()).await;
    let is_table = |name: &PathBuf| name.starts_with("indexes/tables");
    let name = names(&good).into_iter().find(is_table).expect("there is a table of indexes");
    let length = fs::metadata(good.join(&name)).unwrap().len() as usize;
    for at in (length.saturating_sub(300)..length).step_by(3) {
        let bad = folder.path().join("bad");
        copy(&good, &bad);
        flip(&bad.join(&name), at);
        let verdict = looked_at(&bad);
        let is_reported = verdict.as_ref().is_err_and(|error| is_named(error, &bad.join(&name)));
        assert!(is_reported, "{} at byte {at} of {length}, at rest: {verdict:?}", name.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_bit_in_any_file_is_reported_by_name_and_never_served() {
    let folder = tempfile::tempdir().unwrap();
    let (good, backup) = restored_city(folder.path()).await;
    let truth = all(&open(&good).unwrap(), "one").await;
    let mut dice = Dice::new(1);
    let kinds: BTreeSet<String> = names(&good).iter().map(|name| kind(name)).collect();
    for wanted in [
        "documents/current",
        "documents/kept",
        "documents/tables/",
        "documents/v",
        "documents.sums",
        "format",
        "indexes/current",
        "indexes/tables/",
        "indexes/v",
        "indexes.sums",
        "journal/.journal",
        "restored",
    ] {
        assert!(kinds.contains(wanted), "no file of the kind {wanted} is there to be damaged: {kinds:?}");
    }
    for name in names(&good) {
        let length = fs::metadata(good.join(&name)).unwrap().len() as usize;
        for at in places(length, &mut dice) {
            let bad = folder.path().join("bad");
            copy(&good, &bad);
            flip(&bad.join(&name), at);
            let before = contents(&bad);
            let verdict = looked_at(&bad);
            let is_reported = verdict.as_ref().is_err_and(|error| is_named(error, &bad.join(&name)));
            assert!(is_reported, "{} at byte {at} of {length}, at rest: {verdict:?}", name.display());
            assert!(contents(&bad) == before, "{} at byte {at} of {length}: the folder has changed", name.display());
            let verdict = match open(&bad) {
                Ok(store) => {
                    if let Ok(things) = served(&store, "one").await {
                        assert_eq!(things, truth, "{} at byte {at} of {length}", name.display());
                    }
                    store.verify()
                }
                Err(error) => Err(error),
            };
            let is_reported = verdict.as_ref().is_err_and(|error| is_named(error, &name));
            assert!(is_reported, "{} at byte {at} of {length}: {verdict:?}", name.display());
        }
    }
    for name in names(&backup) {
        let length = fs::metadata(backup.join(&name)).unwrap().len() as usize;
        for at in places(length, &mut dice) {
            let (bad, to) = (folder.path().join("bad"), folder.path().join("to"));
            copy(&backup, &bad);
            let _ = fs::remove_dir_all(&to);
            flip(&bad.join(&name), at);
            let verdict = EmbeddedStore::restore(&bad, &to);
            let is_reported = verdict.as_ref().is_err_and(|error| is_named(error, &name));
            assert!(is_reported, "the backup's {} at byte {at} of {length}: {verdict:?}", name.display());
        }
    }
}
