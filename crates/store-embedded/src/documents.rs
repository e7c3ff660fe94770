//! Documents in the tree: small ones whole, large ones with each section under a key of its own.
//!
//! Changing one value of a large document must not rewrite it: only its base record, which lists the
//! sections, and the touched sections are written. In front stand a cache of whole documents and the notes that
//! readers left beside them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use machi_store::{Document, DocumentNo, Note, Section, SectionKey, StoreError};
use parking_lot::Mutex;
use quick_cache::sync::{Cache, DefaultLifecycle};
use rustc_hash::{FxBuildHasher, FxHashSet};

use crate::codec::{self, Malformed, Reader};
use crate::notes::Notes;
use crate::options::Options;
use crate::tree::Tree;

/// From this size on sections lie apart.
const LARGE: usize = 2048;
/// What a cached document costs beyond its content: itself, its id, its row's and its place's share of what the
/// allocator rounds up, and what is lost between documents that come and go. Measured over a million entities.
const CACHE_OVERHEAD: usize = 640;
/// The same for each section.
const SECTION_OVERHEAD: usize = 64;
const SHARDS: usize = 64;

const BASE: u8 = 0;
const SECTION: u8 = 1;

/// A document by space and number.
pub(crate) type Place = (u32, DocumentNo);

#[derive(Clone)]
struct Weigh;

impl quick_cache::Weighter<Place, Arc<Document>> for Weigh {
    fn weight(&self, _: &Place, document: &Arc<Document>) -> u64 {
        let size = document.size();
        (size + size / 4 + document.sections.len() * SECTION_OVERHEAD + CACHE_OVERHEAD) as u64
    }
}

/// All documents of a store.
pub(crate) struct Documents {
    tree: Tree,
    cache: Cache<Place, Arc<Document>, Weigh, FxBuildHasher>,
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
        self.cache.get(&(space, number)).filter(|document| document.version <= visible)
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
        if self.cache.peek(&place).is_some_and(|newest| newest.version == document.version) {
            self.notes.put(place, note);
        }
    }

    /// The document as of a commit.
    pub(crate) fn read(&self, space: u32, number: DocumentNo, at: u64) -> Result<Option<Arc<Document>>, StoreError> {
        if let Some(document) = self.cache.get(&(space, number))
            && document.version <= at
        {
            return Ok(Some(document));
        }
        if at < self.visible() {
            return Ok(self.load(space, number, at)?.map(Arc::new));
        }
        // INVARIANT: what is cached is the newest version. The order of these three reads and of the
        // writer's steps sees to it: a writer that the flag does not show will still count up the shard.
        let shard = self.shard(space, number);
        let writes = shard.1.load(Ordering::SeqCst);
        let is_quiet = !self.is_publishing.load(Ordering::SeqCst);
        let visible = self.visible.load(Ordering::SeqCst);
        let Some(newest) = self.load(space, number, visible)?.map(Arc::new) else { return Ok(None) };
        if is_quiet {
            let _guard = shard.0.lock();
            if shard.1.load(Ordering::SeqCst) == writes {
                self.cache.insert((space, number), Arc::clone(&newest));
            }
        }
        if newest.version <= at { Ok(Some(newest)) } else { Ok(self.load(space, number, at)?.map(Arc::new)) }
    }

    /// The newest version, seen by views or not; for recovery, while nobody else reads or writes.
    pub(crate) fn read_newest(&self, space: u32, number: DocumentNo) -> Result<Option<Arc<Document>>, StoreError> {
        if let Some(document) = self.cache.get(&(space, number)) {
            return Ok(Some(document));
        }
        Ok(self.load(space, number, u64::MAX >> 2)?.map(Arc::new))
    }

    /// The document as of a commit, from the tables, without a trace in the cache.
    pub(crate) fn read_uncached(
        &self,
        space: u32,
        number: DocumentNo,
        at: u64,
    ) -> Result<Option<Document>, StoreError> {
        self.load(space, number, at)
    }

    /// Writes what a commit made of a document. Views of earlier commits go on seeing what was.
    pub(crate) fn write(&self, space: u32, write: &DocumentWrite, commit: u64, remember: bool) {
        match &write.after {
            Some(document) => self.write_document(space, write, document, commit),
            None => self.remove_document(space, write, commit),
        }
        let place = (space, write.number);
        let shard = self.shard(space, write.number);
        let _guard = shard.0.lock();
        // Before the write counts: no reader who knows of it finds a note of what was.
        self.notes.remove(place);
        shard.1.fetch_add(1, Ordering::SeqCst);
        match &write.after {
            Some(document) if remember || self.cache.peek(&place).is_some() => {
                self.cache.insert(place, Arc::clone(document));
            }
            Some(_) => {}
            None => {
                self.cache.remove(&place);
            }
        }
    }

    fn write_document(&self, space: u32, write: &DocumentWrite, document: &Document, commit: u64) {
        let was_large = write.before.as_ref().is_some_and(|before| is_large(before));
        let is_large = is_large(document);
        self.tree.insert(&base_key(space, write.number), &codec::encode_base(document, is_large), commit);
        let put = |section: &Section| {
            let mut value = Vec::with_capacity(section.body.len() + 24);
            codec::put_section(section, document.created, &mut value);
            self.tree.insert(&section_key(space, write.number, section.key), &value, commit);
        };
        match (was_large, is_large) {
            (false, false) => {}
            (false, true) => document.sections.iter().for_each(put),
            (true, false) => self.remove_sections(space, write.number, write.keys_before(), commit),
            (true, true) => {
                let is_created_new = write.before.as_ref().is_none_or(|before| before.created != document.created);
                let mut touched: FxHashSet<SectionKey> = write.touched.iter().copied().collect();
                for section in &document.sections {
                    if touched.remove(&section.key) || is_created_new {
                        put(section);
                    }
                }
                // What was touched and is not there any more was removed.
                self.remove_sections(space, write.number, touched, commit);
            }
        }
    }

    fn remove_document(&self, space: u32, write: &DocumentWrite, commit: u64) {
        self.tree.remove(&base_key(space, write.number), commit);
        if write.before.as_ref().is_some_and(|before| is_large(before)) {
            self.remove_sections(space, write.number, write.keys_before(), commit);
        }
    }

    fn remove_sections(&self, space: u32, number: DocumentNo, keys: impl IntoIterator<Item = SectionKey>, commit: u64) {
        for key in keys {
            self.tree.remove(&section_key(space, number, key), commit);
        }
    }

    fn load(&self, space: u32, number: DocumentNo, at: u64) -> Result<Option<Document>, StoreError> {
        let Some(bytes) = self.tree.get(&base_key(space, number), at)? else { return Ok(None) };
        let wrong = |_: Malformed| StoreError::Damaged {
            file: "the tables of documents".to_owned(),
            detail: format!("document {} of space {space} is not what was written", number.0),
        };
        let base = codec::decode_base(&bytes, number).map_err(wrong)?;
        let mut document = base.document;
        if !base.separate.is_empty() {
            let mut apart = Vec::with_capacity(base.separate.len());
            for row in self.tree.prefix(&sections_key(space, number), at) {
                let (_, value) = row?;
                apart.push(codec::read_section(&mut Reader::new(&value), document.created).map_err(wrong)?);
            }
            document.sections = in_order(&base.separate, apart).ok_or(Malformed).map_err(wrong)?;
        }
        Ok(Some(document))
    }

    fn shard(&self, space: u32, number: DocumentNo) -> &(Mutex<()>, AtomicU64) {
        &self.writes[(space as usize).wrapping_mul(31).wrapping_add(number.0 as usize) % SHARDS]
    }
}

