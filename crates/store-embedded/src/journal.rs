//! The journal: the one file that an acknowledgement waits for, and the change feed at once.
//!
//! Batches are appended to a segment and synced. When a write or a sync fails, that file is never
//! synced again: the next batch goes to a new segment whose header says how much of the old one counts.
//! Nor is a file that another process has left trusted with more, or its last batch believed to be on disk:
//! that batch is carried over into a new segment, which is synced before anything is built on it.

pub(crate) mod frame;
pub(crate) mod record;
mod segment;

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use machi_store::StoreError;
use machi_types::Name;
use parking_lot::RwLock;

use crate::codec::Malformed;
use crate::failure::{damaged, io_error};
use crate::files;
use record::Batch;
use segment::{Segment, SegmentHeader};

/// How many bytes a reader takes at a time.
const READ_BYTES: usize = 1 << 20;

/// The segments that can be read, shared by the writer and the readers.
#[derive(Clone, Debug)]
pub(crate) struct Segments {
    folder: PathBuf,
    list: Arc<RwLock<Vec<Segment>>>,
}

/// The names that a batch was the first to use.
#[derive(Debug)]
pub(crate) struct NewNames {
    pub(crate) names: Vec<(u32, Name)>,
    /// The last commit of the batch.
    pub(crate) last: u64,
}

/// The writing end; there is one.
#[derive(Debug)]
pub(crate) struct Journal {
    segments: Segments,
    /// The open segment; `None` where the last write failed.
    file: Option<File>,
    /// The last batch of the newest segment, where it may not be on disk.
    doubtful: Option<Vec<u8>>,
    segment_bytes: u64,
    buffer: Vec<u8>,
}

impl Journal {
    /// Opens the journal of a folder and finds what of it is valid.
    pub(crate) fn open(folder: &Path, segment_bytes: u64) -> Result<Self, StoreError> {
        files::make_folder(folder)?;
        remove_nameless(folder)?;
        let list = open_segments(folder)?;
        if let Some((_, closed)) = list.split_last() {
            closed.iter().for_each(Segment::drop_rest);
        }
        let doubtful = list.last().map(Segment::doubtful).transpose()?.flatten();
        let segments = Segments { folder: folder.to_owned(), list: Arc::new(RwLock::new(list)) };
        let mut journal = Self { segments, file: None, doubtful, segment_bytes, buffer: Vec::new() };
        if journal.doubtful.is_some()
            && let Err(error) = journal.roll(0)
        {
            // A full disk must not keep anybody from reading; the next write tries again.
            tracing::warn!(error = %error, "the last batch could not be made durable once more");
        }
        Ok(journal)
    }

    /// The reading end.
    pub(crate) fn segments(&self) -> Segments {
        self.segments.clone()
    }

    /// Appends a batch and returns once it is on disk. After an error the batch counts as not written.
    pub(crate) fn append(&mut self, batch: &Batch, first: u64, last: u64) -> Result<u64, StoreError> {
        self.buffer.clear();
        let start = frame::begin(&mut self.buffer);
        record::encode(batch, &mut self.buffer);
        if !frame::finish(&mut self.buffer, start, first, last) {
            self.buffer = Vec::new();
            return Err(StoreError::Engine("a batch is longer than the journal takes".to_owned()));
        }
        if self.file.is_none() || self.end() >= self.segment_bytes {
            self.roll(first)?;
        }
        let written = self.write();
        if written.is_err() {
            // A sync that failed may have dropped the pages: this file must not be trusted with more.
            self.file = None;
        }
        written
    }

    /// Closes the newest segment, whose content then goes without what comes after `last`.
    pub(crate) fn cut(&mut self, last: u64) {
        if let Err(error) = self.roll(last + 1) {
            // The next batch tries again.
            tracing::warn!(error = %error, "a new segment of the journal could not be begun");
        }
    }

