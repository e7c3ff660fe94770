//! The shim's log, read back: what a process did below a folder, in the order in which it did it.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use super::disk::Disk;
use crate::Dice;

/// The bytes in front of a record's payload: length, kind, handle, number.
const HEADER: usize = 24;
const CREATED: u64 = 1;
const TRUNCATED: u64 = 2;

/// What one process did to one folder.
#[derive(Debug)]
pub struct Recording {
    bytes: Vec<u8>,
    records: Vec<Record>,
}

/// A place in a recording: everything before it has happened.
pub type Moment = usize;

#[derive(Clone, Debug)]
pub(super) struct Record {
    kind: u8,
    handle: u64,
    number: u64,
    payload: Range<usize>,
}

/// Kinds of deeds that change a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// A file came into being or was emptied by being opened.
    Create,
    /// Data was written.
    Write,
    /// A file was cut or extended.
    Cut,
    /// A file or folder was synced, or the attempt failed.
    Sync,
    /// A name was moved; the path is the new one.
    Rename,
    /// A second name was made.
    Link,
    /// A name was removed.
    Remove,
    /// A folder was made.
    MakeFolder,
}

/// For each deed and path: how often, and how many bytes.
pub type Deeds = BTreeMap<(Deed, String), (u64, u64)>;

impl Recording {
    /// Reads a log. A record that the end of the process cut off did not happen.
    pub fn read(log: &Path) -> Self {
        let bytes = fs::read(log).unwrap_or_default();
        let mut records = Vec::new();
        let mut at = 0;
        while let Some(header) = bytes.get(at..at + HEADER) {
            let word = |from: usize| u32::from_le_bytes(header[from..from + 4].try_into().expect("four bytes"));
            let long = |from: usize| u64::from_le_bytes(header[from..from + 8].try_into().expect("eight bytes"));
            let payload = at + HEADER..at + HEADER + word(0) as usize;
            at = payload.end;
            if at > bytes.len() {
                break;
            }
            records.push(Record { kind: word(4) as u8, handle: long(8), number: long(16), payload });
        }
        Self { bytes, records }
    }

    /// The moment after everything.
    pub fn end(&self) -> Moment {
        self.records.len()
    }

    /// What the process had printed by a moment.
    pub fn said(&self, upto: Moment) -> String {
        let said = self.records[..upto].iter().filter(|record| record.kind == b'A');
        said.map(|record| String::from_utf8_lossy(&self.bytes[record.payload.clone()])).collect()
    }

    /// What the model cannot tell of; a process whose cuts are to be believed did nothing of the kind.
    pub fn violations(&self) -> Vec<String> {
        self.records.iter().filter(|record| record.kind == b'X').map(|record| self.text(record)).collect()
    }

    /// The files that were synced again after a sync of them had failed, on a disk that held `base` before.
    pub fn synced_after_failure(&self, base: &Path) -> Vec<String> {
        let mut disk = Disk::load(base, &self.bytes);
        self.replay(&mut disk, self.end(), &mut Dice::new(0));
        disk.synced_after_failure
    }

    /// How many syncs failed.
    pub fn failed_syncs(&self) -> usize {
        self.records.iter().filter(|record| record.kind == b'F').count()
    }

    /// Puts into the new folder `image` what a disk that held `base` could hold had the power gone at a moment.
    pub fn cut(&self, base: &Path, at: Moment, seed: u64, image: &Path) {
        let mut dice = Dice::new(seed);
        let mut disk = Disk::load(base, &self.bytes);
        self.replay(&mut disk, at, &mut dice);
        disk.cut(&mut dice, image);
    }

    /// What was done to which path, to compare with what another observer saw. An open file goes by the name
    /// that it has at the time.
    pub fn deeds(&self) -> Deeds {
        let mut paths: BTreeMap<u64, String> = BTreeMap::new();
        let mut deeds = Deeds::new();
        for record in &self.records {
            let path = || paths.get(&record.handle).cloned().unwrap_or_default();
            let (deed, path, bytes) = match record.kind {
                b'O' => {
                    paths.insert(record.handle, self.text(record));
                    if record.number & (CREATED | TRUNCATED) == 0 {
                        continue;
                    }
                    (Deed::Create, self.text(record), 0)
                }
                b'W' => (Deed::Write, path(), record.payload.len() as u64),
                b'T' => (Deed::Cut, path(), 0),
                b'E' | b'F' => (Deed::Sync, path(), 0),
                b'R' => {
                    let (from, to) = self.two(record);
                    paths.values_mut().filter(|path| **path == from).for_each(|path| path.clone_from(&to));
                    (Deed::Rename, to, 0)
                }
                b'L' => (Deed::Link, self.two(record).1, 0),
                b'U' | b'D' => (Deed::Remove, self.text(record), 0),
                b'M' => (Deed::MakeFolder, self.text(record), 0),
                _ => continue,
            };
            let count = deeds.entry((deed, path)).or_default();
            *count = (count.0 + 1, count.1 + bytes);
        }
        deeds
    }

    fn replay(&self, disk: &mut Disk<'_>, upto: Moment, dice: &mut Dice) {
        for record in &self.records[..upto] {
            match record.kind {
                b'O' => {
                    let is_new = record.number & CREATED != 0;
                    disk.open(record.handle, &self.text(record), is_new);
                    if record.number & TRUNCATED != 0 {
                        disk.cut_file(record.handle, 0);
                    }
                }
                b'W' => disk.write(record.handle, record.number, record.payload.clone()),
                b'T' => disk.cut_file(record.handle, record.number),
                b'B' => disk.begin_sync(record.handle, record.number),
                b'E' => disk.end_sync(record.number),
                b'F' => disk.fail_sync(record.number, dice),
                b'R' => {
                    let (from, to) = self.two(record);
                    disk.rename(&from, &to);
                }
                b'L' => {
                    let (from, to) = self.two(record);
                    disk.link(&from, &to);
                }
                b'U' | b'D' => disk.remove(&self.text(record)),
                b'M' => disk.make_folder(&self.text(record)),
                _ => {}
            }
        }
    }

    fn text(&self, record: &Record) -> String {
        String::from_utf8_lossy(&self.bytes[record.payload.clone()]).into_owned()
    }

    fn two(&self, record: &Record) -> (String, String) {
        let text = self.text(record);
        let (from, to) = text.split_once('\0').expect("the shim puts a zero between two paths");
        (from.to_owned(), to.to_owned())
    }
}
