//! What writer, readers and background work share.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use machi_store::believed::Believed;
use machi_store::{
    Collection, CollectionSpec, Derive, Document, DocumentNo, NameTable, NoFacets, Position, StoreError,
};
use machi_types::{Clock, Name, TenantId, Text, Timestamp};
use parking_lot::{Condvar, Mutex, RwLock};
use rustc_hash::FxHashMap;
use tokio::sync::watch;

use crate::committer::Nudge;
use crate::documents::Documents;
use crate::erasure::Erasure;
use crate::index::keys;
use crate::index::space::SpaceIndex;
use crate::indexer::Declared;
use crate::journal::Segments;
use crate::names::NamesOnDisk;
use crate::options::Options;
use crate::orders::Orders;
use crate::spaces::{Space, Spaces};
use crate::tail::Tail;
use crate::tree::Tree;

/// The indexes of all spaces at one position. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Root {
    pub(crate) position: u64,
    /// INVARIANT: every space that was not erased is here, also where nothing lies in it.
    pub(crate) spaces: FxHashMap<u32, Arc<SpaceIndex>>,
    /// How many numbers of spaces have been given, those of erased ones included.
    pub(crate) spaces_given: u32,
}

/// The engine's state.
pub(crate) struct Engine {
    pub(crate) folder: PathBuf,
    pub(crate) options: Options,
    pub(crate) clock: Arc<dyn Clock>,
    /// The time up to which the clock is believed.
    pub(crate) believed: Mutex<Believed>,
    pub(crate) names: NameTable,
    pub(crate) names_on_disk: NamesOnDisk,
    pub(crate) collections: Vec<CollectionSpec>,
    /// The seed of hashes of ids, drawn when the folder was made.
    pub(crate) seed: u64,
    pub(crate) documents: Documents,
    pub(crate) pages: Tree,
    pub(crate) segments: Segments,
    pub(crate) spaces: Spaces,
    pub(crate) root: RwLock<Arc<Root>>,
    pub(crate) cursors: RwLock<HashMap<Name, Position>>,
    pub(crate) tail: Tail,
    pub(crate) newest: watch::Sender<u64>,
    /// Open views, counted by position.
    views: Mutex<BTreeMap<u64, usize>>,
    pins: Mutex<HashMap<Name, u64>>,
    /// Versions that only views before this commit could see may go.
    pub(crate) keep_from: Arc<AtomicU64>,
    pub(crate) background: Background,
    /// The added indexes that there shall be.
    pub(crate) declared: Declared,
    /// Places in the order of the map, for surveys.
    pub(crate) orders: Orders,
    /// Held while tables come and go, and by a backup while it takes hold of them.
    pub(crate) tables: Mutex<()>,
    checkpoint_is_due: AtomicBool,
    erased: Mutex<Vec<u32>>,
    pub(crate) erasure: Erasure,
    /// How many backups were begun.
    pub(crate) backups: AtomicU64,
    last_time: AtomicI64,
    /// The bytes written to the journal since the start.
    journal_written: AtomicU64,
}

/// What the background thread is asked to do, and what stands in its way.
#[derive(Debug, Default)]
pub(crate) struct Background {
    state: Mutex<BackgroundState>,
    wake: Condvar,
}

#[derive(Debug, Default)]
pub(crate) struct BackgroundState {
    pub(crate) has_work: bool,
    pub(crate) is_closing: bool,
    /// Why the last attempt failed.
    pub(crate) trouble: Option<Text>,
}

impl Background {
    pub(crate) fn wake(&self) {
        self.state.lock().has_work = true;
        self.wake.notify_all();
    }

    pub(crate) fn close(&self) {
        self.state.lock().is_closing = true;
        self.wake.notify_all();
    }

    pub(crate) fn report(&self, trouble: Option<Text>) {
        self.state.lock().trouble = trouble;
        self.wake.notify_all();
    }

    pub(crate) fn trouble(&self) -> Option<Text> {
        self.state.lock().trouble.clone()
    }

    /// Waits for work or the end. Returns whether the end has come.
    pub(crate) fn wait(&self, at_most: std::time::Duration) -> bool {
        let mut state = self.state.lock();
        if !state.has_work && !state.is_closing {
            self.wake.wait_for(&mut state, at_most);
        }
        state.has_work = false;
        state.is_closing
    }

