//! Which documents were asked for lately: only one that is asked for again is worth its room in the caches.
//!
//! Over more documents than the caches hold, most that come in would push out others like them before anybody asks
//! again. Which of them stay does not matter then; bringing in and pushing out takes more time than all the rest.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use rustc_hash::FxBuildHasher;

use crate::documents::Place;

/// Bits for each of those remembered, so that few that were not asked for are taken for one that was.
const SPARSENESS: usize = 8;
const WORD: usize = u64::BITS as usize;

/// Remembers about so many documents, and then begins anew.
#[derive(Debug)]
pub(crate) struct Asked {
    /// A power of two of them.
    words: Box<[AtomicU64]>,
    noted: AtomicUsize,
}

impl Asked {
    pub(crate) fn new(documents: usize) -> Self {
        let words = (documents.saturating_mul(SPARSENESS) / WORD).max(1).next_power_of_two();
        Self { words: (0..words).map(|_| AtomicU64::new(0)).collect(), noted: AtomicUsize::new(0) }
    }

    /// Whether somebody has asked for it lately; now somebody has.
    pub(crate) fn again(&self, place: Place) -> bool {
        let hash = FxBuildHasher.hash_one(place);
        let bit = 1 << (hash >> 58);
        let Some(word) = self.words.get(hash as usize & (self.words.len() - 1)) else { return false };
        if word.load(Ordering::Relaxed) & bit != 0 {
            return true;
        }
        word.fetch_or(bit, Ordering::Relaxed);
        if self.noted.fetch_add(1, Ordering::Relaxed) >= self.words.len() * WORD / SPARSENESS {
            self.noted.store(0, Ordering::Relaxed);
            self.words.iter().for_each(|word| word.store(0, Ordering::Relaxed));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use machi_store::DocumentNo;

    use super::*;

    #[test]
    fn the_second_time_is_known_and_the_first_seldom_taken_for_it() {
        let asked = Asked::new(1000);
        let places = |space: u32| (0..500).map(move |number| (space, DocumentNo(number)));
        let known = |space| places(space).filter(|place| asked.again(*place)).count();
        assert!(known(0) < 60, "hardly any was asked for before");
        assert_eq!(known(0), 500);
    }

    #[test]
    fn what_was_asked_for_long_ago_is_forgotten() {
        let asked = Asked::new(1000);
        assert!(!asked.again((7, DocumentNo(7))));
        let known = (0..100_000).filter(|number| asked.again((1, DocumentNo(*number)))).count();
        assert!(known < 20_000, "{known} of 100,000 that are asked for once");
    }
}
