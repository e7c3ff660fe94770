//! The entity as it is, in the words of the model's laws.

use std::borrow::Cow;

use machi_model::entity::{Corrupt, Document as Entity, InstanceRef, Section};
use machi_store::{Document, NameNo, Names};
use machi_types::{Name, Timestamp};

use super::expiry;

/// Which sections a law looks at. To read no more than these keeps a write to a large entity as
/// cheap as one to a small one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'a> {
    /// All of them.
    All,
    /// Those of these attributes, by their expanded names.
    Of(&'a [&'a Name]),
}

/// Runs a law on the living part of a document: what has expired is not there (ETSI GS CIM 009 §4.22).
pub(crate) fn with_entity<R>(
    document: &Document,
    names: &dyn Names,
    time: Timestamp,
    wanted: Wanted<'_>,
    law: impl FnOnce(&Entity<'_>) -> R,
) -> Result<R, Corrupt> {
    let numbers: Option<Vec<NameNo>> = match wanted {
        Wanted::All => None,
        Wanted::Of(attributes) => Some(attributes.iter().filter_map(|name| names.lookup(name)).collect()),
    };
    let mut texts = Vec::new();
    for section in &document.sections {
        if numbers.as_ref().is_some_and(|numbers| !numbers.contains(&section.key.name)) {
            continue;
        }
        let instance = InstanceRef::read(&section.body)?;
        if expiry::is_past(instance.expires_at(), time) {
            continue;
        }
        let body = expiry::cleaned(&instance, time)?.map_or(Cow::Borrowed(&*section.body), Cow::Owned);
        let dataset_id = (section.key.instance != NameNo::NONE).then(|| names.text(section.key.instance));
        texts.push((section, body, names.text(section.key.name), dataset_id));
    }
    let sections: Vec<Section<'_>> = texts
        .iter()
        .map(|(section, body, name, dataset_id)| {
            let mut view = Section::new(name, dataset_id.as_deref(), body);
            view.created_at = Some(section.created);
            view.modified_at = Some(section.modified);
            view
        })
        .collect();
    let mut entity = Entity::new(&document.id, &document.head, &sections);
    entity.created_at = Some(document.created);
    entity.modified_at = Some(document.modified);
    Ok(law(&entity))
}
