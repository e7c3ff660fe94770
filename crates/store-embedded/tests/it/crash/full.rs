//! A full disk: writes are refused while reads go on, and are taken again when there is space.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use machi_testkit::{SmallDisk, soak_rounds, soak_seed};

use super::check::{Numbers, check};
use super::ledger::Ledger;
use super::loops::is_written;
use super::plan::Plan;
use super::process::{Writer, copy};

/// Room for a store with small options, and not for much more.
const DISK: u64 = 24 << 20;
const PATIENCE: Duration = Duration::from_secs(30);
/// How many tasks write; each must be served again.
const TASKS: usize = 6;

/// Takes all space until writes are refused for want of it, again and again: the engine gives some back at times.
fn fill_until_refused(disk: &SmallDisk, writer: &mut Writer) -> Result<(), String> {
    let started = Instant::now();
    let (mut refused, mut read, mut unreadable) = (0, 0, Vec::new());
    while refused < 30 || read < 10 {
        if started.elapsed() > PATIENCE {
            return Err(format!("{refused} writes were refused and {read} reads answered on a full disk"));
        }
        disk.fill();
        writer.listen_until(Duration::from_millis(50), |line| {
            refused += u32::from(line.starts_with("refused") && line.contains("No space left"));
            read += u32::from(line == "read");
            unreadable.extend(line.starts_with("unreadable").then(|| line.to_owned()));
            false
        });
    }
    if unreadable.is_empty() { Ok(()) } else { Err(format!("on a full disk: {unreadable:?}")) }
}

fn serves_all_tasks(writer: &mut Writer) -> bool {
    let mut served = BTreeSet::new();
    writer.listen_until(PATIENCE, |line| {
        if is_written(line) {
            served.extend(line.split(' ').nth(1).map(str::to_owned));
        }
        served.len() == TASKS
    })
}

#[test]
fn a_full_disk_refuses_writes_while_reads_go_on_and_recovers() {
    let Some(disk) = SmallDisk::mount(DISK) else {
        println!("SKIPPED: the kernel lets nobody mount here");
        return;
    };
    let seed = soak_seed();
    let folder = tempfile::tempdir().unwrap();
    let store = disk.path().join("store");
    let mut writer = Writer::start(folder.path(), &Plan::endless(&store, seed, 1), None);
    assert!(writer.listen_until(PATIENCE, |line| line == "ready"), "{:?}", writer.said);
    for _ in 0..soak_rounds(2) {
        writer.listen_until(Duration::from_millis(300), |_| false);
        let filled = fill_until_refused(&disk, &mut writer);
        assert!(filled.is_ok(), "seed {seed}: {filled:?}");
        disk.free();
        // What was said before there was space again does not count.
        writer.listen_until(Duration::from_millis(50), |_| false);
        assert!(serves_all_tasks(&mut writer), "seed {seed}: not all tasks are served again");
    }
    let (said, was_running) = writer.kill();
    assert!(was_running, "the writer ended by itself");
    let mut ledger = Ledger::default();
    said.iter().for_each(|line| ledger.note(line));
    copy(&store, &folder.path().join("checked"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let checked = runtime.block_on(check(&folder.path().join("checked"), seed, &mut ledger, &mut Numbers::default()));
    assert!(checked.is_ok(), "seed {seed}: {checked:?}");
    assert!(ledger.refused >= 30, "{} writes were refused", ledger.refused);
}
