//! An erasure that is under way: tenants are gone at once, what is left of them on disk goes soon after.
//!
//! A file says from before the erasing commit on that something is left, so that a restart goes on with it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use machi_store::StoreError;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::committer::Errand;
use crate::engine::Engine;
use crate::failure::io_error;
use crate::files;
use crate::queue::Queue;
use crate::rows;

/// The file; it holds the number of the erasing commit.
const FILE: &str = "erasing";

/// How many bytes of documents are merged at one go.
const MERGED_AT_ONCE: u64 = 1 << 30;

/// What is left of erased tenants.
#[derive(Debug)]
pub(crate) struct Erasure {
    file: PathBuf,
    /// The newest commit that erased something of which remains are on disk.
    pending: Mutex<Option<u64>>,
}

impl Erasure {
    /// What an earlier process has left to do in a folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let file = folder.join(FILE);
        let pending = files::read_if_there(&file)?.map(|text| text.trim_end().parse().unwrap_or(u64::MAX));
        Ok(Self { file, pending: Mutex::new(pending) })
    }

    /// Something is about to be erased by a commit of this number.
    pub(crate) fn begin(&self, commit: u64) -> Result<(), StoreError> {
        let mut pending = self.pending.lock();
        files::write_durably(&self.file, format!("{commit}\n"))?;
        *pending = Some(commit);
        Ok(())
    }

    /// At opening: no commit beyond this one was made.
    pub(crate) fn limit(&self, newest: u64) {
        let mut pending = self.pending.lock();
        *pending = pending.map(|commit| commit.min(newest));
    }

    /// The commit up to which something is left.
    pub(crate) fn pending(&self) -> Option<u64> {
        *self.pending.lock()
    }

    /// Nothing is left of what was erased up to a commit.
    pub(crate) fn finish(&self, upto: u64) -> Result<(), StoreError> {
        let mut pending = self.pending.lock();
        if *pending != Some(upto) {
            return Ok(());
        }
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io_error("removing", &self.file, error)),
            _ => *pending = None,
        }
        Ok(())
    }
}

/// The background thread's part: it deletes rows, and removes what is deleted from the disk.
#[derive(Debug, Default)]
pub(crate) struct Clearing {
    /// Tells when the deleted rows lie among those that are to be written.
    sealed: Option<oneshot::Receiver<()>>,
    /// Up to which erasure nothing is left in the tables of indexes, and of documents.
    pages: Option<u64>,
    documents: Option<u64>,
}

impl Clearing {
    /// Deletes the rows of erased spaces.
    pub(crate) fn clear(&mut self, engine: &Engine, queue: &Queue) -> Result<(), StoreError> {
        if clear_spaces(engine)? && engine.erasure.pending().is_some() {
            let (sealed, answer) = oneshot::channel();
            // A store that closes writes out everything anyway.
            let _ = queue.send(Errand::Seal(sealed));
            self.sealed = Some(answer);
        }
        Ok(())
    }

    /// Deletes and removes what can be, when nobody writes any more.
    pub(crate) fn close(&mut self, engine: &Engine) -> Result<(), StoreError> {
        clear_spaces(engine)?;
        engine.documents.tree().seal(engine.documents.visible());
        engine.documents.tree().flush()?;
        engine.update_keep_from();
        self.sealed = None;
        self.finish(engine)
    }

    /// Removes from the disk what is left of erased tenants.
    pub(crate) fn finish(&mut self, engine: &Engine) -> Result<(), StoreError> {
        // The file comes before the commit.
        let visible = engine.documents.visible();
        let Some(upto) = engine.erasure.pending().filter(|upto| *upto <= visible) else { return Ok(()) };
        if self.sealed.as_mut().is_some_and(|sealed| sealed.try_recv().is_ok()) {
            self.sealed = None;
        }
        if self.pages != Some(upto) && engine.pages.applied() >= upto && engine.pages.purge()? {
            self.pages = Some(upto);
        }
        let is_written = self.sealed.is_none() && !engine.documents.tree().has_waiting();
        if self.documents != Some(upto) && is_written && purge_documents(engine)? {
            self.documents = Some(upto);
        }
        let is_in_the_journal = engine.segments.oldest().is_some_and(|oldest| oldest <= upto);
        if self.pages == Some(upto) && self.documents == Some(upto) && !is_in_the_journal {
            engine.erasure.finish(upto)?;
        }
        Ok(())
    }
}

/// Deletes the rows of erased spaces. Returns whether there were such spaces.
fn clear_spaces(engine: &Engine) -> Result<bool, StoreError> {
    let mut spaces = engine.take_erased().into_iter();
    let are_there = spaces.len() > 0;
    while let Some(space) = spaces.next() {
        let cleared = rows::clear_space(engine.documents.tree(), space, engine.documents.visible());
        if let Err(error) = cleared {
            std::iter::once(space).chain(spaces).for_each(|space| engine.erase_later(space));
            return Err(error);
        }
    }
    Ok(are_there)
}

fn purge_documents(engine: &Engine) -> Result<bool, StoreError> {
    let documents = engine.documents.tree();
    // Writers would wait too long for more: there, deleted rows go when their tables are merged anyway.
    if documents.disk_bytes() > MERGED_AT_ONCE { Ok(true) } else { documents.purge() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erasure_is_pending_over_a_restart_until_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Erasure::open(folder.path()).unwrap();
        assert_eq!(open().pending(), None);
        let erasure = open();
        erasure.begin(7).unwrap();
        erasure.begin(9).unwrap();
        erasure.finish(7).unwrap();
        assert_eq!((erasure.pending(), open().pending()), (Some(9), Some(9)));
        erasure.finish(9).unwrap();
        assert_eq!((erasure.pending(), open().pending()), (None, None));
        fs::write(folder.path().join(FILE), "?").unwrap();
        assert_eq!(open().pending(), Some(u64::MAX), "what cannot be read is looked after");
    }
}