    fn end(&self) -> u64 {
        self.segments.list.read().last().map_or(0, |segment| segment.end)
    }

    fn write(&mut self) -> Result<u64, StoreError> {
        let mut list = self.segments.list.write();
        let (Some(segment), Some(file)) = (list.last_mut(), &self.file) else {
            return Err(StoreError::Closing);
        };
        // The list stays locked while syncing only against other writers of it; readers look at `end` alone.
        let (path, at) = (segment.path.clone(), segment.end);
        drop(list);
        file.write_all_at(&self.buffer, at).map_err(|source| {
            // On a full disk even a part of a batch takes space that is needed to go on.
            let _ = file.set_len(at);
            io_error("writing", &path, source)
        })?;
        file.sync_data().map_err(|source| io_error("syncing", &path, source))?;
        let (header, _) = self.buffer.split_first_chunk().expect("a frame has a header");
        let header = frame::parse_header(header).expect("the frame was just made");
        if let Some(segment) = self.segments.list.write().last_mut() {
            segment.note_frame(&header);
        }
        Ok(self.buffer.len() as u64)
    }

    /// Starts a new segment, whose first commit will be `first`, or that of the batch that is carried over.
    fn roll(&mut self, first: u64) -> Result<(), StoreError> {
        self.file = None;
        let carried = self.doubtful.as_deref().unwrap_or_default();
        let frame = carried.first_chunk().and_then(frame::parse_header);
        let header = {
            let list = self.segments.list.read();
            let previous = list.last();
            let end = |segment: &Segment| if frame.is_some() { segment.newest_start() } else { segment.end };
            SegmentHeader {
                sequence: previous.map_or(1, |segment| segment.header.sequence + 1),
                first: frame.map_or(first, |frame| frame.first),
                previous_end: previous.map_or(0, end),
                carried: carried.len() as u64,
            }
        };
        let (segment, file) = Segment::create(&self.segments.folder, header, carried)?;
        let mut list = self.segments.list.write();
        if let Some(previous) = list.last_mut() {
            if let Some(frame) = frame {
                previous.cut_newest(frame.first);
            }
            previous.drop_rest();
        }
        list.push(segment);
        drop(list);
        self.file = Some(file);
        self.doubtful = None;
        Ok(())
    }
}

impl Segments {
    /// What is valid of the journal in a folder that stays as it is.
    pub(crate) fn read(folder: &Path) -> Result<Self, StoreError> {
        let list = if folder.is_dir() { open_segments(folder)? } else { Vec::new() };
        Ok(Self { folder: folder.to_owned(), list: Arc::new(RwLock::new(list)) })
    }

