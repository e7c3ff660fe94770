//! The past of a city as one thing: its history, and the archive in a folder beside the store, or in a bucket.

mod bucket;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use machi_archive::{Archive, ArchiveError};
use machi_broker::collections::ENTITIES;
use machi_face::Face;
use machi_history::{History, HistoryError};
use machi_history_lake::HistoryLake;
use machi_http::Shutdown;
use machi_store::NoFacets;
use machi_store_embedded::{Beside, UNDER_WAY};
use machi_types::TenantId;
use tokio::task::JoinHandle;
use tracing::{error, warn};

use crate::blocks;
use crate::config::Config;
use crate::lifecycle::StartError;

pub(crate) use bucket::of_resting;

/// Where the archive lies in the folder of a city.
const FOLDER: &str = "history";

/// The past of a city.
#[derive(Clone, Debug)]
pub struct Past {
    /// What is asked of it.
    pub history: Arc<History>,
    lake: Arc<HistoryLake>,
    /// The folder of the city.
    data: PathBuf,
    is_in_bucket: bool,
    copies: Arc<AtomicU64>,
}

/// What a backup takes along of the past; a copy out of a bucket goes with it.
#[derive(Debug)]
pub struct Along {
    files: Vec<PathBuf>,
    copied: Option<PathBuf>,
}

/// What was found to be whole in an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// Files.
    pub files: usize,
    /// Rows in them.
    pub rows: u64,
}

impl Past {
    /// Opens the past in the folder of a city.
    pub fn open(config: &Config, face: &Arc<Face>) -> Result<Self, StartError> {
        let (lake, is_in_bucket) = open_lake(config)?;
        let archive: Arc<dyn Archive> = Arc::clone(&lake) as Arc<dyn Archive>;
        let (data, copies) = (config.store.path.clone(), Arc::default());
        Ok(Self { history: history(config, face, archive), lake, data, is_in_bucket, copies })
    }

    /// Begins what is done in the background until the city closes: the past is written, and its files are kept in order.
    pub fn work(&self, heard: &Shutdown, every: Duration) -> [JoinHandle<()>; 2] {
        let (history, written) = (Arc::clone(&self.history), heard.clone());
        let write = async move { history.keep(written).await };
        [apart(|| {}, write), apart(machi_store_embedded::give_way, self.clone().keep_in_order(heard.clone(), every))]
    }

    async fn keep_in_order(self, mut heard: Shutdown, every: Duration) {
        while !heard.is_begun() {
            tokio::select! {
                biased;
                () = heard.begun() => return,
                () = tokio::time::sleep(every) => {}
            }
            match self.on_lake(HistoryLake::tenants).await {
                Ok(tenants) => self.keep_all_in_order(tenants, &heard).await,
                Err(error) => warn!(%error, "the tenants of the archive could not be read; trying again"),
            }
        }
    }

    async fn keep_all_in_order(&self, tenants: Vec<TenantId>, closing: &Shutdown) {
        for tenant in tenants {
            if closing.is_begun() {
                return;
            }
            if let Err(error) = self.history.apply_policies(&tenant).await {
                warn!(%error, %tenant, "the policies for the past could not be applied, so that nothing is dropped; trying again");
            }
            let of = tenant.clone();
            if let Err(error) = self.on_lake(move |lake| lake.keep_in_order(&of).map(drop)).await {
                warn!(%error, %tenant, "archived files could not be put in order; trying again");
            }
        }
    }

