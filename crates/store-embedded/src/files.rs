//! Small files that are written whole: durably, and under a checksum.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use machi_store::StoreError;

use crate::failure::io_error;

/// The content of a text file, where there is one.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>, StoreError> {
    match fs::read(path) {
        // Damage may leave bytes that are no text: the checksum will tell.
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(io_error("reading", path, source)),
    }
}

/// Puts a file in place of the one before: after a crash there is either, whole.
pub fn write_durably(path: &Path, content: impl AsRef<[u8]>) -> Result<(), StoreError> {
    put_in_place(path, |file| file.write_all(content.as_ref())).map(drop)
}

/// Puts a new file in place of the one before, if any: after a crash there is either, whole. Returns it, open.
///
/// After a failure nothing of the new file is left; a sync that failed is never tried again on the same file.
pub(crate) fn put_in_place(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<File, StoreError> {
    let temporary = path.with_extension("new");
    let made = make(&temporary, write).and_then(|file| fs::rename(&temporary, path).map(|()| file));
    if made.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    let file = made.map_err(|source| io_error("writing", path, source))?;
    sync_folder(path.parent().unwrap_or(path))?;
    Ok(file)
}

fn make(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<File> {
    match fs::remove_file(path) {
        // What a crash has left.
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
    write(&mut file)?;
    file.sync_all()?;
    Ok(file)
}

/// Makes a folder and those above it where they are missing, with durable names.
pub(crate) fn make_folder(path: &Path) -> Result<(), StoreError> {
    let Some(parent) = path.parent() else { return Ok(()) };
    // A bare name, such as `city`, lies in the working folder.
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    if !path.is_dir() {
        make_folder(parent)?;
        match fs::create_dir(path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(source) => return Err(io_error("creating", path, source)),
        }
    }
    // It may be there from a process that crashed before it could sync the name.
    match File::open(parent).and_then(|folder| folder.sync_all()) {
        // A folder that we may pass through but not read was there before us.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        synced => synced.map_err(|source| io_error("syncing", parent, source)),
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|source| io_error("syncing", path, source))
}

/// The line that closes a checked text.
pub(crate) fn sum_line(content: &str) -> String {
    format!("end {:08x}", crc32fast::hash(content.as_bytes()))
}
