//! Where an entity stands in an order that is brought about by reading, and that place as a cursor.

use std::cmp::Ordering;

use machi_model::query::{OrderBy, SortKey};
use machi_store::{Cursor, DocumentNo, StoreError};
use machi_types::{Json, Timestamp, json};

/// Marks these cursors; those of the store begin with a document's number, which is never this large.
const MARK: [u8; 4] = [0xff; 4];

/// A place in an order.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) keys: Vec<SortKey>,
    /// Decides ties.
    pub(crate) number: DocumentNo,
}

/// Whether a cursor is one of these.
pub(crate) fn is_sorted_cursor(cursor: &Cursor) -> bool {
    cursor.0.starts_with(&MARK)
}

impl Place {
    /// Which of two places comes first.
    pub(crate) fn compare(&self, other: &Self, order: &OrderBy) -> Ordering {
        order.compare(&self.keys, &other.keys).then(self.number.cmp(&other.number))
    }

    /// The place as a cursor.
    pub(crate) fn encode(&self) -> Cursor {
        let mut bytes = MARK.to_vec();
        bytes.extend(self.number.0.to_be_bytes());
        self.keys.iter().for_each(|key| put_key(key, &mut bytes));
        Cursor(bytes)
    }

    /// The place behind a cursor that was made under an order of so many terms.
    pub(crate) fn decode(cursor: &Cursor, terms: usize) -> Result<Self, StoreError> {
        let mut rest = cursor.0.as_slice();
        let place = read_place(&mut rest, terms).ok_or(StoreError::InvalidCursor)?;
        if rest.is_empty() { Ok(place) } else { Err(StoreError::InvalidCursor) }
    }
}

fn put_key(key: &SortKey, out: &mut Vec<u8>) {
    let mut put = |kind: u8, bytes: &[u8]| {
        out.push(kind);
        out.extend((bytes.len() as u32).to_be_bytes());
        out.extend(bytes);
    };
    match key {
        SortKey::Distance(metres) => put(b'm', &metres.to_be_bytes()),
        SortKey::Number(number) => put(b'n', number.to_string().as_bytes()),
        SortKey::Text(text) => put(b's', text.as_bytes()),
        SortKey::Object(text) => put(b'o', text.as_bytes()),
        SortKey::Array(text) => put(b'a', text.as_bytes()),
        SortKey::Bool(flag) => put(b'b', &[u8::from(*flag)]),
        SortKey::Time(time) => put(b't', &time.micros().to_be_bytes()),
        SortKey::Date(time) => put(b'd', &time.micros().to_be_bytes()),
        SortKey::DateTime(time) => put(b'i', &time.micros().to_be_bytes()),
        SortKey::Null => put(b'0', &[]),
        SortKey::Missing => put(b'-', &[]),
    }
}

fn read_place(rest: &mut &[u8], terms: usize) -> Option<Place> {
    if take::<4>(rest)? != MARK {
        return None;
    }
    let number = DocumentNo(u32::from_be_bytes(take(rest)?));
    let keys = (0..terms).map(|_| read_key(rest)).collect::<Option<_>>()?;
    Some(Place { keys, number })
}

fn read_key(rest: &mut &[u8]) -> Option<SortKey> {
    let [kind] = take(rest)?;
    let length = u32::from_be_bytes(take(rest)?) as usize;
    let (bytes, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    let text = || std::str::from_utf8(bytes).ok().map(Box::from);
    let time = || Some(Timestamp::from_micros(i64::from_be_bytes(bytes.try_into().ok()?)));
    Some(match kind {
        b'm' => SortKey::Distance(f64::from_be_bytes(bytes.try_into().ok()?)),
        b'n' => match json::parse(bytes, 1).ok()? {
            Json::Number(number) => SortKey::Number(number),
            _ => return None,
        },
        b's' => SortKey::Text(text()?),
        b'o' => SortKey::Object(text()?),
        b'a' => SortKey::Array(text()?),
        b'b' => SortKey::Bool(bytes == [1]),
        b't' => SortKey::Time(time()?),
        b'd' => SortKey::Date(time()?),
        b'i' => SortKey::DateTime(time()?),
        b'0' => SortKey::Null,
        b'-' => SortKey::Missing,
        _ => return None,
    })
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

    #[test]
    fn places_round_trip_as_cursors() {
        let time = Timestamp::from_micros(-7);
        let keys = vec![
            SortKey::Distance(1.5),
            SortKey::Number(9_007_199_254_740_993_u64.into()),
            SortKey::Text("街".into()),
            SortKey::Object("{}".into()),
            SortKey::Array("[]".into()),
            SortKey::Bool(true),
            SortKey::Time(time),
            SortKey::Date(time),
            SortKey::DateTime(time),
            SortKey::Null,
            SortKey::Missing,
        ];
        let place = Place { keys, number: DocumentNo(5) };
        let cursor = place.encode();
        assert!(is_sorted_cursor(&cursor));
        let read = Place::decode(&cursor, 11).unwrap();
        assert_eq!((&read.keys, read.number), (&place.keys, place.number));
        assert!(Place::decode(&cursor, 10).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, terms in 0_usize..4) {
            let marked = [&MARK[..], &bytes].concat();
            let _ = Place::decode(&Cursor(marked), terms);
        }
    }
}
