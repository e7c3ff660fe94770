//! Where each series lies in a file: what a file of ours has between its pages and its footer.
//!
//! Parquet goes by the offsets in the footer, so others never see it. It is written with the file, not read from the key
//! columns when one is opened: of 100,000,000 rows that took a second, and it costs a few bytes for each series.
//! A city of a million entities has many million series, so it lies in *blocks*, each of the series of some entities, and
//! memory holds the *index* of these alone. Behind the index stand the checksums of all pages, as Parquet's own are not
//! written by the library.

use std::cell::RefCell;
use std::ops::Range;

use machi_types::Name;
use rustc_hash::FxHashMap;
use zstd::bulk::Decompressor;

/// How many bytes a block has before it is pressed, but for the last entity in it.
const BLOCK: usize = 4 << 10;
/// How hard blocks are pressed.
const LEVEL: i32 = 3;

/// The rows of one series that lie one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    attribute: u32,
    /// One more than the place of its name; 0 for the default one.
    dataset: u32,
    start: u32,
    rows: u32,
}

impl Run {
    pub(crate) fn rows(&self) -> Range<u32> {
        self.start..self.start + self.rows
    }
}

/// Where the blocks of a file are, and by which ids they are found.
///
/// Rows lie by type first, so that ids ascend within a type only: blocks in which they do make a *chain*.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Directory {
    names: Vec<Name>,
    /// The first ids of the blocks, one after the other.
    ids: String,
    blocks: Vec<Block>,
    /// Of each chain where it ends.
    chains: Vec<usize>,
}

/// A block, as the index tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    /// Where its first id ends.
    id: u32,
    /// Where it begins, counted from the begin of the first one, and how long it is, pressed and not.
    start: u64,
    length: u32,
    raw: u32,
    /// Its checksum.
    sum: u32,
    /// Its first row.
    row: u32,
}

/// The series of a block, by entity.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    /// The ids of the entities, one after the other, ascending.
    ids: String,
    /// Of each entity where its id ends, and where its first run stands.
    entities: Vec<(u32, u32)>,
    runs: Vec<Run>,
}

/// What is written of a directory.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) blocks: Vec<u8>,
    pub(crate) index: Vec<u8>,
}

/// Writes the directory while the rows come.
#[derive(Debug, Default)]
pub(crate) struct DirectoryWriter {
    places: FxHashMap<Name, u32>,
    names: Vec<Name>,
    /// The entity whose rows come, and its runs: attribute, dataset and how many rows.
    open: Option<(Name, Vec<[u32; 3]>)>,
    /// The last id of the block that is being written, and the first one.
    last: Option<Name>,
    first: Option<Name>,
    block: Vec<u8>,
    /// How many rows are in it.
    rows: u32,
    /// Whether a chain begins with it.
    is_break: bool,
    written: Vec<u8>,
    count: u64,
    /// What the index says of the blocks, and the first id of the last one.
    index: Vec<u8>,
    indexed: Option<Name>,
}

impl DirectoryWriter {
    /// Takes the next row.
    pub(crate) fn push(&mut self, entity: &Name, attribute: Option<&Name>, dataset: Option<&Name>) {
        let attribute = attribute.map_or(0, |name| self.place(name));
        let dataset = dataset.map_or(0, |name| self.place(name) + 1);
        match &mut self.open {
            Some((open, runs)) if open == entity => match runs.last_mut() {
                Some([of, in_dataset, rows]) if (*of, *in_dataset) == (attribute, dataset) => *rows += 1,
                _ => runs.push([attribute, dataset, 1]),
            },
            _ => {
                self.close_entity();
                self.open = Some((entity.clone(), vec![[attribute, dataset, 1]]));
            }
        }
    }

    fn place(&mut self, name: &Name) -> u32 {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = self.names.len() as u32;
        self.names.push(name.clone());
        self.places.insert(name.clone(), place);
        place
    }

    fn close_entity(&mut self) {
        let Some((entity, runs)) = self.open.take() else { return };
        let is_break = self.last.as_ref().is_some_and(|last| entity <= *last);
        if is_break || self.block.len() >= BLOCK {
            self.close_block();
            self.is_break = is_break;
        }
        put_id(self.last.as_ref().filter(|_| self.first.is_some()), &entity, &mut self.block);
        put_number(runs.len() as u64, &mut self.block);
        for run in runs {
            run.iter().for_each(|number| put_number(u64::from(*number), &mut self.block));
            self.rows += run[2];
        }
        self.first.get_or_insert_with(|| entity.clone());
        self.last = Some(entity);
    }

