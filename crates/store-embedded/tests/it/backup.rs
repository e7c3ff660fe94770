//! Backups are taken under load, equal one position, and are refused when they are not what was written.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use machi_store::{Commit, Position, Store};
use machi_store_embedded::{Beside, EmbeddedStore};
use machi_types::TenantId;

use crate::things::{all, open, set};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_equals_one_position_and_can_be_restored() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder.path().join("city")).unwrap());
    for n in 0..500 {
        set(&*store, "one", n, n).await.unwrap();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
        async move {
            let mut n = 1000;
            while !stop.load(Ordering::Relaxed) {
                set(&*store, "one", n % 700, n).await.unwrap();
                n += 1;
            }
        }
    });
    let to = folder.path().join("backup");
    let position = tokio::task::spawn_blocking({
        let (store, to) = (Arc::clone(&store), to.clone());
        move || store.backup(&to).unwrap()
    })
    .await
    .unwrap();
    let then = store.view_at(&position).await.ok();
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    drop(then);

    let restored = folder.path().join("restored");
    assert_eq!(EmbeddedStore::restore(&to, &restored).unwrap(), position);
    let copy = open(&restored).unwrap();
    assert_eq!(copy.view().position().await.unwrap(), position);
    let documents = all(&copy, "one").await.len() as u64;
    assert!((500..=700).contains(&documents));
    assert_eq!(copy.verify().unwrap().documents, documents);
    assert_eq!(store.verify().unwrap().documents, 700.min(all(&*store, "one").await.len() as u64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_at_the_same_time_are_all_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder.path().join("city")).unwrap());
    for n in 0..500 {
        set(&*store, "one", n, n).await.unwrap();
    }
    for round in 0..5 {
        let backup = |n: u64| {
            let (store, to) = (Arc::clone(&store), folder.path().join(format!("backup {round} {n}")));
            tokio::task::spawn_blocking(move || {
                std::thread::sleep(std::time::Duration::from_millis(5 * n));
                (store.backup(&to).unwrap(), to)
            })
        };
        let backups: Vec<_> = (0..4).map(backup).collect();
        set(&*store, "one", round, 1000 + round).await.unwrap();
        for backup in backups {
            let (position, to) = backup.await.unwrap();
            let restored = to.with_extension("restored");
            assert_eq!(EmbeddedStore::restore(&to, &restored).unwrap(), position);
            assert_eq!(open(&restored).unwrap().verify().unwrap().documents, 500);
        }
    }
    let is_left = |name: &str| name.starts_with("backup");
    let left = fs::read_dir(folder.path().join("city")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.filter(|name| is_left(&name.to_string_lossy())).count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_backups_to_one_folder_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder.path().join("city")).unwrap());
    for n in 0..100 {
        set(&*store, "one", n, n).await.unwrap();
    }
    let to = folder.path().join("backup");
    let backup = || {
        let (store, to) = (Arc::clone(&store), to.clone());
        tokio::task::spawn_blocking(move || store.backup(&to))
    };
    let (one, other) = (backup(), backup());
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    EmbeddedStore::restore(&to, &folder.path().join("restored")).unwrap();
}

#[tokio::test]
async fn what_a_broken_off_backup_held_goes_with_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    let held = folder.path().join("backup-under-way-0");
    fs::create_dir_all(held.join("journal")).unwrap();
    let store = open(folder.path()).unwrap();
    assert!(!held.exists());
    set(&store, "one", 1, 1).await.unwrap();
}

#[tokio::test]
async fn consumers_of_a_restored_store_count_as_served() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("city")).unwrap();
    let mut commit = Commit::new(TenantId::default_tenant());
    commit.cursors.push(("subscriptions".into(), Position::single(1)));
    commit.cursors.push(("history".into(), Position::single(1)));
    store.commit(commit).await.unwrap();
    set(&store, "one", 1, 1).await.unwrap();
    let position = store.backup(&folder.path().join("backup")).unwrap();
    EmbeddedStore::restore(&folder.path().join("backup"), &folder.path().join("restored")).unwrap();
    let restored = open(&folder.path().join("restored")).unwrap();
    assert_eq!(restored.cursor("subscriptions").await.unwrap(), Some(position));
    assert_eq!(store.cursor("subscriptions").await.unwrap(), Some(Position::single(1)));
    // What it did lies in the city itself, and what it has not done yet is to be done.
    assert_eq!(restored.cursor("history").await.unwrap(), Some(Position::single(1)));
}

#[tokio::test]
async fn what_lies_beside_the_store_travels_along() {
    let folder = tempfile::tempdir().unwrap();
    let (city, backup, restored) =
        (folder.path().join("city"), folder.path().join("backup"), folder.path().join("new"));
    let store = open(&city).unwrap();
    set(&store, "one", 1, 1).await.unwrap();
    let name = PathBuf::from("history/one/part-1");
    fs::create_dir_all(city.join("history/one")).unwrap();
    fs::write(city.join(&name), "a year").unwrap();
    store.backup_with(&Beside { folder: None, files: std::slice::from_ref(&name) }, &backup).unwrap();
    EmbeddedStore::check_backup(&backup).unwrap().unwrap();
    EmbeddedStore::restore(&backup, &restored).unwrap();
    assert_eq!(fs::read_to_string(restored.join(&name)).unwrap(), "a year");
    fs::write(backup.join(&name), "a yeur").unwrap();
    let damaged = EmbeddedStore::check_backup(&backup).unwrap().unwrap_err().to_string();
    assert!(damaged.contains("part-1"), "{damaged}");
}

#[tokio::test]
async fn a_damaged_backup_and_a_folder_in_use_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("city")).unwrap();
    set(&store, "one", 1, 1).await.unwrap();
    let backup = folder.path().join("backup");
    store.backup(&backup).unwrap();
    let journal = fs::read_dir(backup.join("journal")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&journal).unwrap();
    bytes[100] ^= 1;
    fs::write(&journal, bytes).unwrap();
    let error = EmbeddedStore::restore(&backup, &folder.path().join("restored")).unwrap_err();
    assert!(error.to_string().contains(".journal is damaged"), "{error}");
    let error = store.backup(&backup).unwrap_err();
    assert!(error.to_string().contains("is not empty"), "{error}");
    let error = open(&folder.path().join("city")).unwrap_err();
    assert!(error.to_string().contains("in use by another process"), "{error}");
}

#[tokio::test]
async fn a_newer_format_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    let file = folder.path().join("format");
    let content = "machi 99 seed 0000000000000001";
    fs::write(&file, format!("{content} sum {:08x}\n", crc32fast::hash(content.as_bytes()))).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("format has format 99, and this Machi reads up to 2"), "{error}");
}

#[tokio::test]
async fn a_folder_of_the_format_before_becomes_one_of_this_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    set(&store, "one", 1, 7).await.unwrap();
    let things = all(&store, "one").await;
    drop(store);
    let file = folder.path().join("format");
    let now = fs::read_to_string(&file).unwrap();
    let (content, _) = now.trim_end().rsplit_once(" sum ").unwrap();
    let before = content.replace("machi 2", "machi 1");
    assert_ne!(before, content);
    fs::write(&file, format!("{before} sum {:08x}\n", crc32fast::hash(before.as_bytes()))).unwrap();
    let store = open(folder.path()).unwrap();
    assert_eq!(all(&store, "one").await, things);
    drop(store);
    assert_eq!(fs::read_to_string(&file).unwrap(), now, "the seed is the same");
}
