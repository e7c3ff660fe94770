//! Documents as they were: steps of the feed, taken back.

use std::sync::Arc;

use bytes::Bytes;
use machi_store::{ChangeKind, Document, DocumentNo, Section};
use machi_types::Name;

use crate::coded::Step;

/// The document before a step, made of the one after it.
pub(crate) fn before(
    after: Option<Arc<Document>>,
    step: &Step,
    number: DocumentNo,
    id: &Name,
) -> Option<Arc<Document>> {
    let (version, created, modified) = step.before?;
    let nothing =
        || Document { number, id: id.clone(), version, created, modified, head: Bytes::new(), sections: Vec::new() };
    let mut document = after.map_or_else(nothing, Arc::unwrap_or_clone);
    (document.version, document.created, document.modified) = (version, created, modified);
    if step.new_head.is_some() || step.kind == ChangeKind::Deleted {
        document.head = step.old_head.clone().unwrap_or_default();
    }
    take_back(&mut document.sections, step);
    Some(Arc::new(document))
}

fn take_back(sections: &mut Vec<Section>, step: &Step) {
    let mut gone = Vec::new();
    for (change, place) in &step.sections {
        match (&change.old, &change.new) {
            (Some(old), Some(_)) => {
                if let Some(section) = sections.iter_mut().find(|section| section.key == old.key) {
                    *section = old.clone();
                }
            }
            (None, Some(new)) => sections.retain(|section| section.key != new.key),
            (Some(old), None) => gone.push((*place, old)),
            (None, None) => {}
        }
    }
    // Each finds the place that it had, as all before it are back.
    gone.sort_by_key(|(place, _)| *place);
    for (place, section) in gone {
        sections.insert(place.min(sections.len()), section.clone());
    }
}
