//! A folder that a backup or a restore fills: until all of it is there and durable, a marker in it says so, and
//! nobody takes it for a city or for a backup.
//!
//! What fails is removed. What a crash leaves is refused by whoever opens it, and cleared away by the next attempt.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use machi_store::StoreError;

use crate::failure::io_error;
use crate::files;
use crate::folder::{self, LOCK};
use crate::lists::names_in;

/// Says that a folder is not complete, and what fills it.
const MARKER: &str = "unfinished";
/// How a marker is called before it has its name.
const NEW_MARKER: &str = "unfinished.new";

/// What fills a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filler {
    Backup,
    Restore,
}

impl Filler {
    const fn word(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Restore => "restore",
        }
    }

    fn marker(self) -> String {
        format!("machi {}\n", self.word())
    }
}

/// A folder that is being filled, ours alone while this lives. Unless it is finished, it is as it was before.
#[derive(Debug)]
pub(crate) struct Filling {
    path: PathBuf,
    was_there: bool,
    is_finished: bool,
    _lock: File,
}

impl Filling {
    /// Begins to fill a folder that is new, empty, or left by an attempt that was broken off.
    pub(crate) fn begin(path: &Path, filler: Filler) -> Result<Self, StoreError> {
        check_outside(path)?;
        let was_there = path.is_dir();
        files::make_folder(path)?;
        // Before the lock, too, so that nothing comes into a folder that is somebody else's.
        check_fresh(path)?;
        let lock = folder::lock(path)?;
        check_fresh(path)?;
        let filling = Self { path: path.to_owned(), was_there, is_finished: false, _lock: lock };
        files::write_durably(&path.join(MARKER), filler.marker())?;
        clear(path)?;
        Ok(filling)
    }

    /// Ends the filling: the folder is complete.
    pub(crate) fn finish(mut self) -> Result<(), StoreError> {
        remove(&self.path.join(MARKER))?;
        files::sync_folder(&self.path)?;
        self.is_finished = true;
        // Whoever opens the folder makes a lock of its own; a backup needs none.
        remove(&self.path.join(LOCK))
    }

    fn discard(&self) -> Result<(), StoreError> {
        // The marker goes once the rest is gone for good.
        clear(&self.path)?;
        remove(&self.path.join(MARKER))?;
        remove(&self.path.join(LOCK))?;
        if self.was_there {
            return Ok(());
        }
        fs::remove_dir(&self.path).map_err(|source| io_error("removing", &self.path, source))
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        if !self.is_finished
            && let Err(error) = self.discard()
        {
            tracing::warn!(error = %error, folder = %self.path.display(), "what was not completed could not be removed");
        }
    }
}

/// Refuses a folder that is still being filled, or was when that was broken off.
pub(crate) fn check_complete(folder: &Path) -> Result<(), StoreError> {
    if !is_unfinished(folder) {
        return Ok(());
    }
    // A marker that cannot be read is one all the same.
    let what = filler_of(folder).unwrap_or(Filler::Restore).word();
    Err(StoreError::Unfinished { folder: folder.display().to_string(), what })
}

/// Whether a folder has a marker, whatever it says.
pub(crate) fn is_unfinished(folder: &Path) -> bool {
    folder.join(MARKER).is_file()
}

/// What fills a folder, or did so when that was broken off.
pub(crate) fn filler_of(folder: &Path) -> Option<Filler> {
    let text = fs::read_to_string(folder.join(MARKER)).ok()?;
    [Filler::Backup, Filler::Restore].into_iter().find(|filler| filler.marker() == text)
}

/// Refuses a folder that holds anything but what an attempt left that was broken off.
fn check_fresh(folder: &Path) -> Result<(), StoreError> {
    let may_stay = |name: &String| [LOCK, NEW_MARKER].contains(&name.as_str());
    if filler_of(folder).is_some() || names_in(folder)?.iter().all(may_stay) {
        return Ok(());
    }
    Err(StoreError::NotEmpty { folder: folder.display().to_string() })
}

