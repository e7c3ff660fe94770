//! Spaces: each collection of each tenant has a number, a table of ids and an index of its own.

use std::sync::Arc;

use machi_store::{Collection, DocumentNo};
use machi_types::TenantId;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

use crate::ids::IdTable;

/// What does not change of a space, and its ids.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) number: u32,
    pub(crate) tenant: TenantId,
    pub(crate) collection: Collection,
    pub(crate) ids: RwLock<IdTable>,
}

/// All spaces, by number and by name.
#[derive(Debug, Default)]
pub(crate) struct Spaces {
    table: RwLock<Table>,
}

#[derive(Debug, Default)]
struct Table {
    by_name: FxHashMap<TenantId, Vec<Arc<Space>>>,
    by_number: Vec<Option<Arc<Space>>>,
}

impl Spaces {
    pub(crate) fn find(&self, tenant: &TenantId, collection: Collection) -> Option<Arc<Space>> {
        let table = self.table.read();
        table.by_name.get(tenant)?.iter().find(|space| space.collection == collection).cloned()
    }

    pub(crate) fn by_number(&self, number: u32) -> Option<Arc<Space>> {
        self.table.read().by_number.get(number as usize).cloned().flatten()
    }

    pub(crate) fn of_tenant(&self, tenant: &TenantId) -> Vec<Arc<Space>> {
        self.table.read().by_name.get(tenant).cloned().unwrap_or_default()
    }

    pub(crate) fn has_tenant(&self, tenant: &TenantId) -> bool {
        self.table.read().by_name.contains_key(tenant)
    }

    pub(crate) fn all(&self) -> Vec<Arc<Space>> {
        self.table.read().by_number.iter().flatten().cloned().collect()
    }

    /// The numbers of spaces that were erased.
    pub(crate) fn erased(&self) -> Vec<u32> {
        let table = self.table.read();
        let numbered = table.by_number.iter().zip(0..);
        numbered.filter(|(space, _)| space.is_none()).map(|(_, number)| number).collect()
    }

    /// The number that the next new space gets. Numbers of erased spaces stay theirs.
    pub(crate) fn next_number(&self) -> u32 {
        self.table.read().by_number.len() as u32
    }

    pub(crate) fn insert(&self, number: u32, tenant: TenantId, collection: Collection) -> Arc<Space> {
        let space = Arc::new(Space { number, tenant, collection, ids: RwLock::default() });
        self.adopt(Arc::clone(&space));
        space
    }

    /// Adds a space under its own number.
    pub(crate) fn adopt(&self, space: Arc<Space>) {
        let mut table = self.table.write();
        let index = space.number as usize;
        if table.by_number.len() <= index {
            table.by_number.resize(index + 1, None);
        }
        table.by_number[index] = Some(Arc::clone(&space));
        table.by_name.entry(space.tenant.clone()).or_default().push(space);
    }

    /// Keeps the number of an erased space from being given again.
    pub(crate) fn reserve(&self, count: u32) {
        let mut table = self.table.write();
        if table.by_number.len() < count as usize {
            table.by_number.resize(count as usize, None);
        }
    }

    pub(crate) fn remove(&self, number: u32) {
        let mut table = self.table.write();
        let Some(space) = table.by_number.get_mut(number as usize).and_then(Option::take) else { return };
        if let Some(spaces) = table.by_name.get_mut(&space.tenant) {
            spaces.retain(|other| other.number != number);
            if spaces.is_empty() {
                table.by_name.remove(&space.tenant);
            }
        }
    }
}

impl Space {
    pub(crate) fn candidates(&self, hash: u64) -> smallvec::SmallVec<[DocumentNo; 2]> {
        self.ids.read().candidates(hash).collect()
    }
}
