//! The adapter: the port's operations on the engine.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use machi_store::{
    Answer, Collection, CollectionSpec, Commit, Document, Entry, IndexStatus, Names, Note, Position, Receipt, Seen,
    Store, StoreError, TenantStatus, Verified, View, at_once,
};
use machi_types::{Clock, Name, TenantId};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::background;
use crate::backup::{self, Beside, SoundBackup};
use crate::committer::{self, Committer, Errand, Nudge, Waiting};
use crate::engine::Engine;
use crate::filling;
use crate::folder::{self, DataFolder};
use crate::indexer;
use crate::journal::record::CommitRecord;
use crate::options::Options;
use crate::publish;
use crate::queue::Queue;
use crate::recovery;
use crate::verify;
use crate::view::EmbeddedView;

/// Commits of more documents than this are prepared away from the caller's thread.
const PREPARED_INLINE: usize = 8;

/// A store in a folder of this machine.
pub struct EmbeddedStore {
    engine: Arc<Engine>,
    queue: Arc<Queue>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held as long as the store is open; a second process is refused.
    _folder: DataFolder,
}

impl EmbeddedStore {
    /// Opens the store in a folder, or makes one.
    pub fn open(
        path: &Path,
        collections: Vec<CollectionSpec>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, StoreError> {
        Self::open_in(DataFolder::open(path)?, collections, clock, options)
    }

    /// Opens the store in a folder that is ours already.
    pub fn open_in(
        folder: DataFolder,
        collections: Vec<CollectionSpec>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, StoreError> {
        let (engine, journal) = folder::assemble(&folder, collections, clock, options)?;
        let engine = Arc::new(engine);
        let recovered = recovery::recover(&engine)?;
        let queue = Arc::new(Queue::default());
        let committer = Committer::new(Arc::clone(&engine), journal, &recovered);
        let nudge = Nudge::new(Arc::clone(&queue), Arc::clone(&engine));
        let threads = vec![
            spawn("machi-committer", {
                let queue = Arc::clone(&queue);
                move || committer.run(&queue)
            })?,
            spawn("machi-background", {
                let (engine, queue) = (Arc::clone(&engine), Arc::clone(&queue));
                move || background::run(&engine, &queue, recovered.checkpointed)
            })?,
            spawn("machi-indexer", {
                let engine = Arc::clone(&engine);
                move || indexer::run(&engine, &nudge)
            })?,
        ];
        Ok(Self { engine, queue, threads: Mutex::new(threads), _folder: folder })
    }

    /// Believes a clock that has jumped ahead.
    pub fn accept_clock(&self) -> Result<(), StoreError> {
        self.queue.send(Errand::AcceptClock)
    }

    /// How far the clock lies behind the last commit, from which commits then go on counting.
    pub fn clock_lag(&self) -> Duration {
        let lag = self.engine.time_of_last_commit().micros().saturating_sub(self.engine.clock.now().micros());
        Duration::from_micros(u64::try_from(lag).unwrap_or(0))
    }

    /// How far the clock has jumped ahead, which stops the writes until it is set right or accepted.
    pub fn clock_jump(&self) -> Option<Duration> {
        let wall = self.engine.clock.now();
        self.engine.believed.lock().jump(wall)
    }

    /// The bytes written to the journal since the store was opened.
    pub fn journal_written(&self) -> u64 {
        self.engine.journal_written()
    }

    /// Writes a backup of one position to a new folder while the store works.
    pub fn backup(&self, to: &Path) -> Result<Position, StoreError> {
        self.backup_with(&Beside::default(), to)
    }

    /// The same with files of others, which must stay as they are until it has ended.
    pub fn backup_with(&self, beside: &Beside<'_>, to: &Path) -> Result<Position, StoreError> {
        backup::write(&self.engine, beside, to)
    }

    /// Puts a backup into a new folder. The restored store does not send again what was sent before.
    pub fn restore(from: &Path, to: &Path) -> Result<Position, StoreError> {
        backup::restore(from, to)
    }

    /// Refuses a place inside a city or a backup, whose folders hold their own files alone.
    pub fn check_outside(place: &Path) -> Result<(), StoreError> {
        filling::check_outside(place)
    }

    /// Compares every file of a backup with the list in it, and changes nothing; `None` where the folder holds none.
    pub fn check_backup(folder: &Path) -> Option<Result<SoundBackup, StoreError>> {
        backup::is_backup(folder).then(|| backup::check(folder))
    }

    /// Checks every checksum, every row and every index.
    pub fn verify(&self) -> Result<Verified, StoreError> {
        verify::verify(&self.engine)
    }

    /// Ends all work, with everything written out. Commits that come later are refused.
    pub fn close(&self) {
        self.engine.declared.close();
        self.queue.close();
        let mut threads = self.threads.lock().drain(..).collect::<Vec<_>>().into_iter();
        if let Some(committer) = threads.next() {
            let _ = committer.join();
        }
        self.engine.documents.tree().seal(self.engine.documents.visible());
        self.engine.background.close();
        threads.for_each(|thread| {
            let _ = thread.join();
        });
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt, StoreError> {
        let (all_or_nothing, cursors) = (commit.all_or_nothing, commit.cursors.clone());
        let prepared = if commit.proposals.len() > PREPARED_INLINE {
            let engine = Arc::clone(&self.engine);
            tokio::task::spawn_blocking(move || committer::prepare(&engine, commit))
                .await
                .map_err(|error| StoreError::Engine(error.to_string()))?
        } else {
            committer::prepare(&self.engine, commit)
        };
        let (tenant, prepared, bytes) = prepared?;
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { tenant, prepared, all_or_nothing, cursors, bytes, answer };
        self.queue.push(waiting, &self.engine.options)?;
        answered.await.map_err(|_| StoreError::Closing)?
    }

    /// The entries after a commit, and the last commit that they tell of: some commits have no entries.
    fn read_feed(&self, after: u64, limit: usize) -> Result<(Vec<Arc<Entry>>, u64), StoreError> {
        // What is durable but not shown yet may lie in a space that is not known yet.
        let newest = self.engine.documents.visible();
        if let Some(entries) = self.engine.tail.read_after(after, limit) {
            let last = entries.last().map_or(after.max(newest), |entry| entry.commit);
            return Ok((entries, last));
        }
        let oldest = self.engine.segments.oldest().unwrap_or(1);
        if after + 1 < oldest {
            return Err(StoreError::PositionGone(after.to_string()));
        }
        let (mut entries, mut last) = (Vec::new(), after);
        while entries.is_empty() && last < newest {
            let batches = self.engine.segments.read_some_after(last, limit)?;
            if batches.is_empty() {
                break;
            }
            let commits = batches.into_iter().flat_map(|batch| batch.commits);
            for commit in commits.skip_while(|commit| commit.number <= after) {
                if commit.number > newest || entries.len() >= limit {
                    break;
                }
                last = commit.number;
                self.entries_of(commit, &mut entries);
            }
        }
        Ok((entries, last))
    }

    fn entries_of(&self, mut commit: CommitRecord, entries: &mut Vec<Arc<Entry>>) {
        for change in std::mem::take(&mut commit.changes) {
            if let Some(space) = self.engine.spaces.by_number(change.space) {
                entries.push(Arc::new(publish::entry(&space, &commit, change)));
            }
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|source| StoreError::Io { context: format!("starting the thread {name}"), source })
}

impl Store for EmbeddedStore {
    fn names(&self) -> &dyn Names {
        &self.engine.names
    }

    fn commit(&self, commit: Commit) -> Answer<'_, Receipt> {
        Box::pin(self.commit(commit))
    }

    fn view(&self) -> Arc<dyn View> {
        Arc::new(EmbeddedView::now(Arc::clone(&self.engine)))
    }

    fn newest(&self, tenant: &TenantId, collection: Collection, id: &str) -> Option<Arc<Document>> {
        let space = self.engine.space(tenant, collection)?;
        self.engine.newest_among(&space, &space.candidates(self.engine.hash(id)), id)
    }

    fn newest_noted(&self, tenant: &TenantId, collection: Collection, id: &str) -> Option<Seen> {
        let engine = &self.engine;
        let space = engine.space(tenant, collection)?;
        let candidates = space.candidates(engine.hash(id));
        let visible = engine.documents.visible();
        let mut notes = candidates.iter().filter_map(|number| engine.documents.note(space.number, *number, visible));
        match notes.find(|note| note.id() == id) {
            Some(note) => Some(Seen::Noted(note)),
            None => engine.newest_among(&space, &candidates, id).map(Seen::Whole),
        }
    }

    fn leave(&self, tenant: &TenantId, collection: Collection, document: &Document, note: Arc<dyn Note>) {
        if let Some(space) = self.engine.space(tenant, collection) {
            self.engine.documents.leave(space.number, document, note);
        }
    }

    fn known_position(&self) -> Position {
        Position::single(self.engine.documents.visible())
    }

    fn view_at(&self, position: &Position) -> Answer<'_, Arc<dyn View>> {
        let view = EmbeddedView::at(Arc::clone(&self.engine), position.bucket(0));
        at_once(view.map(|view| Arc::new(view) as Arc<dyn View>))
    }

    fn feed(&self, after: &Position, limit: usize) -> Answer<'_, (Vec<Arc<Entry>>, Position)> {
        let after = after.bucket(0);
        Box::pin(async move {
            let (entries, last) = self.read_feed(after, limit)?;
            Ok((entries, Position::single(last)))
        })
    }

    fn changed(&self, after: &Position) -> Answer<'_, ()> {
        let after = after.bucket(0);
        let mut newest = self.engine.newest.subscribe();
        Box::pin(async move {
            newest.wait_for(|commit| *commit > after).await.map_err(|_| StoreError::Closing)?;
            Ok(())
        })
    }