    /// The first commit that can still be read; what follows the last one where there is none.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.list.read().first().map(|segment| segment.header.first)
    }

    /// The bytes of all segments.
    pub(crate) fn bytes(&self) -> u64 {
        self.list.read().iter().map(|segment| segment.end).sum()
    }

    /// The files that hold the commits up to a position, with how much of each counts.
    ///
    /// What is synced but not yet shown stays out: nobody has been told of it.
    pub(crate) fn files_upto(&self, position: u64) -> Vec<(PathBuf, u64)> {
        let list = self.list.read();
        let segments = list.iter().filter(|segment| segment.header.first <= position);
        segments.map(|segment| (segment.path.clone(), segment.end_of(position))).collect()
    }

    /// Batches with commits after `after`, in order; empty only where there are none.
    pub(crate) fn read_after(&self, after: u64) -> Result<Vec<Batch>, StoreError> {
        self.read_some_after(after, usize::MAX)
    }

    /// The same, but no more than are needed for so many changes.
    pub(crate) fn read_some_after(&self, after: u64, most: usize) -> Result<Vec<Batch>, StoreError> {
        let mut changes = 0;
        self.read_frames(after, |_, content| {
            let batch = record::decode(content)?;
            let newer = batch.commits.iter().filter(|commit| commit.number > after);
            changes += newer.map(|commit| commit.changes.len()).sum::<usize>();
            Ok((batch, changes < most))
        })
    }

    /// The names in those batches, with the last commit of each.
    pub(crate) fn names_after(&self, after: u64) -> Result<Vec<NewNames>, StoreError> {
        self.read_frames(after, |last, content| Ok((NewNames { names: record::decode_names(content)?, last }, true)))
    }

    /// What is made of the batches of one segment, until that wants no more, or much was read.
    fn read_frames<T>(
        &self,
        after: u64,
        mut decode: impl FnMut(u64, &Bytes) -> Result<(T, bool), Malformed>,
    ) -> Result<Vec<T>, StoreError> {
        let segment = {
            let list = self.list.read();
            let Some(segment) = list.iter().find(|segment| segment.last > after) else { return Ok(Vec::new()) };
            segment.clone()
        };
        let (mut all, mut bytes) = (Vec::new(), 0);
        segment.read_after(after, |last, content| {
            let decoded = decode(last, &content);
            let (one, wants_more) =
                decoded.map_err(|_| damaged(&segment.path, "a batch holds what no batch may hold"))?;
            all.push(one);
            bytes += content.len();
            Ok(if wants_more && bytes < READ_BYTES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(all)
    }

    /// Removes the segments whose commits are all at or before `upto`, oldest first; the newest stays.
    pub(crate) fn remove_upto(&self, upto: u64) -> Result<(), StoreError> {
        self.remove_while(upto, |_| true)
    }

    /// Removes those that were also last written longer ago than `age`.
    pub(crate) fn remove_older(&self, upto: u64, age: Duration) -> Result<(), StoreError> {
        self.remove_while(upto, |path| {
            let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
            modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|elapsed| elapsed > age))
        })
    }

    fn remove_while(&self, upto: u64, may_go: impl Fn(&Path) -> bool) -> Result<(), StoreError> {
        loop {
            let path = {
                let list = self.list.read();
                match list.as_slice() {
                    [oldest, _, ..] if oldest.last <= upto && may_go(&oldest.path) => oldest.path.clone(),
                    _ => return Ok(()),
                }
            };
            fs::remove_file(&path).map_err(|source| io_error("removing", &path, source))?;
            self.list.write().remove(0);
            // One at a time: after a crash, names may be missing at the front but not in the middle.
            files::sync_folder(&self.folder)?;
        }
    }
}

/// The files in a folder with this extension, in order.
fn files_of(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, StoreError> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(|source| io_error("reading", folder, source))?;
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    Ok(paths)
}

/// Removes segments that a crash has left before they had their names.
fn remove_nameless(folder: &Path) -> Result<(), StoreError> {
    for path in files_of(folder, "new")? {
        fs::remove_file(&path).map_err(|source| io_error("removing", &path, source))?;
    }
    Ok(())
}

fn open_segments(folder: &Path) -> Result<Vec<Segment>, StoreError> {
    let paths = files_of(folder, "journal")?;
    let headers: Vec<(PathBuf, SegmentHeader)> = paths
        .into_iter()
        .map(|path| Segment::read_header(&path).map(|header| (path, header)))
        .collect::<Result<_, _>>()?;
    check_sequence(&headers)?;
    let ends: Vec<Option<u64>> =
        (1..=headers.len()).map(|next| headers.get(next).map(|(_, header)| header.previous_end)).collect();
    headers.into_iter().zip(ends).map(|((path, header), end)| Segment::open(path, header, end)).collect()
}

