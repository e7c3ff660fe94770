//! The one writer: it puts all waiting commits into one batch, syncs it, and only then shows it.
//!
//! Callers decide ahead of the queue, in parallel. The committer takes a decision as it is when the
//! document has not changed since, and has it made again when it has.

mod overlay;
mod prepare;

use std::sync::Arc;

use machi_store::apply::{self, At};
use machi_store::{
    ChangeKind, Collection, Decision, Document, DocumentNo, NameNo, Names, Outcome, Position, Receipt, StoreError,
};
use machi_types::{Name, TenantId, Timestamp};
use parking_lot::RwLock;
use rustc_hash::FxHashSet;
use tokio::sync::oneshot;

use overlay::{Overlaid, Overlay};
pub(crate) use prepare::{Prepared, prepare};

use crate::believed::Believed;
use crate::documents::DocumentWrite;
use crate::engine::{Engine, Root};
use crate::index::space::SpaceIndex;
use crate::journal::Journal;
use crate::journal::record::{Batch, ChangeRecord, CommitRecord, SpaceRecord};
use crate::publish::{self, Ready};
use crate::queue::Queue;
use crate::recovery::Recovered;
use crate::spaces::Space;

/// Documents of larger commits are not put into the cache: nobody is waiting for all of them.
const REMEMBERED: usize = 100;

/// A commit in the queue.
pub(crate) struct Waiting {
    pub(crate) tenant: TenantId,
    pub(crate) prepared: Vec<Prepared>,
    pub(crate) all_or_nothing: bool,
    pub(crate) cursors: Vec<(Name, Position)>,
    pub(crate) bytes: usize,
    pub(crate) answer: oneshot::Sender<Result<Receipt, StoreError>>,
}

/// Something else that the committer does between batches.
pub(crate) enum Errand {
    /// Erases a tenant but for these collections.
    Erase(TenantId, Vec<Collection>, oneshot::Sender<Result<(), StoreError>>),
    AcceptClock,
    /// Closes the rows that are gathered, and asks for a checkpoint.
    Seal(oneshot::Sender<()>),
}

/// Makes an empty commit, so that the next checkpoint has a position of its own.
pub(crate) struct Nudge {
    queue: Arc<Queue>,
    engine: Arc<Engine>,
}

impl Nudge {
    /// The consumer under whose name such commits stand in the journal; it reads nothing.
    pub(crate) const CONSUMER: &str = "@indexes";

    pub(crate) fn new(queue: Arc<Queue>, engine: Arc<Engine>) -> Self {
        Self { queue, engine }
    }

    pub(crate) fn commit(&self, tenant: &TenantId) {
        let (answer, _) = oneshot::channel();
        let cursors = vec![(Name::from(Self::CONSUMER), Position::single(self.engine.documents.visible()))];
        let waiting =
            Waiting { tenant: tenant.clone(), prepared: Vec::new(), all_or_nothing: false, cursors, bytes: 0, answer };
        // Where it is not taken, the index is built again after a restart.
        if self.queue.push(waiting, &self.engine.options).is_ok() {
            self.engine.request_checkpoint();
        }
    }
}

/// The writer's own state.
pub(crate) struct Committer {
    engine: Arc<Engine>,
    journal: Journal,
    /// The last commit that was given a number and made it to disk.
    last_commit: u64,
    last_time: Timestamp,
    journal_bytes_since_checkpoint: u64,
}

/// A commit that has been decided.
struct Decided {
    record: CommitRecord,
    changes: Vec<Ready>,
    outcomes: Vec<Outcome>,
    answer: oneshot::Sender<Result<Receipt, StoreError>>,
}

impl Committer {
    pub(crate) fn new(engine: Arc<Engine>, journal: Journal, recovered: &Recovered) -> Self {
        let (last_commit, last_time) = (recovered.commit, recovered.time);
        *engine.believed.lock() = Believed::now(engine.clock.now().max(last_time));
        Self { engine, journal, last_commit, last_time, journal_bytes_since_checkpoint: 0 }
    }

