//! What the journal holds: batches of commits, each batch under one checksum because one fsync covers it.
//!
//! A batch also carries the names, spaces and numbers that its commits were the first to use, so that
//! whatever is rebuilt from the journal gets the same numbers again.

use bytes::Bytes;
use machi_store::{ChangeKind, DocumentNo, Position, Section, SectionChange};
use machi_types::{Name, Timestamp};

use crate::codec::{Malformed, Reader, put_bytes, put_number, put_section, put_signed, read_section};

/// Commits that became durable with one fsync.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Batch {
    /// Names used for the first time, with their numbers.
    pub(crate) names: Vec<(u32, Name)>,
    /// Spaces used for the first time.
    pub(crate) spaces: Vec<SpaceRecord>,
    /// Spaces erased before anything else of this batch.
    pub(crate) erased: Vec<u32>,
    /// The commits, in order.
    pub(crate) commits: Vec<CommitRecord>,
}

/// A collection of a tenant gets its number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SpaceRecord {
    pub(crate) number: u32,
    pub(crate) tenant: Name,
    pub(crate) collection: Name,
}

/// One commit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CommitRecord {
    pub(crate) number: u64,
    pub(crate) time: Timestamp,
    pub(crate) cursors: Vec<(Name, Position)>,
    pub(crate) changes: Vec<ChangeRecord>,
}

/// One changed document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChangeRecord {
    pub(crate) space: u32,
    pub(crate) number: DocumentNo,
    pub(crate) id: Name,
    pub(crate) kind: ChangeKind,
    /// The document's time of creation, after the change.
    pub(crate) created: Timestamp,
    /// The document's time of its last change: the commit's, except where it was restored.
    pub(crate) modified: Timestamp,
    pub(crate) old_head: Option<Bytes>,
    pub(crate) new_head: Option<Bytes>,
    pub(crate) sections: Vec<SectionChangeRecord>,
}

/// One touched section.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SectionChangeRecord {
    pub(crate) old: Option<Section>,
    pub(crate) new: Option<Section>,
}

impl From<SectionChange> for SectionChangeRecord {
    fn from(change: SectionChange) -> Self {
        Self { old: change.old, new: change.new }
    }
}

/// Appends a batch's content; framing and checksum are the segment's.
pub(crate) fn encode(batch: &Batch, out: &mut Vec<u8>) {
    put_number(batch.names.len() as u64, out);
    for (number, name) in &batch.names {
        put_number(u64::from(*number), out);
        put_bytes(name.as_bytes(), out);
    }
    put_number(batch.spaces.len() as u64, out);
    for space in &batch.spaces {
        put_number(u64::from(space.number), out);
        put_bytes(space.tenant.as_bytes(), out);
        put_bytes(space.collection.as_bytes(), out);
    }
    put_number(batch.erased.len() as u64, out);
    batch.erased.iter().for_each(|space| put_number(u64::from(*space), out));
    put_number(batch.commits.len() as u64, out);
    for commit in &batch.commits {
        encode_commit(commit, out);
    }
}

fn encode_commit(commit: &CommitRecord, out: &mut Vec<u8>) {
    put_number(commit.number, out);
    put_signed(commit.time.micros(), out);
    put_number(commit.cursors.len() as u64, out);
    for (consumer, position) in &commit.cursors {
        put_bytes(consumer.as_bytes(), out);
        put_number(position.bucket(0), out);
    }
    put_number(commit.changes.len() as u64, out);
    for change in &commit.changes {
        encode_change(change, commit.time, out);
    }
}

const HAS_OLD_HEAD: u8 = 4;
const HAS_NEW_HEAD: u8 = 8;

fn encode_change(change: &ChangeRecord, time: Timestamp, out: &mut Vec<u8>) {
    let kind = match change.kind {
        ChangeKind::Created => 0,
        ChangeKind::Changed => 1,
        ChangeKind::Deleted => 2,
    };
    let old_head = if change.old_head.is_some() { HAS_OLD_HEAD } else { 0 };
    let new_head = if change.new_head.is_some() { HAS_NEW_HEAD } else { 0 };
    out.push(kind | old_head | new_head);
    put_number(u64::from(change.space), out);
    put_number(u64::from(change.number.0), out);
    put_bytes(change.id.as_bytes(), out);
    for own in [change.created, change.modified] {
        put_signed(own.micros().wrapping_sub(time.micros()), out);
    }
    for head in [&change.old_head, &change.new_head].into_iter().flatten() {
        put_bytes(head, out);
    }
    put_number(change.sections.len() as u64, out);
    for section in &change.sections {
        let has = |side: &Option<Section>, bit| if side.is_some() { bit } else { 0 };
        out.push(has(&section.old, 1) | has(&section.new, 2));
        for side in [&section.old, &section.new].into_iter().flatten() {
            put_section(side, time, out);
        }
    }
}

