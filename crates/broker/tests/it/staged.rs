//! A store in memory whose commits are staged by a test.

use std::fmt;
use std::sync::Arc;

use machi_store::memory::MemoryStore;
use machi_store::{
    Answer, Collection, Commit, Entry, IndexStatus, Names, Position, Receipt, Store, TenantStatus, View,
};
use machi_types::{Name, TenantId};

/// How a commit is made.
pub(crate) type Committing = for<'a> fn(&'a MemoryStore, Commit) -> Answer<'a, Receipt>;

/// The store: everything but commits is the memory's.
pub(crate) struct Staged {
    pub(crate) memory: MemoryStore,
    pub(crate) committing: Committing,
}

impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Staged({:?})", self.memory)
    }
}

impl Store for Staged {
    fn names(&self) -> &dyn Names {
        self.memory.names()
    }

    fn commit(&self, commit: Commit) -> Answer<'_, Receipt> {
        (self.committing)(&self.memory, commit)
    }

    fn view(&self) -> Arc<dyn View> {
        self.memory.view()
    }

    fn known_position(&self) -> Position {
        self.memory.known_position()
    }

    fn view_at(&self, position: &Position) -> Answer<'_, Arc<dyn View>> {
        self.memory.view_at(position)
    }

    fn feed(&self, after: &Position, limit: usize) -> Answer<'_, (Vec<Arc<Entry>>, Position)> {
        self.memory.feed(after, limit)
    }

    fn changed(&self, after: &Position) -> Answer<'_, ()> {
        self.memory.changed(after)
    }

    fn cursor<'a>(&'a self, consumer: &'a str) -> Answer<'a, Option<Position>> {
        self.memory.cursor(consumer)
    }

    fn declare_indexes<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        definitions: Vec<Name>,
    ) -> Answer<'a, ()> {
        self.memory.declare_indexes(tenant, collection, definitions)
    }

    fn indexes<'a>(&'a self, tenant: &'a TenantId, collection: Collection) -> Answer<'a, Vec<IndexStatus>> {
        self.memory.indexes(tenant, collection)
    }

    fn pin<'a>(&'a self, consumer: &'a str, position: Option<&'a Position>) -> Answer<'a, ()> {
        self.memory.pin(consumer, position)
    }

    fn has_tenant<'a>(&'a self, tenant: &'a TenantId) -> Answer<'a, bool> {
        self.memory.has_tenant(tenant)
    }

    fn tenants(&self) -> Answer<'_, Vec<TenantStatus>> {
        self.memory.tenants()
    }

    fn erase(&self, tenant: &TenantId, spared: &[Collection]) -> Answer<'_, ()> {
        self.memory.erase(tenant, spared)
    }
}
