//! The past of a city as one thing: its history, and the archive in a folder beside the store.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use machi_archive::{Archive, ArchiveError};
use machi_broker::collections::ENTITIES;
use machi_face::Face;
use machi_history::History;
use machi_history_lake::{HistoryLake, Options};
use machi_http::Shutdown;
use machi_store::NoFacets;
use tokio::task::JoinHandle;
use tracing::{error, warn};

use crate::blocks;
use crate::config::Config;
use crate::lifecycle::StartError;

/// Where the archive lies in the folder of a city.
const FOLDER: &str = "history";

/// The past of a city.
#[derive(Clone, Debug)]
pub struct Past {
    /// What is asked of it.
    pub history: Arc<History>,
    lake: Arc<HistoryLake>,
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
        let lake = Arc::new(HistoryLake::open_folder(&config.store.path.join(FOLDER), blocks::archive(config))?);
        let archive: Arc<dyn Archive> = Arc::clone(&lake) as Arc<dyn Archive>;
        Ok(Self { history: history(config, face, archive), lake })
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
            self.apply_policies(&heard).await;
            let (lake, closing) = (Arc::clone(&self.lake), heard.clone());
            let kept = tokio::task::spawn_blocking(move || keep_in_order(&lake, &closing)).await;
            if let Ok(Err(error)) = kept {
                warn!(%error, "archived files could not be put in order; trying again");
            }
        }
    }

    /// Drops and sums up what is older than the policies of its tenant say.
    async fn apply_policies(&self, closing: &Shutdown) {
        let tenants = match self.lake.tenants() {
            Ok(tenants) => tenants,
            Err(error) => return warn!(%error, "the tenants of the archive could not be read; trying again"),
        };
        for tenant in tenants {
            if closing.is_begun() {
                return;
            }
            if let Err(error) = self.history.apply_policies(&tenant).await {
                warn!(%error, %tenant, "the policies for the past could not be applied; trying again");
            }
        }
    }

    /// The files of the archive as they are now, below the folder of the city. What came since lies in the feed.
    pub fn files(&self) -> Result<Vec<PathBuf>, ArchiveError> {
        let mut files = Vec::new();
        for tenant in self.lake.tenants()? {
            files.extend(self.lake.files(&tenant)?.into_iter().map(|name| Path::new(FOLDER).join(name)));
        }
        Ok(files)
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
                error!(%error, "threads for the past could not be made: it is not written until the next start");
            }
        }
    })
}

/// The history of a city over an archive.
pub fn history(config: &Config, face: &Arc<Face>, archive: Arc<dyn Archive>) -> Arc<History> {
    let specs = machi_broker::collections::specs();
    let derive = specs.into_iter().find(|spec| spec.collection == ENTITIES).map(|spec| spec.derive);
    History::new(Arc::clone(face), archive, derive.unwrap_or_else(|| Arc::new(NoFacets)), blocks::history(config))
}

/// Reads the archive in the folder of a city that rests, where there is one.
pub fn verify_resting(data: &Path) -> Result<Whole, ArchiveError> {
    let folder = data.join(FOLDER);
    if !folder.is_dir() {
        return Ok(Whole::default());
    }
    verify(&HistoryLake::open_folder(&folder, Options::default())?)
}

fn keep_in_order(lake: &HistoryLake, closing: &Shutdown) -> Result<(), ArchiveError> {
    for tenant in lake.tenants()? {
        if closing.is_begun() {
            break;
        }
        lake.keep_in_order(&tenant)?;
    }
    Ok(())
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