/// Reads the names of a batch alone.
pub(crate) fn decode_names(content: &Bytes) -> Result<Vec<(u32, Name)>, Malformed> {
    read_names(&mut Reader::new(content))
}

fn read_names(reader: &mut Reader<'_>) -> Result<Vec<(u32, Name)>, Malformed> {
    list(reader, |reader| Ok((reader.small()?, reader.text()?)))
}

/// Reads a batch back.
pub(crate) fn decode(content: &Bytes) -> Result<Batch, Malformed> {
    let mut reader = Reader::new(content);
    let names = read_names(&mut reader)?;
    let spaces = list(&mut reader, |reader| {
        Ok(SpaceRecord { number: reader.small()?, tenant: reader.text()?, collection: reader.text()? })
    })?;
    let erased = list(&mut reader, Reader::small)?;
    let commits = list(&mut reader, decode_commit)?;
    if reader.is_at_end() { Ok(Batch { names, spaces, erased, commits }) } else { Err(Malformed) }
}

fn list<'a, T>(
    reader: &mut Reader<'a>,
    mut item: impl FnMut(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let count = reader.small()?;
    (0..count).map(|_| item(reader)).collect()
}

fn decode_commit(reader: &mut Reader<'_>) -> Result<CommitRecord, Malformed> {
    let number = reader.number()?;
    let time = Timestamp::from_micros(reader.signed()?);
    let cursors = list(reader, |reader| Ok((reader.text()?, Position::single(reader.number()?))))?;
    let changes = list(reader, |reader| decode_change(reader, time))?;
    Ok(CommitRecord { number, time, cursors, changes })
}

fn decode_change(reader: &mut Reader<'_>, time: Timestamp) -> Result<ChangeRecord, Malformed> {
    let flags = reader.byte()?;
    let kind = match flags & 3 {
        0 => ChangeKind::Created,
        1 => ChangeKind::Changed,
        2 => ChangeKind::Deleted,
        _ => return Err(Malformed),
    };
    let space = reader.small()?;
    let number = DocumentNo(reader.small()?);
    let id = reader.text()?;
    let mut own_time = || Ok(Timestamp::from_micros(time.micros().wrapping_add(reader.signed()?)));
    let (created, modified) = (own_time()?, own_time()?);
    let old_head = (flags & HAS_OLD_HEAD != 0).then(|| reader.bytes()).transpose()?;
    let new_head = (flags & HAS_NEW_HEAD != 0).then(|| reader.bytes()).transpose()?;
    let sections = list(reader, |reader| {
        let sides = reader.byte()?;
        let old = (sides & 1 != 0).then(|| read_section(reader, time)).transpose()?;
        let new = (sides & 2 != 0).then(|| read_section(reader, time)).transpose()?;
        Ok(SectionChangeRecord { old, new })
    })?;
    Ok(ChangeRecord { space, number, id, kind, created, modified, old_head, new_head, sections })
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_store::{NameNo, SectionKey};
    use proptest::prelude::*;

    fn sample() -> Batch {
        let section = Section {
            key: SectionKey::new(NameNo::from_number(5), NameNo::NONE),
            created: Timestamp::from_micros(1),
            modified: Timestamp::from_micros(2),
            body: Bytes::from_static(b"21.5"),
        };
        let change = ChangeRecord {
            space: 1,
            number: DocumentNo(3),
            id: "urn:ngsi-ld:Room:1".into(),
            kind: ChangeKind::Changed,
            created: Timestamp::from_micros(1),
            modified: Timestamp::from_micros(1_000_000),
            old_head: None,
            new_head: Some(Bytes::from_static(b"head")),
            sections: vec![SectionChangeRecord { old: Some(section.clone()), new: Some(section) }],
        };
        Batch {
            names: vec![(5, "temperature".into())],
            spaces: vec![SpaceRecord { number: 1, tenant: "".into(), collection: "entities".into() }],
            erased: vec![9],
            commits: vec![CommitRecord {
                number: 42,
                time: Timestamp::from_micros(1_000_000),
                cursors: vec![("subscriptions".into(), Position::single(41))],
                changes: vec![change],
            }],
        }
    }

    #[test]
    fn batches_round_trip() {
        let mut out = Vec::new();
        encode(&sample(), &mut out);
        let content = Bytes::from(out);
        assert_eq!(decode_names(&content), Ok(sample().names));
        assert_eq!(decode(&content), Ok(sample()));
    }

    proptest! {
        #[test]
        fn damaged_batches_are_errors_not_panics(at in 0usize..100, byte: u8) {
            let mut out = Vec::new();
            encode(&sample(), &mut out);
            let index = at % out.len();
            out[index] = byte;
            let _ = decode(&out.into());
        }
    }
}
