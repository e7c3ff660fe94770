//! Resolved contexts in memory, found by URL or by inline text, with how often each document was used.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use machi_model::context::Context;
use machi_types::{Clock, Name, TenantId, Timestamp};
use parking_lot::RwLock;
use quick_cache::sync::Cache;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Inline contexts with a longer text are resolved each time; their clients may host them instead.
const LONGEST_KEY: usize = 64 << 10;

/// So few that the cache is one piece, in which a large context may take most of the room.
const EXPECTED: usize = 32;

/// The bounded set of resolved contexts.
pub(super) struct HeldContexts {
    contexts: Cache<Name, Arc<Held>, Weigh>,
    usages: RwLock<FxHashMap<Name, Arc<Usage>>>,
    /// Counts up whenever something is forgotten.
    generation: AtomicU64,
}

/// Weighs contexts by the memory that they take.
#[derive(Clone, Copy, Debug)]
struct Weigh;

impl quick_cache::Weighter<Name, Arc<Held>> for Weigh {
    fn weight(&self, key: &Name, held: &Arc<Held>) -> u64 {
        (key.len() + held.context.bytes()) as u64
    }
}

/// A resolved context, and the documents it was made from.
#[derive(Debug)]
pub struct Held {
    context: Arc<Context>,
    usages: SmallVec<[Arc<Usage>; 2]>,
}

/// How a stored document was used since the start.
#[derive(Debug)]
pub(super) struct Usage {
    id: Name,
    hits: AtomicU64,
    last: AtomicI64,
    tenants: RwLock<SmallVec<[TenantId; 2]>>,
}

/// How often a document was used, and when last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageFigures {
    /// Times it was found here.
    pub hits: u64,
    /// The last time.
    pub last: Timestamp,
}

impl Held {
    pub(super) fn new(context: Arc<Context>, usages: SmallVec<[Arc<Usage>; 2]>) -> Self {
        Self { context, usages }
    }

    /// The context.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Counts one use by a tenant.
    pub fn count(&self, tenant: &TenantId, clock: &dyn Clock) {
        self.usages.iter().for_each(|usage| usage.count(tenant, clock));
    }
}

impl Usage {
    fn new(id: Name) -> Self {
        Self { id, hits: AtomicU64::new(0), last: AtomicI64::new(0), tenants: RwLock::default() }
    }

    /// Counts one use by a tenant.
    pub(super) fn count(&self, tenant: &TenantId, clock: &dyn Clock) {
        self.hits.fetch_add(1, Ordering::Relaxed);
        self.last.store(clock.now().micros(), Ordering::Relaxed);
        if !self.tenants.read().contains(tenant) {
            self.add(tenant);
        }
    }

    fn add(&self, tenant: &TenantId) {
        let mut tenants = self.tenants.write();
        if !tenants.contains(tenant) {
            tenants.push(tenant.clone());
        }
    }

    fn figures(&self) -> Option<UsageFigures> {
        let hits = self.hits.load(Ordering::Relaxed);
        (hits > 0).then(|| UsageFigures { hits, last: Timestamp::from_micros(self.last.load(Ordering::Relaxed)) })
    }
}

impl HeldContexts {
    /// Holds contexts of about so many bytes together. One that is larger alone is resolved each time.
    pub(super) fn new(bytes: u64) -> Self {
        let contexts = Cache::with_weighter(EXPECTED, bytes, Weigh);
        Self { contexts, usages: RwLock::default(), generation: AtomicU64::new(0) }
    }

    /// The context under this key; counts the use.
    pub(super) fn find(&self, key: &str, tenant: &TenantId, clock: &dyn Clock) -> Option<Arc<Context>> {
        let held = self.contexts.get(key)?;
        held.count(tenant, clock);
        Some(Arc::clone(&held.context))
    }

    /// The same to keep, as long as the generation stays what it was before.
    pub(super) fn find_to_keep(&self, key: &str) -> Option<Arc<Held>> {
        self.contexts.get(key)
    }

    /// A number that changes whenever a context is forgotten.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    pub(super) fn keep(&self, key: &str, held: Held) {
        if key.len() <= LONGEST_KEY {
            self.contexts.insert(Name::from(key), Arc::new(held));
        }
    }

    /// Forgets every context that was made from this document.
    pub(super) fn forget(&self, id: &Name) {
        self.contexts.retain(|_, held| !held.usages.iter().any(|usage| usage.id == *id));
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// The figures of a document, made when they are asked for first.
    pub(super) fn usage(&self, id: &Name) -> Arc<Usage> {
        if let Some(usage) = self.usages.read().get(id) {
            return Arc::clone(usage);
        }
        let mut usages = self.usages.write();
        Arc::clone(usages.entry(id.clone()).or_insert_with(|| Arc::new(Usage::new(id.clone()))))
    }

    /// How a document was used.
    pub(super) fn figures(&self, id: &Name) -> Option<UsageFigures> {
        self.usages.read().get(id)?.figures()
    }

    /// Whether a tenant has used a document since the start.
    pub(super) fn is_used_by(&self, id: &Name, tenant: &TenantId) -> bool {
        self.usages.read().get(id).is_some_and(|usage| usage.tenants.read().contains(tenant))
    }

    /// A tenant no longer uses a document; whether any other does.
    pub(super) fn release(&self, id: &Name, tenant: &TenantId) -> bool {
        let Some(usage) = self.usages.read().get(id).map(Arc::clone) else { return false };
        let mut tenants = usage.tenants.write();
        tenants.retain(|user| user != tenant);
        !tenants.is_empty()
    }

    /// A document is gone.
    pub(super) fn drop_usage(&self, id: &Name) {
        self.usages.write().remove(id);
    }
}

impl fmt::Debug for HeldContexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeldContexts({} of {} bytes)", self.contexts.weight(), self.contexts.capacity())
    }
}
