//! Where each series lies in a file: the section that a file of ours has between its pages and its footer.
//!
//! Parquet goes by the offsets in the footer, so others never see it. It is written with the file, not read from the key
//! columns when one is opened: of 100,000,000 rows that took a second, and it costs a few bytes for each series.
//! Behind the directory stand the checksums of all pages, as Parquet's own are not written by the library.

use std::ops::Range;

use machi_types::Name;
use rustc_hash::FxHashMap;

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

/// All series of a file, by entity.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Directory {
    names: Vec<Name>,
    /// The ids of the entities, one after the other, ascending.
    ids: String,
    /// Of each entity where its id ends, and where its first run stands.
    entities: Vec<(u32, u32)>,
    runs: Vec<Run>,
}

/// Writes the directory while the rows come.
#[derive(Debug, Default)]
pub(crate) struct DirectoryWriter {
    places: FxHashMap<Name, u32>,
    names: Vec<Name>,
    entity: Vec<u8>,
    runs: u32,
    out: Vec<u8>,
    open: Option<(Run, Name)>,
}

impl DirectoryWriter {
    /// Takes the next row.
    pub(crate) fn push(&mut self, row: u32, entity: &Name, attribute: Option<&Name>, dataset: Option<&Name>) {
        let attribute = attribute.map_or(0, |name| self.place(name));
        let dataset = dataset.map_or(0, |name| self.place(name) + 1);
        if let Some((run, of)) = &mut self.open
            && run.attribute == attribute
            && run.dataset == dataset
            && of == entity
        {
            run.rows += 1;
            return;
        }
        self.close();
        self.open = Some((Run { attribute, dataset, start: row, rows: 1 }, entity.clone()));
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

    fn close(&mut self) {
        let Some((run, entity)) = self.open.take() else { return };
        let entity = entity.as_bytes();
        let shared = self.entity.iter().zip(entity).take_while(|(one, other)| one == other).count();
        put_number(shared as u64, &mut self.out);
        put_text(&entity[shared..], &mut self.out);
        for number in [run.attribute, run.dataset, run.rows] {
            put_number(u64::from(number), &mut self.out);
        }
        self.entity.clear();
        self.entity.extend_from_slice(entity);
        self.runs += 1;
    }

    /// The section, with the checksums of the pages.
    pub(crate) fn finish(mut self, sums: &[u32]) -> Vec<u8> {
        self.close();
        let mut out = Vec::with_capacity(self.out.len() + 4 * sums.len() + 64);
        put_number(self.names.len() as u64, &mut out);
        self.names.iter().for_each(|name| put_text(name.as_bytes(), &mut out));
        put_number(u64::from(self.runs), &mut out);
        out.append(&mut self.out);
        put_number(sums.len() as u64, &mut out);
        sums.iter().for_each(|sum| out.extend_from_slice(&sum.to_le_bytes()));
        out
    }
}

impl Directory {
    /// Reads a section; nothing where it is none.
    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, Vec<u32>)> {
        let mut left = bytes;
        let mut names = Vec::new();
        for _ in 0..number(&mut left)? {
            names.push(Name::from(str::from_utf8(block(&mut left)?).ok()?));
        }
        let mut found = read_runs(&mut left)?;
        // Rows lie by type first, so that ids may come again.
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut directory = Self { names, ..Self::default() };
        for (id, run) in found {
            if directory.entities.is_empty() || directory.id(directory.entities.len() - 1) != &*id {
                directory.ids.push_str(&id);
                directory.entities.push((directory.ids.len() as u32, directory.runs.len() as u32));
            }
            directory.runs.push(run);
        }
        let count = number(&mut left)? as usize;
        let sums = left.get(..count.checked_mul(4)?)?;
        let sums = sums.chunks_exact(4).filter_map(|four| four.try_into().ok().map(u32::from_le_bytes)).collect();
        Some((directory, sums))
    }

