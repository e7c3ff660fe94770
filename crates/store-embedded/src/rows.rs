//! How a document lies in the tree: whole, in one row. Beside a large one lies a second row with the sections that were set
//! since then, so that changing one value does not rewrite them all, and two rows are all that reading takes.
//!
//! The row of loose sections is written anew with each change and grows, until all that was so written comes to as much
//! as the document: then the document is written whole again. So neither costs more than the other, which is the least
//! that both cost together.

use std::sync::Arc;

use bytes::Bytes;
use machi_store::{Document, DocumentNo, Section, SectionKey, StoreError};
use machi_types::Timestamp;

use crate::codec::{self, Base, Layout, Malformed, Reader, put_number, put_signed};
use crate::tree::Tree;

/// From this size on sections may lie loose.
const LARGE: usize = 2048;

const WHOLE: u8 = 0;
/// Rows of single sections, as format 1 had them.
const SECTION: u8 = 1;
const LOOSE: u8 = 2;

/// A document by space and number.
pub(crate) type Place = (u32, DocumentNo);

/// What a commit made of a document.
#[derive(Debug)]
pub(crate) struct DocumentWrite {
    pub(crate) number: DocumentNo,
    pub(crate) before: Option<Arc<Document>>,
    pub(crate) after: Option<Arc<Document>>,
    /// The sections that were set or removed.
    pub(crate) touched: Vec<SectionKey>,
}

/// In which rows a document lies.
#[derive(Clone, Debug)]
pub(crate) enum Lies {
    /// All of it in one.
    Whole,
    /// Whole, and what is newer in a row of its own.
    Loose(Arc<Loose>),
    /// Each section in a row of its own, as format 1 had it.
    Apart,
}

/// What the row of loose sections says.
#[derive(Debug, Default)]
pub(crate) struct Loose {
    /// The version of the document in the whole row.
    of: u64,
    /// How many bytes that row has.
    whole: u64,
    /// How many bytes of loose sections were written since.
    since: u64,
    /// The loose sections, ascending.
    keys: Vec<SectionKey>,
}

/// A row of loose sections, read.
struct Row {
    loose: Loose,
    version: u64,
    modified: Timestamp,
    sections: Vec<Section>,
}

/// The document as of a commit, and where it lies.
pub(crate) fn load(tree: &Tree, place: Place, at: u64) -> Result<Option<(Document, Lies)>, StoreError> {
    let Some(bytes) = tree.get(&key(place, WHOLE), at)? else { return Ok(None) };
    let Base { mut document, layout, apart } =
        codec::decode_base(&bytes, place.1).map_err(|_: Malformed| damaged(place))?;
    let lies = match layout {
        Layout::Small => Lies::Whole,
        Layout::Large => Lies::Loose(Arc::new(put_loose_over(&mut document, tree, place, at)?)),
        Layout::Apart => {
            document.sections = sections_apart(tree, place, &apart, document.created, at)?;
            Lies::Apart
        }
    };
    Ok(Some((document, lies)))
}

/// Writes what a commit made of a document that lay there before, and tells where it lies now.
pub(crate) fn write(tree: &Tree, place: Place, write: &DocumentWrite, lay: Option<&Lies>, commit: u64) -> Option<Lies> {
    let Some(document) = write.after.as_deref() else {
        tree.remove(&key(place, WHOLE), commit);
        remove_others(tree, place, write, lay, commit);
        return None;
    };
    if !is_large(document) {
        tree.insert(&key(place, WHOLE), &codec::encode_whole(document, Layout::Small), commit);
        remove_others(tree, place, write, lay, commit);
        return Some(Lies::Whole);
    }
    if let Some(Lies::Loose(loose)) = lay
        && let Some((row, next)) = loose.with(write, document)
    {
        tree.insert(&key(place, LOOSE), &row, commit);
        return Some(Lies::Loose(Arc::new(next)));
    }
    let whole = codec::encode_whole(document, Layout::Large);
    tree.insert(&key(place, WHOLE), &whole, commit);
    if matches!(lay, Some(Lies::Apart)) {
        remove_others(tree, place, write, lay, commit);
    }
    // It is there even when it is empty, for a row that lacks is the most expensive to look for.
    let loose = Loose::of(document, whole.len());
    tree.insert(&key(place, LOOSE), &loose.encode(document, &[]), commit);
    Some(Lies::Loose(Arc::new(loose)))
}

