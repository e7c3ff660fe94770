//! Damage is told by the file's name, and takes nothing with it but what the file held.

use std::fs;
use std::path::{Path, PathBuf};

use machi_archive::{Archive, ArchiveError, Collected, Snapshot, WantedInstances};
use machi_history_lake::{HistoryLake, Options};

use crate::things::{entity, numbers, tenant};

fn lake_of_two_files(folder: &Path) -> HistoryLake {
    let lake = HistoryLake::open_folder(folder, Options::default()).unwrap();
    lake.take(&tenant(), numbers(1, 0..3, 1_000_000_000)).unwrap();
    lake.take(&tenant(), numbers(2, 10..13, 2_000_000_000)).unwrap();
    lake
}

/// The files of a table, the oldest first.
fn files(folder: &Path, table: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("=46ukui").join(table)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    files
}

fn read(snapshot: &dyn Snapshot, of: usize) -> Result<Collected, ArchiveError> {
    Collected::of(snapshot, &WantedInstances::all_of(&[entity(of)]))
}

fn assert_names(result: Result<Collected, ArchiveError>, file: &Path) {
    match result {
        Err(ArchiveError::Damaged { file: named, .. }) => assert_eq!(named, file.display().to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_file_is_named_and_the_rest_is_read() {
    let folder = crate::things::folder();
    drop(lake_of_two_files(folder.path()));
    let file = files(folder.path(), "instances").remove(0);
    fs::remove_file(&file).unwrap();
    let lake = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
    let snapshot = lake.open(&tenant()).unwrap();
    assert_names(read(&*snapshot, 1), &file);
    assert_eq!(read(&*snapshot, 11).unwrap().instances.len(), 1);
    let verified = lake.verify(&tenant()).unwrap();
    assert_eq!((verified.files, verified.faults.len()), (3, 1));
}

#[test]
fn every_byte_that_changes_is_found_and_never_read_as_something_else() {
    let folder = crate::things::folder();
    let lake = lake_of_two_files(folder.path());
    let file = files(folder.path(), "instances").remove(0);
    let whole = fs::read(&file).unwrap();
    let expected = read(&*lake.open(&tenant()).unwrap(), 1).unwrap().instances;
    for at in (4..whole.len()).step_by(37) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&file, &bytes).unwrap();
        let lake = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
        match read(&*lake.open(&tenant()).unwrap(), 1) {
            Ok(kept) => assert_eq!(kept.instances, expected, "it lies in a page that was not asked for"),
            Err(error) => assert_names(Err(error), &file),
        }
        let verified = lake.verify(&tenant()).unwrap();
        assert_eq!(verified.faults.len(), 1, "byte {at} of {}", whole.len());
    }
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let lake = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
    assert_names(read(&*lake.open(&tenant()).unwrap(), 1), &file);
}

#[test]
fn a_damaged_log_is_named() {
    let folder = crate::things::folder();
    drop(lake_of_two_files(folder.path()));
    let version = folder.path().join("=46ukui/instances/_delta_log/00000000000000000001.json");
    fs::write(&version, "{\"add\":").unwrap();
    let lake = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
    match lake.open(&tenant()) {
        Err(ArchiveError::Damaged { file, .. }) => assert_eq!(file, version.display().to_string()),
        other => panic!("{other:?}"),
    }
    assert_eq!(lake.verify(&tenant()).unwrap().faults.len(), 1);
}
