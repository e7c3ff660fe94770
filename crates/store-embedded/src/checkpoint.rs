//! Checkpoints: the indexes of one position written to the tree of pages, page by page.
//!
//! Which pages the checkpoint before had is remembered ([`written`]): a page that is still the same object has
//! not changed and is not written again.

mod written;

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use machi_store::{Collection, DocumentNo, NameNo, Names, Position, StoreError};
use machi_types::{Name, TenantId, Timestamp};
use rustc_hash::FxHashSet;

use crate::codec::{Malformed, Reader, put_bytes, put_number, put_signed};
use crate::engine::{Engine, Root};
use crate::index::added::Added;
use crate::index::column::{Column, document};
use crate::index::page::{Mask, Values};
use crate::index::space::{SpaceIndex, TagKey};
use crate::index::stored::StoredPage;
use crate::tree::Tree;
use written::Visit;
pub(crate) use written::Written;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    pub(crate) derived: Derived,
}

/// Which facets the indexes of each collection have, by the version of what derives them.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Derived(Vec<(Name, u32)>);

impl Derived {
    /// As this Machi derives them.
    fn now(engine: &Engine) -> Self {
        Self(engine.collections.iter().map(|spec| (Name::from(spec.collection.0), spec.derive.version())).collect())
    }

    /// An earlier Machi did not say which; nor does any of collections that are no longer registered.
    pub(crate) fn version(&self, collection: Collection) -> u32 {
        self.0.iter().find(|(name, _)| **name == *collection.0).map_or(1, |(_, version)| *version)
    }
}

/// Gathers what changed since the checkpoint before; the next flush of the pages makes it durable.
pub(crate) fn gather(engine: &Engine, before: &Written, root: &Root, time: Timestamp) -> Written {
    let (tree, commit) = (&engine.pages, root.position);
    let names = write_names(engine, before, root);
    for (number, index) in &root.spaces {
        // One that was erased meanwhile has no row; the journal tells of the erasure.
        let Some(space) = engine.spaces.by_number(*number) else { continue };
        let mut row = Vec::new();
        put_bytes(space.tenant.as_str().as_bytes(), &mut row);
        put_bytes(space.collection.0.as_bytes(), &mut row);
        put_number(index.bytes, &mut row);
        put_number(index.added.len() as u64, &mut row);
        for added in &index.added {
            put_bytes(added.definition.as_bytes(), &mut row);
            put_number(u64::from(added.upto), &mut row);
        }
        put_names(&index.section_names, &mut row);
        tree.insert(&numbered(SPACE, *number), &row, commit);
    }
    written::visit(root, &mut Changed { tree, commit, before });
    let written = Written::of(root, names);
    for (key, page) in before.beyond(&written) {
        tree.remove(&key.page(page), commit);
    }
    for number in before.spaces.iter().filter(|number| !root.spaces.contains_key(number)) {
        tree.remove(&numbered(SPACE, *number), commit);
    }
    let cursors = engine.cursors.read().iter().map(|(name, position)| (name.clone(), position.clone())).collect();
    let state = State { time, spaces_given: root.spaces_given, cursors, derived: Derived::now(engine) };
    tree.insert(&STATE, &encode_state(&state), commit);
    tree.seal(commit);
    written
}

/// Writes the names that have come into use since the checkpoint before, and removes those that nothing uses.
fn write_names(engine: &Engine, before: &Written, root: &Root) -> FxHashSet<NameNo> {
    let mut used = written::names_of(root);
    engine.names_on_disk.keep(&mut used, |unused| {
        let newest = engine.root.read();
        for name in newest.spaces.values().flat_map(|index| index.section_names.iter()) {
            unused.remove(name);
        }
    });
    for name in used.difference(&before.names) {
        engine.pages.insert(&numbered(NAME, name.number()), engine.names.text(*name).as_bytes(), root.position);
    }
    for name in before.names.difference(&used) {
        engine.pages.remove(&numbered(NAME, name.number()), root.position);
    }
    used
}

fn put_names(names: &FxHashSet<NameNo>, out: &mut Vec<u8>) {
    let mut numbers: Vec<u32> = names.iter().map(|name| name.number()).collect();
    numbers.sort_unstable();
    put_number(numbers.len() as u64, out);
    numbers.into_iter().for_each(|number| put_number(u64::from(number), out));
}

/// Writes the pages that are not those of the checkpoint before.
struct Changed<'a> {
    tree: &'a Tree,
    commit: u64,
    before: &'a Written,
}

impl Visit for Changed<'_> {
    fn column<P: StoredPage + Any + Send + Sync>(&mut self, key: ColumnKey, column: &Column<P>) {
        for (number, page) in column.pages() {
            if !self.before.has(&key, *number, page) {
                self.tree.insert(&key.page(*number), &page.encode(), self.commit);
            }
        }
    }
}

