//! Undoes what a failed change of a tree's tables has left behind.
//!
//! The crate below would write the next list of tables over the one that failed, under the same name. Where the
//! pointer to it had already been moved, a power cut in that moment would leave a pointer to half a list. And a
//! table that could not be finished would stay, and take space, until the next start.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lsm_tree::{AbstractTree, AnyTree};
use machi_store::StoreError;
use parking_lot::Mutex;

use crate::failure::io_error;
use crate::files;
use crate::lists::{self, CURRENT, TABLES};

/// What is needed to take back a change of one tree.
#[derive(Debug)]
pub(crate) struct Undo {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The pointer to the list of tables, as the last change that succeeded left it.
    pointer: Vec<u8>,
    /// The tables that were there before a change that has not succeeded.
    before: Option<BTreeSet<String>>,
}

impl Undo {
    pub(crate) fn new(folder: &Path) -> Result<Self, StoreError> {
        let pointer = read(&folder.join(CURRENT))?;
        Ok(Self { folder: folder.to_owned(), state: Mutex::new(State { pointer, before: None }) })
    }

    /// Before a change: takes back the last one, where it has failed.
    pub(crate) fn begin(&self, tree: &AnyTree) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        if let Some(before) = state.before.clone() {
            self.take_back(&mut state, &before, tree)?;
        }
        state.before = Some(lists::names_in(&self.folder.join(TABLES))?.into_iter().collect());
        Ok(())
    }

    /// After a change that has succeeded.
    pub(crate) fn end(&self) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        state.pointer = read(&self.folder.join(CURRENT))?;
        state.before = None;
        Ok(())
    }

    fn take_back(&self, state: &mut State, before: &BTreeSet<String>, tree: &AnyTree) -> Result<(), StoreError> {
        let version = tree.current_version();
        let pointer = read(&self.folder.join(CURRENT))?;
        if number_in(&pointer) == Some(version.id()) {
            state.pointer = pointer;
        } else {
            files::write_durably(&self.folder.join(CURRENT), &state.pointer)?;
        }
        for name in lists::names_in(&self.folder)? {
            if lists::number(&name).is_some_and(|number| number > version.id()) {
                remove(&self.folder.join(name))?;
            }
        }
        let known: BTreeSet<String> = version.iter_tables().map(|table| table.id().to_string()).collect();
        let tables = self.folder.join(TABLES);
        for name in lists::names_in(&tables)? {
            if !before.contains(&name) && !known.contains(&name) {
                remove(&tables.join(name))?;
            }
        }
        Ok(())
    }
}

/// The number of the list that a pointer names.
fn number_in(pointer: &[u8]) -> Option<u64> {
    pointer.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    fs::read(path).map_err(|source| io_error("reading", path, source))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    fs::remove_file(path).map_err(|source| io_error("removing", path, source))
}
