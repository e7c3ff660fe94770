//! Checkpoints: the indexes of one position written to the tree of pages, page by page.
//!
//! The root of the checkpoint before is kept. Pages are shared until they are written, so a page that
//! is still the same object has not changed and is not written again.

use std::sync::Arc;

use bytes::Bytes;
use machi_store::{DocumentNo, NameNo, Names, Position, StoreError};
use machi_types::{Name, TenantId, Timestamp};

use crate::codec::{Malformed, Reader, put_bytes, put_number, put_signed};
use crate::engine::{Engine, Root};
use crate::index::column::{Column, document};
use crate::index::page::{Mask, Values};
use crate::index::space::{Attribute, SpaceIndex, TagKey};
use crate::index::stored::StoredPage;
use crate::tree::Tree;

const NAME: u8 = 1;
const SPACE: u8 = 2;
const PAGE: u8 = 3;
const STATE: [u8; 1] = [4];

const ALIVE: u8 = 0;
const HASHES: u8 = 1;
const EXISTS: u8 = 2;
const YES: u8 = 3;
const NO: u8 = 4;
const NUMBERS: u8 = 5;
const TIMES: u8 = 6;
const TEXTS: u8 = 7;
const PLACES: u8 = 8;
const LINKS: u8 = 9;
const TAGS: u8 = 10;
const IDS: u8 = 11;

/// Where a column's pages lie.
#[derive(Clone, Copy)]
struct ColumnKey {
    space: u32,
    kind: u8,
    names: [NameNo; 3],
}

impl ColumnKey {
    fn page(&self, page: u32) -> [u8; 22] {
        let mut key = [0; 22];
        key[0] = PAGE;
        key[1..5].copy_from_slice(&self.space.to_be_bytes());
        key[5] = self.kind;
        for (place, name) in key[6..18].chunks_exact_mut(4).zip(self.names) {
            place.copy_from_slice(&name.number().to_be_bytes());
        }
        key[18..].copy_from_slice(&page.to_be_bytes());
        key
    }

    fn parse(key: &[u8]) -> Result<(Self, u32), Malformed> {
        let rest = key.get(1..).ok_or(Malformed)?;
        let word = |at: usize| -> Result<u32, Malformed> {
            let bytes = rest.get(at..at + 4).ok_or(Malformed)?;
            Ok(u32::from_be_bytes(bytes.try_into().map_err(|_| Malformed)?))
        };
        let kind = *rest.get(4).ok_or(Malformed)?;
        let names = [word(5)?, word(9)?, word(13)?].map(NameNo::from_number);
        Ok((Self { space: word(0)?, kind, names }, word(17)?))
    }
}

/// What a checkpoint says besides its pages.
#[derive(Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) time: Timestamp,
    /// How many space numbers have been given.
    pub(crate) spaces_given: u32,
    pub(crate) cursors: Vec<(Name, Position)>,
}

/// Writes what changed since the checkpoint before, and makes it durable.
pub(crate) fn write(engine: &Engine, before: &Root, root: &Root, time: Timestamp) -> Result<(), StoreError> {
    let writer = Writer { tree: &engine.pages, commit: root.position };
    writer.names(engine);
    for (number, index) in &root.spaces {
        // One that was erased meanwhile has no row; the journal tells of the erasure.
        let Some(space) = engine.spaces.by_number(*number) else { continue };
        let mut row = Vec::new();
        put_bytes(space.tenant.as_str().as_bytes(), &mut row);
        put_bytes(space.collection.0.as_bytes(), &mut row);
        put_number(index.bytes, &mut row);
        writer.tree.insert(&numbered(SPACE, *number), &row, writer.commit);
    }
    let empty = SpaceIndex::default();
    for (number, index) in &root.spaces {
        let old = before.spaces.get(number);
        if !old.is_some_and(|old| Arc::ptr_eq(old, index)) {
            writer.space(*number, old.map_or(&empty, |old| old), index);
        }
    }
    for (number, old) in before.spaces.iter().filter(|(number, _)| !root.spaces.contains_key(number)) {
        writer.tree.remove(&numbered(SPACE, *number), writer.commit);
        writer.space(*number, old, &empty);
    }
    let cursors = engine.cursors.read().iter().map(|(name, position)| (name.clone(), position.clone())).collect();
    let state = State { time, spaces_given: root.spaces_given, cursors };
    writer.tree.insert(&STATE, &encode_state(&state), writer.commit);
    engine.pages.seal(root.position);
    engine.pages.flush()?;
    Ok(())
}

