//! Documents that one commit changes several times, step by step: each step is told of as it was.

use std::sync::Arc;

use bytes::Bytes;
use machi_store::{ChangeKind, Document, Entry};

/// The document behind one step, from the one before it.
pub(crate) fn applied(before: Option<Arc<Document>>, entry: &Entry) -> Option<Arc<Document>> {
    if entry.kind == ChangeKind::Deleted {
        return None;
    }
    let mut document = before.map_or_else(|| new(entry), |before| (*before).clone());
    document.version = entry.commit;
    document.modified = entry.time;
    if let Some(head) = &entry.new_head {
        document.head = head.clone();
    }
    for change in &entry.sections {
        match (&change.old, &change.new) {
            (_, Some(new)) => match document.sections.iter_mut().find(|section| section.key == new.key) {
                Some(section) => *section = new.clone(),
                None => document.sections.push(new.clone()),
            },
            (Some(old), None) => document.sections.retain(|section| section.key != old.key),
            (None, None) => {}
        }
    }
    Some(Arc::new(document))
}

fn new(entry: &Entry) -> Document {
    Document {
        number: entry.number,
        id: entry.id.clone(),
        version: entry.commit,
        created: entry.time,
        modified: entry.time,
        head: Bytes::new(),
        sections: Vec::new(),
    }
}