/// Gives the names of the last checkpoint the numbers that they have there.
pub(crate) fn read_names(engine: &Engine) -> Result<FxHashSet<NameNo>, StoreError> {
    let mut names = FxHashSet::default();
    for row in engine.pages.prefix(&[NAME], engine.pages.applied()) {
        let (key, text) = row?;
        let name = NameNo::from_number(number_in(&key).map_err(wrong)?);
        let text = std::str::from_utf8(&text).map_err(|_| wrong(Malformed))?;
        if !engine.names.put(name, text) {
            return Err(wrong(Malformed));
        }
        names.insert(name);
    }
    engine.names_on_disk.add(names.iter().copied());
    Ok(names)
}

/// Reads the last checkpoint, whose names these are, into the engine. Returns what it says besides its pages.
pub(crate) fn read(engine: &Engine, names: &FxHashSet<NameNo>) -> Result<State, StoreError> {
    let at = engine.pages.applied();
    let names = Arc::new(names.clone());
    let mut root = Root { position: at, ..Root::default() };
    for row in engine.pages.prefix(&[SPACE], at) {
        let (key, value) = row?;
        read_space(engine, &mut root, (&key, &value), &names).map_err(wrong)?;
    }
    for row in engine.pages.prefix(&[PAGE], at) {
        let (key, value) = row?;
        read_page(&mut root, &key, &value).map_err(wrong)?;
    }
    fill_ids(engine, &root);
    let state = match engine.pages.get(&STATE, at)? {
        Some(bytes) => decode_state(&bytes).map_err(wrong)?,
        None => State {
            time: Timestamp::from_micros(i64::MIN / 2),
            spaces_given: 0,
            cursors: Vec::new(),
            derived: Derived::now(engine),
        },
    };
    root.spaces_given = state.spaces_given;
    engine.spaces.reserve(state.spaces_given);
    engine.cursors.write().extend(state.cursors.iter().cloned());
    *engine.root.write() = Arc::new(root);
    Ok(state)
}

fn wrong(_: Malformed) -> StoreError {
    StoreError::Damaged {
        file: "the tables of indexes".to_owned(),
        detail: "a page is not what was written".to_owned(),
    }
}

fn number_in(key: &[u8]) -> Result<u32, Malformed> {
    key.get(1..).and_then(|rest| rest.try_into().ok()).map(u32::from_be_bytes).ok_or(Malformed)
}

fn read_space(
    engine: &Engine,
    root: &mut Root,
    (key, value): (&[u8], &Bytes),
    names: &Arc<FxHashSet<NameNo>>,
) -> Result<(), Malformed> {
    let number = number_in(key)?;
    let mut reader = Reader::new(value);
    let tenant = reader.text()?;
    let tenant = match tenant.is_empty() {
        true => TenantId::default_tenant(),
        false => tenant.parse().map_err(|_| Malformed)?,
    };
    let collection = engine.collection(&reader.text()?);
    engine.spaces.insert(number, tenant, collection);
    let bytes = reader.number()?;
    let mut added = Vec::new();
    for _ in 0..reader.small()? {
        let definition = reader.text()?;
        let derive = engine.derive(collection).added(&engine.names, &definition).ok_or(Malformed)?;
        added.push(Added { definition, derive, upto: reader.small()? });
    }
    let section_names = match reader.is_at_end() {
        // An earlier Machi did not say which names are whose.
        true => Arc::clone(names),
        false => Arc::new(read_names_of(&mut reader)?),
    };
    root.spaces.insert(number, Arc::new(SpaceIndex { added, bytes, section_names, ..SpaceIndex::default() }));
    Ok(())
}

fn read_names_of(reader: &mut Reader<'_>) -> Result<FxHashSet<NameNo>, Malformed> {
    let count = reader.small()?;
    (0..count).map(|_| reader.small().map(NameNo::from_number)).collect()
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
    put_number(state.derived.0.len() as u64, &mut out);
    for (collection, version) in &state.derived.0 {
        put_bytes(collection.as_bytes(), &mut out);
        put_number(u64::from(*version), &mut out);
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
    let derived = match reader.is_at_end() {
        true => 0,
        false => reader.small()?,
    };
    let derived = (0..derived).map(|_| Ok((reader.text()?, reader.small()?))).collect::<Result<_, Malformed>>()?;
    Ok(State { time, spaces_given, cursors, derived: Derived(derived) })
}

fn numbered(kind: u8, number: u32) -> [u8; 5] {
    let mut key = [kind; 5];
    key[1..].copy_from_slice(&number.to_be_bytes());
    key
}
