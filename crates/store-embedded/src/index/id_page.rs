//! Pages of ids: what the ids of a page begin with is kept once, and of each the rest.
//!
//! Ids never change under their numbers, and numbers are given in order, so that a page only grows.

use std::cmp::Ordering;

use super::page::{Mask, PAGE};

/// The ids of the documents of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct IdPage {
    front: String,
    rests: String,
    /// Where the rest of each id ends, by slot.
    ends: Vec<u32>,
}

impl IdPage {
    /// Keeps the id of a slot.
    pub(crate) fn set(&mut self, slot: u16, id: &str) {
        let slot = usize::from(slot);
        if slot < self.ends.len() {
            self.replace(slot, id);
            return;
        }
        if self.ends.is_empty() {
            id.clone_into(&mut self.front);
        }
        self.shorten_front(common(&self.front, id));
        self.ends.resize(slot, self.rests.len() as u32);
        self.rests.push_str(id.strip_prefix(&*self.front).unwrap_or_default());
        self.ends.push(self.rests.len() as u32);
    }

    /// The id of a slot.
    pub(crate) fn text(&self, slot: u16) -> String {
        [&self.front, self.rest(usize::from(slot))].concat()
    }

    /// How many slots have an id.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The documents among these whose id the test is met by.
    pub(crate) fn test(&self, within: &Mask, test: impl Fn(&str) -> bool) -> Mask {
        let mut mask = Mask::NONE;
        let mut id = self.front.clone();
        for slot in within.slots() {
            id.truncate(self.front.len());
            id.push_str(self.rest(usize::from(slot)));
            if test(&id) {
                mask.set(slot);
            }
        }
        mask
    }

    /// The documents whose id is this one or comes before it; descending: after it.
    pub(crate) fn up_to(&self, limit: &str, is_descending: bool) -> Mask {
        let is_up_to = |ordering: Ordering| if is_descending { ordering.is_ge() } else { ordering.is_le() };
        let Some(limit) = limit.strip_prefix(&*self.front) else {
            return if is_up_to((*self.front).cmp(limit)) { Mask::ALL } else { Mask::NONE };
        };
        let mut mask = Mask::NONE;
        for slot in 0..self.ends.len().min(PAGE) {
            if is_up_to(self.rest(slot).cmp(limit)) {
                mask.set(slot as u16);
            }
        }
        mask
    }

    fn rest(&self, slot: usize) -> &str {
        let start = slot.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        let end = self.ends.get(slot).map_or(start, |end| *end as usize);
        self.rests.get(start..end).unwrap_or_default()
    }

    fn shorten_front(&mut self, length: usize) {
        if length == self.front.len() {
            return;
        }
        let moved = self.front.split_off(length);
        let mut rests = String::with_capacity(self.rests.len() + moved.len() * self.ends.len());
        let mut ends = Vec::with_capacity(self.ends.len());
        for slot in 0..self.ends.len() {
            rests.push_str(&moved);
            rests.push_str(self.rest(slot));
            ends.push(rests.len() as u32);
        }
        (self.rests, self.ends) = (rests, ends);
    }

    fn replace(&mut self, replaced: usize, id: &str) {
        let old = std::mem::take(self);
        for slot in 0..old.ends.len() as u16 {
            if usize::from(slot) == replaced { self.set(slot, id) } else { self.set(slot, &old.text(slot)) }
        }
    }
}

/// How many bytes two texts have in common at their front, up to a whole character.
pub(crate) fn common(a: &str, b: &str) -> usize {
    let equal = a.char_indices().zip(b.chars()).take_while(|((_, one), other)| one == other);
    equal.last().map_or(0, |((at, last), _)| at + last.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_are_kept_compared_and_found(ids in prop::collection::vec("urn:(街|a|b){0,4}", 1..40), limit in "urn:(街|a|b){0,4}|x|a") {
            let mut page = IdPage::default();
            for (slot, id) in ids.iter().enumerate() {
                page.set(slot as u16, id);
            }
            let up_to = page.up_to(&limit, false);
            let down_to = page.up_to(&limit, true);
            let with_a = page.test(&Mask::ALL, |id| id.contains('a'));
            for (slot, id) in ids.iter().enumerate() {
                prop_assert_eq!(&page.text(slot as u16), id);
                prop_assert_eq!(up_to.has(slot as u16), id <= &limit);
                prop_assert_eq!(down_to.has(slot as u16), id >= &limit);
                prop_assert_eq!(with_a.has(slot as u16), id.contains('a'));
            }
            page.set(0, "other");
            prop_assert_eq!(page.text(0), "other");
            prop_assert_eq!(page.len(), ids.len());
        }
    }
}