    /// Works until the queue is closed and empty.
    pub(crate) fn run(mut self, queue: &Queue) {
        while let Some((errands, waiting)) = queue.take() {
            for errand in errands {
                self.run_errand(errand);
            }
            if !waiting.is_empty() {
                self.commit(waiting);
            }
        }
    }

    fn run_errand(&mut self, errand: Errand) {
        match errand {
            Errand::Erase(tenant, spared, answer) => {
                let _ = answer.send(self.erase(&tenant, &spared));
            }
            Errand::AcceptClock => {
                *self.engine.believed.lock() = Believed::now(self.engine.clock.now());
            }
            Errand::Seal(answer) => {
                self.seal();
                let _ = answer.send(());
            }
        }
    }

    fn commit(&mut self, waiting: Vec<Waiting>) {
        if let Err(reason) = self.check_writable() {
            for waiting in waiting {
                let _ = waiting.answer.send(Err(StoreError::ReadOnly { reason: reason.clone() }));
            }
            return;
        }
        let mut overlay = Overlay::default();
        let mut decided = Vec::with_capacity(waiting.len());
        let (mut commit, mut time) = (self.last_commit, self.last_time);
        let now = self.engine.clock.now();
        for waiting in waiting {
            let at = At { commit: commit + 1, time: now.max(Timestamp::from_micros(time.micros() + 1)) };
            let result = self.decide(waiting, &mut overlay, at);
            let has_changes = !result.changes.is_empty() || !result.record.cursors.is_empty();
            if has_changes {
                (commit, time) = (at.commit, at.time);
            }
            decided.push(result);
        }
        overlay.forget_unused_spaces(&decided);
        if commit > self.last_commit
            && let Err(error) = self.write(&overlay, &mut decided, commit)
        {
            tracing::error!(error = %error, "the journal could not be written; the waiting commits are refused");
            refuse(decided, &error);
            return;
        }
        self.show(overlay, decided, commit, time);
        self.keep_house();
    }

    /// Says why writes would not be safe now, where they would not.
    fn check_writable(&self) -> Result<(), String> {
        self.engine.believed.lock().check(self.engine.clock.now())?;
        self.wait_for_background()
    }

    fn wait_for_background(&self) -> Result<(), String> {
        let engine = &self.engine;
        if engine.segments.bytes() > engine.options.feed_bytes_pinned {
            engine.background.wake();
            return Err("the change feed has reached its bound on disk because a consumer has not read it".to_owned());
        }
        while engine.documents.tree().is_behind() || engine.pages.is_behind() {
            if let Some(trouble) = engine.background.trouble() {
                return Err(trouble);
            }
            engine.background.wake();
            engine.background.pause();
        }
        Ok(())
    }

    fn decide(&self, waiting: Waiting, overlay: &mut Overlay, at: At) -> Decided {
        let mut changes = Vec::with_capacity(waiting.prepared.len());
        let mut outcomes = Vec::with_capacity(waiting.prepared.len());
        // Only an all-or-nothing commit needs a way back.
        let before = waiting.all_or_nothing.then(|| (overlay.documents.clone(), overlay.next_numbers.clone()));
        for prepared in waiting.prepared {
            let outcome = self.decide_one(prepared, &waiting.tenant, overlay, at, &mut changes);
            outcomes.push(outcome);
        }
        let is_refused = |outcome: &Outcome| matches!(outcome, Outcome::Refused(_));
        let mut cursors = waiting.cursors;
        if let Some((documents, next_numbers)) = before
            && outcomes.iter().any(is_refused)
        {
            overlay.documents = documents;
            overlay.next_numbers = next_numbers;
            changes.clear();
            cursors.clear();
            outcomes = outcomes.into_iter().map(|o| if is_refused(&o) { o } else { Outcome::NotTried }).collect();
        }
        let record = CommitRecord { number: at.commit, time: at.time, cursors, changes: Vec::new() };
        Decided { record, changes, outcomes, answer: waiting.answer }
    }