    fn cursor<'a>(&'a self, consumer: &'a str) -> Answer<'a, Option<Position>> {
        at_once(Ok(self.engine.cursors.read().get(consumer).cloned()))
    }

    fn pin<'a>(&'a self, consumer: &'a str, position: Option<&'a Position>) -> Answer<'a, ()> {
        self.engine.pin(consumer, position.map(|position| position.bucket(0)));
        at_once(Ok(()))
    }

    fn has_tenant<'a>(&'a self, tenant: &'a TenantId) -> Answer<'a, bool> {
        at_once(Ok(self.engine.spaces.has_tenant(tenant)))
    }

    fn tenants(&self) -> Answer<'_, Vec<TenantStatus>> {
        let root = Arc::clone(&self.engine.root.read());
        let mut statuses: Vec<TenantStatus> = Vec::new();
        for space in self.engine.spaces.all() {
            let (documents, bytes) =
                root.spaces.get(&space.number).map_or((0, 0), |index| (index.alive.count(), index.bytes));
            let row = (Name::from(space.collection.0), documents);
            match statuses.iter_mut().find(|status| status.tenant == space.tenant) {
                Some(status) => {
                    status.documents.push(row);
                    status.bytes += bytes;
                }
                None => statuses.push(TenantStatus { tenant: space.tenant.clone(), documents: vec![row], bytes }),
            }
        }
        statuses.sort_by(|a, b| a.tenant.cmp(&b.tenant));
        at_once(Ok(statuses))
    }

    fn declare_indexes<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        definitions: Vec<Name>,
    ) -> Answer<'a, ()> {
        self.engine.declared.declare(tenant, collection, definitions);
        at_once(Ok(()))
    }

    fn indexes<'a>(&'a self, tenant: &'a TenantId, collection: Collection) -> Answer<'a, Vec<IndexStatus>> {
        at_once(Ok(indexer::statuses(&self.engine, tenant, collection)))
    }

    fn erase(&self, tenant: &TenantId, spared: &[Collection]) -> Answer<'_, ()> {
        self.engine.declared.forget(tenant);
        let (answer, answered) = oneshot::channel();
        let sent = self.queue.send(Errand::Erase(tenant.clone(), spared.to_vec(), answer));
        Box::pin(async move {
            sent?;
            answered.await.map_err(|_| StoreError::Closing)?
        })
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedStore").field("engine", &self.engine).finish_non_exhaustive()
    }
}
