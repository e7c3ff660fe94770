//! Builds added indexes in the background, a few documents at a time, while everything else goes on.
//!
//! Documents below the mark of an index are kept up to date by the committer; the thread here moves the mark.
//! It reads documents without a lock, and takes the lock of the indexes only to enter what it has read, having
//! made sure that nobody has changed it in between.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use machi_store::{Collection, Document, DocumentNo, IndexStatus, Names, StoreError};
use machi_types::{Name, TenantId};
use parking_lot::{Condvar, Mutex};
use rustc_hash::FxHashMap;

use crate::background;
use crate::committer::Nudge;
use crate::engine::{Engine, Root};
use crate::index::added::Added;
use crate::index::page::PAGE;
use crate::index::space::SpaceIndex;
use crate::spaces::Space;

/// How many documents are entered under one lock.
const AT_ONCE: u32 = 256;
/// How often a declaration is held against spaces that come into being later.
const IDLE: Duration = Duration::from_millis(500);

/// Documents as they were read.
type Read = FxHashMap<DocumentNo, Arc<Document>>;

/// The added indexes that a collection of a tenant shall have.
type Declaration = ((TenantId, Collection), Vec<Name>);

/// Which added indexes there shall be.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    by_collection: HashMap<(TenantId, Collection), Vec<Name>>,
    has_changed: bool,
    is_closing: bool,
}

impl Declared {
    pub(crate) fn declare(&self, tenant: &TenantId, collection: Collection, definitions: Vec<Name>) {
        let mut state = self.state.lock();
        state.by_collection.insert((tenant.clone(), collection), definitions);
        state.has_changed = true;
        self.changed.notify_all();
    }

    pub(crate) fn forget(&self, tenant: &TenantId) {
        self.state.lock().by_collection.retain(|(owner, _), _| owner != tenant);
    }

    pub(crate) fn close(&self) {
        self.state.lock().is_closing = true;
        self.changed.notify_all();
    }

    fn of(&self, tenant: &TenantId, collection: Collection) -> Vec<Name> {
        let state = self.state.lock();
        state.by_collection.get(&(tenant.clone(), collection)).cloned().unwrap_or_default()
    }

    fn is_closing(&self) -> bool {
        self.state.lock().is_closing
    }

    /// All declarations, after a rest; `None` once the store closes.
    fn wait(&self) -> Option<Vec<Declaration>> {
        let mut state = self.state.lock();
        if !state.has_changed && !state.is_closing {
            match state.by_collection.is_empty() {
                true => self.changed.wait(&mut state),
                false => {
                    self.changed.wait_for(&mut state, IDLE);
                }
            }
        }
        state.has_changed = false;
        let all = state.by_collection.iter().map(|(key, definitions)| (key.clone(), definitions.clone()));
        (!state.is_closing).then(|| all.collect())
    }
}

/// Works until the store closes.
pub(crate) fn run(engine: &Arc<Engine>, nudge: &Nudge) {
    background::give_way();
    while let Some(declared) = engine.declared.wait() {
        for ((tenant, collection), definitions) in declared {
            let Some(space) = engine.space(&tenant, collection) else { continue };
            match bring_up(engine, &space, &definitions) {
                // A checkpoint is written for a new position only.
                Ok(true) => nudge.commit(&tenant),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "an added index could not be built; trying again"),
            }
        }
    }
}

/// Makes the added indexes of a space what they should be. Returns whether anything was done.
fn bring_up(engine: &Engine, space: &Space, definitions: &[Name]) -> Result<bool, StoreError> {
    let mut has_changed = reconcile(engine, space, definitions);
    for definition in definitions {
        while let Some(started) = (!engine.declared.is_closing()).then(Instant::now) {
            if !build_some(engine, space, definition)? {
                break;
            }
            has_changed = true;
            // Half of one processor is enough for what nobody waits for.
            std::thread::sleep(started.elapsed());
        }
    }
    Ok(has_changed)
}

/// Drops what is no longer declared, and begins what is new.
fn reconcile(engine: &Engine, space: &Space, definitions: &[Name]) -> bool {
    let derive = engine.derive(space.collection);
    // What the block does not understand is never complete, and conditions do without it.
    let wanted = definitions.iter().filter_map(|definition| {
        let derive = derive.added(&engine.names, definition)?;
        Some(Added::new(definition.clone(), derive))
    });
    let wanted: Vec<Added> = wanted.collect();
    let has = |list: &[Added], definition: &Name| list.iter().any(|added| added.definition == *definition);
    let is_right = |index: &SpaceIndex| {
        index.added.len() == wanted.len() && wanted.iter().all(|added| has(&index.added, &added.definition))
    };
    if engine.root.read().spaces.get(&space.number).is_none_or(|index| is_right(index)) {
        return false;
    }
    let mut root = engine.root.write();
    let Some(index) = Arc::make_mut(&mut root).spaces.get_mut(&space.number) else { return false };
    let index = Arc::make_mut(index);
    let known: Vec<Name> = index.added.iter().map(|added| added.definition.clone()).collect();
    known.iter().filter(|known| !has(&wanted, known)).for_each(|gone| index.drop_added(gone));
    index.added.extend(wanted.into_iter().filter(|added| !known.contains(&added.definition)));
    true
}

