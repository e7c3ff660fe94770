//! From an id to its number: a hash table of numbers over the hash of each.

use hashbrown::HashTable;
use machi_store::DocumentNo;

/// The numbers of the ids of one space, found by hash. A number is never taken back.
#[derive(Debug, Default)]
pub(crate) struct IdTable {
    numbers: HashTable<u32>,
    /// The hash of each number's id.
    hashes: Vec<u64>,
}

impl IdTable {
    /// The numbers whose ids have this hash: nearly always one or none.
    pub(crate) fn candidates(&self, hash: u64) -> impl Iterator<Item = DocumentNo> {
        let has_hash = move |number: &&u32| self.hashes.get(**number as usize) == Some(&hash);
        self.numbers.iter_hash(hash).filter(has_hash).map(|number| DocumentNo(*number))
    }

    /// Notes a number.
    pub(crate) fn insert(&mut self, hash: u64, number: DocumentNo) {
        let at = number.0 as usize;
        if self.hashes.len() <= at {
            self.hashes.resize(at + 1, 0);
        }
        self.hashes[at] = hash;
        let hashes = &self.hashes;
        self.numbers.insert_unique(hash, number.0, |number| hashes.get(*number as usize).copied().unwrap_or(0));
    }

    /// The number that the next new id gets.
    pub(crate) fn next(&self) -> DocumentNo {
        DocumentNo(self.hashes.len() as u32)
    }
}
