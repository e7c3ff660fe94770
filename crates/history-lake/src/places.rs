//! Where the entities of a file ever were: what a file of ours has between its pages and its directory, so that who asks
//! for those in an area as of an instant reads these alone.
//!
//! Of each entity and attribute it is one box around all geometries of that file. They lie in *blocks* of boxes close to
//! each other, of which memory holds the *index* alone; that stands behind the index of the directory.

use machi_archive::area_of;
use machi_types::Name;
use machi_types::geo::{BoundingBox, MapPosition};

use crate::cell::{Cell, Runs};
use crate::columns::at;
use crate::directory::{number, put_number, put_text, text, unpressed};

/// How many boxes a block has at most.
const BLOCK: usize = 256;
/// How many are put in order together: as many as take no more than some megabytes of memory.
const TOGETHER: usize = 32_768;
/// How hard blocks are pressed.
const LEVEL: i32 = 3;

/// The blocks of a file, as the index tells of them.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Places {
    names: Vec<Name>,
    blocks: Vec<Block>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Block {
    attribute: u32,
    /// Where it begins, counted from the begin of the first one, and how long it is, pressed and not.
    start: u64,
    length: u32,
    raw: u32,
    /// Its checksum.
    sum: u32,
    /// A box around all of it.
    area: [f32; 4],
}

/// What is written of places.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) blocks: Vec<u8>,
    pub(crate) index: Vec<u8>,
}

/// Writes them while the rows come.
#[derive(Debug, Default)]
pub(crate) struct PlacesWriter {
    names: Vec<Name>,
    /// That of the series whose rows come.
    open: Option<Place>,
    gathered: Vec<Place>,
    written: Vec<u8>,
    index: Vec<u8>,
    count: u64,
    known: Known,
}

#[derive(Debug)]
struct Place {
    attribute: u32,
    entity: Name,
    area: [f32; 4],
}

/// The geometry that was read last: most come again.
#[derive(Debug, Default)]
pub(crate) struct Known(Option<(Name, [f32; 4])>);

impl Known {
    /// A box around a geometry.
    pub(crate) fn area_of(&mut self, geometry: &Name) -> [f32; 4] {
        if let Some((_, area)) = self.0.as_ref().filter(|(known, _)| known == geometry) {
            return *area;
        }
        let area = area_of(geometry).outward();
        self.0 = Some((geometry.clone(), area));
        area
    }
}

impl PlacesWriter {
    /// Takes the next rows, of which these are the entities, the attributes and the geometries.
    pub(crate) fn push(&mut self, columns: &[Runs], geometries: &Runs) {
        let (mut entities, mut attributes) = (Along::new(&columns[at::ENTITY_ID]), Along::new(&columns[at::ATTRIBUTE]));
        let mut row = 0;
        for (geometry, count) in geometries {
            let end = row + count;
            while let Some(geometry) = geometry.as_text().filter(|_| row < end) {
                let (entity, of_entity) = entities.at(row);
                let (attribute, of_attribute) = attributes.at(row);
                if let (Some(entity), Some(attribute)) = (entity.as_text(), attribute.as_text()) {
                    self.take(entity, attribute, geometry);
                }
                row = of_entity.min(of_attribute).min(end);
            }
            row = end;
        }
    }

    fn take(&mut self, entity: &Name, attribute: &Name, geometry: &Name) {
        let attribute = self.name(attribute);
        let area = self.known.area_of(geometry);
        match &mut self.open {
            Some(open) if open.attribute == attribute && open.entity == *entity => open.area = around(open.area, area),
            _ => {
                let before = self.open.replace(Place { attribute, entity: entity.clone(), area });
                self.gathered.extend(before);
                if self.gathered.len() >= TOGETHER {
                    self.write_gathered();
                }
            }
        }
    }

