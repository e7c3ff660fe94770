//! Checks a whole store: every checksum, every row, and every index against one made afresh.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use machi_store::{NameNo, Names, StoreError, Verified};
use machi_types::TenantId;

use crate::afresh;
use crate::engine::{Engine, Root};
use crate::index::column::{Column, document};
use crate::index::page::{Mask, Values};
use crate::index::space::{Attribute, SpaceIndex};
use crate::index::texts::TextPage;

/// Checks a store that is open; it goes on working meanwhile.
pub(crate) fn verify(engine: &Engine) -> Result<Verified, StoreError> {
    let mut verified = Verified { commits: read_journal(engine)?, ..Verified::default() };
    {
        let _tables = engine.tables.lock();
        engine.documents.tree().check_files()?;
        engine.pages.check_files()?;
    }
    let root = engine.open_root();
    let compared = compare_all(engine, &root, &mut verified);
    engine.close_view(root.position);
    compared.map(|()| verified)
}

fn read_journal(engine: &Engine) -> Result<u64, StoreError> {
    let mut commits = 0;
    let mut after = engine.segments.oldest().map_or(0, |oldest| oldest - 1);
    loop {
        let batches = engine.segments.read_after(after)?;
        let numbers: Vec<u64> = batches.iter().flat_map(|batch| &batch.commits).map(|commit| commit.number).collect();
        let Some(last) = numbers.last() else { return Ok(commits) };
        commits += numbers.iter().filter(|number| **number > after).count() as u64;
        after = *last;
    }
}

fn compare_all(engine: &Engine, root: &Root, verified: &mut Verified) -> Result<(), StoreError> {
    for space in engine.spaces.all() {
        let empty = Arc::default();
        let index = root.spaces.get(&space.number).unwrap_or(&empty);
        let derived = afresh::index(engine, &space, root.position, index, &mut verified.documents)?;
        compare_ids(&space.tenant, index, &derived)?;
        compare(engine, &format!("{}/{}", space.tenant, space.collection.0), index, &derived, verified)?;
    }
    Ok(())
}

/// The ids of documents that exist; of deleted ones the index still knows the ids, and nothing else does.
fn compare_ids(tenant: &TenantId, kept: &SpaceIndex, derived: &SpaceIndex) -> Result<(), StoreError> {
    for (page, alive) in derived.alive.pages() {
        let text = |index: &SpaceIndex, slot| index.ids.page(*page).map(|ids| ids.text(slot));
        if alive.slots().any(|slot| text(kept, slot) != text(derived, slot)) {
            return Err(StoreError::Damaged {
                file: format!("the indexes of {tenant}"),
                detail: "an id differs from what its document says".to_owned(),
            });
        }
    }
    Ok(())
}

fn compare(
    engine: &Engine,
    space: &str,
    kept: &SpaceIndex,
    derived: &SpaceIndex,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let wrong = |what: String| StoreError::Damaged {
        file: format!("the indexes of {space}"),
        detail: format!("{what} differs from what the documents say"),
    };
    if !derived.section_names.is_subset(&kept.section_names) {
        return Err(wrong("which names there are".to_owned()));
    }
    verified.facets += masks(&kept.alive, &derived.alive).ok_or_else(|| wrong("which documents exist".to_owned()))?;
    let names = kept.attributes.keys().chain(derived.attributes.keys());
    let mut attributes: Vec<(NameNo, NameNo)> = names.copied().collect();
    attributes.sort_unstable();
    attributes.dedup();
    let empty = Arc::new(Attribute::default());
    for key in attributes {
        let (mine, fresh) = (kept.attributes.get(&key), derived.attributes.get(&key));
        let compared = attribute(mine.unwrap_or(&empty), fresh.unwrap_or(&empty));
        verified.facets += compared.ok_or_else(|| wrong(format!("the index of {}", engine.names.text(key.0))))?;
    }
    let empty = Arc::new(Column::default());
    for tag in kept.tags.keys().chain(derived.tags.keys()) {
        let (mine, fresh) = (kept.tags.get(tag), derived.tags.get(tag));
        let compared = masks(mine.unwrap_or(&empty), fresh.unwrap_or(&empty));
        verified.facets += compared.ok_or_else(|| wrong(format!("the tag {}", engine.names.text(tag.tag))))?;
    }
    Ok(())
}

/// How many facets were compared; `None` where the two differ.
fn attribute(mine: &Attribute, fresh: &Attribute) -> Option<u64> {
    let counts = [
        masks(&mine.exists, &fresh.exists)?,
        masks(&mine.yes, &fresh.yes)?,
        masks(&mine.no, &fresh.no)?,
        values(&mine.numbers, &fresh.numbers)?,
        values(&mine.times, &fresh.times)?,
        values(&mine.places, &fresh.places)?,
        values(&mine.links, &fresh.links)?,
        texts(&mine.texts, &fresh.texts)?,
    ];
    Some(counts.iter().sum())
}

fn masks(mine: &Column<Mask>, fresh: &Column<Mask>) -> Option<u64> {
    let list = |column: &Column<Mask>| -> Vec<(u32, Mask)> {
        column.pages().iter().map(|(page, mask)| (*page, **mask)).filter(|(_, mask)| !mask.is_empty()).collect()
    };
    (list(mine) == list(fresh)).then(|| mine.count())
}

fn values<T: Copy + Default + PartialEq + Debug>(mine: &Column<Values<T>>, fresh: &Column<Values<T>>) -> Option<u64> {
    let mut count = 0;
    let list = |column: &Column<Values<T>>| {
        let mut by_document: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for (page, values) in column.pages() {
            for (slot, value) in values.pairs() {
                by_document.entry(document(*page, slot).0).or_default().push(format!("{value:?}"));
            }
        }
        by_document.values_mut().for_each(|values| values.sort_unstable());
        by_document
    };
    for (page, _) in mine.pages().iter().chain(fresh.pages()) {
        let one = |column: &Column<Values<T>>| {
            let mut single = Column::default();
            if let Some(values) = column.page(*page) {
                single.put_page(*page, (**values).clone());
            }
            list(&single)
        };
        let (mine, fresh) = (one(mine), one(fresh));
        if mine != fresh {
            return None;
        }
        count += mine.len() as u64;
    }
    Some(count)
}

fn texts(mine: &Column<TextPage>, fresh: &Column<TextPage>) -> Option<u64> {
    let pages = mine.pages().iter().chain(fresh.pages()).map(|(page, _)| *page);
    let mut count = 0;
    for page in pages {
        let list = |column: &Column<TextPage>| {
            let pairs = column.page(page).map(|texts| {
                let pairs = texts.pairs().into_iter();
                pairs.map(|(slot, kept)| (slot, kept.text.to_owned(), kept.is_cut)).collect::<Vec<_>>()
            });
            let mut pairs = pairs.unwrap_or_default();
            pairs.sort_unstable();
            pairs
        };
        let (mine, fresh) = (list(mine), list(fresh));
        if mine != fresh {
            return None;
        }
        count += mine.len() as u64;
    }
    Some(count)
}
