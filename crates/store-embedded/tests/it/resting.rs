//! A city that rests is checked without a byte of its folder being changed, whatever a crash has left in it. The loops of
//! kills and power cuts look so at what they leave, too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use machi_store::conformance::collections;
use machi_store::{StoreError, Verified};
use machi_store_embedded::{EmbeddedStore, Options};
use machi_types::SystemClock;

use crate::crash::process::copy;
use crate::things::{open, set};

/// The files and folders of a folder, with what is in them.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
            found.insert(path, None);
        } else {
            let content = fs::read(&path).unwrap();
            found.insert(path, Some(content));
        }
    }
    found
}

/// What a check at rest says; it leaves nothing where it worked.
pub(crate) fn looked_at(folder: &Path) -> Result<Verified, StoreError> {
    let scratch = tempfile::tempdir().unwrap();
    let options = Options::default();
    let seen = EmbeddedStore::verify_resting(folder, scratch.path(), collections(), Arc::new(SystemClock), options);
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "something is left behind");
    seen
}

/// A check at rest changes nothing and sees what an open store sees.
fn is_whole(folder: &Path) -> Verified {
    let before = contents(folder);
    let seen = looked_at(folder).unwrap();
    assert!(contents(folder) == before, "the folder has changed");
    let twin = folder.with_extension("twin");
    copy(folder, &twin);
    let opened = open(&twin).unwrap().verify().unwrap();
    assert_eq!((seen.documents, seen.facets), (opened.documents, opened.facets));
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_at_rest_changes_nothing_and_waits_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let city = folder.path().join("city");
    let store = open(&city).unwrap();
    for n in 0..4000 {
        set(&store, "one", n % 700, n).await.unwrap();
    }
    assert!(matches!(looked_at(&city), Err(StoreError::InUse { .. })), "somebody works in it");
    drop(store);
    assert_eq!(is_whole(&city).documents, 700);
    fs::remove_file(city.join("lock")).unwrap();
    assert_eq!(is_whole(&city).documents, 700);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_has_left_unfinished_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let city = folder.path().join("city");
    let store = open(&city).unwrap();
    for n in 0..900 {
        set(&store, "one", n % 200, n).await.unwrap();
    }
    drop(store);
    let newest = |extension: &str| {
        let mut names: Vec<PathBuf> =
            fs::read_dir(city.join("journal")).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.retain(|name| name.extension().is_some_and(|found| found == extension));
        names.into_iter().max().unwrap()
    };
    // Half a batch at the end, and behind a segment that was closed; a segment without a name; a table and a list that
    // nobody knows; the links of a backup.
    let mut torn = fs::read(newest("journal")).unwrap();
    torn.extend_from_slice(&[7; 20]);
    fs::write(newest("journal"), torn).unwrap();
    let mut segments: Vec<PathBuf> =
        fs::read_dir(city.join("journal")).unwrap().map(|entry| entry.unwrap().path()).collect();
    segments.sort();
    let mut closed = fs::read(&segments[0]).unwrap();
    closed.extend_from_slice(b"never acknowledged");
    fs::write(&segments[0], closed).unwrap();
    fs::write(city.join("journal/0000000000000099.new"), "x").unwrap();
    fs::write(city.join("documents/tables/9999"), "no table").unwrap();
    fs::write(city.join("documents/.tmp1"), "x").unwrap();
    fs::write(city.join("indexes/v9999"), "no list").unwrap();
    fs::create_dir(city.join("backup-under-way-0")).unwrap();
    assert_eq!(is_whole(&city).documents, 200);
}

#[test]
fn a_folder_that_a_city_has_only_begun_to_make_is_whole_and_empty() {
    let folder = tempfile::tempdir().unwrap();
    let city = folder.path().join("city");
    drop(machi_store_embedded::DataFolder::open(&city).unwrap());
    assert_eq!(is_whole(&city).documents, 0);
}