    fn name(&mut self, name: &Name) -> u32 {
        let known = self.names.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.names.push(name.clone());
            self.names.len() - 1
        }) as u32
    }

    fn write_gathered(&mut self) {
        let mut gathered = std::mem::take(&mut self.gathered);
        gathered.sort_by_cached_key(|place| (place.attribute, MapPosition::middle_of(place.area).code()));
        for of_attribute in gathered.chunk_by(|one, other| one.attribute == other.attribute) {
            of_attribute.chunks(BLOCK).for_each(|places| self.write_block(places));
        }
    }

    fn write_block(&mut self, places: &[Place]) {
        let mut block = Vec::new();
        put_number(places.len() as u64, &mut block);
        for side in 0..4 {
            places.iter().for_each(|place| block.extend_from_slice(&place.area[side].to_le_bytes()));
        }
        places.iter().for_each(|place| put_text(place.entity.as_bytes(), &mut block));
        let pressed = zstd::bulk::compress(&block, LEVEL).expect("a block in memory can be pressed into memory");
        let areas = places.iter().map(|place| place.area);
        let (Some(area), Some(first)) = (areas.reduce(around), places.first()) else { return };
        for number in [first.attribute as usize, pressed.len(), block.len()] {
            put_number(number as u64, &mut self.index);
        }
        self.index.extend_from_slice(&crc32fast::hash(&pressed).to_le_bytes());
        area.iter().for_each(|side| self.index.extend_from_slice(&side.to_le_bytes()));
        self.written.extend_from_slice(&pressed);
        self.count += 1;
    }

    /// All of it.
    pub(crate) fn finish(mut self) -> Written {
        self.gathered.extend(self.open.take());
        self.write_gathered();
        let mut index = Vec::with_capacity(self.index.len() + 64);
        put_number(self.names.len() as u64, &mut index);
        self.names.iter().for_each(|name| put_text(name.as_bytes(), &mut index));
        put_number(self.count, &mut index);
        index.append(&mut self.index);
        Written { blocks: self.written, index }
    }
}

impl Places {
    /// Reads an index; nothing where it is none.
    pub(crate) fn read(left: &mut &[u8]) -> Option<Self> {
        let mut places = Self::default();
        for _ in 0..number(left)? {
            places.names.push(Name::from(str::from_utf8(text(left)?).ok()?));
        }
        let mut start = 0;
        for _ in 0..number(left)? {
            let [attribute, length, raw] = [number(left)?, number(left)?, number(left)?].map(u32::try_from);
            let (attribute, length, raw) = (attribute.ok()?, length.ok()?, raw.ok()?);
            let sum = u32::from_le_bytes(four(left)?);
            let area = [four(left)?, four(left)?, four(left)?, four(left)?].map(f32::from_le_bytes);
            places.blocks.push(Block { attribute, start, length, raw, sum, area });
            start += u64::from(length);
        }
        Some(places)
    }

    /// How many bytes its blocks take in the file.
    pub(crate) fn length(&self) -> u64 {
        self.blocks.last().map_or(0, |last| last.start + u64::from(last.length))
    }

    /// How many blocks there are.
    pub(crate) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The blocks that may tell of an attribute in an area.
    pub(crate) fn near(&self, attribute: &str, area: &BoundingBox) -> impl Iterator<Item = usize> {
        let attribute = self.names.iter().position(|name| **name == *attribute);
        let is_near = move |block: &Block| Some(block.attribute as usize) == attribute && area.meets_single(block.area);
        self.blocks.iter().enumerate().filter(move |(_, block)| is_near(block)).map(|(place, _)| place)
    }

    /// Where a block lies, counted from the begin of the first one.
    pub(crate) fn extent(&self, block: usize) -> Option<(u64, usize)> {
        self.blocks.get(block).map(|block| (block.start, block.length as usize))
    }

    /// The entities of a block that touch an area, out of its bytes as they lie; nothing where these are not what was
    /// written.
    pub(crate) fn touching(&self, block: usize, bytes: &[u8], area: &BoundingBox) -> Option<Vec<Name>> {
        let block = self.blocks.get(block)?;
        if crc32fast::hash(bytes) != block.sum {
            return None;
        }
        let raw = unpressed(bytes, block.raw)?;
        let mut left = &*raw;
        let count = usize::try_from(number(&mut left)?).ok()?;
        let (areas, mut ids) = left.split_at_checked(count.checked_mul(16)?)?;
        let side = |side: usize, at: usize| {
            let bytes = areas.get(4 * (side * count + at)..)?.first_chunk::<4>()?;
            Some(f32::from_le_bytes(*bytes))
        };
        let mut found = Vec::new();
        for at in 0..count {
            let id = text(&mut ids)?;
            if area.meets_single([side(0, at)?, side(1, at)?, side(2, at)?, side(3, at)?]) {
                found.push(Name::from(str::from_utf8(id).ok()?));
            }
        }
        Some(found)
    }

    /// How many bytes of memory it takes.
    pub(crate) fn weight(&self) -> usize {
        let names: usize = self.names.iter().map(|name| name.len() + 32).sum();
        names + size_of::<Block>() * self.blocks.capacity()
    }
}

/// The cells of a column, row by row.
struct Along<'r> {
    runs: std::slice::Iter<'r, (Cell, u32)>,
    cell: &'r Cell,
    end: u32,
}

impl<'r> Along<'r> {
    fn new(runs: &'r Runs) -> Self {
        Self { runs: runs.iter(), cell: &Cell::Null, end: 0 }
    }

