//! Bytes on disk: documents as the engine keeps them.

use bytes::Bytes;
pub(crate) use machi_store::codec::{Malformed, Reader, put_bytes, put_number, put_signed};
use machi_store::{Document, DocumentNo, NameNo, Section, SectionKey};
use machi_types::Timestamp;

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
