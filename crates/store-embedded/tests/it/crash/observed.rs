//! No write passes beside the shim: strace, which sees every system call, saw the very same deeds.

use std::fs;
use std::time::Duration;

use machi_testkit::{Deed, Recording, Strace, Watch, comparable};

use super::plan::Plan;
use super::process::{Writer, test_binary};

/// A seed that makes everything small, so that tables and segments come and go within a short story.
const SMALL: u64 = 198;

#[test]
fn no_write_passes_beside_the_shim() {
    let folder = tempfile::tempdir().unwrap();
    let Some(strace) = Strace::new(&folder.path().join("trace")) else {
        println!("SKIPPED: processes cannot be traced here");
        return;
    };
    let (live, log) = (folder.path().join("live"), folder.path().join("log"));
    fs::create_dir_all(&live).unwrap();
    let plan = Plan { deeds: 100, ..Plan::endless(&live.join("store"), SMALL, 1) };
    let command = strace.command(&test_binary());
    let mut writer = Writer::start_under(command, folder.path(), &plan, Some(&Watch::new(&live, &log)));
    let is_closed = writer.listen_until(Duration::from_mins(2), |line| line == "closed");
    let said = writer.wait();
    assert!(is_closed, "{}", said.join("\n"));
    let recording = Recording::read(&log);
    assert_eq!(recording.violations(), Vec::<String>::new());
    let (recorded, seen) = (comparable(&recording.deeds()), comparable(&strace.deeds(&live).unwrap()));
    let beside: Vec<_> = seen.iter().filter(|(key, count)| recorded.get(key) != Some(count)).collect();
    assert!(beside.is_empty(), "strace saw what the shim did not: {beside:?}");
    let invented: Vec<_> = recorded.iter().filter(|(key, count)| seen.get(key) != Some(count)).collect();
    assert!(invented.is_empty(), "the shim saw what strace did not: {invented:?}");
    for (wanted, part) in [
        (Deed::Sync, "store/journal/"),
        (Deed::Write, "store/documents/tables/"),
        (Deed::Write, "store/indexes/tables/"),
        (Deed::Rename, "store/documents/current"),
        (Deed::Remove, "store/journal/"),
    ] {
        let is_seen = seen.keys().any(|(deed, path)| *deed == wanted && path.starts_with(part));
        assert!(is_seen, "nothing was seen of {wanted:?} {part}: the story is too short");
    }
}