/// Refuses a folder inside a city or a backup: it would become a part of it.
pub(crate) fn check_outside(path: &Path) -> Result<(), StoreError> {
    let place = resolve(path)?;
    match place.ancestors().skip(1).find(|above| folder::is_ours(above)) {
        None => Ok(()),
        Some(above) => {
            Err(StoreError::Inside { folder: path.display().to_string(), outer: above.display().to_string() })
        }
    }
}

/// Where a path leads that need not be there yet: links are followed as far as there are any.
fn resolve(path: &Path) -> Result<PathBuf, StoreError> {
    let fail = |source| io_error("reading", path, source);
    let mut place = PathBuf::new();
    for part in std::path::absolute(path).map_err(fail)?.components() {
        match part {
            // What is there has no links in it any more, so the folder above is the one in the path.
            Component::ParentDir => drop(place.pop()),
            part => place.push(part),
        }
        match fs::canonicalize(&place) {
            Ok(real) => place = real,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(source) => return Err(fail(source)),
        }
    }
    Ok(place)
}

/// Removes all but the marker and the lock, durably.
fn clear(folder: &Path) -> Result<(), StoreError> {
    for name in names_in(folder)? {
        let path = folder.join(&name);
        if [LOCK, MARKER].contains(&name.as_str()) {
            continue;
        }
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|about| about.is_dir());
        let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(|source| io_error("removing", &path, source))?;
    }
    files::sync_folder(folder)
}

fn remove(file: &Path) -> Result<(), StoreError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error("removing", file, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finished_is_removed_and_a_folder_that_was_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (new, empty) = (folder.path().join("a/new"), folder.path().join("empty"));
        fs::create_dir(&empty).unwrap();
        for path in [&new, &empty] {
            let filling = Filling::begin(path, Filler::Restore).unwrap();
            fs::create_dir(path.join("documents")).unwrap();
            fs::write(path.join("documents/current"), "x").unwrap();
            let error = check_complete(path).unwrap_err().to_string();
            assert!(error.contains("holds a restore that has not ended"), "{error}");
            assert!(matches!(Filling::begin(path, Filler::Restore), Err(StoreError::InUse { .. })));
            drop(filling);
        }
        assert!(!new.exists());
        assert_eq!(names_in(&empty).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_was_broken_off_is_begun_anew_and_other_peoples_files_are_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("city");
        let mut broken = Filling::begin(&path, Filler::Backup).unwrap();
        broken.is_finished = true;
        drop(broken);
        fs::write(path.join("format"), "half").unwrap();
        fs::write(path.join(NEW_MARKER), "").unwrap();
        Filling::begin(&path, Filler::Restore).unwrap().finish().unwrap();
        assert_eq!(names_in(&path).unwrap(), Vec::<String>::new());
        fs::write(path.join(MARKER), "of a book").unwrap();
        let refused = Filling::begin(&path, Filler::Restore).unwrap_err();
        assert!(matches!(refused, StoreError::NotEmpty { .. }), "{refused}");
        assert_eq!(names_in(&path).unwrap(), [MARKER]);
    }

    #[test]
    fn nothing_is_filled_inside_a_city_by_whichever_way() {
        let folder = tempfile::tempdir().unwrap();
        let city = folder.path().join("city");
        drop(crate::DataFolder::open(&city).unwrap());
        fs::create_dir(folder.path().join("beside")).unwrap();
        std::os::unix::fs::symlink(&city, folder.path().join("link")).unwrap();
        let before = names_in(&city).unwrap();
        for inside in ["city/inner", "city/documents/bk", "link/inner", "beside/../city/x/y", "new/../link/../city/z"] {
            let refused = Filling::begin(&folder.path().join(inside), Filler::Backup).unwrap_err();
            assert!(matches!(refused, StoreError::Inside { .. }), "{inside}: {refused}");
        }
        assert_eq!(names_in(&city).unwrap(), before);
        assert!(!folder.path().join("new").exists());
        fs::create_dir(folder.path().join(MARKER)).unwrap();
        fs::write(folder.path().join("format"), "of a book").unwrap();
        for outside in ["city-2/bk", "city/../bk"] {
            Filling::begin(&folder.path().join(outside), Filler::Backup).unwrap();
        }
    }
}