/// Where the newest version of a large document lies, asked of the tree.
pub(crate) fn where_it_lies(tree: &Tree, place: Place) -> Result<Lies, StoreError> {
    match tree.get(&key(place, LOOSE), u64::MAX >> 2)? {
        Some(row) => {
            Ok(Lies::Loose(Arc::new(Loose::decode(&row, Timestamp::from_micros(0)).map_err(|_| damaged(place))?.loose)))
        }
        None => Ok(Lies::Apart),
    }
}

impl Loose {
    /// Nothing yet, beside a document that took so many bytes.
    pub(crate) fn of(document: &Document, whole: usize) -> Self {
        Self { of: document.version, whole: whole as u64, ..Self::default() }
    }

    /// The row and what it says once a change is among the loose sections; nothing where the document is to be written whole.
    fn with(&self, write: &DocumentWrite, document: &Document) -> Option<(Vec<u8>, Self)> {
        let before = write.before.as_deref()?;
        if before.created != document.created || before.head != document.head {
            return None;
        }
        let mut keys = [&self.keys[..], &write.touched].concat();
        keys.sort_unstable();
        keys.dedup();
        let loose: Vec<&Section> =
            document.sections.iter().filter(|section| keys.binary_search(&section.key).is_ok()).collect();
        // Of one that was removed the whole document tells.
        if loose.len() < keys.len() {
            return None;
        }
        let bytes = loose.iter().map(|section| section.body.len() as u64 + 16).sum::<u64>();
        let next = Self { of: self.of, whole: self.whole, since: self.since + bytes, keys };
        (next.since < next.whole).then(|| (next.encode(document, &loose), next))
    }

    pub(crate) fn encode(&self, document: &Document, loose: &[&Section]) -> Vec<u8> {
        let mut out = Vec::with_capacity(48 + loose.iter().map(|section| section.body.len() + 24).sum::<usize>());
        put_number(self.of, &mut out);
        put_number(self.whole, &mut out);
        put_number(self.since, &mut out);
        put_number(document.version, &mut out);
        put_signed(document.modified.micros().wrapping_sub(document.created.micros()), &mut out);
        put_number(loose.len() as u64, &mut out);
        loose.iter().for_each(|section| codec::put_section(section, document.created, &mut out));
        out
    }

    fn decode(row: &Bytes, created: Timestamp) -> Result<Row, Malformed> {
        let mut reader = Reader::new(row);
        let (of, whole, since) = (reader.number()?, reader.number()?, reader.number()?);
        let version = reader.number()?;
        let modified = Timestamp::from_micros(created.micros().wrapping_add(reader.signed()?));
        let count = reader.small()?;
        let mut sections = Vec::with_capacity(count.min(1024) as usize);
        for _ in 0..count {
            sections.push(codec::read_section(&mut reader, created)?);
        }
        if !reader.is_at_end() {
            return Err(Malformed);
        }
        let mut keys: Vec<SectionKey> = sections.iter().map(|section| section.key).collect();
        keys.sort_unstable();
        Ok(Row { loose: Self { of, whole, since, keys }, version, modified, sections })
    }

    /// Puts the sections of a row over those of the document; what is new comes behind.
    pub(crate) fn decode_over(document: &mut Document, row: &Bytes) -> Result<Self, Malformed> {
        let row = Self::decode(row, document.created)?;
        if row.loose.of != document.version {
            return Err(Malformed);
        }
        (document.version, document.modified) = (row.version, row.modified);
        for section in row.sections {
            match document.sections.iter_mut().find(|known| known.key == section.key) {
                Some(known) => *known = section,
                None => document.sections.push(section),
            }
        }
        Ok(row.loose)
    }
}