    fn id(&self, place: usize) -> &str {
        let start = place.checked_sub(1).map_or(0, |before| self.entities[before].0);
        self.ids.get(start as usize..self.entities[place].0 as usize).unwrap_or_default()
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
        if place == self.entities.len() || self.id(place) != entity {
            return &[];
        }
        let end = self.entities.get(place + 1).map_or(self.runs.len(), |next| next.1 as usize);
        self.runs.get(self.entities[place].1 as usize..end).unwrap_or_default()
    }

    /// All runs with the entities that they are of.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Run)> {
        (0..self.entities.len()).flat_map(move |place| {
            let end = self.entities.get(place + 1).map_or(self.runs.len(), |next| next.1 as usize);
            let runs = self.runs.get(self.entities[place].1 as usize..end).unwrap_or_default();
            runs.iter().map(move |run| (self.id(place), run))
        })
    }

    /// The ids behind one, ascending.
    pub(crate) fn behind<'d>(&'d self, after: Option<&str>) -> impl Iterator<Item = &'d str> {
        let start = after.map_or(0, |after| {
            let place = self.not_before(after);
            place + usize::from(place < self.entities.len() && self.id(place) == after)
        });
        (start..self.entities.len()).map(|place| self.id(place))
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
        names + self.ids.capacity() + 8 * self.entities.capacity() + size_of::<Run>() * self.runs.capacity()
    }
}

fn read_runs(left: &mut &[u8]) -> Option<Vec<(Box<str>, Run)>> {
    let count = number(left)?;
    let mut runs = Vec::new();
    let (mut entity, mut start) = (Vec::new(), 0_u32);
    for _ in 0..count {
        let shared = number(left)? as usize;
        if shared > entity.len() {
            return None;
        }
        entity.truncate(shared);
        entity.extend_from_slice(block(left)?);
        let (attribute, dataset, rows) = (number(left)? as u32, number(left)? as u32, number(left)? as u32);
        runs.push((Box::from(str::from_utf8(&entity).ok()?), Run { attribute, dataset, start, rows }));
        start = start.checked_add(rows)?;
    }
    Some(runs)
}

fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number as u8) | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_text(text: &[u8], out: &mut Vec<u8>) {
    put_number(text.len() as u64, out);
    out.extend_from_slice(text);
}

fn number(left: &mut &[u8]) -> Option<u64> {
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

fn block<'b>(left: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(number(left)?).ok()?;
    let (taken, rest) = left.split_at_checked(length)?;
    *left = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_is_found_where_it_lies() {
        let name = |text: &str| Name::from(text);
        let mut writer = DirectoryWriter::default();
        let rows =
            [("b", "x", None), ("b", "x", None), ("b", "y", Some("d")), ("bc", "x", None), ("a", "x", Some("x"))];
        for (row, (entity, attribute, dataset)) in rows.iter().enumerate() {
            writer.push(row as u32, &name(entity), Some(&name(attribute)), dataset.map(name).as_ref());
        }
        let bytes = writer.finish(&[7, 8]);
        let (directory, sums) = Directory::read(&bytes).unwrap();
        assert_eq!(sums, [7, 8]);
        let told = |entity: &str| -> Vec<String> {
            let runs = directory.of(entity).iter();
            runs.map(|run| format!("{:?}/{:?} {:?}", directory.attribute(run), directory.dataset(run), run.rows()))
                .collect()
        };
        assert_eq!(told("b"), [r#"Some("x")/None 0..2"#, r#"Some("y")/Some("d") 2..3"#]);
        assert_eq!(told("a"), [r#"Some("x")/Some("x") 4..5"#]);
        assert!(told("c").is_empty() && told("").is_empty());
        assert_eq!(directory.behind(None).collect::<Vec<_>>(), ["a", "b", "bc"]);
        assert_eq!(directory.behind(Some("b")).collect::<Vec<_>>(), ["bc"]);
        assert_eq!(directory.behind(Some("aa")).collect::<Vec<_>>(), ["b", "bc"]);
        for cut in 0..bytes.len() {
            assert_eq!(Directory::read(&bytes[..cut]), None);
        }
    }
}
