//! What a decision makes of a document: the one implementation of change that all adapters share.

use bytes::Bytes;
use machi_types::{Name, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    Change, ChangeKind, Document, DocumentNo, Restored, Section, SectionChange, SectionKey, SetSection, Stamp,
};

/// How many comparisons are worth a table of places.
const MUCH: usize = 4096;

/// A change applied to a document: the new state, and what the feed tells of it.
#[derive(Clone, Debug)]
pub struct Applied {
    /// What happened.
    pub kind: ChangeKind,
    /// The document after the change; `None` where it was deleted.
    pub document: Option<Document>,
    /// The head before, where it was touched.
    pub old_head: Option<Bytes>,
    /// The head after, where it was touched.
    pub new_head: Option<Bytes>,
    /// The touched sections.
    pub sections: Vec<SectionChange>,
}

/// The commit under which a change is applied.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// The commit's number, which becomes the document's version.
    pub commit: u64,
    /// The commit's time.
    pub time: Timestamp,
}

/// Applies a change to a document, or creates it.
pub fn change(current: Option<&Document>, id: &Name, number: DocumentNo, change: Change, at: At) -> Applied {
    let fresh_document = || Document {
        number,
        id: id.clone(),
        version: at.commit,
        created: at.time,
        modified: at.time,
        head: Bytes::new(),
        sections: Vec::with_capacity(change.set.len()),
    };
    let mut document = current.cloned().unwrap_or_else(fresh_document);
    document.version = at.commit;
    document.modified = at.time;
    if change.created == Stamp::Fresh {
        document.created = at.time;
    }
    let mut touched = Vec::with_capacity(change.set.len());
    remove_sections(&mut document, &change, &mut touched);
    let mut places = Places::of(&document.sections, change.set.len());
    for set in change.set {
        set_section(&mut document.sections, &mut places, set, at.time, &mut touched);
    }
    let old_head = change.head.is_some().then(|| current.map(|document| document.head.clone())).flatten();
    if let Some(head) = &change.head {
        document.head = head.clone();
    }
    let kind = if current.is_some() { ChangeKind::Changed } else { ChangeKind::Created };
    Applied { kind, document: Some(document), old_head, new_head: change.head, sections: touched }
}

/// Brings a document back, with the times that it had.
pub fn restore(id: &Name, number: DocumentNo, restored: Restored, at: At) -> Applied {
    let sections = restored.sections.iter().map(|section| SectionChange { old: None, new: Some(section.clone()) });
    Applied {
        kind: ChangeKind::Created,
        old_head: None,
        new_head: Some(restored.head.clone()),
        sections: sections.collect(),
        document: Some(Document {
            number,
            id: id.clone(),
            version: at.commit,
            created: restored.created,
            modified: restored.modified,
            head: restored.head,
            sections: restored.sections,
        }),
    }
}

/// Deletes a document.
pub fn delete(current: &Document) -> Applied {
    let sections =
        current.sections.iter().map(|section| SectionChange { old: Some(section.clone()), new: None }).collect();
    Applied {
        kind: ChangeKind::Deleted,
        document: None,
        old_head: Some(current.head.clone()),
        new_head: None,
        sections,
    }
}

fn remove_sections(document: &mut Document, change: &Change, touched: &mut Vec<SectionChange>) {
    if !change.replace && change.remove.is_empty() {
        return;
    }
    let removed: FxHashSet<SectionKey> = change.remove.iter().copied().collect();
    let set: FxHashSet<SectionKey> = change.set.iter().map(|set| set.key).collect();
    document.sections.retain(|section| {
        let is_removed = removed.contains(&section.key) || (change.replace && !set.contains(&section.key));
        if is_removed {
            touched.push(SectionChange { old: Some(section.clone()), new: None });
        }
        !is_removed
    });
}

fn set_section(
    sections: &mut Vec<Section>,
    places: &mut Places,
    set: SetSection,
    now: Timestamp,
    touched: &mut Vec<SectionChange>,
) {
    let mut section = Section { key: set.key, created: now, modified: now, body: set.body };
    let Some(known) = places.find(sections, set.key).and_then(|at| sections.get_mut(at)) else {
        places.note(set.key, sections.len());
        sections.push(section.clone());
        touched.push(SectionChange { old: None, new: Some(section) });
        return;
    };
    if set.created == Stamp::Keep {
        section.created = known.created;
    }
    let old = std::mem::replace(known, section.clone());
    touched.push(SectionChange { old: Some(old), new: Some(section) });
}

/// Where the sections of a document lie, by their keys. It is made only where many are looked for among many: for
/// the others, looking at each is quicker.
struct Places(Option<FxHashMap<SectionKey, usize>>);

impl Places {
    fn of(sections: &[Section], looked_for: usize) -> Self {
        let is_much = looked_for * (sections.len() + looked_for) > MUCH;
        let places = || sections.iter().enumerate().map(|(at, section)| (section.key, at)).collect();
        Self(is_much.then(places))
    }

    fn find(&self, sections: &[Section], key: SectionKey) -> Option<usize> {
        match &self.0 {
            Some(places) => places.get(&key).copied(),
            None => sections.iter().position(|section| section.key == key),
        }
    }

    fn note(&mut self, key: SectionKey, at: usize) {
        if let Some(places) = &mut self.0 {
            places.insert(key, at);
        }
    }
}
