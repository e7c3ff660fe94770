//! Where a page of a query starts, as an opaque text that clients hand back (ETSI GS CIM 009 §5.5.9).
//!
//! A cursor names its query by a hash, so that it cannot be used with another one or another @context; it
//! knows how many rows lie before it, and where the pages before it started.

use machi_store::Cursor;

use crate::base64;

const VERSION: u8 = 1;
/// How many earlier pages are remembered.
const TRAIL: usize = 4;
/// How many bytes of starts are remembered: a cursor stands in a URL.
const TRAIL_BYTES: usize = 512;

/// The start of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageStart {
    /// How many rows lie before the page.
    pub passed: u64,
    /// The row behind which it starts; none where it is told by `passed` alone.
    pub after: Option<Cursor>,
    /// The starts of the pages before it, the nearest last.
    trail: Vec<(u64, Cursor)>,
}

/// A text that is no cursor of this query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor does not belong to this query")]
pub struct ForeignCursor;

impl PageStart {
    /// Behind so many rows.
    pub const fn at(passed: u64) -> Self {
        Self { passed, after: None, trail: Vec::new() }
    }

    /// The page that follows one that started here and had `rows` rows, the last of them at `last`.
    #[must_use]
    pub fn next(&self, rows: u64, last: Cursor) -> Self {
        let mut trail = self.trail.clone();
        trail.extend(self.after.clone().map(|after| (self.passed, after)));
        while trail.len() > TRAIL || trail.iter().map(|(_, start)| start.0.len()).sum::<usize>() > TRAIL_BYTES {
            trail.remove(0);
        }
        Self { passed: self.passed.saturating_add(rows), after: Some(last), trail }
    }

    /// The page of `rows` rows before this one: by its offset if that is small, else by where it started.
    pub fn previous(&self, rows: u64, largest_offset: u64) -> Option<Self> {
        if self.passed == 0 {
            return None;
        }
        let passed = self.passed.saturating_sub(rows);
        if passed <= largest_offset {
            return Some(Self::at(passed));
        }
        let (nearest, earlier) = self.trail.split_last()?;
        let (passed, after) = nearest.clone();
        Some(Self { passed, after: Some(after), trail: earlier.to_vec() })
    }

    /// The text for a query with this hash.
    pub fn encode(&self, query: u64) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(query.to_le_bytes());
        bytes.extend(self.passed.to_le_bytes());
        bytes.push(self.trail.len() as u8);
        for (passed, start) in &self.trail {
            bytes.extend(passed.to_le_bytes());
            bytes.extend((start.0.len() as u16).to_le_bytes());
            bytes.extend(&start.0);
        }
        bytes.extend(self.after.iter().flat_map(|after| &after.0));
        base64::encode(&bytes)
    }

    /// The start behind a text that was made for the query with this hash.
    pub fn decode(text: &str, query: u64) -> Result<Self, ForeignCursor> {
        let bytes = base64::decode(text).ok_or(ForeignCursor)?;
        let mut rest = bytes.as_slice();
        let start = read(&mut rest, query).ok_or(ForeignCursor)?;
        let after = Cursor(rest.to_vec());
        Ok(Self { after: Some(after), ..start })
    }
}

fn read(rest: &mut &[u8], query: u64) -> Option<PageStart> {
    let [version] = take(rest)?;
    let is_ours = version == VERSION && u64::from_le_bytes(take(rest)?) == query;
    if !is_ours {
        return None;
    }
    let passed = u64::from_le_bytes(take(rest)?);
    let [count] = take(rest)?;
    let mut trail = Vec::new();
    for _ in 0..usize::from(count).min(TRAIL) {
        let passed = u64::from_le_bytes(take(rest)?);
        let length = u16::from_le_bytes(take(rest)?);
        let (start, behind) = rest.split_at_checked(usize::from(length))?;
        *rest = behind;
        trail.push((passed, Cursor(start.to_vec())));
    }
    Some(PageStart { passed, after: None, trail })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cursor(byte: u8) -> Cursor {
        Cursor(vec![byte; 5])
    }

    #[test]
    fn pages_lead_on_and_back() {
        let mut start = PageStart::at(0);
        assert_eq!(start.previous(20, 100), None);
        for page in 1..=10 {
            start = start.next(20, cursor(page));
        }
        assert_eq!(start.passed, 200);
        let back = start.previous(20, 100).unwrap();
        assert_eq!((back.passed, &back.after), (180, &Some(cursor(9))));
        assert_eq!(start.previous(20, 180), Some(PageStart::at(180)));
        let earliest = std::iter::successors(Some(start), |start| start.previous(20, 0)).last().unwrap();
        assert_eq!(earliest.passed, 120, "only so many pages back are remembered");
    }

    #[test]
    fn a_cursor_belongs_to_one_query() {
        let start = PageStart::at(0).next(20, cursor(1)).next(20, cursor(2));
        let text = start.encode(7);
        assert_eq!(PageStart::decode(&text, 7), Ok(start));
        assert_eq!(PageStart::decode(&text, 8), Err(ForeignCursor));
        assert_eq!(PageStart::decode("", 7), Err(ForeignCursor));
        assert_eq!(PageStart::decode("!", 7), Err(ForeignCursor));
    }

    #[test]
    fn long_starts_are_forgotten_first() {
        let mut start = PageStart::at(0);
        for byte in 0..4 {
            start = start.next(1, Cursor(vec![byte; 400]));
        }
        assert_eq!(start.trail.len(), 1);
        assert!(start.encode(0).len() < 1200);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut whole = vec![VERSION];
            whole.extend(7u64.to_le_bytes());
            whole.extend(bytes);
            let _ = PageStart::decode(&base64::encode(&whole), 7);
        }
    }
}
