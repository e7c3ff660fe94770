//! Pages of texts: each distinct text once, and for each document the codes of its texts.
//!
//! Long texts are kept up to a limit; what the rest says must then be read in the document.

use std::cmp::Ordering;

use super::extremes::Extremes;
use super::page::{Mask, Values};

/// How many bytes of a text are kept.
pub(crate) const KEPT: usize = 64;
/// How many are kept of a text that is kept whole.
pub(crate) const KEPT_WHOLE: usize = 1 << 16;
/// Up to how many texts it pays to look for an equal one before adding another.
const SHARED: usize = 64;

/// A text as a page keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept<'a> {
    pub(crate) text: &'a str,
    /// Whether the text goes on behind what is kept.
    pub(crate) is_cut: bool,
}

/// What a condition says of a kept text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Yes,
    No,
    /// Only the whole text can tell.
    Perhaps,
}

/// The texts of the documents of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TextPage {
    texts: String,
    /// Where each text ends, and whether it is cut.
    ends: Vec<End>,
    /// A hash of each text, so that equal ones are found without reading all of them.
    hashes: Vec<u32>,
    codes: Values<u16>,
    /// How many codes have been taken away: their texts may be unused.
    freed: usize,
    extremes: Extremes,
}

impl TextPage {
    pub(crate) fn add(&mut self, slot: u16, text: &str, most: usize) {
        let kept = keep(text, most);
        let known = if self.ends.len() <= SHARED { self.find(kept) } else { None };
        if known.is_none() && self.ends.len() >= usize::from(u16::MAX) {
            self.compact();
        }
        let code = known.unwrap_or_else(|| self.push(kept));
        self.codes.add(slot, code);
    }

    pub(crate) fn remove(&mut self, slot: u16) {
        let had = self.codes.of(slot).count();
        if had == 0 {
            return;
        }
        self.codes.remove(slot);
        self.freed += had;
        if self.freed > 256 && self.freed > self.ends.len() / 2 {
            self.compact();
        }
    }

    /// The documents of which the condition is sure, and those that must be read.
    pub(crate) fn test(&self, mut test: impl FnMut(Kept<'_>) -> Verdict) -> (Mask, Mask) {
        let verdicts: Vec<Verdict> = (0..self.ends.len()).map(|code| test(self.kept(code as u16))).collect();
        let verdict = |code: u16| verdicts.get(usize::from(code)).copied().unwrap_or(Verdict::No);
        if !verdicts.contains(&Verdict::Yes) && !verdicts.contains(&Verdict::Perhaps) {
            return (Mask::NONE, Mask::NONE);
        }
        let yes = self.codes.test(|code| verdict(*code) == Verdict::Yes);
        let perhaps = match verdicts.contains(&Verdict::Perhaps) {
            true => self.codes.test(|code| verdict(*code) == Verdict::Perhaps),
            false => Mask::NONE,
        };
        (yes, perhaps.without(&yes))
    }

    /// The documents with just this text.
    pub(crate) fn test_equal(&self, wanted: &str) -> (Mask, Mask) {
        let (mut equal, mut alike) = (Vec::new(), Vec::new());
        let sizes = if wanted.len() > KEPT { &[KEPT, KEPT_WHOLE][..] } else { &[KEPT][..] };
        for most in sizes {
            let kept = keep(wanted, *most);
            // What is cut may still differ behind the cut.
            let codes = if kept.is_cut { &mut alike } else { &mut equal };
            codes.extend(self.equal_to(kept));
        }
        let mask = |codes: &[u16]| match codes {
            [] => Mask::NONE,
            codes => self.codes.test(|code| codes.contains(code)),
        };
        let yes = mask(&equal);
        (yes, mask(&alike).without(&yes))
    }

    /// The codes of a text, of which there may be several.
    fn equal_to(&self, kept: Kept<'_>) -> impl Iterator<Item = u16> {
        let hash = hash(kept);
        let alike = self.hashes.iter().zip(0..).filter(move |(other, _)| **other == hash).map(|(_, code)| code);
        alike.filter(move |code| self.kept(*code) == kept)
    }

    /// The first and the last text in an order that has a name, those of documents that have gone among them; `None`
    /// where there is no text, or one of which only the front is known.
    pub(crate) fn extremes(&self, order: &str, compare: impl Fn(&str, &str) -> Ordering) -> Option<(&str, &str)> {
        let (first, last) = self.extremes.find(order, self.ends.len(), |code| self.kept(code), compare)?;
        Some((self.kept(first).text, self.kept(last).text))
    }

    pub(crate) fn present(&self) -> Mask {
        self.codes.present()
    }

    /// The texts of a document.
    pub(crate) fn of(&self, slot: u16) -> impl Iterator<Item = Kept<'_>> {
        self.codes.of(slot).map(|code| self.kept(code))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// All texts as pairs, in the order of their slots.
    pub(crate) fn pairs(&self) -> Vec<(u16, Kept<'_>)> {
        self.codes.pairs().into_iter().map(|(slot, code)| (slot, self.kept(code))).collect()
    }

    /// Adds a text that was kept before.
    pub(crate) fn add_kept(&mut self, slot: u16, kept: Kept<'_>) {
        let known = if self.ends.len() <= SHARED { self.find(kept) } else { None };
        let code = known.unwrap_or_else(|| self.push(kept));
        self.codes.add(slot, code);
    }

    fn kept(&self, code: u16) -> Kept<'_> {
        let code = usize::from(code);
        let start = code.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| end.at());
        let end = self.ends.get(code).copied().unwrap_or_default();
        Kept { text: self.texts.get(start..end.at()).unwrap_or_default(), is_cut: end.is_cut() }
    }

    fn find(&self, kept: Kept<'_>) -> Option<u16> {
        self.equal_to(kept).next()
    }

    fn push(&mut self, kept: Kept<'_>) -> u16 {
        self.texts.push_str(kept.text);
        self.ends.push(End::new(self.texts.len(), kept.is_cut));
        self.hashes.push(hash(kept));
        (self.ends.len() - 1) as u16
    }

    /// Drops texts that no document has any more.
    fn compact(&mut self) {
        let mut fresh = Self::default();
        let pairs = self.pairs();
        pairs.into_iter().for_each(|(slot, kept)| fresh.add_kept(slot, kept));
        *self = fresh;
    }
}