struct Writer<'a> {
    tree: &'a Tree,
    commit: u64,
}

impl Writer<'_> {
    fn names(&self, engine: &Engine) {
        for number in 0..engine.names.len() as u32 {
            let key = numbered(NAME, number);
            // Names never change: what is on disk stays.
            if !matches!(self.tree.get(&key, u64::MAX >> 2), Ok(Some(_))) {
                let name = engine.names.text(NameNo::from_number(number));
                self.tree.insert(&key, name.as_bytes(), self.commit);
            }
        }
    }

    fn space(&self, space: u32, old: &SpaceIndex, new: &SpaceIndex) {
        let key = |kind, names| ColumnKey { space, kind, names };
        let none = [NameNo::NONE; 3];
        self.column(key(ALIVE, none), &old.alive, &new.alive);
        self.column(key(HASHES, none), &old.hashes, &new.hashes);
        self.column(key(IDS, none), &old.ids, &new.ids);
        let empty = Attribute::default();
        for (names, attribute) in &new.attributes {
            let before = old.attributes.get(names);
            if !before.is_some_and(|before| Arc::ptr_eq(before, attribute)) {
                self.attribute(space, *names, before.map_or(&empty, |before| before), attribute);
            }
        }
        for (names, before) in old.attributes.iter().filter(|(names, _)| !new.attributes.contains_key(names)) {
            self.attribute(space, *names, before, &empty);
        }
        let empty = Column::default();
        for (tag, column) in &new.tags {
            let before = old.tags.get(tag);
            self.column(key(TAGS, [tag.name, tag.instance, tag.tag]), before.map_or(&empty, |before| before), column);
        }
        for (tag, before) in old.tags.iter().filter(|(tag, _)| !new.tags.contains_key(tag)) {
            self.column(key(TAGS, [tag.name, tag.instance, tag.tag]), before, &empty);
        }
    }

    fn attribute(&self, space: u32, (name, instance): (NameNo, NameNo), old: &Attribute, new: &Attribute) {
        let key = |kind| ColumnKey { space, kind, names: [name, instance, NameNo::NONE] };
        self.column(key(EXISTS), &old.exists, &new.exists);
        self.column(key(YES), &old.yes, &new.yes);
        self.column(key(NO), &old.no, &new.no);
        self.column(key(NUMBERS), &old.numbers, &new.numbers);
        self.column(key(TIMES), &old.times, &new.times);
        self.column(key(TEXTS), &old.texts, &new.texts);
        self.column(key(PLACES), &old.places, &new.places);
        self.column(key(LINKS), &old.links, &new.links);
    }

    fn column<P: StoredPage>(&self, key: ColumnKey, old: &Column<P>, new: &Column<P>) {
        for (number, page) in new.pages() {
            if !old.page(*number).is_some_and(|before| Arc::ptr_eq(before, page)) {
                self.tree.insert(&key.page(*number), &page.encode(), self.commit);
            }
        }
        for (number, _) in old.pages() {
            if new.page(*number).is_none() {
                self.tree.remove(&key.page(*number), self.commit);
            }
        }
    }
}

/// Reads the last checkpoint into the engine. Returns what it says besides its pages.
pub(crate) fn read(engine: &Engine) -> Result<State, StoreError> {
    let wrong = |_: Malformed| StoreError::Damaged {
        file: "the tables of indexes".to_owned(),
        detail: "a page is not what was written".to_owned(),
    };
    let at = engine.pages.applied();
    for row in engine.pages.prefix(&[NAME], at) {
        let (_, name) = row?;
        engine.names.intern(std::str::from_utf8(&name).map_err(|_| wrong(Malformed))?);
    }
    let mut root = Root { position: at, ..Root::default() };
    for row in engine.pages.prefix(&[SPACE], at) {
        let (key, value) = row?;
        read_space(engine, &mut root, &key, &value).map_err(wrong)?;
    }
    for row in engine.pages.prefix(&[PAGE], at) {
        let (key, value) = row?;
        read_page(&mut root, &key, &value).map_err(wrong)?;
    }
    fill_ids(engine, &root);
    let state = match engine.pages.get(&STATE, at)? {
        Some(bytes) => decode_state(&bytes).map_err(wrong)?,
        None => State { time: Timestamp::from_micros(i64::MIN / 2), spaces_given: 0, cursors: Vec::new() },
    };
    root.spaces_given = state.spaces_given;
    engine.spaces.reserve(state.spaces_given);
    engine.cursors.write().extend(state.cursors.iter().cloned());
    *engine.root.write() = Arc::new(root);
    Ok(state)
}

