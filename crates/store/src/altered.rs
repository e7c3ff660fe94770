//! A store in memory with something about it otherwise, for tests of those who use a store.

use std::fmt;
use std::sync::Arc;

use machi_types::{Name, TenantId};

use crate::memory::MemoryStore;
use crate::port::{Answer, Store};
use crate::{Collection, Commit, Entry, IndexStatus, Names, Position, Receipt, TenantStatus, View};

/// What is otherwise; all that is left out is the memory's.
pub trait Alteration: fmt::Debug + Send + Sync + 'static {
    /// How commits are made.
    fn commit<'a>(&'a self, memory: &'a MemoryStore, commit: Commit) -> Answer<'a, Receipt> {
        memory.commit(commit)
    }

    /// What the feed tells.
    fn feed<'a>(
        &'a self,
        memory: &'a MemoryStore,
        after: &Position,
        limit: usize,
    ) -> Answer<'a, (Vec<Arc<Entry>>, Position)> {
        memory.feed(after, limit)
    }
}

/// The store.
#[derive(Debug)]
pub struct AlteredStore<A> {
    /// What it is but for the alteration.
    pub memory: MemoryStore,
    /// What is otherwise.
    pub alteration: A,
}

impl<A: Alteration> Store for AlteredStore<A> {
    fn names(&self) -> &dyn Names {
        self.memory.names()
    }

    fn commit(&self, commit: Commit) -> Answer<'_, Receipt> {
        self.alteration.commit(&self.memory, commit)
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
        self.alteration.feed(&self.memory, after, limit)
    }

    fn changed(&self, after: &Position) -> Answer<'_, ()> {
        self.memory.changed(after)
    }

    fn cursor<'a>(&'a self, consumer: &'a str) -> Answer<'a, Option<Position>> {
        self.memory.cursor(consumer)
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

    fn erase(&self, tenant: &TenantId, spared: &[Collection]) -> Answer<'_, ()> {
        self.memory.erase(tenant, spared)
    }
}