/// Where a text ends, in the upper bits, and whether it is cut, in the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct End(u32);

impl End {
    fn new(at: usize, is_cut: bool) -> Self {
        Self((at as u32) << 1 | u32::from(is_cut))
    }

    fn at(self) -> usize {
        (self.0 >> 1) as usize
    }

    fn is_cut(self) -> bool {
        self.0 & 1 == 1
    }
}

fn hash(kept: Kept<'_>) -> u32 {
    xxhash_rust::xxh3::xxh3_64(kept.text.as_bytes()) as u32
}

fn keep(text: &str, most: usize) -> Kept<'_> {
    let end = text.floor_char_boundary(most);
    let (kept, rest) = text.split_at(end);
    Kept { text: kept, is_cut: !rest.is_empty() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_replaced_and_forgotten() {
        let mut page = TextPage::default();
        for round in 0..50 {
            for slot in 0..1000u16 {
                page.remove(slot);
                page.add(slot, &format!("text {slot} of round {round}"), KEPT);
            }
        }
        assert!(page.ends.len() < 4000, "{}", page.ends.len());
        let (yes, perhaps) =
            page.test(|kept| if kept.text == "text 7 of round 49" { Verdict::Yes } else { Verdict::No });
        assert_eq!(yes.slots().collect::<Vec<_>>(), [7]);
        assert!(perhaps.is_empty());
    }

    #[test]
    fn the_first_and_the_last_text_follow_what_is_added() {
        let mut page = TextPage::default();
        let by_bytes = |a: &str, b: &str| a.cmp(b);
        let by_length = |a: &str, b: &str| a.len().cmp(&b.len());
        assert_eq!(page.extremes("", by_bytes), None);
        page.add(1, "道", KEPT);
        page.add(2, "bridge", KEPT);
        assert_eq!(page.extremes("", by_bytes), Some(("bridge", "道")));
        assert_eq!(page.extremes("length", by_length), Some(("道", "bridge")));
        page.add(3, "a street", KEPT);
        assert_eq!(page.clone().extremes("length", by_length), Some(("道", "a street")));
        assert_eq!(page.extremes("", by_bytes), Some(("a street", "道")));
        page.add(4, &"long".repeat(50), KEPT);
        assert_eq!(page.extremes("", by_bytes), None, "what is cut may be anywhere");
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let mut page = TextPage::default();
        page.add(1, &"街".repeat(100), KEPT);
        let kept = page.of(1).next().unwrap();
        assert!(kept.is_cut);
        assert_eq!(kept.text, "街".repeat(21));
    }
}
