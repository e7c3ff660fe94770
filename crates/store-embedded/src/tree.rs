//! One LSM tree, driven by us: the journal is its write-ahead log, so it needs none of its own.
//!
//! Writers insert with the commit's number; a background thread flushes and compacts. A row under
//! [`APPLIED`] is written before each rotation: whatever of the tree is on disk reaches up to it.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use lsm_tree::compaction::Leveled;
use lsm_tree::config::{CompressionPolicy, PinningPolicy};
use lsm_tree::{AbstractTree, AnyTree, Cache, CompressionType, Config, Guard, SequenceNumberCounter};
use machi_store::StoreError;
use xxhash_rust::xxh3::Xxh3;

use crate::ends::check_ends;
use crate::failure::{damaged, engine, io_error};
use crate::files;
use crate::kept::Kept;
use crate::lists::{self, Lists};
use crate::undo::Undo;

/// The key of the row that says up to which commit the tree is complete.
const APPLIED: &[u8] = b"\0applied";
/// How much is gathered in memory before it is written to a table.
const MEMTABLE_BYTES: u64 = 8 << 20;
/// How large a table that comes of a merge may grow. Each is synced when it is full, and a sync of the journal waits
/// for what the disk has been given until then.
const TABLE_BYTES: u64 = 32 << 20;
/// How many full memtables may wait before writers do.
const MEMTABLES_WAITING: usize = 2;
/// A bound below which no version of a row can be dropped: commits are counted from 1.
const DROP_NOTHING: u64 = 1;

/// An ordered map on disk, with versions.
pub(crate) struct Tree {
    rows: AnyTree,
    lists: Lists,
    /// Versions that only views before this commit could see may go; `None` where only the newest are read.
    keep_from: Option<Arc<AtomicU64>>,
    /// From which commit on the tables can be read as of.
    kept: Kept,
    /// What the crate below numbers its lists of tables with.
    ///
    /// INVARIANT: every list has number 0. It would keep old lists, and the memory of what was gathered
    /// then, for views that began before the newest list; here the newest list serves all views.
    list_numbers: SequenceNumberCounter,
    /// The commit of the last seal, and of the last one whose rows are on disk.
    sealed: AtomicU64,
    durable: AtomicU64,
    /// The list that was found to need no merging.
    merged: AtomicU64,
    undo: Undo,
}

impl Tree {
    pub(crate) fn open(
        folder: &Path,
        cache: Arc<Cache>,
        keep_from: Option<Arc<AtomicU64>>,
    ) -> Result<Self, StoreError> {
        let lists = Lists::new(folder);
        lists.check_lists()?;
        let kept = Kept::read(folder)?;
        prepare_folder(folder)?;
        let tree = Self::of(folder, lists, kept, cache, keep_from)?;
        tree.lists.write()?;
        Ok(tree)
    }

    /// Opens a tree whose folder stays as it is, by way of a likeness of it.
    pub(crate) fn open_likeness(
        folder: &Path,
        likeness: &Path,
        cache: Arc<Cache>,
        keep_from: Option<Arc<AtomicU64>>,
    ) -> Result<Self, StoreError> {
        let lists = Lists::fixed(folder);
        lists.check_lists()?;
        Self::of(likeness, lists, Kept::read(folder)?, cache, keep_from)
    }

