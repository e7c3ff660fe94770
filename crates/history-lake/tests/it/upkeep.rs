//! Merging, checkpoints, and the removal of what is no longer needed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use machi_archive::{Archive, Part, Removal};
use machi_history_lake::{HistoryLake, Options};

use crate::things::{all_of, entity, everything, numbers, tenant};

const NO_GRACE: Options = Options { grace: Duration::ZERO, cache_bytes: 1 << 20 };

fn names(folder: &Path, ending: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let all = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    all.filter(|name| name.ends_with(ending)).collect()
}

/// Files are older than no grace once the clock has moved.
fn wait() {
    std::thread::sleep(Duration::from_millis(20));
}

#[test]
fn merging_changes_nothing_but_the_number_of_files() {
    let folder = crate::things::folder();
    let lake = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
    for position in 1..=20 {
        lake.take(&tenant(), numbers(position, 0..10, 1_000_000_000 * position as i64)).unwrap();
    }
    let before = everything(&lake, &tenant());
    let upkeep = lake.keep_in_order(&tenant()).unwrap();
    // Of each table twice eight, and four are left.
    assert_eq!(upkeep.merged, 2 * 16);
    assert_eq!(upkeep.files, 2 * (2 + 4));
    assert_eq!(everything(&lake, &tenant()), before);
    assert_eq!(lake.keep_in_order(&tenant()).unwrap().merged, 0);
    let anew = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
    assert_eq!(everything(&anew, &tenant()), before);
}

#[test]
fn what_is_in_no_table_goes_after_its_time_and_not_while_it_is_read() {
    let folder = crate::things::folder();
    let lake = HistoryLake::open_folder(folder.path(), NO_GRACE).unwrap();
    for position in 1..=9 {
        lake.take(&tenant(), numbers(position, 0..3, 1_000_000_000 * position as i64)).unwrap();
    }
    let data = folder.path().join("=46ukui/instances");
    fs::write(data.join("left-by-a-crash.parquet"), "half").unwrap();
    let reader = lake.open(&tenant()).unwrap();
    let before = all_of(&*reader);
    let removal = Removal { entity: entity(1), part: Part::All, replaced_at: None };
    lake.take(&tenant(), machi_archive::Delivery { removals: vec![removal], ..Default::default() }).unwrap();
    wait();
    lake.keep_in_order(&tenant()).unwrap();
    wait();
    assert!(!data.join("left-by-a-crash.parquet").exists());
    assert_eq!(all_of(&*reader), before, "it is read to the end");
    let with_reader = names(&data, ".parquet").len();
    drop(reader);
    lake.keep_in_order(&tenant()).unwrap();
    assert!(names(&data, ".parquet").len() < with_reader);
    assert_eq!(everything(&lake, &tenant()).instances.len(), 18);
}

#[test]
fn a_checkpoint_stands_for_the_versions_before_it() {
    let folder = crate::things::folder();
    let lake = HistoryLake::open_folder(folder.path(), NO_GRACE).unwrap();
    for position in 1..=40 {
        lake.take(&tenant(), numbers(position, 0..2, 1_000_000_000 * position as i64)).unwrap();
    }
    lake.keep_in_order(&tenant()).unwrap();
    wait();
    lake.keep_in_order(&tenant()).unwrap();
    let log = folder.path().join("=46ukui/instances/_delta_log");
    assert!(names(&log, ".json").len() < 10, "{:?}", names(&log, ".json"));
    assert_eq!(names(&log, ".checkpoint.parquet").len(), 1);
    let before = everything(&lake, &tenant());
    assert_eq!(before.instances.len(), 80);
    let anew = HistoryLake::open_folder(folder.path(), NO_GRACE).unwrap();
    assert_eq!(everything(&anew, &tenant()), before);
    anew.take(&tenant(), numbers(41, 0..2, 90_000_000_000)).unwrap();
    assert_eq!(everything(&anew, &tenant()).instances.len(), 82);
}

#[test]
fn two_that_write_the_same_tables_lose_nothing() {
    let folder = crate::things::folder();
    let lakes = [0, 1].map(|_| HistoryLake::open_folder(folder.path(), Options::default()).unwrap());
    std::thread::scope(|scope| {
        for lake in &lakes {
            scope.spawn(move || {
                for position in 1..=30 {
                    // Both read the same feed, so that what one has taken the other passes over.
                    lake.take(&tenant(), numbers(position, 0..3, 1_000_000_000 * position as i64)).unwrap();
                    if position % 10 == 0 {
                        lake.keep_in_order(&tenant()).unwrap();
                    }
                }
            });
        }
    });
    for lake in &lakes {
        assert_eq!(everything(lake, &tenant()).instances.len(), 90);
        assert_eq!(everything(lake, &tenant()).evolutions.iter().map(|one| one.heads.len()).sum::<usize>(), 90);
        assert!(lake.verify(&tenant()).unwrap().faults.is_empty());
    }
}
