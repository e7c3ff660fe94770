//! The types of the entities that came lately, so that what comes of them next need not look for them in files.

use std::sync::Arc;

use machi_types::Name;
use rustc_hash::{FxHashMap, FxHashSet};

/// Of how many entities the types are remembered.
const MOST: usize = 200_000;

/// The types of entities, each list of them held once.
#[derive(Debug, Default)]
pub(crate) struct KnownTypes {
    of: FxHashMap<Name, Arc<[Name]>>,
    lists: FxHashSet<Arc<[Name]>>,
}

impl KnownTypes {
    /// The types of an entity, if it came lately.
    pub(crate) fn get(&self, entity: &Name) -> Option<Arc<[Name]>> {
        self.of.get(entity).cloned()
    }

    /// Remembers the types of an entity, and forgets all others when they have become too many.
    pub(crate) fn learn(&mut self, entity: &Name, types: &Arc<[Name]>) {
        if self.of.len() >= MOST {
            self.clear();
        }
        let types = self.lists.get(types).cloned().unwrap_or_else(|| {
            self.lists.insert(Arc::clone(types));
            Arc::clone(types)
        });
        self.of.insert(entity.clone(), types);
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lists_are_held_once_and_there_is_an_end_to_it() {
        let mut known = KnownTypes::default();
        let types = || Arc::from([Name::from("https://example.org/Room")]);
        for number in 0..=MOST {
            known.learn(&format!("urn:ngsi-ld:Room:{number}").into(), &types());
        }
        assert_eq!((known.of.len(), known.lists.len()), (1, 1));
        assert_eq!(known.get(&format!("urn:ngsi-ld:Room:{MOST}").into()), Some(types()));
        assert_eq!(known.get(&"urn:ngsi-ld:Room:0".into()), None);
    }
}
