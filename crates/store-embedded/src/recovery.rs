//! Opening a folder: the last checkpoint, then whatever the journal holds beyond it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use machi_store::{NameNo, Position, StoreError};
use machi_types::{TenantId, Timestamp};

use crate::afresh;
use crate::backup::RESTORED;
use crate::checkpoint::{self, Written};
use crate::engine::Engine;
use crate::failure::damaged;
use crate::files;
use crate::journal::record::{Batch, ChangeRecord, CommitRecord};
use crate::publish;
use crate::rows::DocumentWrite;

/// Where the engine stands after opening.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) commit: u64,
    pub(crate) time: Timestamp,
    /// The pages of the checkpoint on disk.
    pub(crate) checkpointed: Written,
}

/// Brings the engine to the last commit that is in the journal.
pub(crate) fn recover(engine: &Engine) -> Result<Recovered, StoreError> {
    let upto = engine.documents.tree().applied().min(engine.pages.applied());
    let names = checkpoint::read_names(engine)?;
    learn_names(engine, upto)?;
    let state = checkpoint::read(engine, &names)?;
    let (indexes, checkpointed) = {
        let root = engine.root.read();
        (root.position, Written::of(&root, names))
    };
    let documents = engine.documents.tree().applied();
    engine.keep_from.store(engine.documents.tree().kept_from(), Ordering::Release);
    let mut replay = Replay { engine, documents, indexes, commit: documents.min(indexes), time: state.time };
    replay.check_reach()?;
    engine.documents.publish(documents);
    loop {
        let batches = engine.segments.read_after(replay.commit)?;
        if batches.is_empty() {
            break;
        }
        batches.iter().try_for_each(|batch| replay.batch(batch))?;
    }
    let commit = replay.commit.max(documents).max(indexes);
    engine.documents.publish(commit);
    afresh::replace_old(engine, &state.derived, commit)?;
    {
        let mut root = engine.root.write();
        let root = Arc::make_mut(&mut root);
        root.position = commit;
        root.spaces_given = engine.spaces.next_number();
    }
    engine.set_time_of_last_commit(replay.time);
    serve_restored(engine)?;
    engine.pin_cursors();
    // A crash may have come between an erasure and the removal of what was erased.
    engine.spaces.erased().into_iter().for_each(|space| engine.erase_later(space));
    engine.erasure.limit(commit);
    engine.tail.start(commit);
    engine.newest.send_replace(commit);
    Ok(Recovered { commit, time: replay.time, checkpointed })
}

/// Gives the names in the journal their numbers, before anything is derived: deriving gives numbers to names
/// that are not on disk.
fn learn_names(engine: &Engine, mut after: u64) -> Result<(), StoreError> {
    loop {
        let batches = engine.segments.names_after(after)?;
        let Some(last) = batches.last() else { return Ok(()) };
        after = last.last;
        for (number, name) in batches.iter().flat_map(|batch| &batch.names) {
            let number = NameNo::from_number(*number);
            if !engine.names.put(number, name) {
                return Err(damaged(&engine.folder.join("journal"), "names have other numbers than they were given"));
            }
            engine.names_on_disk.add([number]);
        }
    }
}

/// In a restored folder every consumer counts as served up to the backup, but for those whose effects are in the
/// backup: what was due by then was sent by the store that it was taken of.
fn serve_restored(engine: &Engine) -> Result<(), StoreError> {
    let marker = engine.folder.join(RESTORED);
    let Some(text) = files::read_if_there(&marker)? else { return Ok(()) };
    let position = text.strip_suffix('\n').and_then(|text| text.split_once('\n'));
    let position = position.filter(|(content, end)| *end == files::sum_line(content));
    let restored = position.and_then(|(content, _)| content.parse::<u64>().ok());
    let restored = restored.ok_or_else(|| damaged(&marker, "it is not what was written"))?;
    for (consumer, position) in engine.cursors.write().iter_mut() {
        if position.bucket(0) < restored && !engine.options.own_consumers.contains(&&**consumer) {
            *position = Position::single(restored);
        }
    }
    Ok(())
}

struct Replay<'a> {
    engine: &'a Engine,
    /// Up to which commit the documents, and the indexes, are complete already.
    documents: u64,
    indexes: u64,
    commit: u64,
    time: Timestamp,
}

impl Replay<'_> {
    /// The journal must begin where the tables end.
    fn check_reach(&self) -> Result<(), StoreError> {
        let oldest = self.engine.segments.oldest();
        let is_reached = oldest.map_or(self.commit == 0, |oldest| oldest <= self.commit + 1);
        if is_reached {
            return Ok(());
        }
        let folder = self.engine.folder.join("journal");
        Err(damaged(&folder, format!("the journal should begin at commit {} or before", self.commit + 1)))
    }

    fn batch(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let engine = self.engine;
        for space in &batch.spaces {
            if engine.spaces.by_number(space.number).is_none() && space.number >= engine.spaces.next_number() {
                let tenant = match space.tenant.is_empty() {
                    true => TenantId::default_tenant(),
                    false => space.tenant.parse().unwrap_or_else(|_| TenantId::default_tenant()),
                };
                engine.spaces.insert(space.number, tenant, engine.collection(&space.collection));
            }
        }
        for space in &batch.erased {
            engine.spaces.remove(*space);
            Arc::make_mut(&mut engine.root.write()).spaces.remove(space);
        }
        batch.commits.iter().try_for_each(|commit| self.commit(commit))
    }

    fn commit(&mut self, commit: &CommitRecord) -> Result<(), StoreError> {
        if commit.number <= self.commit {
            return Ok(());
        }
        for change in &commit.changes {
            if self.engine.spaces.by_number(change.space).is_some() {
                self.change(commit, change)?;
            }
        }
        self.engine.cursors.write().extend(commit.cursors.iter().cloned());
        (self.commit, self.time) = (commit.number, commit.time);
        let tree = self.engine.documents.tree();
        if commit.number > self.documents {
            self.engine.documents.publish(commit.number);
            if tree.is_full() {
                tree.seal(commit.number);
                tree.flush()?;
            }
        }
        Ok(())
    }

    fn change(&self, commit: &CommitRecord, change: &ChangeRecord) -> Result<(), StoreError> {
        let engine = self.engine;
        let Some(space) = engine.spaces.by_number(change.space) else { return Ok(()) };
        let hash = engine.hash(&change.id);
        if commit.number > self.documents {
            // A commit may touch a document twice; what it did first counts.
            let before = engine.documents.read_newest(space.number, change.number)?;
            let after = publish::replay(before.as_deref(), change, commit).map(Arc::new);
            let touched = change.sections.iter().filter_map(|side| side.new.as_ref().or(side.old.as_ref()));
            let touched = touched.map(|section| section.key).collect();
            let write = DocumentWrite { number: change.number, before, after, touched };
            engine.documents.write(space.number, &write, commit.number, true);
        }
        if commit.number > self.indexes {
            let mut root = engine.root.write();
            let index = Arc::make_mut(Arc::make_mut(&mut root).spaces.entry(space.number).or_default());
            publish::number_id(index, &space, change, hash);
            publish::index(engine, index, &space, change);
        }
        Ok(())
    }
}
