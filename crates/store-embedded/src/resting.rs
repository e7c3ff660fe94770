//! A city that rests, looked at without a byte of its folder being changed.
//!
//! The crate below clears up and writes where it opens tables. So it is given a likeness of each tree elsewhere: copies
//! of the small lists, and links to the tables. What the journal holds beyond the tables is replayed into the likeness,
//! which goes when the look is over.

use std::fs::{self, DirBuilder};
use std::hash::{BuildHasher, RandomState};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use machi_store::{CollectionSpec, StoreError, Verified};
use machi_types::Clock;

use crate::failure::io_error;
use crate::folder::{self, Given, StillLock};
use crate::lists::{CURRENT, TABLES, names_in, number};
use crate::options::Options;
use crate::recovery;
use crate::store::EmbeddedStore;
use crate::verify;

impl EmbeddedStore {
    /// Checks a city that no process runs and changes nothing in its folder; in `scratch` there is a small folder
    /// meanwhile.
    pub fn verify_resting(
        path: &Path,
        scratch: &Path,
        collections: Vec<CollectionSpec>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Verified, StoreError> {
        let (_lock, seed) = StillLock::take(path)?;
        let likeness = Likeness::of(path, scratch)?;
        let given = Given { folder: path, seed, collections, clock, options };
        let engine = folder::assemble_likeness(given, &likeness.0)?;
        recovery::recover(&engine)?;
        verify::verify(&engine)
    }
}

/// A folder in which the trees of a city can be opened; it goes with this value.
struct Likeness(PathBuf);

impl Likeness {
    fn of(city: &Path, scratch: &Path) -> Result<Self, StoreError> {
        // As it was named: a link on the way, into another mount namespace for one, may mean nothing once it is followed.
        let city = std::path::absolute(city).map_err(|source| io_error("reading", city, source))?;
        // Others may write to the same place; drawn at random, the name is nobody else's.
        let name = format!("machi-verify-{}-{:016x}", std::process::id(), RandomState::new().hash_one(0_u8));
        let folder = scratch.join(name);
        make(&folder)?;
        let likeness = Self(folder);
        for tree in ["documents", "indexes"] {
            likeness.add(&city.join(tree), tree)?;
        }
        Ok(likeness)
    }

    fn add(&self, from: &Path, tree: &str) -> Result<(), StoreError> {
        let to = self.0.join(tree);
        make(&to)?;
        make(&to.join(TABLES))?;
        for name in names_if_there(from)?.iter().filter(|name| *name == CURRENT || number(name).is_some()) {
            fs::copy(from.join(name), to.join(name)).map_err(|source| io_error("copying", &from.join(name), source))?;
        }
        let (from, to) = (from.join(TABLES), to.join(TABLES));
        for name in names_if_there(&from)? {
            symlink(from.join(&name), to.join(&name)).map_err(|source| io_error("linking", &to.join(&name), source))?;
        }
        Ok(())
    }
}

impl Drop for Likeness {
    fn drop(&mut self) {
        // Links are removed, not what they lead to.
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "what a check had made could not be removed");
        }
    }
}

/// A folder for our eyes alone: what is replayed lies in it.
fn make(folder: &Path) -> Result<(), StoreError> {
    DirBuilder::new().mode(0o700).create(folder).map_err(|source| io_error("creating", folder, source))
}

/// The names in a folder; none where the city has not come to make it.
fn names_if_there(folder: &Path) -> Result<Vec<String>, StoreError> {
    if folder.is_dir() { names_in(folder) } else { Ok(Vec::new()) }
}
