//! The folder that holds a city: made where it is missing, and used by one process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file whose lock says that a process uses the folder; it holds the number of that process, for people.
const LOCK: &str = "machi.lock";

/// A city's folder, locked for as long as this lives.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// It cannot be made or written to.
    #[error("the data folder {} cannot be used; check that it is a folder and that this user may write to it", path.display())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another process uses it.
    #[error("the data folder {} is in use by another machi process; stop that one first, or name another folder with --data", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}

impl DataFolder {
    /// Makes the folder where it is missing, and locks it.
    pub fn open(path: &Path) -> Result<Self, DataFolderError> {
        let unusable = |source| DataFolderError::Unusable { path: path.to_owned(), source };
        std::fs::create_dir_all(path).map_err(unusable)?;
        let mut lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {
                // A full disk keeps the number from being written, not the city from starting.
                let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
                Ok(Self { path: path.to_owned(), _lock: lock })
            }
            Err(TryLockError::WouldBlock) => Err(DataFolderError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_and_used_by_one_process() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let first = DataFolder::open(&path).unwrap();
        let process = std::fs::read_to_string(first.path().join(LOCK)).unwrap();
        assert_eq!(process.trim().parse(), Ok(std::process::id()));
        let second = DataFolder::open(&path).unwrap_err();
        assert!(matches!(second, DataFolderError::InUse { .. }), "{second}");
        drop(first);
        assert!(DataFolder::open(&path).is_ok());
    }

    #[test]
    fn what_cannot_be_a_folder_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let error = DataFolder::open(&file).unwrap_err();
        assert!(error.to_string().contains("check that it is a folder"), "{error}");
    }
}