/// A segment in the middle that is missing is damage, and named.
fn check_sequence(headers: &[(PathBuf, SegmentHeader)]) -> Result<(), StoreError> {
    for pair in headers.windows(2) {
        let expected = pair[0].1.sequence + 1;
        if pair[1].1.sequence != expected {
            let missing = pair[0].0.with_file_name(segment::file_name(expected));
            return Err(damaged(&missing, "the file is missing"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_types::Timestamp;
    use record::CommitRecord;

    fn batch(number: u64) -> Batch {
        let commit =
            CommitRecord { number, time: Timestamp::from_micros(number as i64), cursors: vec![], changes: vec![] };
        Batch { commits: vec![commit], ..Batch::default() }
    }

    fn numbers(segments: &Segments, mut after: u64) -> Vec<u64> {
        let mut numbers = Vec::new();
        loop {
            let batches = segments.read_after(after).unwrap();
            let Some(last) = batches.last() else { return numbers };
            after = last.commits[0].number;
            numbers.extend(batches.iter().map(|batch| batch.commits[0].number));
        }
    }

    #[test]
    fn batches_survive_reopening_and_segments_go_when_they_are_old() {
        let folder = tempfile::tempdir().unwrap();
        {
            let mut journal = Journal::open(folder.path(), 200).unwrap();
            for number in 1..=20 {
                journal.append(&batch(number), number, number).unwrap();
            }
        }
        let mut journal = Journal::open(folder.path(), 200).unwrap();
        let segments = journal.segments();
        assert_eq!(segments.files_upto(20).len(), segments.list.read().len());
        assert_eq!(numbers(&segments, 0), (1..=20).collect::<Vec<_>>());
        assert_eq!(numbers(&segments, 17), [18, 19, 20]);
        journal.append(&batch(21), 21, 21).unwrap();
        segments.remove_upto(10).unwrap();
        assert!(segments.oldest().unwrap() > 5);
        assert_eq!(numbers(&segments, 10), (11..=21).collect::<Vec<_>>());
    }

    #[test]
    fn the_last_batch_of_another_process_is_carried_over_and_synced_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), 1 << 20).unwrap();
        for number in 1..=3 {
            journal.append(&batch(number), number, number).unwrap();
        }
        drop(journal);
        let files = || {
            let mut lengths: Vec<u64> =
                fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).collect();
            lengths.sort_unstable();
            lengths
        };
        let one = files()[0] - segment::HEADER;
        for _ in 0..3 {
            let journal = Journal::open(folder.path(), 1 << 20).unwrap();
            assert_eq!(numbers(&journal.segments(), 0), [1, 2, 3]);
            assert_eq!(files(), [segment::HEADER + one / 3, segment::HEADER + one / 3 * 2]);
        }
        let mut journal = Journal::open(folder.path(), 1 << 20).unwrap();
        journal.append(&batch(4), 4, 4).unwrap();
        assert_eq!(numbers(&journal.segments(), 0), [1, 2, 3, 4]);
        drop(journal);
        assert_eq!(numbers(&Journal::open(folder.path(), 1 << 20).unwrap().segments(), 0), [1, 2, 3, 4]);
    }

    #[test]
    fn a_torn_tail_is_cut_and_a_flipped_bit_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), 1 << 20).unwrap();
        for number in 1..=3 {
            journal.append(&batch(number), number, number).unwrap();
        }
        let (path, end) = journal.segments().files_upto(3).remove(0);
        drop(journal);
        let good = fs::read(&path).unwrap();
        let put_back = |bytes: &[u8]| {
            fs::remove_dir_all(folder.path()).unwrap();
            fs::create_dir(folder.path()).unwrap();
            fs::write(&path, bytes).unwrap();
        };
        put_back(&good[..end as usize - 3]);
        let journal = Journal::open(folder.path(), 1 << 20).unwrap();
        assert_eq!(numbers(&journal.segments(), 0), [1, 2]);
        for at in [70, end as usize - 2] {
            let mut flipped = good.clone();
            flipped[at] ^= 4;
            put_back(&flipped);
            let error = Journal::open(folder.path(), 1 << 20).unwrap_err();
            assert!(error.to_string().contains("0000000000000001.journal is damaged"), "{error}");
        }
    }
}