/// Reads the row of loose sections into the document as it was written whole.
fn put_loose_over(document: &mut Document, tree: &Tree, place: Place, at: u64) -> Result<Loose, StoreError> {
    let row = tree.get(&key(place, LOOSE), at)?;
    let read = row.ok_or(Malformed).and_then(|row| Loose::decode_over(document, &row));
    read.map_err(|_| damaged(place))
}

/// Removes what lies beside the whole row.
fn remove_others(tree: &Tree, place: Place, write: &DocumentWrite, lay: Option<&Lies>, commit: u64) {
    match lay {
        None | Some(Lies::Whole) => {}
        Some(Lies::Loose(_)) => tree.remove(&key(place, LOOSE), commit),
        Some(Lies::Apart) => {
            let before = write.before.iter().flat_map(|before| &before.sections);
            before.for_each(|section| tree.remove(&section_key(place, section.key), commit));
        }
    }
}

/// The sections of a document of format 1, in its order.
fn sections_apart(
    tree: &Tree,
    place: Place,
    order: &[SectionKey],
    created: Timestamp,
    at: u64,
) -> Result<Vec<Section>, StoreError> {
    let mut sections = Vec::with_capacity(order.len());
    for row in tree.prefix(&key(place, SECTION), at) {
        let (_, value) = row?;
        sections.push(codec::read_section(&mut Reader::new(&value), created).map_err(|_| damaged(place))?);
    }
    sections.sort_unstable_by_key(|section| section.key);
    let find = |key: &SectionKey| {
        let found = sections.binary_search_by_key(key, |section| section.key).ok();
        found.and_then(|at| sections.get(at).cloned()).ok_or_else(|| damaged(place))
    };
    order.iter().map(find).collect()
}

/// The numbers of all documents of a space as of a commit.
pub(crate) fn numbers(
    tree: &Tree,
    space: u32,
    at: u64,
) -> impl Iterator<Item = Result<DocumentNo, StoreError>> + use<> {
    let first = key((space, DocumentNo(0)), WHOLE);
    let (prefix, _) = first.split_at(5);
    tree.prefix(prefix, at).map(|row| {
        let (key, _) = row?;
        let number = key.get(5..).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
        number.map(DocumentNo).ok_or_else(|| StoreError::Damaged {
            file: "the tables of documents".to_owned(),
            detail: "a key is not what was written".to_owned(),
        })
    })
}

/// Deletes all rows of a space.
pub(crate) fn clear_space(tree: &Tree, space: u32, commit: u64) -> Result<(), StoreError> {
    let prefix = (space + 1).to_be_bytes();
    for row in tree.prefix(&prefix, commit) {
        let (key, _) = row?;
        tree.remove(&key, commit);
    }
    Ok(())
}

pub(crate) fn is_large(document: &Document) -> bool {
    // Most large ones are known as such by their first sections.
    let mut rest = LARGE.saturating_sub(document.head.len() + document.id.len());
    document.sections.iter().any(|section| {
        rest = rest.saturating_sub(section.body.len() + 24);
        rest == 0
    })
}

fn key((space, number): Place, kind: u8) -> [u8; 9] {
    let mut key = [0; 9];
    key[..4].copy_from_slice(&(space + 1).to_be_bytes());
    key[4] = kind;
    key[5..].copy_from_slice(&number.0.to_be_bytes());
    key
}

fn section_key(place: Place, section: SectionKey) -> [u8; 17] {
    let mut of_section = [0; 17];
    of_section[..9].copy_from_slice(&key(place, SECTION));
    of_section[9..13].copy_from_slice(&section.name.number().to_be_bytes());
    of_section[13..].copy_from_slice(&section.instance.number().to_be_bytes());
    of_section
}

