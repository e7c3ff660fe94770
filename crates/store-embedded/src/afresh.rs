//! Indexes made from the documents alone: to hold those that are kept against them, and in place of those that were
//! kept by a Machi that derived other facets.

use std::sync::Arc;

use machi_store::{Facet, Names, StoreError};

use crate::checkpoint::Derived;
use crate::engine::Engine;
use crate::index::column::place;
use crate::index::space::SpaceIndex;
use crate::rows;
use crate::spaces::Space;

/// The index of a space as of a commit, without the ids of what was deleted. Adds to how many documents were read.
pub(crate) fn index(
    engine: &Engine,
    space: &Space,
    at: u64,
    kept: &SpaceIndex,
    read: &mut u64,
) -> Result<SpaceIndex, StoreError> {
    let (hashes, added) = (Arc::clone(&kept.hashes), kept.added.clone());
    let mut index = SpaceIndex { hashes, added, ..SpaceIndex::default() };
    let derive = engine.derive(space.collection);
    let names: &dyn Names = &engine.names;
    for number in rows::numbers(engine.documents.tree(), space.number, at) {
        let number = number?;
        let Some(document) = engine.documents.read_uncached(space.number, number, at)? else { continue };
        *read += 1;
        let mut add = |facet: Facet<'_>| index.add(number, &facet, engine.seed);
        derive.head(names, &document.head, &mut add);
        for section in &document.sections {
            derive.section(names, section.key, &section.body, &mut add);
        }
        for section in &document.sections {
            index.note_section(section.key);
            index.update_added(names, number, (section.key, &section.body), Some(engine.seed));
        }
        let (page, slot) = place(number);
        Arc::make_mut(&mut index.ids).page_mut(page).set(slot, &document.id);
        index.set_alive(number, true);
        index.set_times(number, document.created, document.modified);
    }
    Ok(index)
}

/// Makes those indexes afresh that a checkpoint holds with other facets than are derived now.
pub(crate) fn replace_old(engine: &Engine, derived: &Derived, at: u64) -> Result<(), StoreError> {
    let is_old = |space: &Space| {
        let spec = engine.collections.iter().find(|spec| spec.collection == space.collection);
        spec.is_some_and(|spec| spec.derive.version() != derived.version(space.collection))
    };
    for space in engine.spaces.all().into_iter().filter(|space| is_old(space)) {
        let Some(kept) = engine.root.read().spaces.get(&space.number).cloned() else { continue };
        let mut read = 0;
        let fresh = index(engine, &space, at, &kept, &mut read)?;
        // What was deleted is known by its id alone, and by these two.
        let (ids, section_names) = (Arc::clone(&kept.ids), Arc::clone(&kept.section_names));
        let fresh = SpaceIndex { ids, bytes: kept.bytes, section_names, ..fresh };
        let collection = space.collection.0;
        tracing::info!(tenant = %space.tenant, collection, document.count = read, "indexes were made afresh");
        Arc::make_mut(&mut engine.root.write()).spaces.insert(space.number, Arc::new(fresh));
    }
    Ok(())
}