/// Moves the mark of an index by some documents. Returns whether there was anything to do.
fn build_some(engine: &Engine, space: &Space, definition: &str) -> Result<bool, StoreError> {
    let root = engine.open_root();
    let read = read_some(engine, &root, space, definition);
    engine.close_view(root.position);
    drop(root);
    let Some((from, mut documents)) = read? else { return Ok(false) };
    loop {
        let stale = match enter_all(engine, space, definition, from, &documents) {
            Entered::All => return Ok(true),
            Entered::Nothing => return Ok(false),
            Entered::NotYet(stale) => stale,
        };
        if engine.declared.is_closing() {
            return Ok(false);
        }
        read_again(engine, space, &stale, &mut documents)?;
    }
}

/// What came of an attempt to enter documents.
enum Entered {
    All,
    /// The index, or the space, is there no more.
    Nothing,
    /// These have changed since they were read.
    NotYet(Vec<DocumentNo>),
}

/// Enters documents and moves the mark of the index behind them, where all are as they were read.
fn enter_all(engine: &Engine, space: &Space, definition: &str, from: u32, documents: &Read) -> Entered {
    let mut root = engine.root.write();
    let Some(index) = root.spaces.get(&space.number) else { return Entered::Nothing };
    let Some(at) = index.added.iter().position(|added| *added.definition == *definition) else {
        return Entered::Nothing;
    };
    let upto = from + AT_ONCE;
    let alive: Vec<DocumentNo> = (from..upto).map(DocumentNo).filter(|number| index.alive.has(*number)).collect();
    let as_read =
        |number: &DocumentNo| documents.get(number).filter(|read| index.modified(*number) == Some(read.modified));
    let stale: Vec<DocumentNo> = alive.iter().copied().filter(|number| as_read(number).is_none()).collect();
    if !stale.is_empty() {
        return Entered::NotYet(stale);
    }
    let Some(index) = Arc::make_mut(&mut root).spaces.get_mut(&space.number) else { return Entered::Nothing };
    let index = Arc::make_mut(index);
    let mut added = index.added[at].clone();
    for document in alive.iter().filter_map(|number| documents.get(number)) {
        enter(engine, index, &added, document);
    }
    let is_complete = u64::from(upto) >= u64::from(index.page_count()) * PAGE as u64;
    added.upto = if is_complete { u32::MAX } else { upto };
    index.added[at] = added;
    Entered::All
}

/// Reads documents as they are now. What changes often is in the cache, so that this comes to an end.
fn read_again(engine: &Engine, space: &Space, stale: &[DocumentNo], documents: &mut Read) -> Result<(), StoreError> {
    let position = engine.open_view();
    let read = stale.iter().try_for_each(|number| {
        match engine.documents.read(space.number, *number, position)? {
            Some(document) => documents.insert(*number, document),
            None => documents.remove(number),
        };
        Ok(())
    });
    engine.close_view(position);
    read
}

/// The next documents of an index that is not complete, and the number of the first.
fn read_some(engine: &Engine, root: &Root, space: &Space, definition: &str) -> Result<Option<(u32, Read)>, StoreError> {
    let index = root.spaces.get(&space.number);
    let added = index.and_then(|index| index.added.iter().find(|added| *added.definition == *definition));
    let (Some(index), Some(added)) = (index, added.filter(|added| !added.is_complete())) else { return Ok(None) };
    let mut documents = Read::default();
    for number in (added.upto..added.upto + AT_ONCE).map(DocumentNo).filter(|number| index.alive.has(*number)) {
        let read = engine.documents.read_uncached(space.number, number, root.position)?;
        documents.extend(read.map(|document| (number, Arc::new(document))));
    }
    Ok(Some((added.upto, documents)))
}

fn enter(engine: &Engine, index: &mut SpaceIndex, added: &Added, document: &Document) {
    let names: &dyn Names = &engine.names;
    for section in document.sections.iter().filter(|section| section.key.name == added.derive.reads()) {
        let mut enter = |facet: machi_store::Facet<'_>| index.add(document.number, &facet, engine.seed);
        added.derive.section(names, section.key, &section.body, &mut enter);
    }
}

/// How far the declared indexes of a collection are.
pub(crate) fn statuses(engine: &Engine, tenant: &TenantId, collection: Collection) -> Vec<IndexStatus> {
    let root = Arc::clone(&engine.root.read());
    let space = engine.space(tenant, collection);
    let index = space.and_then(|space| root.spaces.get(&space.number));
    let of = index.map_or(0, |index| index.alive.count());
    let status = |definition: Name| {
        let added = index.and_then(|index| index.added.iter().find(|added| added.definition == definition));
        let documents = match (index, added) {
            (Some(_), Some(added)) if added.is_complete() => of,
            (Some(index), Some(added)) => count_below(index, added.upto),
            _ => 0,
        };
        // Where nothing was ever stored, nothing has to be built.
        let is_complete = index.is_none() || added.is_some_and(Added::is_complete);
        IndexStatus { definition, documents, of, is_complete }
    };
    engine.declared.of(tenant, collection).into_iter().map(status).collect()
}

fn count_below(index: &SpaceIndex, number: u32) -> u64 {
    let pages = index.alive.pages().iter().take_while(|(page, _)| (page + 1) * PAGE as u32 <= number);
    pages.map(|(_, mask)| u64::from(mask.count())).sum()
}
