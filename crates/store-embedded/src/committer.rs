//! The one writer: it puts all waiting commits into one batch, syncs it, and only then shows it.
//!
//! Callers decide ahead of the queue, in parallel. The committer takes a decision as it is when the
//! document has not changed since, and has it made again when it has.

mod decide;
mod erase;
mod nudge;
mod overlay;
mod prepare;

use std::sync::Arc;

use machi_store::apply::At;
use machi_store::believed::Believed;
use machi_store::{Collection, NameNo, Names, Outcome, Position, Receipt, StoreError};
use machi_types::{Language, Name, TenantId, Text, Timestamp};
use tokio::sync::oneshot;

use decide::{Decided, Deciding};
pub(crate) use nudge::Nudge;
use overlay::Overlay;
pub(crate) use prepare::{Prepared, prepare};

use crate::engine::{Engine, Root};
use crate::index::space::SpaceIndex;
use crate::journal::Journal;
use crate::journal::record::{Batch, SpaceRecord};
use crate::queue::Queue;
use crate::recovery::Recovered;
use crate::spaces::Space;
use crate::{failure, publish};

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

/// The writer's own state.
pub(crate) struct Committer {
    engine: Arc<Engine>,
    journal: Journal,
    /// The last commit that was given a number and made it to disk.
    last_commit: u64,
    last_time: Timestamp,
    journal_bytes_since_checkpoint: u64,
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
                self.engine.believed.lock().accept(self.engine.clock.now());
                // For the log: from here on the clock is believed.
                let _ = self.check_clock();
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
            let result = Deciding::new(&self.engine, &mut overlay, at).commit(waiting);
            if result.is_written() {
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
    fn check_writable(&mut self) -> Result<(), Text> {
        self.check_clock()?;
        self.wait_for_background()
    }

    /// Says what is wrong with the clock; the log tells when that begins and when it ends.
    fn check_clock(&self) -> Result<(), Text> {
        let (checked, has_turned) = self.engine.believed.lock().check(self.engine.clock.now());
        match &checked {
            Err(cause) if has_turned => {
                let cause = cause.in_language(Language::English);
                tracing::warn!(cause, "writes are refused because of the clock");
            }
            Ok(()) if has_turned => tracing::warn!("the clock is believed again, and writes are taken"),
            _ => {}
        }
        checked
    }

    fn wait_for_background(&self) -> Result<(), Text> {
        let engine = &self.engine;
        if engine.segments.bytes() > engine.options.feed_bytes_pinned {
            engine.background.wake();
            return Err(Text::both(
                "the change feed has reached its bound on disk because a consumer has not read it",
                "読み取っていない利用者がいるため、変更フィードがディスク上の上限に達しました",
            ));
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

    fn write(&mut self, overlay: &Overlay, decided: &mut [Decided], last: u64) -> Result<(), StoreError> {
        let new_names = self.engine.names_on_disk.begin(decide::names_of(decided));
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

fn refuse(decided: Vec<Decided>, error: &StoreError) {
    let reason = failure::told(error);
    for decided in decided {
        let _ = decided.answer.send(Err(StoreError::ReadOnly { reason: reason.clone() }));
    }
}
