//! Notes that readers left beside the newest versions of documents, as many as there is room for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use machi_store::Note;
use quick_cache::Lifecycle;
use quick_cache::sync::Cache;
use rustc_hash::FxBuildHasher;

use crate::documents::Place;

/// What a note costs beyond its bytes: itself, its place in the cache, and what the allocator rounds up.
const OVERHEAD: usize = 256;

#[derive(Clone)]
struct Weigh;

impl quick_cache::Weighter<Place, Arc<dyn Note>> for Weigh {
    fn weight(&self, _: &Place, note: &Arc<dyn Note>) -> u64 {
        (note.size() + OVERHEAD) as u64
    }
}

/// Sees when the first one has to go, because there is no more room.
#[derive(Clone, Default)]
struct Fullness(Arc<AtomicBool>);

impl Lifecycle<Place, Arc<dyn Note>> for Fullness {
    /// What had to go is dropped when the cache is no longer locked.
    type RequestState = Option<Arc<dyn Note>>;

    fn begin_request(&self) -> Self::RequestState {
        None
    }

    fn on_evict(&self, gone: &mut Self::RequestState, _: Place, note: Arc<dyn Note>) {
        self.0.store(true, Ordering::Relaxed);
        *gone = Some(note);
    }
}

/// The notes of a store.
pub(crate) struct Notes {
    cache: Cache<Place, Arc<dyn Note>, Weigh, FxBuildHasher, Fullness>,
    fullness: Fullness,
}

impl Notes {
    pub(crate) fn new(bytes: u64) -> Self {
        let expected = usize::try_from(bytes / 700).unwrap_or(usize::MAX).max(64);
        let fullness = Fullness::default();
        Self { cache: Cache::with(expected, bytes, Weigh, FxBuildHasher, fullness.clone()), fullness }
    }

    /// Whether any had to go for want of room.
    pub(crate) fn are_full(&self) -> bool {
        self.fullness.0.load(Ordering::Relaxed)
    }

    pub(crate) fn get(&self, place: Place) -> Option<Arc<dyn Note>> {
        self.cache.get(&place)
    }

    pub(crate) fn put(&self, place: Place, note: Arc<dyn Note>) {
        self.cache.insert(place, note);
    }

    pub(crate) fn remove(&self, place: Place) {
        self.cache.remove(&place);
    }
}