    /// Does something with the archive that blocks.
    async fn on_lake<T: Send + 'static>(
        &self,
        work: impl FnOnce(&HistoryLake) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let lake = Arc::clone(&self.lake);
        let done = tokio::task::spawn_blocking(move || work(&lake)).await;
        Ok(done.map_err(|broken| HistoryError::Broken(broken.to_string()))??)
    }

    /// The files of the archive as they are now. What came since lies in the feed. Those in a bucket are copied, so that
    /// a backup holds all of the city, wherever it lay; what was copied earlier is not copied again.
    pub fn along(&self, earlier: Option<Along>) -> Result<Along, ArchiveError> {
        let new = || {
            let number = self.copies.fetch_add(1, Ordering::Relaxed);
            let copied = self.is_in_bucket.then(|| self.data.join(format!("{UNDER_WAY}past-{number}")));
            Along { files: Vec::new(), copied }
        };
        let mut along = earlier.unwrap_or_else(new);
        along.files.clear();
        for tenant in self.lake.tenants()? {
            let names = match &along.copied {
                Some(folder) => self.lake.copy(&tenant, &folder.join(FOLDER))?,
                None => self.lake.files(&tenant)?,
            };
            along.files.extend(names.into_iter().map(|name| Path::new(FOLDER).join(name)));
        }
        Ok(along)
    }

    /// Reads the whole archive, and names the first file that is not what was written.
    pub fn verify(&self) -> Result<Whole, ArchiveError> {
        verify(&self.lake)
    }
}

/// Runs background work on two threads of its own, one for what waits and one for what blocks, which begin with `start`.
/// What is taken and given back by always the same threads leaves fewer gaps in memory, and no request waits behind it.
fn apart(start: fn(), work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::task::spawn_blocking(move || {
        start();
        let mut own = tokio::runtime::Builder::new_current_thread();
        match own.enable_time().max_blocking_threads(1).on_thread_start(start).build() {
            Ok(own) => own.block_on(work),
            Err(error) => {
                error!(%error, "threads for the past could not be made, so that it waits in the journal until the next start: let the process have more threads, and start it again");
            }
        }
    })
}

/// Finds out whether there is what the settings of a bucket name; the bucket itself is not asked.
pub(crate) fn check(config: &Config) -> Result<(), StartError> {
    bucket::check(config).map_err(StartError::Bucket)
}

/// The history of a city over an archive.
pub fn history(config: &Config, face: &Arc<Face>, archive: Arc<dyn Archive>) -> Arc<History> {
    let specs = machi_broker::collections::specs();
    let derive = specs.into_iter().find(|spec| spec.collection == ENTITIES).map(|spec| spec.derive);
    History::new(Arc::clone(face), archive, derive.unwrap_or_else(|| Arc::new(NoFacets)), blocks::history(config))
}

/// Reads the archive of a city that rests, where there is one.
pub fn verify_resting(data: &Path) -> Result<Whole, StartError> {
    let folder = data.join(FOLDER);
    let config = of_resting(data).map_err(StartError::Bucket)?;
    if config.history.bucket.is_none() && !folder.is_dir() {
        return Ok(Whole::default());
    }
    Ok(verify(&open_lake(&config)?.0)?)
}

/// The archive of a city, and whether it lies in a bucket.
fn open_lake(config: &Config) -> Result<(Arc<HistoryLake>, bool), StartError> {
    let options = blocks::archive(config);
    Ok(match bucket::of_city(config).map_err(StartError::Bucket)? {
        Some(files) => (Arc::new(HistoryLake::on(files, options)), true),
        None => (Arc::new(HistoryLake::open_folder(&config.store.path.join(FOLDER), options)?), false),
    })
}

impl Along {
    /// As the store takes it along.
    pub fn beside(&self) -> Beside<'_> {
        Beside { folder: self.copied.as_deref(), files: &self.files }
    }
}

impl Drop for Along {
    fn drop(&mut self) {
        // What cannot be removed now goes when the store is opened next.
        let _ = self.copied.as_ref().map(fs::remove_dir_all);
    }
}

fn verify(lake: &HistoryLake) -> Result<Whole, ArchiveError> {
    let mut whole = Whole::default();
    for tenant in lake.tenants()? {
        let verified = lake.verify(&tenant)?;
        if let Some(fault) = verified.faults.into_iter().next() {
            return Err(fault);
        }
        whole.files += verified.files;
        whole.rows += verified.rows;
    }
    Ok(whole)
}