/// What a commit made of a document.
#[derive(Debug)]
pub(crate) struct DocumentWrite {
    pub(crate) number: DocumentNo,
    pub(crate) before: Option<Arc<Document>>,
    pub(crate) after: Option<Arc<Document>>,
    /// The sections that were set or removed.
    pub(crate) touched: Vec<SectionKey>,
}

impl DocumentWrite {
    fn keys_before(&self) -> impl Iterator<Item = SectionKey> {
        self.before.iter().flat_map(|before| &before.sections).map(|section| section.key)
    }
}

/// Puts sections into the order of their keys; `None` where one is missing.
fn in_order(keys: &[SectionKey], mut sections: Vec<Section>) -> Option<Vec<Section>> {
    sections.sort_unstable_by_key(|section| section.key);
    let find = |key: &SectionKey| sections.binary_search_by_key(key, |section| section.key).ok();
    keys.iter().map(|key| find(key).map(|at| sections[at].clone())).collect()
}

fn is_large(document: &Document) -> bool {
    document.size() >= LARGE
}

fn base_key(space: u32, number: DocumentNo) -> [u8; 9] {
    numbered_key(space, BASE, number)
}

fn sections_key(space: u32, number: DocumentNo) -> [u8; 9] {
    numbered_key(space, SECTION, number)
}

fn numbered_key(space: u32, kind: u8, number: DocumentNo) -> [u8; 9] {
    let mut key = [0; 9];
    key[..4].copy_from_slice(&(space + 1).to_be_bytes());
    key[4] = kind;
    key[5..].copy_from_slice(&number.0.to_be_bytes());
    key
}

fn section_key(space: u32, number: DocumentNo, section: SectionKey) -> [u8; 17] {
    let mut key = [0; 17];
    key[..9].copy_from_slice(&sections_key(space, number));
    key[9..13].copy_from_slice(&section.name.number().to_be_bytes());
    key[13..].copy_from_slice(&section.instance.number().to_be_bytes());
    key
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Documents").field("tree", &self.tree).finish_non_exhaustive()
    }
}

/// The numbers of all documents of a space as of a commit.
pub(crate) fn numbers(
    tree: &Tree,
    space: u32,
    at: u64,
) -> impl Iterator<Item = Result<DocumentNo, StoreError>> + use<> {
    let first = numbered_key(space, BASE, DocumentNo(0));
    let (prefix, _) = first.split_at(5);
    tree.prefix(prefix, at).map(|row| {
        let (key, _) = row?;
        let number = key.get(5..).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
        number.map(DocumentNo).ok_or_else(|| StoreError::Damaged {
            file: "the tables of documents".to_owned(),
            detail: "a key is not what was written".to_owned(),
        })
    })
}

/// Deletes all rows of a space.
pub(crate) fn clear_space(tree: &Tree, space: u32, commit: u64) -> Result<(), StoreError> {
    let prefix = (space + 1).to_be_bytes();
    for row in tree.prefix(&prefix, commit) {
        let (key, _) = row?;
        tree.remove(&key, commit);
    }
    Ok(())
}
