//! Checksums of the files of a tree, kept beside its folder, so that damage is reported by file name.
//!
//! Tables and the lists of tables are never changed under their names, so a sum stays right until its file
//! is gone. A crash may come between a new file and its sum; then the checks of the crate below must do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use machi_store::StoreError;
use parking_lot::Mutex;

use crate::failure::{damaged, io_error};
use crate::files;

/// Points to the list that counts; the one file that is replaced under its name.
pub(crate) const CURRENT: &str = "current";
/// Where the tables lie.
pub(crate) const TABLES: &str = "tables";

/// The files of one tree and their sums.
#[derive(Debug)]
pub(crate) struct Lists {
    folder: PathBuf,
    sums: PathBuf,
    /// Whether the sums stay as they are, for nothing in the folder is changed.
    is_fixed: bool,
    /// The sums as last written.
    written: Mutex<BTreeMap<String, u32>>,
}

impl Lists {
    pub(crate) fn new(folder: &Path) -> Self {
        let sums = folder.with_extension("sums");
        Self { folder: folder.to_owned(), sums, is_fixed: false, written: Mutex::default() }
    }

    /// The same of a folder that is only read.
    pub(crate) fn fixed(folder: &Path) -> Self {
        Self { is_fixed: true, ..Self::new(folder) }
    }

    /// The folder of the tree.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Checks the lists, which is quick, and names the first that differs.
    pub(crate) fn check_lists(&self) -> Result<(), StoreError> {
        self.check(|name| !name.starts_with(TABLES))
    }

    /// Checks every file.
    pub(crate) fn check_all(&self) -> Result<(), StoreError> {
        self.check(|_| true)
    }

    /// The files of which sums are kept.
    pub(crate) fn summed(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.read()?.into_keys().collect())
    }

    fn check(&self, is_wanted: impl Fn(&str) -> bool) -> Result<(), StoreError> {
        let sums = self.read()?;
        for (name, sum) in sums.iter().filter(|(name, _)| is_wanted(name)) {
            let path = self.folder.join(name);
            match sum_of(&path) {
                Ok(found) if found == *sum => {}
                // A crash may have come between a new list, which this file points to, and its sum.
                Ok(_) if name == CURRENT && self.has_newer_list(&sums)? => {}
                Ok(_) => return Err(damaged(&path, "the file does not match its checksum")),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(io_error("reading", &path, source)),
            }
        }
        Ok(())
    }

    fn read(&self) -> Result<BTreeMap<String, u32>, StoreError> {
        let Some(text) = files::read_if_there(&self.sums)? else { return Ok(BTreeMap::new()) };
        let wrong = || damaged(&self.sums, "it is not what was written");
        let (content, end) = text.strip_suffix('\n').and_then(|text| text.rsplit_once('\n')).ok_or_else(wrong)?;
        if end != files::sum_line(content) {
            return Err(wrong());
        }
        let line = |line: &str| {
            let (sum, name) = line.split_once(' ')?;
            Some((name.to_owned(), u32::from_str_radix(sum, 16).ok()?))
        };
        content.lines().skip(1).map(line).collect::<Option<_>>().ok_or_else(wrong)
    }

    /// Writes the sums, if a file has come or gone.
    pub(crate) fn write(&self) -> Result<(), StoreError> {
        if self.is_fixed {
            return Ok(());
        }
        let mut written = self.written.lock();
        let mut sums = BTreeMap::new();
        for name in self.names()? {
            let path = self.folder.join(&name);
            let known = written.get(&name).copied().filter(|_| name != CURRENT);
            let sum = known.map_or_else(|| sum_of(&path), Ok).map_err(|source| io_error("reading", &path, source))?;
            sums.insert(name, sum);
        }
        if *written != sums {
            let mut content = String::from("checksums of tables and of their lists");
            for (name, sum) in &sums {
                let _ = write!(content, "\n{sum:08x} {name}");
            }
            files::write_durably(&self.sums, format!("{content}\n{}\n", files::sum_line(&content)))?;
            *written = sums;
        }
        Ok(())
    }

    /// The newest list, for an error that can name no other file.
    pub(crate) fn newest(&self) -> PathBuf {
        let names = self.names().unwrap_or_default();
        let newest = names.into_iter().filter_map(|name| Some((number(&name)?, name))).max();
        newest.map_or_else(|| self.folder.clone(), |(_, name)| self.folder.join(name))
    }

    fn has_newer_list(&self, sums: &BTreeMap<String, u32>) -> Result<bool, StoreError> {
        let known = sums.keys().filter_map(|name| number(name)).max();
        let newest = self.names()?.iter().filter_map(|name| number(name)).max();
        Ok(newest > known)
    }

    /// The lists, the pointer to the newest, and the tables.
    fn names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = names_in(&self.folder)?;
        names.retain(|name| number(name).is_some() || name == CURRENT);
        let tables = names_in(&self.folder.join(TABLES))?;
        names.extend(tables.into_iter().map(|name| format!("{TABLES}/{name}")));
        Ok(names)
    }
}

pub(crate) fn names_in(folder: &Path) -> Result<Vec<String>, StoreError> {
    let fail = |source| io_error("reading", folder, source);
    let entries = fs::read_dir(folder).map_err(fail)?;
    entries.map(|entry| Ok(entry.map_err(fail)?.file_name().to_string_lossy().into_owned())).collect()
}

pub(crate) fn sum_of(path: &Path) -> io::Result<u32> {
    let mut file = File::open(path)?;
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize()),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// The number of a list, from its name (`v12`).
pub(crate) fn number(name: &str) -> Option<u64> {
    name.strip_prefix('v')?.parse().ok()
}