    fn decide_one(
        &self,
        mut prepared: Prepared,
        tenant: &TenantId,
        overlay: &mut Overlay,
        at: At,
        changes: &mut Vec<Ready>,
    ) -> Outcome {
        let space = self.space(tenant, prepared.collection, overlay);
        let (current, number) = match self.current(&space, &prepared, overlay) {
            Ok(found) => found,
            Err(error) => return Outcome::Refused(Box::new(error)),
        };
        let is_unchanged = match (&current, &prepared.current) {
            (None, None) => true,
            (Some(now), Some(then)) => now.version == then.version,
            _ => false,
        };
        let decision = if is_unchanged { prepared.decision } else { prepared.decide.decide(current.as_deref()) };
        let applied = match (decision, &current) {
            (Err(refusal), _) => return Outcome::Refused(refusal),
            (Ok(Decision::Keep), _) | (Ok(Decision::Delete), None) | (Ok(Decision::Restore(_)), Some(_)) => {
                return Outcome::Kept;
            }
            (Ok(Decision::Restore(restored)), None) => {
                let number = number.unwrap_or_else(|| overlay.take_number(&space));
                apply::restore(&prepared.id, number, restored, at)
            }
            (Ok(Decision::Delete), Some(document)) => apply::delete(document),
            (Ok(Decision::Change(change)), _) => {
                let number = number.unwrap_or_else(|| overlay.take_number(&space));
                apply::change(current.as_deref(), &prepared.id, number, change, at)
            }
        };
        let document = applied.document.map(Arc::new);
        let number = document.as_ref().or(current.as_ref()).map_or(DocumentNo(0), |document| document.number);
        let touched = applied.sections.iter().filter_map(|change| change.new.as_ref().or(change.old.as_ref()));
        let write = DocumentWrite {
            number,
            touched: touched.map(|section| section.key).collect(),
            before: current.clone(),
            after: document.clone(),
        };
        let (created, modified) =
            document.as_ref().map_or((at.time, at.time), |document| (document.created, document.modified));
        let record = ChangeRecord {
            space: space.number,
            number,
            id: prepared.id.clone(),
            kind: applied.kind,
            created,
            modified,
            old_head: applied.old_head,
            new_head: applied.new_head,
            sections: applied.sections.into_iter().map(Into::into).collect(),
        };
        overlay.put(&space, prepared.hash, Overlaid { id: prepared.id, number, document });
        changes.push(Ready { space, hash: prepared.hash, record, write });
        match applied.kind {
            ChangeKind::Created => Outcome::Created { version: at.commit },
            ChangeKind::Changed => Outcome::Changed { version: at.commit },
            ChangeKind::Deleted => Outcome::Deleted,
        }
    }

    fn space(&self, tenant: &TenantId, collection: Collection, overlay: &mut Overlay) -> Arc<Space> {
        let is_wanted = |space: &&Arc<Space>| space.tenant == *tenant && space.collection == collection;
        if let Some(space) =
            self.engine.space(tenant, collection).or_else(|| overlay.new_spaces.iter().find(is_wanted).cloned())
        {
            return space;
        }
        let number = self.engine.spaces.next_number() + overlay.new_spaces.len() as u32;
        let space = Arc::new(Space { number, tenant: tenant.clone(), collection, ids: RwLock::default() });
        overlay.new_spaces.push(Arc::clone(&space));
        space
    }