    /// Waits a moment for the background thread to get on.
    pub(crate) fn pause(&self) {
        let mut state = self.state.lock();
        self.wake.wait_for(&mut state, std::time::Duration::from_millis(2));
    }
}

/// What is opened before the engine is put together.
pub(crate) struct Parts {
    pub(crate) folder: PathBuf,
    pub(crate) options: Options,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) collections: Vec<CollectionSpec>,
    pub(crate) seed: u64,
    pub(crate) documents: Documents,
    pub(crate) pages: Tree,
    pub(crate) segments: Segments,
    pub(crate) keep_from: Arc<AtomicU64>,
    pub(crate) erasure: Erasure,
}

impl Engine {
    pub(crate) fn new(parts: Parts) -> Self {
        let tail_bytes = parts.options.tail_bytes;
        Self {
            folder: parts.folder,
            options: parts.options,
            believed: Mutex::new(Believed::now(parts.clock.now())),
            clock: parts.clock,
            names: NameTable::default(),
            names_on_disk: NamesOnDisk::default(),
            collections: parts.collections,
            seed: parts.seed,
            documents: parts.documents,
            pages: parts.pages,
            segments: parts.segments,
            spaces: Spaces::default(),
            root: RwLock::default(),
            cursors: RwLock::default(),
            tail: Tail::new(tail_bytes),
            newest: watch::Sender::new(0),
            views: Mutex::default(),
            pins: Mutex::default(),
            keep_from: parts.keep_from,
            background: Background::default(),
            declared: Declared::default(),
            orders: Orders::default(),
            tables: Mutex::default(),
            checkpoint_is_due: AtomicBool::new(false),
            erased: Mutex::default(),
            erasure: parts.erasure,
            backups: AtomicU64::new(0),
            last_time: AtomicI64::new(i64::MIN / 2),
            journal_written: AtomicU64::new(0),
        }
    }

    pub(crate) fn request_checkpoint(&self) {
        self.checkpoint_is_due.store(true, Ordering::Release);
        self.background.wake();
    }

    pub(crate) fn is_checkpoint_due(&self) -> bool {
        self.checkpoint_is_due.load(Ordering::Acquire)
    }

    pub(crate) fn checkpoint_done(&self) {
        self.checkpoint_is_due.store(false, Ordering::Release);
    }

