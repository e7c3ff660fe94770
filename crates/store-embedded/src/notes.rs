//! Notes that readers left beside the newest versions of documents, as many as there is room for.

use std::sync::Arc;

use machi_store::Note;
use quick_cache::sync::{Cache, DefaultLifecycle};
use rustc_hash::FxBuildHasher;

use crate::rows::Place;

/// What a note costs beyond its bytes: itself, its place in the cache, and what the allocator rounds up.
const OVERHEAD: usize = 256;

#[derive(Clone)]
struct Weigh;

impl quick_cache::Weighter<Place, Arc<dyn Note>> for Weigh {
    fn weight(&self, _: &Place, note: &Arc<dyn Note>) -> u64 {
        (note.size() + OVERHEAD) as u64
    }
}

/// The notes of a store.
pub(crate) struct Notes(Cache<Place, Arc<dyn Note>, Weigh, FxBuildHasher>);

impl Notes {
    pub(crate) fn new(bytes: u64) -> Self {
        let expected = usize::try_from(bytes / 700).unwrap_or(usize::MAX).max(64);
        Self(Cache::with(expected, bytes, Weigh, FxBuildHasher, DefaultLifecycle::default()))
    }

    pub(crate) fn get(&self, place: Place) -> Option<Arc<dyn Note>> {
        self.0.get(&place)
    }

    pub(crate) fn put(&self, place: Place, note: Arc<dyn Note>) {
        self.0.insert(place, note);
    }

    pub(crate) fn remove(&self, place: Place) {
        self.0.remove(&place);
    }
}
