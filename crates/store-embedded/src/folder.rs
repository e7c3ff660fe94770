//! The data folder: its lock, its format, and the parts that lie in it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use lsm_tree::Cache;
use machi_store::{CollectionSpec, StoreError};
use machi_types::Clock;

use crate::backup;
use crate::documents::Documents;
use crate::engine::{Engine, Parts};
use crate::erasure::Erasure;
use crate::failure::{damaged, io_error};
use crate::files;
use crate::filling;
use crate::journal::{Journal, Segments};
use crate::options::Options;
use crate::tree::Tree;

/// The format that this engine writes, and the newest that it reads.
pub(crate) const FORMAT: u32 = 2;
pub(crate) const FORMAT_FILE: &str = "format";
/// How that file begins.
const FORMAT_WORD: &str = "machi ";
/// The folders in the folder.
const TREES: [&str; 3] = ["documents", "indexes", "journal"];

/// A data folder that is ours alone while this lives.
#[derive(Debug)]
pub struct DataFolder {
    pub(crate) path: PathBuf,
    pub(crate) seed: u64,
    _lock: File,
}

impl DataFolder {
    /// Opens a folder, or makes one; refuses one that is in use or of a newer format, and what is or may become a
    /// backup or a restored city.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let unusable = |error| match error {
            StoreError::Io { source, .. } => StoreError::Unusable { folder: path.display().to_string(), source },
            other => other,
        };
        // Before the lock, too, so that nothing comes into a folder that is refused.
        check_is_no_other(path)?;
        files::make_folder(path).map_err(unusable)?;
        let lock = lock(path).map_err(unusable)?;
        check_is_no_other(path)?;
        let seed = read_or_make_format(path)?;
        Ok(Self { path: path.to_owned(), seed, _lock: lock })
    }

    /// Whether a store lies in a folder, or some of one, whoever uses it.
    pub fn is_there(path: &Path) -> bool {
        path.join(FORMAT_FILE).exists() || filling::is_unfinished(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The file whose lock says that a process uses the folder; it holds the number of that process, for people.
pub(crate) const LOCK: &str = "lock";

/// Refuses a backup, and what is not complete.
fn check_is_no_other(path: &Path) -> Result<(), StoreError> {
    filling::check_complete(path)?;
    match backup::is_backup(path) {
        true => Err(StoreError::IsBackup { folder: path.display().to_string() }),
        false => Ok(()),
    }
}

/// Whether a folder holds a city, a backup, or what may become one.
pub(crate) fn is_ours(path: &Path) -> bool {
    has_format(path) || filling::filler_of(path).is_some()
}

fn has_format(path: &Path) -> bool {
    let file = path.join(FORMAT_FILE);
    let mut word = [0; FORMAT_WORD.len()];
    let is_read = file.is_file() && File::open(file).and_then(|mut file| file.read_exact(&mut word)).is_ok();
    is_read && word == FORMAT_WORD.as_bytes()
}

/// The lock of a folder that stays as it is: nobody may open the folder while this lives.
#[derive(Debug)]
pub(crate) struct StillLock {
    _file: Option<File>,
    /// The file, where there was none before.
    made: Option<PathBuf>,
}

impl StillLock {
    /// Takes the lock without writing to its file, and tells the seed of the folder.
    pub(crate) fn take(path: &Path) -> Result<(Self, u64), StoreError> {
        check_is_no_other(path)?;
        let file = path.join(LOCK);
        let (opened, is_made) = open_as_it_is(&file).map_err(|source| io_error("opening", &file, source))?;
        if let Some(opened) = &opened {
            take(opened, &file)?;
        }
        let lock = Self { _file: opened, made: is_made.then_some(file) };
        check_is_no_other(path)?;
        let format = path.join(FORMAT_FILE);
        let text = files::read_if_there(&format)?.ok_or_else(|| damaged(&format, "the file is missing"))?;
        Ok((lock, parse_format(&text, &format)?.1))
    }
}

/// Opens the file of a lock, which is made where it is missing; none where we may not write to the folder.
fn open_as_it_is(file: &Path) -> io::Result<(Option<File>, bool)> {
    let is_fixed =
        |error: &io::Error| matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem);
    match File::options().read(true).write(true).open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) if is_fixed(&error) => return Ok((Some(File::open(file)?), false)),
        opened => return Ok((Some(opened?), false)),
    }
    match File::options().write(true).create_new(true).open(file) {
        Err(error) if is_fixed(&error) => Ok((None, false)),
        made => Ok((Some(made?), true)),
    }
}

impl Drop for StillLock {
    fn drop(&mut self) {
        if let Some(made) = &self.made {
            let _ = fs::remove_file(made);
        }
    }
}

pub(crate) fn lock(path: &Path) -> Result<File, StoreError> {
    let file = path.join(LOCK);
    let fail = |source| io_error("opening", &file, source);
    let mut lock = OpenOptions::new().create(true).truncate(false).write(true).open(&file).map_err(fail)?;
    take(&lock, &file)?;
    // A full disk keeps the number from being written, not the store from starting.
    let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
    Ok(lock)
}

