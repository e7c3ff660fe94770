//! The documents of a store. In front of the tree stand a cache of documents and the notes that readers left beside
//! them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use machi_store::{Document, DocumentNo, Note, StoreError};
use parking_lot::Mutex;
use quick_cache::sync::{Cache, DefaultLifecycle};
use rustc_hash::FxBuildHasher;

use crate::notes::Notes;
use crate::options::Options;
use crate::rows::{self, DocumentWrite, Lies, Place};
use crate::tree::Tree;

/// What a cached document costs beyond its content: itself, its id, its row's and its place's share of what the
/// allocator rounds up, and what is lost between documents that come and go. Measured over a million entities.
const CACHE_OVERHEAD: usize = 640;
/// The same for each section.
const SECTION_OVERHEAD: usize = 64;
const SHARDS: usize = 64;

/// A document, and in which rows of the tree it lies.
type Cached = (Arc<Document>, Lies);

#[derive(Clone)]
struct Weigh;

impl quick_cache::Weighter<Place, Cached> for Weigh {
    fn weight(&self, _: &Place, (document, _): &Cached) -> u64 {
        let size = document.size();
        (size + size / 4 + document.sections.len() * SECTION_OVERHEAD + CACHE_OVERHEAD) as u64
    }
}

/// All documents of a store.
pub(crate) struct Documents {
    tree: Tree,
    cache: Cache<Place, Cached, Weigh, FxBuildHasher>,
    notes: Notes,
    /// Counts the writes to the documents of a shard, so that a slow reader does not cache what is old.
    writes: [(Mutex<()>, AtomicU64); SHARDS],
    /// The newest commit that views may see.
    visible: AtomicU64,
    /// Whether writes are under way that `visible` does not count yet.
    is_publishing: AtomicBool,
}

impl Documents {
    pub(crate) fn new(tree: Tree, options: &Options) -> Self {
        let bytes = options.document_cache_bytes;
        let expected = usize::try_from(bytes / 1600).unwrap_or(usize::MAX).max(64);
        Self {
            tree,
            cache: Cache::with(expected, bytes, Weigh, FxBuildHasher, DefaultLifecycle::default()),
            notes: Notes::new(options.note_bytes),
            writes: std::array::from_fn(|_| (Mutex::new(()), AtomicU64::new(0))),
            visible: AtomicU64::new(0),
            is_publishing: AtomicBool::new(false),
        }
    }

    /// The newest commit that views may see.
    pub(crate) fn visible(&self) -> u64 {
        self.visible.load(Ordering::Acquire)
    }

    /// Announces writes; [`publish`](Self::publish) ends them.
    pub(crate) fn begin_writes(&self) {
        self.is_publishing.store(true, Ordering::SeqCst);
    }

