//! What keeps a tenant's tables in order: merging, checkpoints of the logs, and the removal of what nobody needs.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use machi_archive::ArchiveError;
use machi_types::{Name, TenantId};

use crate::data::DataFile;
use crate::fault;
use crate::files::UNFINISHED;
use crate::lake::HistoryLake;
use crate::log::{State, Table, now};
use crate::tenant::{Tenant, tenant_of};

/// After how many versions a log is summed up.
const VERSIONS: u64 = 32;
/// How much of a file is copied at a time.
const PIECE: usize = 8 << 20;

/// What was done to keep a tenant in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Files that were merged into others.
    pub merged: usize,
    /// Files that were in no table any more and are gone from disk.
    pub removed: usize,
    /// Files that are in the tables.
    pub files: usize,
}

/// What was found to be whole, and what not.
#[derive(Debug, Default)]
pub struct Verified {
    /// Files that were read to the end.
    pub files: usize,
    /// Rows that these hold.
    pub rows: u64,
    /// Files that are damaged or missing.
    pub faults: Vec<ArchiveError>,
}

impl HistoryLake {
    /// Keeps a tenant's tables in order. It may last; others write and read meanwhile.
    pub fn keep_in_order(&self, tenant: &TenantId) -> Result<Upkeep, ArchiveError> {
        let tenant = self.tenant(tenant);
        let merged = tenant.merge()?;
        tenant.sum_up()?;
        let removed = tenant.clear()?;
        Ok(Upkeep { merged, removed, files: tenant.refresh()?.files() })
    }

    /// The tenants that are in the archive.
    pub fn tenants(&self) -> Result<Vec<TenantId>, ArchiveError> {
        let folders = self.shared().files.folders("");
        let folders = folders.map_err(|error| fault::reading(&self.shared().files.place(""), &error))?;
        Ok(folders.iter().filter_map(|folder| tenant_of(folder)).collect())
    }

    /// The files that tell a tenant's past as it is now, below the folder of the archive: a copy of these is an archive
    /// of it. They stay as they are for the time of grace at least.
    pub fn files(&self, tenant: &TenantId) -> Result<Vec<String>, ArchiveError> {
        let tenant = self.tenant(tenant);
        let pinned = tenant.refresh()?;
        let mut names = Vec::new();
        for (table, state) in tenant.tables(&pinned) {
            names.extend(state.files.keys().map(|name| table.file(name)));
            let log = table.log();
            let listed = tenant.shared.files.list(&log);
            let listed = listed.map_err(|error| fault::reading(&tenant.shared.files.place(&log), &error))?;
            let is_of = |name: &str| {
                name.split('.')
                    .next()
                    .and_then(|number| number.parse().ok())
                    .is_none_or(|number: u64| number < state.next)
            };
            let of_it = listed.iter().filter(|one| !one.name.ends_with(UNFINISHED) && is_of(&one.name));
            names.extend(of_it.map(|one| format!("{log}/{}", one.name)));
        }
        Ok(names)
    }

    /// Copies the files that [`Self::files`] names into a folder, under these names below it. Those that are there are
    /// taken for whole.
    pub fn copy(&self, tenant: &TenantId, to: &Path) -> Result<Vec<String>, ArchiveError> {
        let names = self.files(tenant)?;
        let tenant = self.tenant(tenant);
        let pinned = tenant.refresh()?;
        let tables = tenant.tables(&pinned);
        let length = |name: &str| {
            let of = |(table, state): &(&Table, &State)| {
                let entry = state.files.get(name.strip_prefix(&table.folder)?.strip_prefix('/')?)?;
                Some(entry.size)
            };
            tables.iter().find_map(of)
        };
        // A file never changes, but for the word of the newest checkpoint.
        let is_there = |name: &str| !name.ends_with("_last_checkpoint") && to.join(name).exists();
        for name in names.iter().filter(|name| !is_there(name)) {
            self.copy_file(name, length(name), &to.join(name))?;
        }
        Ok(names)
    }

    /// Copies a file, piece by piece where its length is known.
    fn copy_file(&self, name: &str, length: Option<u64>, to: &Path) -> Result<(), ArchiveError> {
        let files = &self.shared().files;
        let reading = |error: io::Error| fault::reading(&files.place(name), &error);
        let writing = |error: io::Error| fault::writing(&to.display().to_string(), &error);
        fs::create_dir_all(to.parent().unwrap_or(to)).map_err(writing)?;
        let mut copy = File::create(to).map_err(writing)?;
        let Some(length) = length else {
            return copy.write_all(&files.read(name).map_err(reading)?).map_err(writing);
        };
        let parts = files.open(name).map_err(reading)?;
        for start in (0..length).step_by(PIECE) {
            let piece = parts.read_at(start, PIECE.min((length - start) as usize)).map_err(reading)?;
            copy.write_all(&piece).map_err(writing)?;
        }
        Ok(())
    }