/// Takes the lock of a folder by its file, which is open.
fn take(lock: &File, file: &Path) -> Result<(), StoreError> {
    let folder = file.parent().unwrap_or(file);
    let in_use = || StoreError::InUse { folder: folder.display().to_string() };
    match lock.try_lock() {
        // Whoever had it before has removed it.
        Ok(()) if !has_name(lock, file) => Err(in_use()),
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(in_use()),
        Err(TryLockError::Error(source)) => Err(io_error("locking", file, source)),
    }
}

/// Whether an open file is the one of that name.
fn has_name(file: &File, path: &Path) -> bool {
    let number = |about: io::Result<fs::Metadata>| about.ok().map(|about| (about.dev(), about.ino()));
    number(file.metadata()).is_some_and(|known| number(fs::metadata(path)) == Some(known))
}

/// The file says the format and the seed of hashes: `machi 2 seed 0123456789abcdef sum 01234567`.
fn read_or_make_format(path: &Path) -> Result<u64, StoreError> {
    let file = path.join(FORMAT_FILE);
    match files::read_if_there(&file)? {
        Some(text) => {
            let (format, seed) = parse_format(&text, &file)?;
            if format < FORMAT {
                // What is written from now on is not for older programs.
                write_format(&file, seed)?;
            }
            Ok(seed)
        }
        // It is the first file that is made: where others are, it was there.
        None if TREES.iter().any(|name| path.join(name).exists()) => Err(damaged(&file, "the file is missing")),
        None => {
            let seed = random_seed();
            write_format(&file, seed)?;
            Ok(seed)
        }
    }
}

/// The format that a file tells, and the seed.
fn parse_format(text: &str, file: &Path) -> Result<(u32, u64), StoreError> {
    let wrong = || damaged(file, "it is not what was written");
    let (content, sum) = text.trim_end().rsplit_once(" sum ").ok_or_else(wrong)?;
    if u32::from_str_radix(sum, 16) != Ok(crc32fast::hash(content.as_bytes())) {
        return Err(wrong());
    }
    let mut words = content.split(' ');
    let format = words.nth(1).and_then(|word| word.parse::<u32>().ok()).ok_or_else(wrong)?;
    if format > FORMAT {
        return Err(StoreError::NewerFormat { file: file.display().to_string(), found: format, known: FORMAT });
    }
    let seed = words.nth(1).and_then(|word| u64::from_str_radix(word, 16).ok());
    Ok((format, seed.ok_or_else(wrong)?))
}

fn write_format(file: &Path, seed: u64) -> Result<(), StoreError> {
    let content = format!("{FORMAT_WORD}{FORMAT} seed {seed:016x}");
    let text = format!("{content} sum {:08x}\n", crc32fast::hash(content.as_bytes()));
    files::write_durably(file, &text)
}

/// The standard library's hasher is seeded by the operating system.
fn random_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}

/// Opens the parts in a folder and puts the engine together.
pub(crate) fn assemble(
    folder: &DataFolder,
    collections: Vec<CollectionSpec>,
    clock: Arc<dyn Clock>,
    options: Options,
) -> Result<(Engine, Journal), StoreError> {
    backup::clear_links(&folder.path)?;
    let open =
        |name: &str, cache: &Arc<Cache>, keep_from| Tree::open(&folder.path.join(name), Arc::clone(cache), keep_from);
    let journal = || Journal::open(&folder.path.join("journal"), options.segment_bytes);
    let given = Given { folder: &folder.path, seed: folder.seed, collections, clock, options };
    put_together(given, open, journal, Journal::segments)
}

/// Puts an engine together that reads a folder and changes nothing in it: its trees are likenesses.
pub(crate) fn assemble_likeness(given: Given<'_>, likeness: &Path) -> Result<Engine, StoreError> {
    let folder = given.folder;
    let open = |name: &str, cache: &Arc<Cache>, keep_from| {
        Tree::open_likeness(&folder.join(name), &likeness.join(name), Arc::clone(cache), keep_from)
    };
    let segments = || Segments::read(&folder.join("journal"));
    put_together(given, open, segments, Segments::clone).map(|(engine, _)| engine)
}

/// What an engine is given by whoever opens it.
pub(crate) struct Given<'g> {
    pub(crate) folder: &'g Path,
    pub(crate) seed: u64,
    pub(crate) collections: Vec<CollectionSpec>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) options: Options,
}

/// Opens the trees, then the journal, and puts the engine together.
fn put_together<J>(
    given: Given<'_>,
    open: impl Fn(&str, &Arc<Cache>, Option<Arc<AtomicU64>>) -> Result<Tree, StoreError>,
    journal: impl FnOnce() -> Result<J, StoreError>,
    segments: impl FnOnce(&J) -> Segments,
) -> Result<(Engine, J), StoreError> {
    let Given { folder, seed, collections, clock, options } = given;
    let cache = Arc::new(Cache::with_capacity_bytes(options.block_cache_bytes));
    let keep_from = Arc::new(AtomicU64::new(0));
    let documents = open("documents", &cache, Some(Arc::clone(&keep_from)))?;
    let documents = Documents::new(documents, &options);
    let pages = open("indexes", &cache, None)?;
    let journal = journal()?;
    let engine = Engine::new(Parts {
        folder: folder.to_owned(),
        options,
        clock,
        collections,
        seed,
        documents,
        pages,
        segments: segments(&journal),
        keep_from,
        erasure: Erasure::open(folder)?,
    });
    Ok((engine, journal))
}
