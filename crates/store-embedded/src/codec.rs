//! Bytes on disk: variable-length numbers, texts, and documents as the engine keeps them.

use bytes::Bytes;
use machi_store::{Document, DocumentNo, NameNo, Section, SectionKey};
use machi_types::{Name, Timestamp};

/// Bytes that are not what was once written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes do not hold what they should")]
pub(crate) struct Malformed;

/// Appends a number in as few bytes as it needs.
pub(crate) fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number as u8) | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a signed number; small ones of either sign take few bytes.
pub(crate) fn put_signed(number: i64, out: &mut Vec<u8>) {
    put_number(((number << 1) ^ (number >> 63)) as u64, out);
}

/// Appends bytes with their length.
pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Reads what the `put_` functions wrote; slices share the input's memory.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    all: &'a Bytes,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(all: &'a Bytes) -> Self {
        Self { all, at: 0 }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.all.len()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.all.get(self.at).ok_or(Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let bytes = self.all.get(self.at..).and_then(|rest| rest.first_chunk::<N>()).ok_or(Malformed)?;
        self.at += N;
        Ok(*bytes)
    }

    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    pub(crate) fn small(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.number()?).map_err(|_| Malformed)
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Malformed> {
        let number = self.number()?;
        Ok(((number >> 1) as i64) ^ -((number & 1) as i64))
    }

    pub(crate) fn bytes(&mut self) -> Result<Bytes, Malformed> {
        let length = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        let end = self.at.checked_add(length).filter(|end| *end <= self.all.len()).ok_or(Malformed)?;
        let bytes = self.all.slice(self.at..end);
        self.at = end;
        Ok(bytes)
    }

    pub(crate) fn text(&mut self) -> Result<Name, Malformed> {
        let bytes = self.bytes()?;
        std::str::from_utf8(&bytes).map(Name::from).map_err(|_| Malformed)
    }
}

/// Appends a section; its times are told apart from `base`, which is usually close.
pub(crate) fn put_section(section: &Section, base: Timestamp, out: &mut Vec<u8>) {
    put_number(u64::from(section.key.name.number()), out);
    put_number(u64::from(section.key.instance.number()), out);
    put_signed(section.created.micros().wrapping_sub(base.micros()), out);
    put_signed(section.modified.micros().wrapping_sub(base.micros()), out);
    put_bytes(&section.body, out);
}

pub(crate) fn read_section(reader: &mut Reader<'_>, base: Timestamp) -> Result<Section, Malformed> {
    let name = NameNo::from_number(reader.small()?);
    let instance = NameNo::from_number(reader.small()?);
    let created = Timestamp::from_micros(base.micros().wrapping_add(reader.signed()?));
    let modified = Timestamp::from_micros(base.micros().wrapping_add(reader.signed()?));
    Ok(Section { key: SectionKey::new(name, instance), created, modified, body: reader.bytes()? })
}

/// What the row of a document says.
#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) document: Document,
    pub(crate) layout: Layout,
    /// The sections that lie in rows of their own, in the document's order.
    pub(crate) apart: Vec<SectionKey>,
}

/// What the row of a document holds of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// All of it.
    Small,
    /// All but its sections; format 1 wrote large documents so.
    Apart,
    /// All of it, as it was; what is newer lies in another row.
    Large,
}

impl Layout {
    const ALL: [Self; 3] = [Self::Small, Self::Apart, Self::Large];
}

/// The row of a whole document.
pub(crate) fn encode_whole(document: &Document, layout: Layout) -> Vec<u8> {
    let mut out = Vec::with_capacity(document.size() + 64);
    out.push(layout as u8);
    put_number(document.version, &mut out);
    put_signed(document.created.micros(), &mut out);
    put_signed(document.modified.micros().wrapping_sub(document.created.micros()), &mut out);
    put_bytes(document.id.as_bytes(), &mut out);
    put_bytes(&document.head, &mut out);
    put_number(document.sections.len() as u64, &mut out);
    document.sections.iter().for_each(|section| put_section(section, document.created, &mut out));
    out
}

pub(crate) fn decode_base(bytes: &Bytes, number: DocumentNo) -> Result<Base, Malformed> {
    let mut reader = Reader::new(bytes);
    let layout = *Layout::ALL.get(usize::from(reader.byte()?)).ok_or(Malformed)?;
    let version = reader.number()?;
    let created = Timestamp::from_micros(reader.signed()?);
    let modified = Timestamp::from_micros(created.micros().wrapping_add(reader.signed()?));
    let id = reader.text()?;
    let head = reader.bytes()?;
    let count = reader.small()? as usize;
    let sections = Vec::with_capacity(count.min(1024));
    let mut document = Document { number, id, version, created, modified, head, sections };
    let mut apart = Vec::new();
    for _ in 0..count {
        match layout {
            Layout::Small | Layout::Large => document.sections.push(read_section(&mut reader, created)?),
            Layout::Apart => {
                let (name, instance) = (NameNo::from_number(reader.small()?), NameNo::from_number(reader.small()?));
                apart.push(SectionKey::new(name, instance));
            }
        }
    }
    if reader.is_at_end() { Ok(Base { document, layout, apart }) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_round_trip(number: u64, signed: i64) {
            let mut out = Vec::new();
            put_number(number, &mut out);
            put_signed(signed, &mut out);
            let bytes = Bytes::from(out);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.number(), Ok(number));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert!(reader.is_at_end());
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let bytes = Bytes::from(bytes);
            let _ = decode_base(&bytes, DocumentNo(0));
        }

        #[test]
        fn documents_round_trip(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..8), micros: i32) {
            let time = Timestamp::from_micros(i64::from(micros));
            let sections = bodies.into_iter().enumerate().map(|(n, body)| Section {
                key: SectionKey::new(NameNo::from_number(n as u32), NameNo::NONE),
                created: time,
                modified: Timestamp::from_micros(i64::from(micros) + 5),
                body: body.into(),
            }).collect();
            let document = Document {
                number: DocumentNo(7), id: "urn:x:1".into(), version: 3, created: time, modified: time,
                head: Bytes::from_static(b"head"), sections,
            };
            for layout in [Layout::Small, Layout::Large] {
                let base = decode_base(&encode_whole(&document, layout).into(), DocumentNo(7)).unwrap();
                prop_assert_eq!((&base.document, base.layout), (&document, layout));
            }
        }
    }
}