    /// Opens the tables in a folder; `lists` names files in errors.
    fn of(
        folder: &Path,
        lists: Lists,
        kept: Kept,
        cache: Arc<Cache>,
        keep_from: Option<Arc<AtomicU64>>,
    ) -> Result<Self, StoreError> {
        check_ends(folder, &lists)?;
        let list_numbers = SequenceNumberCounter::default();
        let config = Config::new(folder, list_numbers.clone(), SequenceNumberCounter::default())
            .use_cache(cache)
            // Who asks for a row has its number from the index: it is there, and no filter need say so.
            .expect_point_read_hits(true)
            // What finds the block of a row takes a twentieth of the memory of the columns: it stays at hand.
            .index_block_partitioning_policy(PinningPolicy::all(false))
            .index_block_pinning_policy(PinningPolicy::all(true))
            .filter_block_partitioning_policy(PinningPolicy::all(false))
            .filter_block_pinning_policy(PinningPolicy::all(true))
            .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4));
        // What the crate below makes of a damaged list of tables is its own affair; here it must be an error.
        let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| config.open()));
        let tree = match opened {
            Ok(Ok(tree)) => tree,
            Ok(Err(lsm_tree::Error::Io(source))) => {
                // A file whose end tells of more bytes than it has looks like one that cannot be read.
                lists.check_all()?;
                return Err(io_error("opening the tables in", lists.folder(), source));
            }
            Ok(Err(error)) => {
                lists.check_all()?;
                return Err(damaged(&lists.newest(), format!("the tables it lists cannot be opened: {error:?}")));
            }
            Err(_) => {
                lists.check_all()?;
                return Err(damaged(&lists.newest(), "the tables it lists cannot be opened"));
            }
        };
        let undo = Undo::new(folder)?;
        let (sealed, durable, merged) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(u64::MAX));
        let tree = Self { rows: tree, lists, keep_from, kept, list_numbers, sealed, durable, merged, undo };
        let applied = tree.newest_seal()?;
        tree.sealed.store(applied, Ordering::Release);
        tree.durable.store(applied, Ordering::Release);
        Ok(tree)
    }

    /// Checks every table against the checksum that was taken when it was written; names the first that differs.
    pub(crate) fn check_files(&self) -> Result<(), StoreError> {
        self.lists.check_all()?;
        check_files(&self.rows, self.lists.folder())
    }

    /// The last commit that is in the tables on disk.
    pub(crate) fn applied(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// The first commit that the tables can be read as of.
    pub(crate) fn kept_from(&self) -> u64 {
        self.kept.from()
    }

    /// What the last seal said, on disk or not.
    fn newest_seal(&self) -> Result<u64, StoreError> {
        let row = self.get(APPLIED, u64::MAX >> 2)?;
        Ok(row.and_then(|bytes| Some(u64::from_be_bytes(bytes.as_ref().try_into().ok()?))).unwrap_or(0))
    }

    pub(crate) fn insert(&self, key: &[u8], value: &[u8], commit: u64) {
        self.rows.insert(key, value, commit);
    }

    pub(crate) fn remove(&self, key: &[u8], commit: u64) {
        self.rows.remove(key, commit);
    }

    /// The value as of a commit.
    pub(crate) fn get(&self, key: &[u8], at: u64) -> Result<Option<Bytes>, StoreError> {
        let value = self.rows.get(key, at.saturating_add(1));
        let value = value.map_err(|error| explain(&self.rows, self.lists.folder(), error))?;
        Ok(value.map(|value| Bytes::copy_from_slice(&value)))
    }

    /// All rows under a prefix as of a commit, in the order of their keys.
    pub(crate) fn prefix(
        &self,
        prefix: &[u8],
        at: u64,
    ) -> impl DoubleEndedIterator<Item = Result<(Bytes, Bytes), StoreError>> + use<> {
        let (tree, folder) = (self.rows.clone(), self.lists.folder().to_owned());
        self.rows.prefix(prefix, at.saturating_add(1), None).map(move |guard| {
            let (key, value) = guard.into_inner().map_err(|error| explain(&tree, &folder, error))?;
            Ok((Bytes::copy_from_slice(&key), Bytes::copy_from_slice(&value)))
        })
    }

    /// Whether so much is gathered that it should be written out.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.active_memtable().size() >= MEMTABLE_BYTES
    }

    /// Whether writers must wait for the background thread.
    pub(crate) fn is_behind(&self) -> bool {
        self.rows.sealed_memtable_count() >= MEMTABLES_WAITING
    }

    /// Whether rows are closed that are not on disk yet.
    pub(crate) fn has_waiting(&self) -> bool {
        self.rows.sealed_memtable_count() > 0
    }

    /// Closes the gathered rows, complete up to `commit`, so that the background thread writes them.
    pub(crate) fn seal(&self, commit: u64) {
        self.rows.insert(APPLIED, commit.to_be_bytes(), commit);
        self.rows.rotate_memtable();
        self.sealed.store(commit, Ordering::Release);
    }

    /// Writes sealed rows to tables. Returns whether there were any.
    pub(crate) fn flush(&self) -> Result<bool, StoreError> {
        if self.rows.sealed_memtable_count() == 0 {
            return Ok(false);
        }
        // What is sealed from here on may be written too, and then counts the next time.
        let sealed = self.sealed.load(Ordering::Acquire);
        self.change(|tree| {
            let lock = tree.get_flush_lock();
            tree.flush(&lock, DROP_NOTHING).map(|_| ())
        })?;
        self.durable.store(sealed, Ordering::Release);
        self.lists.write()?;
        Ok(true)
    }

    /// Merges some tables where that is due.
    pub(crate) fn compact(&self) -> Result<(), StoreError> {
        let before = self.rows.current_version().id();
        if self.merged.load(Ordering::Relaxed) != before {
            let drop_before = self.drop_before()?.unwrap_or(DROP_NOTHING);
            self.change(|tree| {
                tree.compact(Arc::new(Leveled::default().with_table_target_size(TABLE_BYTES)), drop_before)
            })?;
            if self.rows.current_version().id() == before {
                self.merged.store(before, Ordering::Relaxed);
            }
        }
        self.lists.write()
    }

    /// Merges all tables, so that nothing is left of rows that were removed or written anew. Whether it was done:
    /// not while somebody may read old versions.
    pub(crate) fn purge(&self) -> Result<bool, StoreError> {
        let Some(drop_before) = self.drop_before()? else { return Ok(false) };
        if self.rows.table_count() > 0 {
            self.change(|tree| tree.major_compact(TABLE_BYTES, drop_before))?;
        }
        self.lists.write()?;
        Ok(true)
    }

    /// The bound for dropping versions of rows, where any may be dropped.
    ///
    /// The crate below drops what is older than the bound wherever anything newer is there, seen by the views
    /// from the bound on or not. So all of the tables must lie before every view, or nothing may be dropped.
    fn drop_before(&self) -> Result<Option<u64>, StoreError> {
        let newest = self.rows.get_highest_persisted_seqno().unwrap_or(0);
        if let Some(keep_from) = &self.keep_from {
            if keep_from.load(Ordering::Acquire) < newest {
                return Ok(None);
            }
            self.kept.raise(newest)?;
        }
        Ok(Some(newest.max(DROP_NOTHING)))
    }

    /// Has the crate below change tables. What a failure leaves is undone before the next change.
    fn change(&self, work: impl FnOnce(&AnyTree) -> lsm_tree::Result<()>) -> Result<(), StoreError> {
        self.undo.begin(&self.rows)?;
        self.list_numbers.set(0);
        work(&self.rows).map_err(engine)?;
        self.undo.end()
    }

    pub(crate) fn disk_bytes(&self) -> u64 {
        self.rows.disk_space()
    }
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree").field("disk_bytes", &self.disk_bytes()).finish_non_exhaustive()
    }
}