fn damaged((space, number): Place) -> StoreError {
    StoreError::Damaged {
        file: "the tables of documents".to_owned(),
        detail: format!("document {} of space {space} is not what was written", number.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lsm_tree::Cache;
    use machi_store::NameNo;
    use proptest::prelude::*;

    const PLACE: Place = (3, DocumentNo(7));

    /// A step: what sections are set to, and which are removed.
    #[derive(Clone, Debug)]
    enum Step {
        Set(Vec<(u32, usize)>),
        Remove(Vec<u32>),
        Head,
        Delete,
        Flush,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let set = prop::collection::vec((0..40_u32, 0..400_usize), 1..4);
        let many = prop::collection::vec((0..40_u32, 100..400_usize), 20..40);
        let step = prop_oneof![
            12 => set.prop_map(Step::Set),
            2 => many.prop_map(Step::Set),
            1 => prop::collection::vec(0..40_u32, 1..30).prop_map(Step::Remove),
            1 => Just(Step::Head),
            1 => Just(Step::Delete),
            1 => Just(Step::Flush),
        ];
        prop::collection::vec(step, 1..60)
    }

    fn key_of(name: u32) -> SectionKey {
        SectionKey::new(NameNo::from_number(name), NameNo::NONE)
    }

    fn open(folder: &std::path::Path) -> Tree {
        Tree::open(folder, Arc::new(Cache::with_capacity_bytes(1 << 20)), None).unwrap()
    }

    fn section(name: u32, bytes: usize, commit: u64) -> Section {
        let time = Timestamp::from_micros(commit as i64);
        let body = Bytes::from(vec![commit as u8; bytes]);
        Section { key: key_of(name), created: time, modified: time, body }
    }

    fn document(commit: u64) -> Document {
        let time = Timestamp::from_micros(commit as i64);
        let (number, id) = (PLACE.1, "urn:x:7".into());
        let head = Bytes::from(format!("head {commit}"));
        Document { number, id, version: commit, created: time, modified: time, head, sections: Vec::new() }
    }

    /// What a step makes of a document, and what it touches.
    fn after(step: &Step, before: Option<&Document>, commit: u64) -> (Option<Document>, Vec<SectionKey>) {
        let mut next = before.cloned().unwrap_or_else(|| document(commit));
        (next.version, next.modified) = (commit, Timestamp::from_micros(commit as i64));
        match step {
            Step::Set(sections) => {
                for (name, bytes) in sections {
                    let new = section(*name, *bytes, commit);
                    match next.sections.iter_mut().find(|known| known.key == new.key) {
                        Some(known) => *known = new,
                        None => next.sections.push(new),
                    }
                }
                (Some(next), sections.iter().map(|(name, _)| key_of(*name)).collect())
            }
            Step::Remove(names) => {
                let keys: Vec<SectionKey> = names.iter().map(|name| key_of(*name)).collect();
                next.sections.retain(|section| !keys.contains(&section.key));
                (Some(next), keys)
            }
            Step::Head => {
                next.head = Bytes::from(format!("head {commit}"));
                (Some(next), Vec::new())
            }
            Step::Delete => (None, before.iter().flat_map(|one| &one.sections).map(|section| section.key).collect()),
            Step::Flush => (before.cloned(), Vec::new()),
        }
    }

    fn found(tree: &Tree, at: u64) -> Option<Document> {
        load(tree, PLACE, at).unwrap().map(|(document, _)| document)
    }

    fn rows_of(tree: &Tree, at: u64) -> usize {
        tree.prefix(&(PLACE.0 + 1).to_be_bytes(), at).count()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_document_is_read_as_it_was_at_each_commit(steps in steps()) {
            let folder = tempfile::tempdir().unwrap();
            let tree = open(folder.path());
            let (mut now, mut past): (Option<Arc<Document>>, Vec<Option<Arc<Document>>>) = (None, vec![None]);
            for (step, commit) in steps.iter().zip(1..) {
                if let Step::Flush = step {
                    tree.seal(commit);
                    tree.flush().unwrap();
                    past.push(now.clone());
                    continue;
                }
                let (next, touched) = after(step, now.as_deref(), commit);
                let next = next.map(Arc::new);
                // What it was read to be is what it lies in.
                let lay = now.as_ref().and_then(|_| load(&tree, PLACE, commit).unwrap()).map(|(_, lies)| lies);
                let change = DocumentWrite { number: PLACE.1, before: now.take(), after: next.clone(), touched };
                write(&tree, PLACE, &change, lay.as_ref(), commit);
                prop_assert_eq!(rows_of(&tree, commit), next.as_ref().map_or(0, |one| 1 + usize::from(is_large(one))));
                now = next;
                past.push(now.clone());
            }
            for (then, at) in past.iter().zip(0..) {
                prop_assert_eq!(&found(&tree, at), &then.as_deref().cloned());
            }
        }
    }

    #[test]
    fn one_value_of_many_does_not_rewrite_them_all() {
        let folder = tempfile::tempdir().unwrap();
        let tree = open(folder.path());
        let mut document = document(1);
        document.sections = (0..100).map(|name| section(name, 100, 1)).collect();
        let mut now = Arc::new(document);
        let first = DocumentWrite { number: PLACE.1, before: None, after: Some(Arc::clone(&now)), touched: Vec::new() };
        let mut lay = write(&tree, PLACE, &first, None, 1);
        let (mut wholes, mut loose) = (0, 0);
        for commit in 2..502 {
            let step = Step::Set(vec![(commit as u32 * 7 % 100, 100)]);
            let (next, touched) = after(&step, Some(&*now), commit);
            let next = Arc::new(next.unwrap());
            let change = DocumentWrite { number: PLACE.1, before: Some(now), after: Some(Arc::clone(&next)), touched };
            lay = write(&tree, PLACE, &change, lay.as_ref(), commit);
            let Some(Lies::Loose(row)) = &lay else { panic!("it is large") };
            wholes += u64::from(row.keys.is_empty()) * row.whole;
            loose += row.keys.len() as u64 * 116;
            now = next;
        }
        assert!(wholes + loose < 500 * 2000, "{wholes} and {loose} bytes, where 500 wholes are 6,000,000");
        assert!(wholes < 2 * loose && loose < 2 * wholes, "{wholes} and {loose} bytes");
    }

    #[test]
    fn a_document_of_format_1_is_read_and_becomes_one_of_this() {
        let folder = tempfile::tempdir().unwrap();
        let tree = open(folder.path());
        let mut old = document(1);
        old.sections = [5, 3, 9].map(|name| section(name, 1000, 1)).into();
        let mut row = codec::encode_whole(&Document { sections: Vec::new(), ..old.clone() }, Layout::Apart);
        row.pop();
        put_number(3, &mut row);
        for one in &old.sections {
            put_number(u64::from(one.key.name.number()), &mut row);
            put_number(u64::from(one.key.instance.number()), &mut row);
            let mut value = Vec::new();
            codec::put_section(one, old.created, &mut value);
            tree.insert(&section_key(PLACE, one.key), &value, 1);
        }
        tree.insert(&key(PLACE, WHOLE), &row, 1);
        let (read, lies) = load(&tree, PLACE, 1).unwrap().unwrap();
        assert_eq!(read, old);
        let (next, touched) = after(&Step::Set(vec![(3, 500)]), Some(&old), 2);
        let next = Arc::new(next.unwrap());
        let change = DocumentWrite {
            number: PLACE.1,
            before: Some(Arc::new(old.clone())),
            after: Some(Arc::clone(&next)),
            touched,
        };
        write(&tree, PLACE, &change, Some(&lies), 2);
        assert_eq!((found(&tree, 1).as_ref(), found(&tree, 2).as_ref()), (Some(&old), Some(&*next)));
        assert_eq!(rows_of(&tree, 2), 2);
    }
}