    /// Makes all writes up to a commit visible.
    pub(crate) fn publish(&self, commit: u64) {
        self.visible.store(commit, Ordering::SeqCst);
        self.is_publishing.store(false, Ordering::SeqCst);
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The newest visible version, where it lies in the cache.
    pub(crate) fn cached(&self, space: u32, number: DocumentNo) -> Option<Arc<Document>> {
        // What is cached is the newest version; one that is not visible yet is nobody's to see.
        let visible = self.visible.load(Ordering::SeqCst);
        self.held((space, number)).filter(|document| document.version <= visible)
    }

    /// What a reader left beside the document as of a commit.
    pub(crate) fn note(&self, space: u32, number: DocumentNo, at: u64) -> Option<Arc<dyn Note>> {
        self.notes.get((space, number)).filter(|note| note.version() <= at)
    }

    /// Leaves a note beside a document, if nobody has written it since it was read.
    pub(crate) fn leave(&self, space: u32, document: &Document, note: Arc<dyn Note>) {
        let place = (space, document.number);
        let _guard = self.shard(space, document.number).0.lock();
        // INVARIANT: what is cached is the newest version, so that no note of another one is put.
        if self.cache.peek(&place).is_some_and(|(newest, _)| newest.version == document.version) {
            self.notes.put(place, note);
        }
    }

    /// The document as of a commit.
    pub(crate) fn read(&self, space: u32, number: DocumentNo, at: u64) -> Result<Option<Arc<Document>>, StoreError> {
        if let Some(document) = self.held((space, number))
            && document.version <= at
        {
            return Ok(Some(document));
        }
        if at < self.visible() {
            return self.load((space, number), at);
        }
        // INVARIANT: what is cached is the newest version. The order of these three reads and of the
        // writer's steps sees to it: a writer that the flag does not show will still count up the shard.
        let shard = self.shard(space, number);
        let writes = shard.1.load(Ordering::SeqCst);
        let is_quiet = !self.is_publishing.load(Ordering::SeqCst);
        let visible = self.visible.load(Ordering::SeqCst);
        let Some((newest, lies)) = rows::load(&self.tree, (space, number), visible)? else { return Ok(None) };
        let newest = Arc::new(newest);
        if is_quiet {
            let _guard = shard.0.lock();
            if shard.1.load(Ordering::SeqCst) == writes {
                self.cache.insert((space, number), (Arc::clone(&newest), lies));
            }
        }
        if newest.version <= at { Ok(Some(newest)) } else { self.load((space, number), at) }
    }

    /// The newest version, seen by views or not; for recovery, while nobody else reads or writes.
    pub(crate) fn read_newest(&self, space: u32, number: DocumentNo) -> Result<Option<Arc<Document>>, StoreError> {
        match self.held((space, number)) {
            Some(document) => Ok(Some(document)),
            None => self.load((space, number), u64::MAX >> 2),
        }
    }

    /// The document as of a commit, from the tables, without a trace in the cache.
    pub(crate) fn read_uncached(
        &self,
        space: u32,
        number: DocumentNo,
        at: u64,
    ) -> Result<Option<Document>, StoreError> {
        Ok(rows::load(&self.tree, (space, number), at)?.map(|(document, _)| document))
    }

    /// Writes what a commit made of a document. Views of earlier commits go on seeing what was.
    pub(crate) fn write(&self, space: u32, write: &DocumentWrite, commit: u64, remember: bool) {
        let place = (space, write.number);
        let lay =
            write.before.as_deref().filter(|before| rows::is_large(before)).and_then(|_| self.where_it_lies(place));
        let lies = rows::write(&self.tree, place, write, lay.as_ref(), commit);
        let shard = self.shard(space, write.number);
        let _guard = shard.0.lock();
        // Before the write counts: no reader who knows of it finds a note of what was.
        self.notes.remove(place);
        shard.1.fetch_add(1, Ordering::SeqCst);
        match (&write.after, lies) {
            (Some(document), Some(lies)) if remember || self.cache.peek(&place).is_some() => {
                self.cache.insert(place, (Arc::clone(document), lies));
            }
            (Some(_), _) => {}
            (None, _) => {
                self.cache.remove(&place);
            }
        }
    }

    /// Where the newest version of a large document lies.
    fn where_it_lies(&self, place: Place) -> Option<Lies> {
        match self.cache.peek(&place) {
            Some((_, lies)) => Some(lies),
            // Where that cannot be read now, the document is written whole.
            None => rows::where_it_lies(&self.tree, place).ok(),
        }
    }

    /// The newest version, where it lies in the cache.
    fn held(&self, place: Place) -> Option<Arc<Document>> {
        self.cache.get(&place).map(|(document, _)| document)
    }

    fn load(&self, place: Place, at: u64) -> Result<Option<Arc<Document>>, StoreError> {
        Ok(rows::load(&self.tree, place, at)?.map(|(document, _)| Arc::new(document)))
    }

    fn shard(&self, space: u32, number: DocumentNo) -> &(Mutex<()>, AtomicU64) {
        &self.writes[(space as usize).wrapping_mul(31).wrapping_add(number.0 as usize) % SHARDS]
    }
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Documents").field("tree", &self.tree).finish_non_exhaustive()
    }
}
