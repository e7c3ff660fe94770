//! Policies on files: what they leave, how much room that takes, and that files are not written again without need.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use machi_archive::retention::{Keep, Retention, Rule, Step};
use machi_archive::{Archive, Collected, Delivery, WantedInstances};
use machi_history_lake::{HistoryLake, Options};
use machi_model::query::{TemporalQuery, TemporalRelation, TimeProperty};
use machi_store::Position;
use machi_types::Name;

use crate::things::{entity, everything, folder, head, number, read, series, tenant, time};

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Minutes of a day for each of some entities, whose values cannot be pressed together.
fn day(number_of: u64, entities: usize) -> Delivery<'static> {
    let start = number_of as i64 * DAY;
    let value = move |minute: i64, n: usize| {
        let noise = (start / DAY * 1440 + minute) * 31 + n as i64;
        (noise.wrapping_mul(2_654_435_761) % 100_003) as f64 / 1000.0
    };
    let values =
        move |n: usize| (0..1440).map(move |minute| number(start + minute * MINUTE + 1_000_000, value(minute, n)));
    Delivery {
        up_to: Some(Position::single(number_of)),
        instances: (0..entities).map(|n| (series(n, "level"), values(n).collect::<Vec<_>>().into())).collect(),
        heads: if number_of == 1 {
            (0..entities).map(|n| (entity(n), vec![head(1_000_000)].into())).collect()
        } else {
            Vec::new()
        },
        ..Delivery::default()
    }
}

fn retention(day: u64, whole: i64, summed: &[(Step, Option<i64>)]) -> Retention {
    let rules = vec![Rule { of: None, keep: Keep { whole, summed: summed.to_vec() } }];
    Retention { now: time(day as i64 * DAY), rules, holds: Vec::new() }
}

fn bytes(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let data = files.filter(|file| file.file_name().to_string_lossy().ends_with(".parquet"));
    data.map(|file| file.metadata().unwrap().len()).sum()
}

fn instances(folder: &Path) -> std::path::PathBuf {
    folder.join("=46ukui/instances")
}

/// All numbers of the entities, plain or summed up.
fn numbers_of(lake: &HistoryLake, entities: usize) -> Collected {
    let ids: Vec<Name> = (0..entities).map(entity).collect();
    let query = TemporalQuery { relation: TemporalRelation::After(time(0)), property: TimeProperty::ObservedAt };
    let wanted = WantedInstances { time: Some(query), numbers: true, ..WantedInstances::all_of(&ids) };
    read(&*lake.open(&tenant()).unwrap(), &wanted)
}

#[test]
fn what_is_dropped_frees_its_room() {
    /// As many files as are merged at once, so that all are pressed alike.
    const DAYS: u64 = 8;
    let folder = folder();
    let lake = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
    for number in 1..=DAYS {
        lake.take(&tenant(), day(number, 10)).unwrap();
    }
    lake.keep_in_order(&tenant()).unwrap();
    let clear = |grace| {
        std::thread::sleep(Duration::from_millis(20));
        let lake = HistoryLake::open_folder(folder.path(), Options { grace, ..Options::default() }).unwrap();
        lake.keep_in_order(&tenant()).unwrap();
        bytes(&instances(folder.path()))
    };
    let before = clear(Duration::from_millis(1));
    let done = lake.retain(&tenant(), &retention(DAYS + 1, DAY, &[])).unwrap();
    assert_eq!(done.dropped, 10 * ((DAYS - 1) * 1440 - 1), "one of each series is in force");
    let after = clear(Duration::from_millis(1));
    let dropped = before / DAYS * (DAYS - 1);
    assert!(before - after >= dropped / 100 * 95, "{before} B became {after} B");
    assert_eq!(everything(&lake, &tenant()).instances.len(), 10 * (1440 + 1));
    assert!(lake.verify(&tenant()).unwrap().faults.is_empty());
}

#[test]
fn summaries_are_told_apart_from_plain_numbers() {
    let folder = folder();
    let lake = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
    for number in 1..=3 {
        lake.take(&tenant(), day(number, 3)).unwrap();
    }
    let before = numbers_of(&lake, 3);
    assert_eq!((before.instances.len(), before.numbers.len()), (0, 3 * 3 * 1440));
    lake.retain(&tenant(), &retention(4, DAY, &[(Step::Hour, None)])).unwrap();
    let after = numbers_of(&lake, 3);
    assert_eq!((after.instances.len(), after.numbers.len()), (3 * 48, 3 * (1440 + 1)));
    assert!(after.instances.iter().all(|(_, one)| one.is_summary()));
    let known = lake.open(&tenant()).unwrap().known_since();
    assert_eq!(known, Some(time(3 * DAY)));
    let anew = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
    assert_eq!(anew.open(&tenant()).unwrap().known_since(), known);
    assert_eq!(numbers_of(&anew, 3).instances, after.instances);
}

#[test]
fn files_are_looked_at_when_their_time_has_come() {
    let folder = folder();
    let lake = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
    for number in 1..=3 {
        lake.take(&tenant(), day(number, 2)).unwrap();
    }
    let versions = || fs::read_dir(instances(folder.path()).join("_delta_log")).unwrap().count();
    let steps = [(Step::Hour, None)];
    assert!(lake.retain(&tenant(), &retention(4, DAY, &steps)).unwrap().summed > 0);
    let written = versions();
    for _ in 0..3 {
        lake.retain(&tenant(), &retention(4, DAY, &steps)).unwrap();
    }
    let anew = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
    anew.retain(&tenant(), &retention(4, DAY, &steps)).unwrap();
    assert_eq!(versions(), written, "nothing is to be done");
    assert!(anew.retain(&tenant(), &retention(5, DAY, &steps)).unwrap().summed > 0, "another day has passed");
    anew.keep_in_order(&tenant()).unwrap();
    let written = versions();
    anew.retain(&tenant(), &retention(5, DAY, &steps)).unwrap();
    assert!(versions() <= written + 1, "what was merged is looked at once at most");
    assert!(anew.retain(&tenant(), &retention(5, DAY, &[])).unwrap().dropped > 0, "another policy");
}

#[test]
fn readers_find_each_number_once_while_it_runs() {
    let folder = folder();
    let lake = HistoryLake::open_folder(folder.path(), Options::default()).unwrap();
    for number in 1..=6 {
        lake.take(&tenant(), day(number, 4)).unwrap();
    }
    let (is_done, expected) = (AtomicBool::new(false), 4 * 6 * 1440);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut rounds = 0;
            while !is_done.load(Ordering::Relaxed) || rounds == 0 {
                let kept = numbers_of(&lake, 4);
                let of_summaries: u64 =
                    kept.instances.iter().map(|(_, one)| machi_archive::retention::Summary::of(one).count).sum();
                assert_eq!(of_summaries as usize + kept.numbers.len(), expected);
                rounds += 1;
            }
        });
        for day in 2..=8 {
            lake.retain(&tenant(), &retention(day, DAY, &[(Step::Minute, Some(2 * DAY)), (Step::Hour, None)])).unwrap();
            lake.keep_in_order(&tenant()).unwrap();
        }
        is_done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    assert!(lake.verify(&tenant()).unwrap().faults.is_empty());
}
