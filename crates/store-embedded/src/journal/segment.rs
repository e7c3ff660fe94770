//! Segment files of the journal: a header that chains each to the one before, then frames.

use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use machi_store::StoreError;

use super::frame::{self, FrameHeader, Reading};
use crate::failure::{damaged, io_error};
use crate::files;

const MAGIC: [u8; 8] = *b"MACHIJNL";
const FORMAT: u32 = 1;
/// The bytes in front of the first frame.
pub(crate) const HEADER: u64 = 64;
/// How far apart the places are that a segment remembers for readers.
const MARK_EVERY: u64 = 256 * 1024;

/// What a segment's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// Which segment this is, counted from 1.
    pub(crate) sequence: u64,
    /// The first commit that it may hold.
    pub(crate) first: u64,
    /// Where the valid content of the segment before ends.
    ///
    /// Whatever lies behind was never acknowledged, or was carried over into this segment.
    pub(crate) previous_end: u64,
    /// How many bytes of frames it was created with: they are synced for certain.
    pub(crate) carried: u64,
}

/// A segment that can be read.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    /// Where its valid content ends.
    pub(crate) end: u64,
    /// The last commit inside; one less than `header.first` where there is none.
    pub(crate) last: u64,
    /// Where the last frame starts: it may be synced and not shown yet.
    newest_start: u64,
    /// Places to start reading from: the first commit of a frame and its offset.
    marks: Vec<(u64, u64)>,
}

/// The file name of a segment.
pub(crate) fn file_name(sequence: u64) -> String {
    format!("{sequence:016}.journal")
}

impl Segment {
    /// Creates a segment file, durably and with what is carried over into it, and opens it for writing.
    pub(crate) fn create(folder: &Path, header: SegmentHeader, carried: &[u8]) -> Result<(Self, File), StoreError> {
        let path = folder.join(file_name(header.sequence));
        let file = files::put_in_place(&path, |file| {
            file.write_all(&encode_header(header))?;
            file.write_all(carried)
        })?;
        let mut segment = Self::empty(path, header);
        if let Some(frame) = carried.first_chunk().and_then(frame::parse_header) {
            segment.note_frame(&frame);
        }
        Ok((segment, file))
    }

    fn empty(path: PathBuf, header: SegmentHeader) -> Self {
        Self { path, header, end: HEADER, last: header.first - 1, newest_start: HEADER, marks: Vec::new() }
    }

