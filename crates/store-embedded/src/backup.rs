//! Backups: the files of one position, taken while the store works, and put back elsewhere.
//!
//! Tables never change once they are written, so holding on to them is a matter of links; the journal
//! brings them up to the backup's position when it is opened. A list of all files with their checksums
//! goes beside them and is checked before anything is restored. A backup is never opened as a city.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use machi_store::{Position, StoreError};

use crate::engine::Engine;
use crate::failure::{damaged, io_error};
use crate::files;
use crate::filling::{self, Filler, Filling};
use crate::folder::{self, FORMAT};
use crate::lists;

/// The list of a backup's files: its first line names format and position, then a line per file.
const LIST: &str = "backup";
/// Says that a folder was restored, and up to which position consumers count as served.
pub(crate) const RESTORED: &str = "restored";
/// How the folders begin in which a backup under way keeps what is to go along. What a crash leaves of them goes when the
/// store is opened next.
pub const UNDER_WAY: &str = "backup-under-way-";

/// Files of others that go along in a backup, under their names below their folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'b> {
    /// The folder, on the disk of the store; none for the store's own.
    pub folder: Option<&'b Path>,
    /// Their names.
    pub files: &'b [PathBuf],
}

/// Writes a backup of a working store to a new folder.
pub(crate) fn write(engine: &Engine, beside: &Beside<'_>, to: &Path) -> Result<Position, StoreError> {
    let filling = Filling::begin(to, Filler::Backup)?;
    let links = Links::new(engine);
    let (files, position) = hold(engine, beside, &links.0)?;
    copy_all(&files, &links.0, to, position)?;
    filling.finish()?;
    Ok(Position::single(position))
}

/// The folder of links of one backup. It goes when the backup ends.
struct Links(PathBuf);