    fn close_block(&mut self) {
        let Some(first) = self.first.take() else { return };
        let pressed = zstd::bulk::compress(&self.block, LEVEL).expect("a block in memory can be pressed into memory");
        put_id(self.indexed.as_ref(), &first, &mut self.index);
        for number in [pressed.len(), self.block.len(), self.rows as usize, usize::from(self.is_break)] {
            put_number(number as u64, &mut self.index);
        }
        self.index.extend_from_slice(&crc32fast::hash(&pressed).to_le_bytes());
        self.written.extend_from_slice(&pressed);
        (self.indexed, self.count, self.rows, self.is_break) = (Some(first), self.count + 1, 0, false);
        self.block.clear();
    }

    /// All of it, with the checksums of the pages.
    pub(crate) fn finish(mut self, sums: &[u32]) -> Written {
        self.close_entity();
        self.close_block();
        let mut index = Vec::with_capacity(self.index.len() + 4 * sums.len() + 64);
        put_number(self.names.len() as u64, &mut index);
        self.names.iter().for_each(|name| put_text(name.as_bytes(), &mut index));
        put_number(self.count, &mut index);
        index.append(&mut self.index);
        put_number(sums.len() as u64, &mut index);
        sums.iter().for_each(|sum| index.extend_from_slice(&sum.to_le_bytes()));
        Written { blocks: self.written, index }
    }
}

impl Directory {
    /// Reads an index; nothing where it is none. The other part are the checksums of the pages.
    pub(crate) fn read(left: &mut &[u8]) -> Option<(Self, Vec<u32>)> {
        let mut directory = Self::default();
        for _ in 0..number(left)? {
            directory.names.push(Name::from(str::from_utf8(text(left)?).ok()?));
        }
        let (mut id, mut start, mut row) = (Vec::new(), 0, 0_u32);
        for place in 0..number(left)? as usize {
            read_id(&mut id, left)?;
            directory.ids.push_str(str::from_utf8(&id).ok()?);
            let [length, raw, rows, is_break] = [number(left)?, number(left)?, number(left)?, number(left)?];
            if is_break != 0 {
                directory.chains.push(place);
            }
            let (sum, rest) = left.split_first_chunk::<4>()?;
            *left = rest;
            let (length, raw) = (u32::try_from(length).ok()?, u32::try_from(raw).ok()?);
            let id = directory.ids.len() as u32;
            directory.blocks.push(Block { id, start, length, raw, sum: u32::from_le_bytes(*sum), row });
            start += u64::from(length);
            row = row.checked_add(u32::try_from(rows).ok()?)?;
        }
        directory.chains.push(directory.blocks.len());
        let count = number(left)? as usize;
        let (sums, rest) = left.split_at_checked(count.checked_mul(4)?)?;
        *left = rest;
        let sums = sums.chunks_exact(4).filter_map(|four| four.try_into().ok().map(u32::from_le_bytes)).collect();
        Some((directory, sums))
    }

    /// How many blocks there are.
    pub(crate) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The blocks of each chain.
    pub(crate) fn chains(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = std::iter::once(0).chain(self.chains.iter().copied());
        starts.zip(&self.chains).map(|(start, end)| start..*end)
    }

    /// Where a block lies, counted from the begin of the first one.
    pub(crate) fn extent(&self, block: usize) -> Option<(u64, usize)> {
        self.blocks.get(block).map(|block| (block.start, block.length as usize))
    }

