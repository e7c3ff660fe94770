//! The three tables of a tenant, and how they make one archive.
//!
//! * `instances`: what evolutions show. * `heads`: what entities were. * `replaced`: instances in whose place others came.
//!
//! A delivery may touch all three, each of which has a log of its own. What counts is the log of `instances`: each of its
//! versions carries, as `txn` actions, the position up to which the feed is in it (`machi/0`, one for each bucket) and the
//! versions of the other two that belong to it (`machi/heads`, `machi/replaced`). These are committed first; until a
//! version of `instances` names theirs, nobody reads it, and the next that is committed takes it back. So a crash between
//! the commits leaves nothing behind, whether the same delivery comes again or another one.
//!
//! A third action, `machi/known`, says from when on nothing is missing of what was once in force: retention commits it
//! together with the files that lack something.
//!
//! Versions are written only where there is none of their number, so of two writers, or a writer and one that slept for
//! an hour, one is refused: it looks at the table again and begins anew, or gives up.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use machi_archive::ArchiveError;
use machi_store::Position;
use machi_types::{Name, TenantId, Timestamp};
use parking_lot::Mutex;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::columns::{HEADS, INSTANCES, REPLACED};
use crate::data::DataFile;
use crate::entry::Entry;
use crate::files::Files;
use crate::log::{Changes, State, Table};

/// What all tenants share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) cache: Cache<String, Arc<DataFile>, ByWeight>,
    /// How long a file stays after it has left its table.
    pub(crate) grace: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct ByWeight;

impl Weighter<String, Arc<DataFile>> for ByWeight {
    fn weight(&self, name: &String, file: &Arc<DataFile>) -> u64 {
        name.len() as u64 + file.weight()
    }
}

impl Shared {
    /// Opens a file of a table, unless it is open, and keeps it open.
    pub(crate) fn open(&self, table: &Table, name: &Name, entry: &Entry) -> Result<Arc<DataFile>, ArchiveError> {
        let file = self.open_once(table, name, entry)?;
        self.cache.insert(table.file(name), Arc::clone(&file));
        Ok(file)
    }

    /// The same for who reads all of it and will not come back.
    pub(crate) fn open_once(&self, table: &Table, name: &Name, entry: &Entry) -> Result<Arc<DataFile>, ArchiveError> {
        let name = table.file(name);
        match self.cache.get(&name) {
            Some(file) => Ok(file),
            None => DataFile::open(&*self.files, &name, entry, table.shape).map(Arc::new),
        }
    }
}

/// The tables of a tenant at versions that belong together.
#[derive(Debug, Default)]
pub(crate) struct Pinned {
    pub(crate) instances: State,
    pub(crate) heads: State,
    pub(crate) replaced: State,
}

/// What a commit is to change in the three tables.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) instances: Changes,
    pub(crate) heads: Changes,
    pub(crate) replaced: Changes,
}

/// A tenant.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) shared: Arc<Shared>,
    pub(crate) folder: String,
    pub(crate) instances: Table,
    pub(crate) heads: Table,
    pub(crate) replaced: Table,
    /// Held by who commits.
    pub(crate) commits: Mutex<()>,
    current: Mutex<Option<(Instant, Arc<Pinned>)>>,
    /// States that somebody may still read.
    live: Mutex<Vec<Weak<Pinned>>>,
}

const HEADS_TXN: &str = "machi/heads";
const REPLACED_TXN: &str = "machi/replaced";
/// From when on nothing is missing of what was once in force.
pub(crate) const KNOWN_TXN: &str = "machi/known";

/// The name of a bucket's `txn`.
fn bucket(number: usize) -> String {
    format!("machi/{number}")
}

impl Pinned {
    pub(crate) fn position(&self) -> Position {
        let numbers: Vec<String> =
            (0..).map_while(|number| self.instances.txns.get(&bucket(number)).map(i64::to_string)).collect();
        numbers.join("-").parse().unwrap_or_default()
    }

    /// From when on nothing is missing of what was once in force; none where retention has taken nothing.
    pub(crate) fn known_since(&self) -> Option<Timestamp> {
        self.instances.txns.get(KNOWN_TXN).copied().map(Timestamp::from_micros)
    }
}

/// The `txn` actions that say a position.
pub(crate) fn txns_of(position: &Position) -> BTreeMap<String, i64> {
    let buckets = position.to_string().split('-').count();
    (0..buckets).map(|number| (bucket(number), position.bucket(number) as i64)).collect()
}

impl Tenant {
    pub(crate) fn new(shared: Arc<Shared>, id: &TenantId) -> Self {
        let folder = folder_of(id);
        let table = |name: &str, shape| Table { folder: format!("{folder}/{name}"), shape };
        Self {
            shared,
            instances: table("instances", &INSTANCES),
            heads: table("heads", &HEADS),
            replaced: table("replaced", &REPLACED),
            folder,
            commits: Mutex::default(),
            current: Mutex::default(),
            live: Mutex::default(),
        }
    }

