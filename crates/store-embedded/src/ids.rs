//! From an id to its number: a hash table over the hashes that the index keeps for each number.

use hashbrown::HashTable;
use machi_store::DocumentNo;

/// The numbers of the ids of one space, found by hash. A number is never taken back.
#[derive(Debug, Default)]
pub(crate) struct IdTable {
    numbers: HashTable<(u64, u32)>,
    next: u32,
}

impl IdTable {
    /// The numbers whose ids have this hash: nearly always one or none.
    pub(crate) fn candidates(&self, hash: u64) -> impl Iterator<Item = DocumentNo> {
        self.numbers.iter_hash(hash).filter(move |(other, _)| *other == hash).map(|(_, number)| DocumentNo(*number))
    }

    /// Notes a number.
    pub(crate) fn insert(&mut self, hash: u64, number: DocumentNo) {
        self.next = self.next.max(number.0 + 1);
        self.numbers.insert_unique(hash, (hash, number.0), |(hash, _)| *hash);
    }

    /// The number that the next new id gets.
    pub(crate) fn next(&self) -> DocumentNo {
        DocumentNo(self.next)
    }
}
