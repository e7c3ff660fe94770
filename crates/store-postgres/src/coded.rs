//! Documents and entries of the feed as bytes: names are told by the numbers of the database.

use bytes::Bytes;
use machi_store::codec::{Malformed, Reader, put_bytes, put_number, put_signed};
use machi_store::{ChangeKind, Document, NameNo, Section, SectionChange, SectionKey, StoreError};
use machi_types::Timestamp;
use tokio_postgres::Client;

use crate::error::damaged;
use crate::names::CityNames;

/// What keeps bytes from being read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// They are not what was written.
    Malformed,
    /// The names of these numbers are not known here yet.
    Unknown(Vec<i32>),
}

impl From<Malformed> for Unread {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Reads until all names are known.
pub(crate) async fn read<T>(
    names: &CityNames,
    client: &Client,
    table: &str,
    mut attempt: impl FnMut(&CityNames) -> Result<T, Unread>,
) -> Result<T, StoreError> {
    loop {
        match attempt(names) {
            Ok(read) => return Ok(read),
            Err(Unread::Malformed) => return Err(damaged(table)),
            Err(Unread::Unknown(numbers)) => names.learn(client, &numbers).await?,
        }
    }
}

/// All that the row of a document says in its body: head and sections.
pub(crate) fn put_body(document: &Document, names: &CityNames) -> Vec<u8> {
    let mut out = Vec::with_capacity(document.size() + 16);
    put_bytes(&document.head, &mut out);
    put_number(document.sections.len() as u64, &mut out);
    document.sections.iter().for_each(|section| put_section(section, document.created, names, &mut out));
    out
}

/// Head and sections of a document that was created then.
pub(crate) fn read_body(body: &Bytes, created: Timestamp, names: &CityNames) -> Result<(Bytes, Vec<Section>), Unread> {
    let mut reader = Reading { reader: Reader::new(body), base: created, names, unknown: Vec::new() };
    let head = reader.reader.bytes()?;
    let count = reader.reader.small()?;
    let mut sections = Vec::with_capacity(count.min(1024) as usize);
    for _ in 0..count {
        sections.push(reader.section()?);
    }
    reader.end()?;
    Ok((head, sections))
}

/// What one commit did to one document, as the feed keeps it: enough to go forth and back.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) kind: ChangeKind,
    /// Version, creation and last change of the document before, where there was one.
    pub(crate) before: Option<(u64, Timestamp, Timestamp)>,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) old_head: Option<Bytes>,
    pub(crate) new_head: Option<Bytes>,
    /// The touched sections; with one that is gone comes its place among those before.
    pub(crate) sections: Vec<(SectionChange, usize)>,
}

const KINDS: [ChangeKind; 3] = [ChangeKind::Created, ChangeKind::Changed, ChangeKind::Deleted];

/// A step as bytes; its times are told apart from the commit's.
pub(crate) fn put_step(step: &Step, at: Timestamp, names: &CityNames) -> Vec<u8> {
    let mut out = Vec::new();
    let time = |time: Timestamp, out: &mut Vec<u8>| put_signed(time.micros().wrapping_sub(at.micros()), out);
    out.push(KINDS.iter().position(|kind| *kind == step.kind).unwrap_or_default() as u8);
    match step.before {
        None => out.push(0),
        Some((version, created, modified)) => {
            out.push(1);
            put_number(version, &mut out);
            time(created, &mut out);
            time(modified, &mut out);
        }
    }
    time(step.created, &mut out);
    time(step.modified, &mut out);
    for head in [&step.old_head, &step.new_head] {
        out.push(u8::from(head.is_some()));
        head.iter().for_each(|head| put_bytes(head, &mut out));
    }
    put_number(step.sections.len() as u64, &mut out);
    for (change, place) in &step.sections {
        put_number(*place as u64, &mut out);
        for section in [&change.old, &change.new] {
            out.push(u8::from(section.is_some()));
            section.iter().for_each(|section| put_section(section, at, names, &mut out));
        }
    }
    out
}

/// The step of a commit of that time.
pub(crate) fn read_step(body: &Bytes, at: Timestamp, names: &CityNames) -> Result<Step, Unread> {
    let mut reader = Reading { reader: Reader::new(body), base: at, names, unknown: Vec::new() };
    let kind = *KINDS.get(usize::from(reader.reader.byte()?)).ok_or(Malformed)?;
    let before = match reader.is_there()? {
        true => Some((reader.reader.number()?, reader.time()?, reader.time()?)),
        false => None,
    };
    let (created, modified) = (reader.time()?, reader.time()?);
    let (old_head, new_head) = (reader.head()?, reader.head()?);
    let count = reader.reader.small()?;
    let mut sections = Vec::with_capacity(count.min(1024) as usize);
    for _ in 0..count {
        let place = reader.reader.small()? as usize;
        let old = if reader.is_there()? { Some(reader.section()?) } else { None };
        let new = if reader.is_there()? { Some(reader.section()?) } else { None };
        sections.push((SectionChange { old, new }, place));
    }
    reader.end()?;
    Ok(Step { kind, before, created, modified, old_head, new_head, sections })
}

fn put_section(section: &Section, base: Timestamp, names: &CityNames, out: &mut Vec<u8>) {
    for name in [section.key.name, section.key.instance] {
        let number = names.there(name).expect("whoever writes has asked for the numbers of all names");
        put_number(number as u64, out);
    }
    put_signed(section.created.micros().wrapping_sub(base.micros()), out);
    put_signed(section.modified.micros().wrapping_sub(base.micros()), out);
    put_bytes(&section.body, out);
}

/// Bytes that are being read.
struct Reading<'a> {
    reader: Reader<'a>,
    /// What times are told apart from.
    base: Timestamp,
    names: &'a CityNames,
    /// The numbers of names that were met and are not known here.
    unknown: Vec<i32>,
}

impl Reading<'_> {
    fn is_there(&mut self) -> Result<bool, Malformed> {
        match self.reader.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    fn time(&mut self) -> Result<Timestamp, Malformed> {
        Ok(Timestamp::from_micros(self.base.micros().wrapping_add(self.reader.signed()?)))
    }

    fn head(&mut self) -> Result<Option<Bytes>, Malformed> {
        if self.is_there()? { Ok(Some(self.reader.bytes()?)) } else { Ok(None) }
    }

    fn name(&mut self) -> Result<NameNo, Malformed> {
        let number = i32::try_from(self.reader.number()?).map_err(|_| Malformed)?;
        Ok(self.names.here(number).unwrap_or_else(|| {
            self.unknown.push(number);
            NameNo::NONE
        }))
    }

    fn section(&mut self) -> Result<Section, Malformed> {
        let key = SectionKey::new(self.name()?, self.name()?);
        let (created, modified) = (self.time()?, self.time()?);
        Ok(Section { key, created, modified, body: self.reader.bytes()? })
    }

    fn end(self) -> Result<(), Unread> {
        if !self.unknown.is_empty() {
            return Err(Unread::Unknown(self.unknown));
        }
        if self.reader.is_at_end() { Ok(()) } else { Err(Unread::Malformed) }
    }
}
