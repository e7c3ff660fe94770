//! Small files that are written whole: durably, and under a checksum.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
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
pub(crate) fn write_durably(path: &Path, content: &str) -> Result<(), StoreError> {
    let temporary = path.with_extension("new");
    let fail = |source| io_error("writing", path, source);
    let mut file = File::create(&temporary).map_err(fail)?;
    file.write_all(content.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)?;
    fs::rename(&temporary, path).map_err(fail)?;
    sync_folder(path.parent().unwrap_or(path))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|source| io_error("syncing", path, source))
}

/// The line that closes a checked text.
pub(crate) fn sum_line(content: &str) -> String {
    format!("end {:08x}", crc32fast::hash(content.as_bytes()))
}
