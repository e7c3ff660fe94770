//! Texts that an id begins with, or holds somewhere, found by the id.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::Number;

/// Texts, looked up by every piece of an id that is as long as one of them.
#[derive(Debug, Default)]
pub(super) struct Texts {
    numbers: FxHashMap<Box<[u8]>, Vec<Number>>,
    /// How many texts there are of each length.
    lengths: BTreeMap<usize, u32>,
}

impl Texts {
    pub(super) fn insert(&mut self, text: &[u8], number: Number) {
        *self.lengths.entry(text.len()).or_default() += 1;
        self.numbers.entry(text.into()).or_default().push(number);
    }

    pub(super) fn remove(&mut self, text: &[u8], number: Number) {
        let Some(list) = self.numbers.get_mut(text) else { return };
        list.retain(|known| *known != number);
        if list.is_empty() {
            self.numbers.remove(text);
        }
        if let Some(count) = self.lengths.get_mut(&text.len()) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&text.len());
            }
        }
    }

    /// How many have this text.
    pub(super) fn crowd(&self, text: &[u8]) -> u64 {
        self.numbers.get(text).map_or(0, |list| list.len() as u64)
    }

    /// Those whose text the id begins with.
    pub(super) fn beginning(&self, id: &str, out: &mut Vec<Number>) {
        for length in self.lengths.keys() {
            let Some(piece) = id.as_bytes().get(..*length) else { return };
            out.extend(self.numbers.get(piece).into_iter().flatten());
        }
    }

    /// Those whose text the id holds.
    pub(super) fn inside(&self, id: &str, out: &mut Vec<Number>) {
        for length in self.lengths.keys() {
            for piece in id.as_bytes().windows(*length) {
                out.extend(self.numbers.get(piece).into_iter().flatten());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_at_the_beginning_and_inside() {
        let mut texts = Texts::default();
        for (number, text) in (0..).zip(["urn:a", "urn:b", "a:1", "1"]) {
            texts.insert(text.as_bytes(), number);
        }
        let found = |texts: &Texts, look: fn(&Texts, &str, &mut Vec<Number>)| {
            let mut found = Vec::new();
            look(texts, "urn:a:1", &mut found);
            found.sort_unstable();
            found
        };
        assert_eq!(found(&texts, Texts::beginning), [0]);
        assert_eq!(found(&texts, Texts::inside), [0, 2, 3]);
        assert_eq!((texts.crowd(b"urn:a"), texts.crowd(b"urn")), (1, 0));
        for (number, text) in (0..).zip(["urn:a", "urn:b", "a:1", "1"]) {
            texts.remove(text.as_bytes(), number);
        }
        assert!(texts.numbers.is_empty() && texts.lengths.is_empty());
    }
}