    /// The block of a chain in which an entity lies, if it does in any.
    pub(crate) fn block_of(&self, chain: &Range<usize>, id: &str) -> Option<usize> {
        let (mut low, mut high) = (chain.start, chain.end);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.first_id(middle) <= id { low = middle + 1 } else { high = middle }
        }
        low.checked_sub(1).filter(|block| chain.contains(block))
    }

    fn first_id(&self, block: usize) -> &str {
        let start = block.checked_sub(1).map_or(0, |before| self.blocks[before].id);
        self.ids.get(start as usize..self.blocks[block].id as usize).unwrap_or_default()
    }

    /// What a block lists, out of its bytes as they lie; nothing where they are not what was written.
    pub(crate) fn listed(&self, block: usize, bytes: &[u8]) -> Option<Listed> {
        let block = self.blocks.get(block)?;
        if crc32fast::hash(bytes) != block.sum {
            return None;
        }
        Listed::read(&unpressed(bytes, block.raw)?, block.row)
    }

    /// The attribute of a run.
    pub(crate) fn attribute(&self, run: &Run) -> Option<&Name> {
        self.names.get(run.attribute as usize)
    }

    /// The dataset of a run, where it is not the default one.
    pub(crate) fn dataset(&self, run: &Run) -> Option<&Name> {
        self.names.get((run.dataset as usize).checked_sub(1)?)
    }

    /// How many bytes of memory it takes.
    pub(crate) fn weight(&self) -> usize {
        let names: usize = self.names.iter().map(|name| name.len() + 32).sum();
        names + self.ids.capacity() + size_of::<Block>() * self.blocks.capacity() + 8 * self.chains.capacity()
    }
}

impl Listed {
    fn read(mut left: &[u8], mut start: u32) -> Option<Self> {
        let mut listed = Self::default();
        let mut id = Vec::new();
        while !left.is_empty() {
            read_id(&mut id, &mut left)?;
            listed.ids.push_str(str::from_utf8(&id).ok()?);
            listed.entities.push((listed.ids.len() as u32, listed.runs.len() as u32));
            for _ in 0..number(&mut left)? {
                let [attribute, dataset, rows] = [number(&mut left)?, number(&mut left)?, number(&mut left)?];
                let [attribute, dataset, rows] = [attribute as u32, dataset as u32, rows as u32];
                listed.runs.push(Run { attribute, dataset, start, rows });
                start = start.checked_add(rows)?;
            }
        }
        Some(listed)
    }

    fn id(&self, place: usize) -> &str {
        let start = place.checked_sub(1).map_or(0, |before| self.entities[before].0);
        self.ids.get(start as usize..self.entities[place].0 as usize).unwrap_or_default()
    }

    fn runs_at(&self, place: usize) -> &[Run] {
        let end = self.entities.get(place + 1).map_or(self.runs.len(), |next| next.1 as usize);
        self.runs.get(self.entities[place].1 as usize..end).unwrap_or_default()
    }

    /// The place of the first entity whose id is not before this one.
    fn not_before(&self, id: &str) -> usize {
        let (mut low, mut high) = (0, self.entities.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.id(middle) < id { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The runs of an entity.
    pub(crate) fn of(&self, entity: &str) -> &[Run] {
        let place = self.not_before(entity);
        if place < self.entities.len() && self.id(place) == entity { self.runs_at(place) } else { &[] }
    }

    /// All entities with their runs, in the order in which they lie.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &[Run])> {
        (0..self.entities.len()).map(|place| (self.id(place), self.runs_at(place)))
    }

    /// The ids behind one, ascending.
    pub(crate) fn behind<'d>(&'d self, after: Option<&str>) -> impl Iterator<Item = &'d str> {
        let start = after.map_or(0, |after| {
            let place = self.not_before(after);
            place + usize::from(place < self.entities.len() && self.id(place) == after)
        });
        (start..self.entities.len()).map(|place| self.id(place))
    }
}

/// What was pressed into some bytes; nothing where it is not so long.
pub(crate) fn unpressed(bytes: &[u8], length: u32) -> Option<Vec<u8>> {
    // Beginning anew takes longer than a block does.
    thread_local! {
        static ZSTD: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    }
    ZSTD.with_borrow_mut(|zstd| {
        let zstd = match zstd {
            Some(zstd) => zstd,
            None => zstd.insert(Decompressor::new().ok()?),
        };
        zstd.decompress(bytes, length as usize).ok()
    })
}

/// Writes an id as what differs from the one before.
fn put_id(before: Option<&Name>, id: &Name, out: &mut Vec<u8>) {
    let (before, id) = (before.map_or(&[][..], |before| before.as_bytes()), id.as_bytes());
    let shared = before.iter().zip(id).take_while(|(one, other)| one == other).count();
    put_number(shared as u64, out);
    put_text(&id[shared..], out);
}