impl Links {
    fn new(engine: &Engine) -> Self {
        let number = engine.backups.fetch_add(1, Ordering::Relaxed);
        Self(engine.folder.join(format!("{UNDER_WAY}{number}")))
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        // What cannot be removed now goes when the store is opened next.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes the links of backups that a crash has broken off.
pub(crate) fn clear_links(folder: &Path) -> Result<(), StoreError> {
    let entries = fs::read_dir(folder).map_err(|source| io_error("reading", folder, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| io_error("reading", folder, source))?;
        if entry.file_name().to_string_lossy().starts_with(UNDER_WAY) {
            let path = entry.path();
            fs::remove_dir_all(&path).map_err(|source| io_error("removing", &path, source))?;
        }
    }
    Ok(())
}

/// A file of a backup: its name below the folder, and how much of it counts.
struct Held {
    name: PathBuf,
    length: u64,
}

/// Links every file of one position to a place where nobody removes it.
fn hold(engine: &Engine, beside: &Beside<'_>, held: &Path) -> Result<(Vec<Held>, u64), StoreError> {
    let _tables = engine.tables.lock();
    let mut files = Vec::new();
    for name in beside.files {
        link(beside.folder.unwrap_or(&engine.folder), name, held)?;
        files.push(Held { name: name.clone(), length: length_of(&held.join(name))? });
    }
    for tree in ["documents", "indexes"] {
        link_folder(&engine.folder, Path::new(tree), held, &mut files)?;
    }
    for name in [folder::FORMAT_FILE, "documents.sums", "indexes.sums"].map(PathBuf::from) {
        link(&engine.folder, &name, held)?;
        let length = length_of(&held.join(&name))?;
        files.push(Held { name, length });
    }
    let position = engine.documents.visible();
    for (path, end) in engine.segments.files_upto(position) {
        let name = Path::new("journal").join(path.file_name().unwrap_or_default());
        link(&engine.folder, &name, held)?;
        files.push(Held { name, length: end });
    }
    Ok((files, position))
}

fn link_folder(from: &Path, name: &Path, held: &Path, files: &mut Vec<Held>) -> Result<(), StoreError> {
    let folder = from.join(name);
    let entries = fs::read_dir(&folder).map_err(|source| io_error("reading", &folder, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| io_error("reading", &folder, source))?;
        let name = name.join(entry.file_name());
        if entry.path().is_dir() {
            link_folder(from, &name, held, files)?;
            continue;
        }
        link(from, &name, held)?;
        let length = length_of(&held.join(&name))?;
        files.push(Held { name, length });
    }
    Ok(())
}

fn link(from: &Path, name: &Path, held: &Path) -> Result<(), StoreError> {
    let target = held.join(name);
    let parent = target.parent().unwrap_or(held);
    fs::create_dir_all(parent).map_err(|source| io_error("creating", parent, source))?;
    fs::hard_link(from.join(name), &target).map_err(|source| io_error("linking", &target, source))
}

fn length_of(path: &Path) -> Result<u64, StoreError> {
    fs::metadata(path).map(|metadata| metadata.len()).map_err(|source| io_error("reading", path, source))
}

fn copy_all(held_files: &[Held], from: &Path, to: &Path, position: u64) -> Result<(), StoreError> {
    let mut list = format!("machi-backup {FORMAT} position {position}\n");
    for file in held_files {
        let sum = copy(&from.join(&file.name), &to.join(&file.name), file.length)?;
        let _ = writeln!(list, "{sum:08x} {} {}", file.length, file.name.display());
    }
    let list = list.trim_end();
    files::write_durably(&to.join(LIST), format!("{list}\n{}\n", files::sum_line(list)))
}

/// Copies the first `length` bytes of a file, durably. Returns their checksum.
fn copy(from: &Path, to: &Path, length: u64) -> Result<u32, StoreError> {
    let parent = to.parent().unwrap_or(to);
    files::make_folder(parent)?;
    let source = File::open(from).map_err(|source| io_error("opening", from, source))?;
    // Whoever may read the folder above need not be one who may read the city.
    let target = File::options().write(true).create(true).truncate(true).mode(0o600).open(to);
    let mut target = target.map_err(|source| io_error("creating", to, source))?;
    let mut source = source.take(length);
    let mut buffer = vec![0; 1 << 16];
    let mut hasher = crc32fast::Hasher::new();
    loop {
        let read = source.read(&mut buffer).map_err(|source| io_error("reading", from, source))?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hasher.update(bytes);
        target.write_all(bytes).map_err(|source| io_error("writing", to, source))?;
    }
    target.sync_all().map_err(|source| io_error("syncing", to, source))?;
    files::sync_folder(parent)?;
    Ok(hasher.finalize())
}

/// Puts a backup into a new folder, after checking every file of it.
pub(crate) fn restore(from: &Path, to: &Path) -> Result<Position, StoreError> {
    let (position, listed) = read_list(from)?;
    // What can be told at once is told before anything is written.
    for (_, file) in &listed {
        length_of_listed(&from.join(&file.name))?;
    }
    let filling = Filling::begin(to, Filler::Restore)?;
    for (sum, file) in &listed {
        let source = from.join(&file.name);
        if copy(&source, &to.join(&file.name), file.length)? != *sum {
            return Err(differs(&source));
        }
    }
    let served = position.to_string();
    files::write_durably(&to.join(RESTORED), format!("{served}\n{}\n", files::sum_line(&served)))?;
    filling.finish()?;
    Ok(Position::single(position))
}

/// A backup all of whose files are what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundBackup {
    /// The position of the city that it was taken of.
    pub position: Position,
    /// How many files it has.
    pub files: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

/// Compares every file of a backup with the list, and changes nothing.
pub(crate) fn check(folder: &Path) -> Result<SoundBackup, StoreError> {
    let (position, listed) = read_list(folder)?;
    for (sum, file) in &listed {
        let path = folder.join(&file.name);
        let found = match length_of_listed(&path)? == file.length {
            true => lists::sum_of(&path).map_err(|source| io_error("reading", &path, source))?,
            false => return Err(differs(&path)),
        };
        if found != *sum {
            return Err(differs(&path));
        }
    }
    let bytes = listed.iter().map(|(_, file)| file.length).sum();
    Ok(SoundBackup { position: Position::single(position), files: listed.len() as u64, bytes })
}

/// Whether a folder holds a backup, and thus no city.
pub(crate) fn is_backup(folder: &Path) -> bool {
    folder.join(LIST).is_file()
}

fn read_list(folder: &Path) -> Result<(u64, Vec<(u32, Held)>), StoreError> {
    filling::check_complete(folder)?;
    let list = folder.join(LIST);
    let text = files::read_if_there(&list)?.ok_or_else(|| no_backup(folder))?;
    parse_list(&text, &list)
}

fn length_of_listed(path: &Path) -> Result<u64, StoreError> {
    match fs::metadata(path) {
        Ok(about) => Ok(about.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(damaged(path, "the backup's list names the file, and it is missing"))
        }
        Err(source) => Err(io_error("reading", path, source)),
    }
}

fn differs(path: &Path) -> StoreError {
    damaged(path, "the file does not match the backup's list")
}

fn parse_list(text: &str, path: &Path) -> Result<(u64, Vec<(u32, Held)>), StoreError> {
    let wrong = || damaged(path, "the list of the backup is not what was written");
    let (content, end) = text.trim_end().rsplit_once('\n').ok_or_else(wrong)?;
    if files::sum_line(content) != end {
        return Err(wrong());
    }
    let mut lines = content.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let format = words.nth(1).and_then(|word| word.parse::<u32>().ok()).ok_or_else(wrong)?;
    if format > FORMAT {
        return Err(StoreError::NewerFormat { file: path.display().to_string(), found: format, known: FORMAT });
    }
    let position = words.nth(1).and_then(|word| word.parse().ok()).ok_or_else(wrong)?;
    let file = |line: &str| {
        let mut words = line.splitn(3, ' ');
        let sum = u32::from_str_radix(words.next()?, 16).ok()?;
        let length = words.next()?.parse().ok()?;
        let name = PathBuf::from(words.next()?);
        let stays_inside = name.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        stays_inside.then_some((sum, Held { name, length }))
    };
    Ok((position, lines.map(file).collect::<Option<_>>().ok_or_else(wrong)?))
}

fn no_backup(folder: &Path) -> StoreError {
    StoreError::Missing { folder: folder.display().to_string(), what: "backup" }
}