    /// The cell of a row, and the row behind the last one that has it too. Rows may only grow.
    fn at(&mut self, row: u32) -> (&'r Cell, u32) {
        while self.end <= row {
            let Some((cell, count)) = self.runs.next() else { return (&Cell::Null, u32::MAX) };
            (self.cell, self.end) = (cell, self.end + count);
        }
        (self.cell, self.end)
    }
}

/// A box around two.
fn around([west, south, east, north]: [f32; 4], other: [f32; 4]) -> [f32; 4] {
    [west.min(other[0]), south.min(other[1]), east.max(other[2]), north.max(other[3])]
}

fn four(left: &mut &[u8]) -> Option<[u8; 4]> {
    let (four, rest) = left.split_first_chunk::<4>()?;
    *left = rest;
    Some(*four)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entity, an attribute, and the geometry where it is one.
    type Row<'r> = (&'r str, &'r str, Option<String>);

    fn written(rows: &[Row<'_>]) -> Written {
        let column = |cell: &dyn Fn(&Row<'_>) -> Cell| rows.iter().map(|row| (cell(row), 1)).collect();
        let mut columns: Vec<Runs> = vec![Vec::new(); at::ATTRIBUTE + 1];
        columns[at::ENTITY_ID] = column(&|row| Cell::Text(row.0.into()));
        columns[at::ATTRIBUTE] = column(&|row| Cell::Text(row.1.into()));
        let geometries: Runs = column(&|row| row.2.as_deref().map_or(Cell::Null, |text| Cell::Text(text.into())));
        let mut writer = PlacesWriter::default();
        writer.push(&columns, &geometries);
        writer.finish()
    }

    fn found(written: &Written, attribute: &str, area: &BoundingBox) -> Vec<String> {
        let places = Places::read(&mut &*written.index).expect("the index can be read");
        let mut found = Vec::new();
        for block in places.near(attribute, area) {
            let (start, length) = places.extent(block).expect("there is such a block");
            let bytes = &written.blocks[start as usize..][..length];
            found.extend(places.touching(block, bytes, area).expect("it is what was written"));
        }
        found.sort_unstable();
        found.into_iter().map(|id| id.to_string()).collect()
    }

    fn point(x: f64, y: f64) -> String {
        format!(r#"{{"type":"Point","coordinates":[{x},{y}]}}"#)
    }

    fn area(west: f64, south: f64, size: f64) -> BoundingBox {
        BoundingBox { west, south, east: west + size, north: south + size }
    }

    #[test]
    fn who_ever_touched_an_area_is_found() {
        let rows = [
            ("a", "location", Some(point(135.0, 35.0))),
            ("a", "name", None),
            ("b", "location", Some(point(136.0, 36.0))),
            ("b", "location", Some(point(136.5, 36.5))),
            ("b", "origin", Some(point(140.0, 40.0))),
            ("c", "location", Some("{\"type\":\"Nonsense\"}".to_owned())),
        ];
        let written = written(&rows);
        assert_eq!(found(&written, "location", &area(134.9, 34.9, 0.2)), ["a", "c"]);
        assert_eq!(found(&written, "location", &area(136.4, 36.4, 0.2)), ["b", "c"], "a box that it went through");
        assert_eq!(found(&written, "origin", &area(139.9, 39.9, 0.2)), ["b"]);
        assert!(found(&written, "name", &BoundingBox::EARTH).is_empty());
        let places = Places::read(&mut &*written.index).unwrap();
        let (_, length) = places.extent(0).unwrap();
        let mut damaged = written.blocks[..length].to_vec();
        damaged[length / 2] ^= 1;
        assert_eq!(places.touching(0, &damaged, &BoundingBox::EARTH), None);
        for cut in 0..written.index.len() {
            assert_eq!(Places::read(&mut &written.index[..cut]), None);
        }
    }

    #[test]
    fn of_many_places_few_blocks_are_read() {
        let ids: Vec<String> = (0..40_000).map(|number| format!("urn:{number}")).collect();
        let at = |number: usize| {
            (135.0 + (number * 7919 % 200) as f64 / 100.0, 35.0 + (number * 104_729 % 200) as f64 / 100.0)
        };
        let rows: Vec<_> =
            ids.iter().enumerate().map(|(n, id)| (&**id, "location", Some(point(at(n).0, at(n).1)))).collect();
        let written = written(&rows);
        let places = Places::read(&mut &*written.index).unwrap();
        let wanted = area(135.5, 35.5, 0.1);
        let is_in = |(x, y): (f64, f64)| (135.5..=135.6).contains(&x) && (35.5..=35.6).contains(&y);
        let expected = (0..ids.len()).filter(|number| is_in(at(*number))).count();
        assert_eq!(found(&written, "location", &wanted).len(), expected);
        assert!(expected > 20 && places.near("location", &wanted).count() < places.blocks() / 4);
        assert!(places.weight() < 20_000, "{}", places.weight());
    }
}