    /// Reads the header of a file, which had its name only once it was complete.
    pub(crate) fn read_header(path: &Path) -> Result<SegmentHeader, StoreError> {
        let file = File::open(path).map_err(|source| io_error("opening", path, source))?;
        let mut bytes = [0; HEADER as usize];
        match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => decode_header(&bytes, path),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(damaged(path, "the header is cut off")),
            Err(source) => Err(io_error("reading", path, source)),
        }
    }

    /// Opens a segment whose valid end is known (from the header of the one behind it) or must be found.
    pub(crate) fn open(path: PathBuf, header: SegmentHeader, known_end: Option<u64>) -> Result<Self, StoreError> {
        let mut segment =
            Self { path, header, end: HEADER, last: header.first - 1, newest_start: HEADER, marks: Vec::new() };
        let content = std::fs::read(&segment.path).map_err(|source| io_error("reading", &segment.path, source))?;
        loop {
            let at = segment.end as usize;
            if known_end == Some(segment.end) {
                return Ok(segment);
            }
            match frame::read(content.get(at..).unwrap_or_default()) {
                Reading::Frame(header) => segment.note_frame(&header),
                Reading::Torn if known_end.is_none() => return Ok(segment),
                Reading::Torn | Reading::Damaged => {
                    return Err(damaged(&segment.path, format!("the batch at byte {at} does not match its checksum")));
                }
            }
        }
    }

    /// Takes note of a frame that now stands at the end.
    pub(crate) fn note_frame(&mut self, header: &FrameHeader) {
        let is_far = self.marks.last().is_none_or(|(_, offset)| self.end - offset >= MARK_EVERY);
        if is_far {
            self.marks.push((header.first, self.end));
        }
        self.newest_start = self.end;
        self.end += frame::HEADER as u64 + u64::from(header.length);
        self.last = header.last;
    }

    /// The newest frame, where this was opened with one that may not be synced: a process may have died between
    /// writing and syncing, or after a sync that failed while the system went on showing what it had dropped.
    pub(crate) fn doubtful(&self) -> Result<Option<Vec<u8>>, StoreError> {
        if self.end == HEADER || self.newest_start < HEADER + self.header.carried {
            return Ok(None);
        }
        let mut frame = vec![0; (self.end - self.newest_start) as usize];
        let file = File::open(&self.path).map_err(|source| io_error("opening", &self.path, source))?;
        file.read_exact_at(&mut frame, self.newest_start).map_err(|source| io_error("reading", &self.path, source))?;
        Ok(Some(frame))
    }

    /// Gives the newest frame, which begins with commit `first`, to the segment behind.
    pub(crate) fn cut_newest(&mut self, first: u64) {
        self.end = self.newest_start;
        self.last = first - 1;
        self.marks.retain(|(_, offset)| *offset < self.end);
    }

    /// Cuts off what lies behind the valid content. It would be passed over; but it takes space, and a bit of
    /// it that flips would go unnoticed.
    pub(crate) fn drop_rest(&self) {
        let is_longer = std::fs::metadata(&self.path).is_ok_and(|about| about.len() > self.end);
        if !is_longer {
            return;
        }
        let file = File::options().write(true).open(&self.path);
        if let Err(error) = file.and_then(|file| file.set_len(self.end)) {
            tracing::warn!(error = %error, file = %self.path.display(), "the rest of a segment could not be cut off");
        }
    }

    /// Where the newest frame starts.
    pub(crate) fn newest_start(&self) -> u64 {
        self.newest_start
    }

    /// Where the frames end that hold nothing after a commit.
    pub(crate) fn end_of(&self, commit: u64) -> u64 {
        if self.last <= commit { self.end } else { self.newest_start }
    }

    /// Reads the frames that hold commits after `after`, each with its last commit, as long as more are asked for.
    pub(crate) fn read_after(
        &self,
        after: u64,
        mut take: impl FnMut(u64, Bytes) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let file = File::open(&self.path).map_err(|source| io_error("opening", &self.path, source))?;
        let mark = self.marks.partition_point(|(first, _)| *first <= after + 1).saturating_sub(1);
        let mut at = self.marks.get(mark).map_or(HEADER, |(_, offset)| *offset);
        while at < self.end {
            let header = self.frame_header(&file, at)?;
            if header.last > after && take(header.last, self.frame_content(&file, at, &header)?)?.is_break() {
                break;
            }
            at += frame::HEADER as u64 + u64::from(header.length);
        }
        Ok(())
    }

    fn frame_header(&self, file: &File, at: u64) -> Result<FrameHeader, StoreError> {
        let mut bytes = [0; frame::HEADER];
        file.read_exact_at(&mut bytes, at).map_err(|source| io_error("reading", &self.path, source))?;
        frame::parse_header(&bytes)
            .ok_or_else(|| damaged(&self.path, format!("the batch header at byte {at} is wrong")))
    }

    fn frame_content(&self, file: &File, at: u64, header: &FrameHeader) -> Result<Bytes, StoreError> {
        let mut content = vec![0; header.length as usize];
        file.read_exact_at(&mut content, at + frame::HEADER as u64)
            .map_err(|source| io_error("reading", &self.path, source))?;
        if !frame::content_is_intact(header, &content) {
            return Err(damaged(&self.path, format!("the batch at byte {at} does not match its checksum")));
        }
        Ok(content.into())
    }
}

fn encode_header(header: SegmentHeader) -> [u8; HEADER as usize] {
    let mut bytes = [0; HEADER as usize];
    bytes[0..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[16..24].copy_from_slice(&header.sequence.to_le_bytes());
    bytes[24..32].copy_from_slice(&header.first.to_le_bytes());
    bytes[32..40].copy_from_slice(&header.previous_end.to_le_bytes());
    bytes[40..48].copy_from_slice(&header.carried.to_le_bytes());
    let sum = crc32fast::hash(&bytes[..60]);
    bytes[60..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

fn decode_header(bytes: &[u8; HEADER as usize], path: &Path) -> Result<SegmentHeader, StoreError> {
    let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let sum = u32::from_le_bytes(bytes[60..].try_into().expect("four bytes"));
    if crc32fast::hash(&bytes[..60]) != sum || bytes[..8] != MAGIC {
        return Err(damaged(path, "the header does not match its checksum"));
    }
    let format = u32::from_le_bytes(bytes[8..12].try_into().expect("four bytes"));
    if format > FORMAT {
        return Err(damaged(path, format!("it has journal format {format}; this Machi reads up to {FORMAT}")));
    }
    Ok(SegmentHeader { sequence: long(16), first: long(24), previous_end: long(32), carried: long(40) })
}
