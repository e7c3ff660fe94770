//! The archive itself: tenants by their names, and the doors for those who keep it in order.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use machi_archive::retention::{Retained, Retention};
use machi_archive::{Archive, ArchiveError, Delivery, Snapshot};
use machi_types::TenantId;
use parking_lot::Mutex;
use quick_cache::sync::Cache;

use crate::fault;
use crate::files::{Files, Folder};
use crate::snapshot::View;
use crate::tenant::{ByWeight, Shared, Tenant};

/// How the archive is kept.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long files stay on disk that are in no table any more, for those who still read them.
    pub grace: Duration,
    /// How many bytes of memory footers and directories of files may take.
    pub cache_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { grace: Duration::from_hours(1), cache_bytes: 256 << 20 }
    }
}

/// The archive on a folder, or wherever else files can lie.
#[derive(Debug)]
pub struct HistoryLake {
    shared: Arc<Shared>,
    tenants: Mutex<BTreeMap<TenantId, Arc<Tenant>>>,
}

impl HistoryLake {
    /// Opens the archive in a folder, which is made where it is missing.
    pub fn open_folder(folder: &Path, options: Options) -> Result<Self, ArchiveError> {
        let place = folder.display().to_string();
        let files = Folder::new(folder).map_err(|error| fault::writing(&place, &error))?;
        Ok(Self::on(Arc::new(files), options))
    }

    /// The archive on a place for files.
    pub fn on(files: Arc<dyn Files>, options: Options) -> Self {
        let cache = Cache::with_weighter(1024, options.cache_bytes, ByWeight);
        let shared = Arc::new(Shared { files, cache, grace: options.grace });
        Self { shared, tenants: Mutex::default() }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn tenant(&self, id: &TenantId) -> Arc<Tenant> {
        let mut tenants = self.tenants.lock();
        let tenant = tenants.entry(id.clone()).or_insert_with(|| Arc::new(Tenant::new(Arc::clone(&self.shared), id)));
        Arc::clone(tenant)
    }
}

impl Archive for HistoryLake {
    fn open(&self, tenant: &TenantId) -> Result<Arc<dyn Snapshot>, ArchiveError> {
        let tenant = self.tenant(tenant);
        let pinned = tenant.refresh()?;
        Ok(Arc::new(View::new(&tenant, &pinned)))
    }

    fn take(&self, tenant: &TenantId, delivery: Delivery<'_>) -> Result<(), ArchiveError> {
        self.tenant(tenant).take(&delivery)
    }

    fn retain(&self, tenant: &TenantId, retention: &Retention) -> Result<Retained, ArchiveError> {
        self.tenant(tenant).retain(retention)
    }

    fn erase(&self, tenant: &TenantId) -> Result<(), ArchiveError> {
        let tenant = self.tenant(tenant);
        let _commits = tenant.commits.lock();
        let folder = &tenant.folder;
        let removed = self.shared.files.remove_folder(folder);
        tenant.forget();
        removed.map_err(|error| fault::writing(&self.shared.files.place(folder), &error))
    }
}