    /// The document as this batch sees it, and the number of its id where it has one.
    fn current(
        &self,
        space: &Space,
        prepared: &Prepared,
        overlay: &Overlay,
    ) -> Result<(Option<Arc<Document>>, Option<DocumentNo>), StoreError> {
        if let Some(overlaid) = overlay.find(space, prepared.hash, &prepared.id) {
            return Ok((overlaid.document.clone(), Some(overlaid.number)));
        }
        if let Some(document) = &prepared.current
            && self.is_newest(space, document)
        {
            return Ok((Some(Arc::clone(document)), Some(document.number)));
        }
        let document = self.engine.find_document(space, &prepared.id, self.engine.documents.visible())?;
        let number = match &document {
            Some(document) => Some(document.number),
            None => self.number_of_deleted(space, prepared.hash),
        };
        Ok((document, number))
    }

    /// Whether a document is still as it was read: its time of change stands in the index.
    fn is_newest(&self, space: &Space, document: &Document) -> bool {
        let root = self.engine.root.read();
        let Some(index) = root.spaces.get(&space.number) else { return false };
        index.modified(document.number) == Some(document.modified)
    }

    /// The number that an id had before it was deleted: it gets the same again.
    fn number_of_deleted(&self, space: &Space, hash: u64) -> Option<DocumentNo> {
        let candidates = space.candidates(hash);
        let root = self.engine.root.read();
        let index = root.spaces.get(&space.number)?;
        candidates.into_iter().find(|number| !index.alive.has(*number))
    }

    fn write(&mut self, overlay: &Overlay, decided: &mut [Decided], last: u64) -> Result<(), StoreError> {
        let new_names = self.engine.names_on_disk.begin(names_of(decided));
        let name = |name: &NameNo| (name.number(), self.engine.names.text(*name));
        let space = |space: &Arc<Space>| SpaceRecord {
            number: space.number,
            tenant: Name::from(space.tenant.as_str()),
            collection: Name::from(space.collection.0),
        };
        let mut batch = Batch {
            names: new_names.iter().map(name).collect(),
            spaces: overlay.new_spaces.iter().map(space).collect(),
            ..Batch::default()
        };
        for decided in decided.iter_mut().filter(|decided| decided.is_written()) {
            let mut record = decided.record.clone();
            record.changes = decided.changes.iter().map(|ready| ready.record.clone()).collect();
            batch.commits.push(record);
        }
        let bytes = self.journal.append(&batch, self.last_commit + 1, last)?;
        self.engine.names_on_disk.add(new_names);
        self.journal_bytes_since_checkpoint += bytes;
        self.engine.count_journal_bytes(bytes);
        Ok(())
    }

    /// Makes what is durable visible, then answers.
    fn show(&mut self, overlay: Overlay, decided: Vec<Decided>, commit: u64, time: Timestamp) {
        let engine = Arc::clone(&self.engine);
        for space in overlay.new_spaces {
            // The space that the changes hold and the one found by name must be the same.
            engine.spaces.adopt(space);
        }
        let mut answers = Vec::with_capacity(decided.len());
        let mut entries = Vec::new();
        if commit > self.last_commit {
            engine.documents.begin_writes();
            {
                let mut root = engine.root.write();
                let root = Arc::make_mut(&mut root);
                for decided in decided {
                    answers.push(show_commit(&engine, root, decided, &mut entries));
                }
                root.position = commit;
                root.spaces_given = engine.spaces.next_number();
                engine.set_time_of_last_commit(time);
                engine.documents.publish(commit);
            }
            engine.tail.push(entries);
            (self.last_commit, self.last_time) = (commit, time);
            engine.newest.send_replace(commit);
        } else {
            answers.extend(decided.into_iter().map(|decided| (decided.answer, decided.record.time, decided.outcomes)));
        }
        for (answer, time, outcomes) in answers {
            let position = Position::single(commit);
            let _ = answer.send(Ok(Receipt { position, time, outcomes }));
        }
    }

    /// Hands full memtables and due checkpoints to the background thread.
    fn keep_house(&mut self) {
        let engine = &self.engine;
        if engine.documents.tree().is_full() {
            engine.documents.tree().seal(self.last_commit);
            engine.background.wake();
        }
        if self.journal_bytes_since_checkpoint >= engine.options.checkpoint_bytes {
            self.seal();
        }
    }

