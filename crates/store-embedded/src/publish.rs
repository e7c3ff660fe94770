//! Makes a durable commit visible: documents, ids, indexes and feed. Recovery does the same from the journal.

use std::sync::Arc;

use bytes::Bytes;
use machi_store::{Document, Entry, Facet, Names, Section, SectionChange};

use crate::engine::Engine;
use crate::index::space::SpaceIndex;
use crate::journal::record::{ChangeRecord, CommitRecord};
use crate::rows::DocumentWrite;
use crate::spaces::Space;

/// A changed document on its way from the decision to the journal and the indexes.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) space: Arc<Space>,
    pub(crate) hash: u64,
    pub(crate) record: ChangeRecord,
    pub(crate) write: DocumentWrite,
}

/// Brings the index of a space up to a change. A pure function of index and change.
pub(crate) fn index(engine: &Engine, index: &mut SpaceIndex, space: &Space, record: &ChangeRecord) {
    let derive = engine.derive(space.collection);
    let names: &dyn Names = &engine.names;
    let number = record.number;
    {
        let mut remove = |facet: Facet<'_>| index.remove(number, &facet);
        if let Some(head) = &record.old_head {
            derive.head(names, head, &mut remove);
        }
        for section in record.sections.iter().filter_map(|change| change.old.as_ref()) {
            derive.section(names, section.key, &section.body, &mut remove);
        }
    }
    for old in record.sections.iter().filter_map(|change| change.old.as_ref()) {
        index.update_added(names, number, (old.key, &old.body), None);
    }
    for new in record.sections.iter().filter_map(|change| change.new.as_ref()) {
        index.note_section(new.key);
        index.update_added(names, number, (new.key, &new.body), Some(engine.seed));
    }
    let mut add = |facet: Facet<'_>| index.add(number, &facet, engine.seed);
    if let Some(head) = &record.new_head {
        derive.head(names, head, &mut add);
    }
    for section in record.sections.iter().filter_map(|change| change.new.as_ref()) {
        derive.section(names, section.key, &section.body, &mut add);
    }
    let bytes = |side: fn(&ChangeRecord) -> u64| side(record);
    index.bytes = index.bytes.saturating_sub(bytes(old_bytes)).saturating_add(bytes(new_bytes));
    let is_alive = !matches!(record.kind, machi_store::ChangeKind::Deleted);
    index.set_alive(number, is_alive);
    if is_alive {
        index.set_times(number, record.created, record.modified);
    } else {
        index.clear_times(number);
    }
}

fn old_bytes(record: &ChangeRecord) -> u64 {
    let sections = record.sections.iter().filter_map(|change| change.old.as_ref());
    sections.map(|section| section.body.len() as u64).sum::<u64>()
        + record.old_head.as_ref().map_or(0, |h| h.len() as u64)
}

fn new_bytes(record: &ChangeRecord) -> u64 {
    let sections = record.sections.iter().filter_map(|change| change.new.as_ref());
    sections.map(|section| section.body.len() as u64).sum::<u64>()
        + record.new_head.as_ref().map_or(0, |h| h.len() as u64)
}

/// Notes the number of an id, once.
pub(crate) fn number_id(index: &mut SpaceIndex, space: &Space, record: &ChangeRecord, hash: u64) {
    let mut ids = space.ids.write();
    let is_known = ids.candidates(hash).any(|number| number == record.number);
    if !is_known {
        ids.insert(hash, record.number);
        index.number(record.number, hash, &record.id);
    }
}

/// The feed's entry of a change. What was before lies in the memory of the whole document, which must not stay for it.
pub(crate) fn entry(space: &Space, commit: &CommitRecord, record: ChangeRecord) -> Entry {
    let own = |old: Section| Section { body: Bytes::copy_from_slice(&old.body), ..old };
    let sections = record.sections.into_iter();
    Entry {
        commit: commit.number,
        time: commit.time,
        tenant: space.tenant.clone(),
        collection: space.collection,
        number: record.number,
        id: record.id,
        kind: record.kind,
        created: record.created,
        modified: record.modified,
        old_head: record.old_head,
        new_head: record.new_head,
        sections: sections.map(|change| SectionChange { old: change.old.map(own), new: change.new }).collect(),
    }
}

/// What the journal tells of a change, applied to the document as it was before.
pub(crate) fn replay(before: Option<&Document>, record: &ChangeRecord, commit: &CommitRecord) -> Option<Document> {
    if matches!(record.kind, machi_store::ChangeKind::Deleted) {
        return None;
    }
    let mut document = before.cloned().unwrap_or_else(|| Document {
        number: record.number,
        id: record.id.clone(),
        version: commit.number,
        created: record.created,
        modified: record.modified,
        head: bytes::Bytes::new(),
        sections: Vec::new(),
    });
    document.version = commit.number;
    document.created = record.created;
    document.modified = record.modified;
    if let Some(head) = &record.new_head {
        document.head = head.clone();
    }
    for change in &record.sections {
        match (&change.old, &change.new) {
            (_, Some(new)) => match document.sections.iter_mut().find(|section| section.key == new.key) {
                Some(section) => *section = new.clone(),
                None => document.sections.push(new.clone()),
            },
            (Some(old), None) => document.sections.retain(|section| section.key != old.key),
            (None, None) => {}
        }
    }
    Some(document)
}
