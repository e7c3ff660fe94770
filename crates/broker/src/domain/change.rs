//! From the model's words to the store's: an entity or its changes as head, sections and keys.

use bytes::Bytes;
use machi_model::entity::{Entity, Head, encode_instance};
use machi_model::laws::{self, Changes};
use machi_store::{Change, NameNo, Names, SectionKey, SetSection, Stamp};
use machi_types::Name;

/// A whole entity in its stored form, ready to be written more than once.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    /// The id.
    pub(crate) id: Name,
    head: Bytes,
    sections: Vec<(SectionKey, Bytes)>,
}

impl Prepared {
    /// Encodes an entity.
    pub(crate) fn new(entity: &Entity, names: &dyn Names) -> Self {
        let sections = entity
            .instances()
            .map(|(name, instance)| {
                let key = key_for(names, name, instance.dataset_id.as_deref());
                (key, Bytes::from(encode_instance(instance)))
            })
            .collect();
        Self { id: entity.id.clone(), head: Head::of(entity).encode().into(), sections }
    }

    /// The change that makes the entity just this. Times of creation stay where there are any.
    pub(crate) fn replace(&self) -> Change {
        let set =
            |(key, body): &(SectionKey, Bytes)| SetSection { key: *key, body: body.clone(), created: Stamp::Keep };
        Change {
            head: Some(self.head.clone()),
            replace: true,
            created: Stamp::Keep,
            set: self.sections.iter().map(set).collect(),
            remove: Vec::new(),
        }
    }
}

/// The key of an instance, with numbers given to new names.
pub(crate) fn key_for(names: &dyn Names, attribute: &str, dataset_id: Option<&str>) -> SectionKey {
    SectionKey::new(names.intern(attribute), dataset_id.map_or(NameNo::NONE, |id| names.intern(id)))
}

/// The key of an instance, if any document can hold it.
pub(crate) fn known_key(names: &dyn Names, attribute: &str, dataset_id: Option<&str>) -> Option<SectionKey> {
    let instance = match dataset_id {
        None => NameNo::NONE,
        Some(id) => names.lookup(id)?,
    };
    Some(SectionKey::new(names.lookup(attribute)?, instance))
}

/// What a law decided, for the store.
pub(crate) fn change(changes: Changes, names: &dyn Names) -> Change {
    let set = |section: laws::SetSection| SetSection {
        key: key_for(names, &section.key.name, section.key.dataset_id.as_deref()),
        body: section.bytes.into(),
        created: if section.fresh { Stamp::Fresh } else { Stamp::Keep },
    };
    let removed = |key: &laws::SectionKey| known_key(names, &key.name, key.dataset_id.as_deref());
    Change {
        head: changes.head.as_ref().map(|head| head.encode().into()),
        replace: false,
        created: Stamp::Keep,
        set: changes.set.into_iter().map(set).collect(),
        remove: changes.remove.iter().filter_map(removed).collect(),
    }
}
