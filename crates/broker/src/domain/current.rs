//! The entity as it is, in the words of the model's laws.

use machi_model::entity::{Corrupt, Document as Entity, InstanceRef, Section};
use machi_store::{Document, NameNo, Names};
use machi_types::{Name, Timestamp};

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
        if InstanceRef::read(&section.body)?.expires_at().is_some_and(|expires| expires <= time) {
            continue;
        }
        let dataset_id = (section.key.instance != NameNo::NONE).then(|| names.text(section.key.instance));
        texts.push((section, names.text(section.key.name), dataset_id));
    }
    let sections: Vec<Section<'_>> = texts
        .iter()
        .map(|(section, name, dataset_id)| {
            let mut view = Section::new(name, dataset_id.as_deref(), &section.body);
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