    /// Reads every file of a tenant's tables to the end, and says which of them are not what was written.
    pub fn verify(&self, tenant: &TenantId) -> Result<Verified, ArchiveError> {
        let tenant = self.tenant(tenant);
        tenant.forget();
        let pinned = match tenant.refresh() {
            Ok(pinned) => pinned,
            Err(fault @ ArchiveError::Damaged { .. }) => {
                return Ok(Verified { faults: vec![fault], ..Verified::default() });
            }
            Err(error) => return Err(error),
        };
        let mut verified = Verified::default();
        for (table, state) in tenant.tables(&pinned) {
            for (name, entry) in &state.files {
                let file = DataFile::open(&*tenant.shared.files, &table.file(name), entry, table.shape);
                match file.and_then(|file| file.check()) {
                    Ok(()) => {
                        verified.files += 1;
                        verified.rows += u64::from(entry.rows);
                    }
                    Err(fault @ ArchiveError::Damaged { .. }) => verified.faults.push(fault),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(verified)
    }
}

impl Tenant {
    /// Sums up the logs that have grown long, each at the version that belongs to the others.
    fn sum_up(&self) -> Result<(), ArchiveError> {
        let files = &*self.shared.files;
        let pinned = self.refresh()?;
        for (table, state) in self.tables(&pinned) {
            let newest = table.checkpoints(files)?.into_iter().max().map_or(0, |version| version + 1);
            if state.next.saturating_sub(newest) >= VERSIONS {
                let mut state = state.clone();
                let grace = self.shared.grace.as_millis() as i64;
                state.removed.retain(|_, since| now().saturating_sub(*since) < 2 * grace);
                table.sum_up(files, &state)?;
            }
        }
        Ok(())
    }

    /// Removes what has been in no table for longer than the time of grace; says how many files.
    fn clear(&self) -> Result<usize, ArchiveError> {
        // Who commits meanwhile has written all files of it within the time of grace.
        let pinned = self.refresh()?;
        let live = self.live();
        let mut removed = 0;
        for (place, (table, state)) in self.tables(&pinned).into_iter().enumerate() {
            let kept: BTreeSet<&Name> = live.iter().flat_map(|one| self.tables(one)[place].1.files.keys()).collect();
            removed += self.clear_files(table, state, &kept)?;
            self.clear_log(table)?;
        }
        Ok(removed)
    }

    fn clear_files(&self, table: &Table, state: &State, kept: &BTreeSet<&Name>) -> Result<usize, ArchiveError> {
        let mut removed = 0;
        for one in self.list(&table.folder)? {
            let name = Name::from(one.name.as_str());
            let is_data = one.name.ends_with(".parquet") && !state.files.contains_key(&name) && !kept.contains(&name);
            let since = state.removed.get(&name).map(|since| now().saturating_sub(*since).max(0) as u64);
            let age = since.map_or(one.age, Duration::from_millis);
            if (is_data || one.name.ends_with(UNFINISHED)) && age > self.shared.grace {
                self.remove(&table.file(&one.name))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Removes versions that a checkpoint of some age stands for, and what crashes have left beside them.
    fn clear_log(&self, table: &Table) -> Result<(), ArchiveError> {
        let listed = self.list(&table.log())?;
        let version = |name: &str| name.split('.').next().and_then(|number| number.parse::<u64>().ok());
        let old = listed.iter().filter(|one| one.age > self.shared.grace);
        let summed = old.clone().filter(|one| one.name.ends_with(".checkpoint.parquet"));
        let newest = summed.filter_map(|one| version(&one.name)).max();
        for one in old {
            let is_summed = newest.zip(version(&one.name)).is_some_and(|(newest, version)| version < newest);
            if is_summed || one.name.ends_with(UNFINISHED) {
                self.remove(&format!("{}/{}", table.log(), one.name))?;
            }
        }
        Ok(())
    }

    fn list(&self, folder: &str) -> Result<Vec<crate::files::Listed>, ArchiveError> {
        let files = &self.shared.files;
        files.list(folder).map_err(|error| fault::reading(&files.place(folder), &error))
    }

    fn remove(&self, name: &str) -> Result<(), ArchiveError> {
        self.shared.cache.remove(name);
        let files = &self.shared.files;
        files.remove(name).map_err(|error| fault::writing(&files.place(name), &error))
    }
}