    /// Has the background thread write out all that there is.
    fn seal(&mut self) {
        self.journal_bytes_since_checkpoint = 0;
        self.engine.documents.tree().seal(self.last_commit);
        self.engine.request_checkpoint();
    }

    fn erase(&mut self, tenant: &TenantId, spared: &[Collection]) -> Result<(), StoreError> {
        let spaces = self.engine.spaces.of_tenant(tenant).into_iter();
        let spaces = spaces.filter(|space| !spared.contains(&space.collection));
        let spaces: Vec<u32> = spaces.map(|space| space.number).collect();
        if spaces.is_empty() {
            return Ok(());
        }
        self.check_writable().map_err(|reason| StoreError::ReadOnly { reason })?;
        // What the last batch used may be what is erased now.
        self.engine.names_on_disk.begin(FxHashSet::default());
        let commit = self.last_commit + 1;
        let time = self.engine.clock.now().max(Timestamp::from_micros(self.last_time.micros() + 1));
        let record = CommitRecord { number: commit, time, cursors: Vec::new(), changes: Vec::new() };
        let batch = Batch { erased: spaces.clone(), commits: vec![record], ..Batch::default() };
        self.engine.erasure.begin(commit)?;
        self.journal_bytes_since_checkpoint += self.journal.append(&batch, commit, commit)?;
        {
            let mut root = self.engine.root.write();
            let root = Arc::make_mut(&mut root);
            for space in spaces {
                self.engine.spaces.remove(space);
                root.spaces.remove(&space);
                self.engine.erase_later(space);
            }
            root.position = commit;
            self.engine.set_time_of_last_commit(time);
            self.engine.documents.publish(commit);
        }
        (self.last_commit, self.last_time) = (commit, time);
        // Whoever reads the feed may hold something of the tenant.
        self.engine.newest.send_replace(commit);
        self.journal.cut(commit);
        self.seal();
        Ok(())
    }
}

type Reply = (oneshot::Sender<Result<Receipt, StoreError>>, Timestamp, Vec<Outcome>);

fn show_commit(engine: &Engine, root: &mut Root, decided: Decided, entries: &mut Vec<machi_store::Entry>) -> Reply {
    let remember = decided.changes.len() <= REMEMBERED;
    let record = decided.record;
    for ready in decided.changes {
        engine.documents.write(ready.space.number, &ready.write, record.number, remember);
        let index: &mut SpaceIndex = Arc::make_mut(root.spaces.entry(ready.space.number).or_default());
        publish::number_id(index, &ready.space, &ready.record, ready.hash);
        publish::index(engine, index, &ready.space, &ready.record);
        entries.push(publish::entry(&ready.space, &record, ready.record));
    }
    if !record.cursors.is_empty() {
        engine.cursors.write().extend(record.cursors);
    }
    (decided.answer, record.time, decided.outcomes)
}

/// The names that sections of the batch have.
fn names_of(decided: &[Decided]) -> FxHashSet<NameNo> {
    let changes = decided.iter().flat_map(|decided| &decided.changes);
    let sections = changes.flat_map(|ready| &ready.record.sections).filter_map(|change| change.new.as_ref());
    sections.flat_map(|section| [section.key.name, section.key.instance]).collect()
}

impl Decided {
    fn is_written(&self) -> bool {
        !self.changes.is_empty() || !self.record.cursors.is_empty()
    }
}

fn refuse(decided: Vec<Decided>, error: &StoreError) {
    let reason = match error {
        StoreError::Io { context, source } => format!("{context} failed: {source}"),
        other => other.to_string(),
    };
    for decided in decided {
        let _ = decided.answer.send(Err(StoreError::ReadOnly { reason: reason.clone() }));
    }
}
