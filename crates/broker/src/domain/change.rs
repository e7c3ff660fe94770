//! From the model's words to the store's: an entity or its changes as head, sections and keys.
//!
//! What is planned keeps its names as texts. They get numbers in the last step, when nothing can refuse the write
//! any more: a number that was given stays in memory as long as the process lives.

use std::sync::Arc;

use bytes::Bytes;
use machi_model::entity::{Entity, Head, encode_instance};
use machi_model::laws::{self, Changes};
use machi_store::{Change, Decision, NameNo, Names, SectionKey, SetSection, Stamp};
use machi_types::Name;

/// A whole entity in its stored form, ready to be written more than once. Cloning is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    /// The id.
    pub(crate) id: Name,
    head: Bytes,
    sections: Arc<[(laws::SectionKey, Bytes)]>,
}

impl Prepared {
    /// How many bytes it has.
    pub(crate) fn bytes(&self) -> usize {
        self.sections.iter().map(|(key, body)| key.name.len() + body.len()).sum()
    }

    /// Encodes an entity.
    pub(crate) fn new(entity: &Entity) -> Self {
        let sections = entity.instances().map(|(name, instance)| {
            let key = laws::SectionKey { name: name.clone(), dataset_id: instance.dataset_id.clone() };
            (key, Bytes::from(encode_instance(instance)))
        });
        Self { id: entity.id.clone(), head: Head::of(entity).encode().into(), sections: sections.collect() }
    }

    /// The change that makes the entity just this. Times of creation stay where there are any.
    pub(crate) fn replace(&self, names: &dyn Names) -> Change {
        let set = |(key, body): &(laws::SectionKey, Bytes)| SetSection {
            key: numbered(names, key),
            body: body.clone(),
            created: Stamp::Keep,
        };
        Change {
            head: Some(self.head.clone()),
            replace: true,
            created: Stamp::Keep,
            set: self.sections.iter().map(set).collect(),
            remove: Vec::new(),
        }
    }
}

/// What shall become of an entity.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// Nothing.
    Keep,
    /// It is deleted.
    Delete,
    /// It becomes just this, created now or whenever it was.
    Whole(Prepared, Stamp),
    /// Parts of it change, as a law decided.
    Parts(Changes),
}

impl Plan {
    /// The plan in the store's words; gives numbers to new names.
    pub(crate) fn decision(self, names: &dyn Names) -> Decision {
        match self {
            Self::Keep => Decision::Keep,
            Self::Delete => Decision::Delete,
            Self::Whole(prepared, created) => Decision::Change(Change { created, ..prepared.replace(names) }),
            Self::Parts(changes) => Decision::Change(change(changes, names)),
        }
    }

    /// How many sections it sets.
    pub(crate) fn sets(&self) -> usize {
        match self {
            Self::Keep | Self::Delete => 0,
            Self::Whole(prepared, _) => prepared.sections.len(),
            Self::Parts(changes) => changes.set.len(),
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
        key: numbered(names, &section.key),
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

fn numbered(names: &dyn Names, key: &laws::SectionKey) -> SectionKey {
    key_for(names, &key.name, key.dataset_id.as_deref())
}
