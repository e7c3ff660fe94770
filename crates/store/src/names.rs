//! Names as small numbers: indexes, sections and the feed hold numbers instead of IRIs.

use std::fmt::Debug;
use std::sync::OnceLock;

use machi_types::Name;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

/// The number of a name. It means something only inside the running store that gave it:
/// never write it into section bytes, a file or an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameNo(u32);

impl NameNo {
    /// The empty name: the default instance of an attribute.
    pub const NONE: Self = Self(0);
    /// The document's id, as a facet.
    pub const ID: Self = Self(1);
    /// The time of the document's creation, as a facet.
    pub const CREATED: Self = Self(2);
    /// The time of the document's last change, as a facet.
    pub const MODIFIED: Self = Self(3);

    /// From a number that this store gave; for adapters.
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// Whether every store knows the name under this number.
    pub const fn is_reserved(self) -> bool {
        (self.0 as usize) < RESERVED.len()
    }

    /// The number; for adapters.
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// The texts behind the numbers of names.
pub trait Names: Debug + Send + Sync {
    /// The number of a name, given now if it has none yet.
    fn intern(&self, text: &str) -> NameNo;
    /// The number of a name, if it has one: what has none is in no document.
    fn lookup(&self, text: &str) -> Option<NameNo>;
    /// The text of a number that this store gave.
    fn text(&self, number: NameNo) -> Name;
}

/// Names that every store knows under the same number.
const RESERVED: [&str; 4] = ["", "@id", "@created", "@modified"];
const FIRST_CHUNK: usize = 1024;
const CHUNKS: usize = 22;

type Chunk = Box<[OnceLock<Name>]>;

/// An append-only table of names; reading a text takes no lock.
pub struct NameTable {
    numbers: RwLock<Numbers>,
    /// Chunk n holds twice as many as chunk n-1, so that texts never move.
    chunks: [OnceLock<Chunk>; CHUNKS],
}

#[derive(Default)]
struct Numbers {
    by_text: FxHashMap<Name, u32>,
    /// The number that the next new name gets.
    next: u32,
}

impl Default for NameTable {
    fn default() -> Self {
        let table = Self { numbers: RwLock::default(), chunks: std::array::from_fn(|_| OnceLock::new()) };
        for name in RESERVED {
            table.intern(name);
        }
        table
    }
}

impl NameTable {
    /// How many names there are.
    pub fn len(&self) -> usize {
        self.numbers.read().by_text.len()
    }

    /// Gives a name the number that it had in an earlier process. Whether that could be done: neither may have
    /// been given otherwise. New names get higher numbers than all of these.
    pub fn put(&self, number: NameNo, text: &str) -> bool {
        let mut numbers = self.numbers.write();
        if let Some(known) = numbers.by_text.get(text) {
            return *known == number.0;
        }
        let is_in_reach = number.0 < u32::MAX - FIRST_CHUNK as u32;
        let name = Name::from(text);
        if !is_in_reach || self.slot(number.0).set(name.clone()).is_err() {
            return false;
        }
        numbers.by_text.insert(name, number.0);
        numbers.next = numbers.next.max(number.0 + 1);
        true
    }

    /// Never: some names are reserved.
    pub fn is_empty(&self) -> bool {
        false
    }

    fn slot(&self, number: u32) -> &OnceLock<Name> {
        let place = number as usize + FIRST_CHUNK;
        let chunk = (place.ilog2() - FIRST_CHUNK.ilog2()) as usize;
        let size = FIRST_CHUNK << chunk;
        let cells = self.chunks[chunk].get_or_init(|| (0..size).map(|_| OnceLock::new()).collect());
        &cells[place - size]
    }
}

impl Names for NameTable {
    fn intern(&self, text: &str) -> NameNo {
        if let Some(number) = self.lookup(text) {
            return number;
        }
        let mut numbers = self.numbers.write();
        if let Some(number) = numbers.by_text.get(text) {
            return NameNo(*number);
        }
        let number = numbers.next;
        numbers.next = number.checked_add(1).expect("fewer than 2^32 names: each takes dozens of bytes");
        let name = Name::from(text);
        self.slot(number).set(name.clone()).expect("a number is given once, under the lock");
        numbers.by_text.insert(name, number);
        NameNo(number)
    }

    fn lookup(&self, text: &str) -> Option<NameNo> {
        self.numbers.read().by_text.get(text).map(|number| NameNo(*number))
    }

    fn text(&self, number: NameNo) -> Name {
        self.slot(number.0).get().cloned().unwrap_or_else(|| Name::from(""))
    }
}

impl Debug for NameTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NameTable({} names)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_numbers_over_many_chunks() {
        let table = NameTable::default();
        let numbers: Vec<NameNo> = (0..10_000).map(|n| table.intern(&format!("name {n}"))).collect();
        for (n, number) in numbers.iter().enumerate() {
            assert_eq!(&*table.text(*number), &format!("name {n}"));
            assert_eq!(table.lookup(&format!("name {n}")), Some(*number));
        }
        assert_eq!(table.intern("@modified"), NameNo::MODIFIED);
        assert_eq!(table.lookup("unknown"), None);
    }

    #[test]
    fn names_of_an_earlier_process_have_the_numbers_that_they_had() {
        let table = NameTable::default();
        assert!(table.put(NameNo(5000), "high"));
        assert!(table.put(NameNo(7), "low"));
        assert!(table.put(NameNo(7), "low"), "it may be told twice");
        assert!(!table.put(NameNo(8), "low"), "a name has one number");
        assert!(!table.put(NameNo(7), "other"), "a number has one name");
        assert!(!table.put(NameNo(u32::MAX), "beyond"));
        assert_eq!(table.intern("new"), NameNo(5001));
        assert_eq!((&*table.text(NameNo(7)), &*table.text(NameNo(6))), ("low", ""));
    }
}