    /// The three tables, each with its state.
    pub(crate) fn tables<'t>(&'t self, pinned: &'t Pinned) -> [(&'t Table, &'t State); 3] {
        [(&self.instances, &pinned.instances), (&self.heads, &pinned.heads), (&self.replaced, &pinned.replaced)]
    }

    /// What is in it now.
    pub(crate) fn refresh(&self) -> Result<Arc<Pinned>, ArchiveError> {
        let mut current = self.current.lock();
        // What is behind a checkpoint may be gone after the time of grace, so an old state is no place to go on from.
        let known =
            current.as_ref().filter(|(since, _)| since.elapsed() < self.shared.grace / 2).map(|(_, known)| known);
        let pinned = match known {
            Some(known) => {
                let files = &*self.shared.files;
                if !crate::log::exists(files, &self.instances.version(known.instances.next))? {
                    return Ok(Arc::clone(known));
                }
                let instances = self.instances.follow(files, known.instances.clone(), None)?;
                self.pin(instances, known)?
            }
            None => self.pin(self.instances.load(&*self.shared.files, None)?, &Pinned::default())?,
        };
        let pinned = Arc::new(pinned);
        *current = Some((Instant::now(), Arc::clone(&pinned)));
        let mut live = self.live.lock();
        live.retain(|one| one.strong_count() > 0);
        live.push(Arc::downgrade(&pinned));
        Ok(pinned)
    }

    /// Every state that somebody may still read.
    pub(crate) fn live(&self) -> Vec<Arc<Pinned>> {
        self.live.lock().iter().filter_map(Weak::upgrade).collect()
    }

    /// Forgets all that it knows, for a tenant that was erased.
    pub(crate) fn forget(&self) {
        *self.current.lock() = None;
        self.shared.cache.retain(|name, _| !name.starts_with(&format!("{}/", self.folder)));
    }

    fn pin(&self, instances: State, known: &Pinned) -> Result<Pinned, ArchiveError> {
        let heads = self.at(&self.heads, instances.txns.get(HEADS_TXN), &known.heads)?;
        let replaced = self.at(&self.replaced, instances.txns.get(REPLACED_TXN), &known.replaced)?;
        Ok(Pinned { instances, heads, replaced })
    }

    /// A table at a version; before all of them where none is named.
    fn at(&self, table: &Table, version: Option<&i64>, known: &State) -> Result<State, ArchiveError> {
        let files = &*self.shared.files;
        let next = version.map_or(0, |version| *version as u64 + 1);
        if next == 0 {
            return Ok(State::default());
        }
        // Of the version that is named, not of one that a crash has left behind it.
        if known.next > 0 && known.next <= next {
            return table.follow(files, known.clone(), Some(next));
        }
        table.load(files, Some(next))
    }

    /// Commits a plan that was made for a state; nothing where somebody else was faster. The lock is held.
    pub(crate) fn commit(&self, pinned: &Pinned, plan: Plan) -> Result<Option<Arc<Pinned>>, ArchiveError> {
        let files = &*self.shared.files;
        let Some(heads) = self.settle(&self.heads, &pinned.heads, &plan.heads)? else { return Ok(None) };
        let Some(replaced) = self.settle(&self.replaced, &pinned.replaced, &plan.replaced)? else { return Ok(None) };
        let mut changes = plan.instances;
        for (txn, state, before) in [(HEADS_TXN, &heads, &pinned.heads), (REPLACED_TXN, &replaced, &pinned.replaced)] {
            if let Some(version) = state.next.checked_sub(1).filter(|_| state.next != before.next) {
                changes.txns.insert(txn.to_owned(), version as i64);
            }
        }
        let done = self.instances.commit(files, &pinned.instances, &changes)?;
        let Some(instances) = done else { return Ok(None) };
        let pinned = Arc::new(Pinned { instances, heads, replaced });
        *self.current.lock() = Some((Instant::now(), Arc::clone(&pinned)));
        self.live.lock().push(Arc::downgrade(&pinned));
        Ok(Some(pinned))
    }

    /// Commits changes to a table behind whatever a crash has left there, which is taken back.
    fn settle(&self, table: &Table, pinned: &State, changes: &Changes) -> Result<Option<State>, ArchiveError> {
        let files = &*self.shared.files;
        let newest = table.follow(files, pinned.clone(), None)?;
        let changes = pinned.with(changes).changes_from(&newest);
        if changes.is_empty() { Ok(Some(newest)) } else { table.commit(files, &newest, &changes) }
    }
}

/// The folder of a tenant: a name that no file system takes for another one.
fn folder_of(id: &TenantId) -> String {
    if id.is_default() {
        return "_default".to_owned();
    }
    let mut folder = String::new();
    for byte in id.as_str().bytes() {
        if byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.') {
            folder.push(char::from(byte));
        } else {
            let _ = write!(folder, "={byte:02x}");
        }
    }
    folder
}

/// The tenant whose folder has this name.
pub(crate) fn tenant_of(folder: &str) -> Option<TenantId> {
    if folder == "_default" {
        return Some(TenantId::default_tenant());
    }
    let mut id = Vec::new();
    let mut left = folder.bytes();
    while let Some(byte) = left.next() {
        if byte != b'=' {
            id.push(byte);
            continue;
        }
        let digits = [left.next()?, left.next()?];
        id.push(u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    let id: TenantId = String::from_utf8(id).ok()?.parse().ok()?;
    Some(id).filter(|id| folder_of(id) == folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_tells_its_tenant() {
        for id in ["aoi_city-1.x", "Aoi:x", "x_"] {
            let id: TenantId = id.parse().unwrap();
            assert_eq!(tenant_of(&folder_of(&id)), Some(id));
        }
        assert_eq!(tenant_of("_default"), Some(TenantId::default_tenant()));
        assert_eq!(tenant_of("=zz"), None);
    }

    #[test]
    fn folders_differ_where_tenants_do_also_without_case() {
        let folder = |id: &str| folder_of(&id.parse().unwrap());
        assert_eq!(folder("aoi_city-1.x"), "aoi_city-1.x");
        assert_eq!(folder("Aoi:x"), "=41oi=3ax");
        assert_eq!(folder_of(&TenantId::default_tenant()), "_default");
    }
}