/// Makes durable what an earlier process saw in the folder before anything is removed on the strength of it.
fn prepare_folder(folder: &Path) -> Result<(), StoreError> {
    files::make_folder(folder)?;
    let tables = folder.join(lists::TABLES);
    if tables.is_dir() {
        files::sync_folder(&tables)?;
    }
    for name in lists::names_in(folder)? {
        // A crash came between a new pointer to the list of tables and its name.
        if name.starts_with(".tmp") {
            let path = folder.join(name);
            fs::remove_file(&path).map_err(|source| io_error("removing", &path, source))?;
        }
    }
    files::sync_folder(folder)
}

/// Compares the tables with their checksums; errors name them as the tables of `folder`.
fn check_files(tree: &AnyTree, folder: &Path) -> Result<(), StoreError> {
    for table in tree.current_version().iter_tables() {
        let sum = hash_file(&table.path)?;
        if sum != table.checksum().into_u128() {
            let file = folder.join(lists::TABLES).join(table.id().to_string());
            return Err(damaged(&file, "the table does not match its checksum"));
        }
    }
    Ok(())
}

/// Says which file is behind an error, where one is.
fn explain(tree: &AnyTree, folder: &Path, error: lsm_tree::Error) -> StoreError {
    match error {
        lsm_tree::Error::Io(_) => engine(error),
        other => check_files(tree, folder).err().unwrap_or_else(|| engine(other)),
    }
}

fn hash_file(path: &Path) -> Result<u128, StoreError> {
    let mut file = File::open(path).map_err(|source| io_error("opening", path, source))?;
    let mut hasher = Xxh3::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(|source| io_error("reading", path, source))? {
            0 => return Ok(hasher.digest128()),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}