/// Reads an id in the place of the one before.
fn read_id(id: &mut Vec<u8>, left: &mut &[u8]) -> Option<()> {
    let shared = usize::try_from(number(left)?).ok().filter(|shared| *shared <= id.len())?;
    id.truncate(shared);
    id.extend_from_slice(text(left)?);
    Some(())
}

pub(crate) fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number as u8) | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(crate) fn put_text(text: &[u8], out: &mut Vec<u8>) {
    put_number(text.len() as u64, out);
    out.extend_from_slice(text);
}

pub(crate) fn number(left: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = left.split_first()?;
        *left = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(number);
        }
    }
    None
}

pub(crate) fn text<'b>(left: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(number(left)?).ok()?;
    let (taken, rest) = left.split_at_checked(length)?;
    *left = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rows: &[(&str, &str, Option<&str>)]) -> Written {
        let name = |text: &str| Name::from(text);
        let mut writer = DirectoryWriter::default();
        for (entity, attribute, dataset) in rows {
            writer.push(&name(entity), Some(&name(attribute)), dataset.map(name).as_ref());
        }
        writer.finish(&[7, 8])
    }

    fn block(written: &Written, directory: &Directory, place: usize) -> Listed {
        let (start, length) = directory.extent(place).unwrap();
        directory.listed(place, &written.blocks[start as usize..][..length]).unwrap()
    }

    fn found(written: &Written, directory: &Directory, entity: &str) -> Vec<String> {
        let mut found = Vec::new();
        for chain in directory.chains() {
            let Some(place) = directory.block_of(&chain, entity) else { continue };
            let listed = block(written, directory, place);
            let told = |run: &Run| {
                let (attribute, dataset) = (directory.attribute(run).unwrap(), directory.dataset(run));
                format!("{attribute} {} {:?}", dataset.map_or("", |name| name), run.rows())
            };
            found.extend(listed.of(entity).iter().map(told));
        }
        found
    }

    #[test]
    fn every_series_is_found_where_it_lies() {
        let written = written(&[
            ("b", "x", None),
            ("b", "x", None),
            ("b", "y", Some("d")),
            ("bc", "x", None),
            ("a", "x", Some("x")),
        ]);
        let (directory, sums) = Directory::read(&mut &*written.index).unwrap();
        assert_eq!(sums, [7, 8]);
        // The last one is of another type.
        assert_eq!(directory.chains().collect::<Vec<_>>(), [0..1, 1..2]);
        assert_eq!(found(&written, &directory, "b"), ["x  0..2", "y d 2..3"]);
        assert_eq!(found(&written, &directory, "bc"), ["x  3..4"]);
        assert_eq!(found(&written, &directory, "a"), ["x x 4..5"]);
        assert!(found(&written, &directory, "c").is_empty() && found(&written, &directory, "").is_empty());
        let first = block(&written, &directory, 0);
        assert_eq!(first.behind(None).collect::<Vec<_>>(), ["b", "bc"]);
        assert_eq!(first.behind(Some("b")).collect::<Vec<_>>(), ["bc"]);
        assert_eq!(first.behind(Some("bb")).collect::<Vec<_>>(), ["bc"]);
        for cut in 0..written.index.len() {
            assert_eq!(Directory::read(&mut &written.index[..cut]), None);
        }
        assert_eq!(directory.listed(1, &written.blocks[..directory.extent(0).unwrap().1]), None);
    }

    #[test]
    fn of_many_series_little_is_in_memory() {
        let id = |number: u32| format!("urn:ngsi-ld:Room:{number:06}");
        let ids: Vec<String> = (0..40_000).map(id).collect();
        let rows: Vec<(&str, &str, Option<&str>)> =
            ids.iter().flat_map(|id| [(id.as_str(), "x", None), (id.as_str(), "y", None)]).collect();
        let written = written(&rows);
        let (directory, _) = Directory::read(&mut &*written.index).unwrap();
        assert!(directory.blocks() > 10 && directory.chains().count() == 1);
        assert!(directory.weight() < 10_000, "{}", directory.weight());
        for number in [0, 1, 777, 39_999] {
            let row = 2 * number;
            let expected = [format!("x  {:?}", row..row + 1), format!("y  {:?}", row + 1..row + 2)];
            assert_eq!(found(&written, &directory, &id(number)), expected);
        }
        let all = (0..directory.blocks()).map(|place| block(&written, &directory, place).all().count());
        assert_eq!(all.sum::<usize>(), ids.len());
    }
}
