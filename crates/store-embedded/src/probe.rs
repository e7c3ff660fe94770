//! Doors for fuzzing: the readers of what lies on disk, given any bytes at all.

use bytes::Bytes;
use machi_store::{Document, DocumentNo, NameNo, Position, Section, SectionKey};
use machi_types::Timestamp;

use crate::codec::{self, Layout};
use crate::index::page::{Mask, Values};
use crate::index::space::Spot;
use crate::index::stored::StoredPage;
use crate::index::texts::TextPage;
use crate::journal::frame::{self, Reading};
use crate::journal::record::{self, Batch, CommitRecord, SpaceRecord};
use crate::rows::Loose;

/// What a batch of the journal holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Names used for the first time.
    pub names: usize,
    /// Spaces erased.
    pub erased: usize,
    /// Commits.
    pub commits: usize,
}

/// The length of the content of the frame at the front, where there is a sound one.
pub fn frame(bytes: &[u8]) -> Option<usize> {
    match frame::read(bytes) {
        Reading::Frame(header) => Some(header.length as usize),
        Reading::Torn | Reading::Damaged => None,
    }
}

/// A sound frame around this content.
///
/// # Panics
///
/// Where the content is longer than a frame takes.
pub fn frame_around(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(frame::HEADER + content.len());
    let start = frame::begin(&mut out);
    out.extend_from_slice(content);
    assert!(frame::finish(&mut out, start, 1, 1), "fuzzers give no gigabytes");
    out
}

/// Reads the content of a frame.
///
/// # Panics
///
/// Where a batch that was read is not written and read as the same.
pub fn batch(content: &Bytes) -> Option<Counts> {
    let batch = record::decode(content).ok()?;
    let mut written = Vec::new();
    record::encode(&batch, &mut written);
    assert_eq!(record::decode(&written.into()).as_ref(), Ok(&batch), "a batch is read as it was written");
    Some(Counts { names: batch.names.len(), erased: batch.erased.len(), commits: batch.commits.len() })
}

/// Contents of sound frames, and one that is a byte away from it.
pub fn batches() -> Vec<Vec<u8>> {
    let commit = CommitRecord {
        number: 42,
        time: Timestamp::from_micros(1_000_000),
        cursors: vec![("subscriptions".into(), Position::single(41))],
        changes: Vec::new(),
    };
    let space = SpaceRecord { number: 1, tenant: "".into(), collection: "entities".into() };
    let one = Batch { names: vec![(5, "name".into())], spaces: vec![space], erased: vec![9], commits: vec![commit] };
    let two = Batch { commits: [one.commits.clone(), one.commits.clone()].concat(), ..Batch::default() };
    // Its second erased space is missing: a single byte makes it whole.
    let broken = Batch { erased: vec![9, MISSING], ..one.clone() };
    let broken = encoded(&broken).into_iter().filter(|byte| u32::from(*byte) != MISSING).collect();
    [Batch::default(), one, two].iter().map(encoded).chain([broken]).collect()
}

/// A number that no other byte of a batch has.
const MISSING: u32 = 120;

fn encoded(batch: &Batch) -> Vec<u8> {
    let mut out = Vec::new();
    record::encode(batch, &mut out);
    out
}

/// Reads a row of this kind: 0 a document, 1 its loose sections, 2 to 5 pages of facets. The number of sections
/// of a document that could be read.
pub fn row(kind: u8, bytes: &Bytes) -> Option<usize> {
    match kind {
        0 => {
            let base = codec::decode_base(bytes, DocumentNo(1)).ok()?;
            Some(base.document.sections.len() + base.apart.len())
        }
        1 => {
            let mut document = document();
            Loose::decode_over(&mut document, bytes).ok()?;
            Some(document.sections.len())
        }
        2 => page::<Mask>(bytes),
        3 => page::<Values<u64>>(bytes),
        4 => page::<Values<Spot>>(bytes),
        _ => page::<TextPage>(bytes),
    }
}

/// A page that can be read is written, and read again.
fn page<P: StoredPage>(bytes: &Bytes) -> Option<usize> {
    let page = P::decode(bytes).ok()?;
    assert!(P::decode(&page.encode().into()).is_ok(), "a page is read as it was written");
    None
}

/// Sound rows, each with its kind in front.
pub fn rows() -> Vec<Vec<u8>> {
    let document = document();
    let sections: Vec<&Section> = document.sections.iter().collect();
    let mut numbers = Values::<u64>::default();
    numbers.add(3, 7);
    numbers.add(900, 8);
    let mut texts = TextPage::default();
    texts.add(3, "text", 64);
    let mut spots = Values::<Spot>::default();
    spots.add(1, Spot::Point(139.7, 35.6));
    spots.add(2, Spot::Box([1.0, 2.0, 3.0, 4.0]));
    let rows = [
        (0, codec::encode_whole(&document, Layout::Small)),
        (0, codec::encode_whole(&document, Layout::Large)),
        (1, Loose::of(&document, 200).encode(&document, &sections)),
        (2, Mask::NONE.encode()),
        (3, numbers.encode()),
        (4, spots.encode()),
        (5, texts.encode()),
    ];
    rows.into_iter().map(|(kind, row)| [vec![kind], row].concat()).collect()
}

/// A document with two sections.
fn document() -> Document {
    let time = Timestamp::from_micros(1_000_000);
    let section = |name: u32| Section {
        key: SectionKey::new(NameNo::from_number(name), NameNo::NONE),
        created: time,
        modified: time,
        body: Bytes::from_static(b"21.5"),
    };
    Document {
        number: DocumentNo(1),
        id: "urn:x:1".into(),
        version: 3,
        created: time,
        modified: time,
        head: Bytes::from_static(b"head"),
        sections: vec![section(1), section(2)],
    }
}