fn read_space(engine: &Engine, root: &mut Root, key: &[u8], value: &Bytes) -> Result<(), Malformed> {
    let number = key.get(1..).and_then(|rest| rest.try_into().ok()).map(u32::from_be_bytes).ok_or(Malformed)?;
    let mut reader = Reader::new(value);
    let tenant = reader.text()?;
    let tenant = match tenant.is_empty() {
        true => TenantId::default_tenant(),
        false => tenant.parse().map_err(|_| Malformed)?,
    };
    let collection = engine.collection(&reader.text()?);
    engine.spaces.insert(number, tenant, collection);
    let bytes = reader.number()?;
    root.spaces.insert(number, Arc::new(SpaceIndex { bytes, ..SpaceIndex::default() }));
    Ok(())
}

fn read_page(root: &mut Root, key: &[u8], value: &Bytes) -> Result<(), Malformed> {
    let (column, page) = ColumnKey::parse(key)?;
    let index = Arc::make_mut(root.spaces.entry(column.space).or_default());
    let [name, instance, tag] = column.names;
    match column.kind {
        ALIVE => Arc::make_mut(&mut index.alive).put_page(page, Mask::decode(value)?),
        HASHES => Arc::make_mut(&mut index.hashes).put_page(page, Values::decode(value)?),
        IDS => Arc::make_mut(&mut index.ids).put_page(page, StoredPage::decode(value)?),
        TAGS => {
            let column = index.tags.entry(TagKey { name, instance, tag }).or_default();
            Arc::make_mut(column).put_page(page, Mask::decode(value)?);
        }
        EXISTS => index.attribute_mut(name, instance).exists.put_page(page, Mask::decode(value)?),
        YES => index.attribute_mut(name, instance).yes.put_page(page, Mask::decode(value)?),
        NO => index.attribute_mut(name, instance).no.put_page(page, Mask::decode(value)?),
        NUMBERS => index.attribute_mut(name, instance).numbers.put_page(page, Values::decode(value)?),
        TIMES => index.attribute_mut(name, instance).times.put_page(page, Values::decode(value)?),
        TEXTS => index.attribute_mut(name, instance).texts.put_page(page, StoredPage::decode(value)?),
        PLACES => index.attribute_mut(name, instance).places.put_page(page, Values::decode(value)?),
        LINKS => index.attribute_mut(name, instance).links.put_page(page, Values::decode(value)?),
        _ => return Err(Malformed),
    }
    Ok(())
}

/// Fills the tables of ids from the hashes of each space.
fn fill_ids(engine: &Engine, root: &Root) {
    for space in engine.spaces.all() {
        let Some(index) = root.spaces.get(&space.number) else { continue };
        let mut ids = space.ids.write();
        for (page, hashes) in index.hashes.pages() {
            for (slot, hash) in hashes.pairs() {
                let number: DocumentNo = document(*page, slot);
                ids.insert(hash, number);
            }
        }
    }
}

fn encode_state(state: &State) -> Vec<u8> {
    let mut out = Vec::new();
    put_signed(state.time.micros(), &mut out);
    put_number(u64::from(state.spaces_given), &mut out);
    put_number(state.cursors.len() as u64, &mut out);
    for (consumer, position) in &state.cursors {
        put_bytes(consumer.as_bytes(), &mut out);
        put_number(position.bucket(0), &mut out);
    }
    out
}

fn decode_state(bytes: &Bytes) -> Result<State, Malformed> {
    let mut reader = Reader::new(bytes);
    let time = Timestamp::from_micros(reader.signed()?);
    let spaces_given = reader.small()?;
    let count = reader.small()?;
    let cursors = (0..count)
        .map(|_| Ok((reader.text()?, Position::single(reader.number()?))))
        .collect::<Result<_, Malformed>>()?;
    Ok(State { time, spaces_given, cursors })
}

fn numbered(kind: u8, number: u32) -> [u8; 5] {
    let mut key = [kind; 5];
    key[1..].copy_from_slice(&number.to_be_bytes());
    key
}