    pub(crate) fn count_journal_bytes(&self, bytes: u64) {
        self.journal_written.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn journal_written(&self) -> u64 {
        self.journal_written.load(Ordering::Relaxed)
    }

    pub(crate) fn time_of_last_commit(&self) -> Timestamp {
        Timestamp::from_micros(self.last_time.load(Ordering::Acquire))
    }

    pub(crate) fn set_time_of_last_commit(&self, time: Timestamp) {
        self.last_time.store(time.micros(), Ordering::Release);
    }

    /// Leaves the rows of an erased space to the background thread.
    pub(crate) fn erase_later(&self, space: u32) {
        self.orders.forget(space);
        self.erased.lock().push(space);
    }

    pub(crate) fn take_erased(&self) -> Vec<u32> {
        std::mem::take(&mut *self.erased.lock())
    }

    pub(crate) fn derive(&self, collection: Collection) -> &dyn Derive {
        let spec = self.collections.iter().find(|spec| spec.collection == collection);
        spec.map_or(&NoFacets, |spec| &*spec.derive)
    }

    /// The registered collection of a name; the names of collections no longer registered live on.
    pub(crate) fn collection(&self, name: &str) -> Collection {
        let known = self.collections.iter().find(|spec| spec.collection.0 == name);
        known.map_or_else(|| Collection(Box::leak(name.to_owned().into_boxed_str())), |spec| spec.collection)
    }

    pub(crate) fn hash(&self, id: &str) -> u64 {
        keys::hash(id, self.seed)
    }

    /// The document of an id as of a commit.
    pub(crate) fn find_document(&self, space: &Space, id: &str, at: u64) -> Result<Option<Arc<Document>>, StoreError> {
        self.find_among(space, &space.candidates(self.hash(id)), id, at)
    }

    /// The document of an id, which has one of these numbers.
    pub(crate) fn find_among(
        &self,
        space: &Space,
        candidates: &[DocumentNo],
        id: &str,
        at: u64,
    ) -> Result<Option<Arc<Document>>, StoreError> {
        for number in candidates {
            if let Some(document) = self.documents.read(space.number, *number, at)?
                && *document.id == *id
            {
                return Ok(Some(document));
            }
        }
        Ok(None)
    }

    /// The newest document of an id, which has one of these numbers, where it can be told at once.
    pub(crate) fn newest_among(&self, space: &Space, candidates: &[DocumentNo], id: &str) -> Option<Arc<Document>> {
        let cached = candidates.iter().find_map(|number| self.documents.cached(space.number, *number));
        // Where ids share a hash, the documents tell them apart.
        if let Some(document) = cached.filter(|document| *document.id == *id) {
            return Some(document);
        }
        let position = self.open_view();
        let found = self.find_among(space, candidates, id, position);
        self.close_view(position);
        found.ok().flatten()
    }

    /// The number of an id. Where several ids share a hash, only documents that exist can tell them apart.
    pub(crate) fn number_of(&self, space: &Space, id: &str, at: u64) -> Option<DocumentNo> {
        let candidates = space.candidates(self.hash(id));
        match candidates.as_slice() {
            [] => None,
            [only] => Some(*only),
            _ => self.find_document(space, id, at).ok().flatten().map(|document| document.number),
        }
    }

    pub(crate) fn space(&self, tenant: &TenantId, collection: Collection) -> Option<Arc<Space>> {
        self.spaces.find(tenant, collection)
    }

    /// The newest visible state, kept from being cleaned up until [`close_view`](Self::close_view).
    pub(crate) fn open_view(&self) -> u64 {
        let mut views = self.views.lock();
        let position = self.documents.visible();
        *views.entry(position).or_default() += 1;
        position
    }

    /// The newest visible indexes, with their position kept as by [`open_view`](Self::open_view).
    pub(crate) fn open_root(&self) -> Arc<Root> {
        // INVARIANT: versions are cleaned up only by `update_keep_from`, which holds the same lock.
        let mut views = self.views.lock();
        let root = Arc::clone(&self.root.read());
        *views.entry(root.position).or_default() += 1;
        root
    }

    /// Keeps an old position, if it is still there.
    pub(crate) fn open_view_at(&self, position: u64) -> Result<(), StoreError> {
        let mut views = self.views.lock();
        if position < self.keep_from.load(Ordering::Acquire) || position > self.documents.visible() {
            return Err(StoreError::PositionGone(position.to_string()));
        }
        *views.entry(position).or_default() += 1;
        Ok(())
    }

    pub(crate) fn close_view(&self, position: u64) {
        let mut views = self.views.lock();
        if let Some(count) = views.get_mut(&position) {
            *count -= 1;
            if *count == 0 {
                views.remove(&position);
            }
        }
    }

    pub(crate) fn pin(&self, consumer: &str, position: Option<u64>) {
        let mut pins = self.pins.lock();
        match position {
            Some(position) => pins.insert(Name::from(consumer), position),
            None => pins.remove(consumer),
        };
    }

    /// Keeps for each consumer what it has yet to read, until it says otherwise: what is cleared away does not wait
    /// for consumers to come back.
    pub(crate) fn pin_cursors(&self) {
        let consumers = self.cursors.read();
        let mut pins = self.pins.lock();
        let readers = consumers.iter().filter(|(consumer, _)| ***consumer != *Nudge::CONSUMER);
        pins.extend(readers.map(|(consumer, position)| (consumer.clone(), position.bucket(0))));
    }

    /// The first commit that a consumer has yet to read, less one; nothing from there on may go.
    pub(crate) fn pinned(&self) -> Option<u64> {
        self.pins.lock().values().min().copied()
    }

    /// Works out which old versions nobody can ask for any more.
    pub(crate) fn update_keep_from(&self) {
        let pinned = self.pinned();
        let views = self.views.lock();
        let oldest_view = views.keys().next().copied();
        // What was erased lies among the old versions, too.
        let versions_kept = self.erasure.pending().map_or(self.options.versions_kept, |_| 0);
        let kept = self.documents.visible().saturating_sub(versions_kept);
        let keep_from = [oldest_view, pinned].into_iter().flatten().fold(kept, u64::min);
        self.keep_from.fetch_max(keep_from, Ordering::AcqRel);
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("folder", &self.folder).field("names", &self.names).finish_non_exhaustive()
    }
}
