//! The decisions of one batch: each commit is decided on what the ones before it have left.

use std::sync::Arc;

use machi_store::apply::{self, Applied, At};
use machi_store::{
    ChangeKind, Collection, Decision, Document, DocumentNo, NameNo, Outcome, Receipt, Refusal, StoreError,
};
use machi_types::TenantId;
use parking_lot::RwLock;
use rustc_hash::FxHashSet;
use tokio::sync::oneshot;

use super::overlay::{Overlaid, Overlay};
use super::{Prepared, Waiting};
use crate::engine::Engine;
use crate::journal::record::{ChangeRecord, CommitRecord};
use crate::publish::Ready;
use crate::rows::DocumentWrite;
use crate::spaces::Space;

/// A commit that has been decided.
pub(super) struct Decided {
    pub(super) record: CommitRecord,
    pub(super) changes: Vec<Ready>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) answer: oneshot::Sender<Result<Receipt, StoreError>>,
}

impl Decided {
    /// Whether the journal tells of it.
    pub(super) fn is_written(&self) -> bool {
        !self.changes.is_empty() || !self.record.cursors.is_empty()
    }
}

/// The names that sections of a batch have.
pub(super) fn names_of(decided: &[Decided]) -> FxHashSet<NameNo> {
    let changes = decided.iter().flat_map(|decided| &decided.changes);
    let sections = changes.flat_map(|ready| &ready.record.sections).filter_map(|change| change.new.as_ref());
    sections.flat_map(|section| [section.key.name, section.key.instance]).collect()
}

/// Decides on one commit.
pub(super) struct Deciding<'b> {
    engine: &'b Engine,
    overlay: &'b mut Overlay,
    at: At,
}

/// A document as the batch sees it, and the number of its id where it has one.
type Current = (Option<Arc<Document>>, Option<DocumentNo>);

impl<'b> Deciding<'b> {
    pub(super) fn new(engine: &'b Engine, overlay: &'b mut Overlay, at: At) -> Self {
        Self { engine, overlay, at }
    }

    pub(super) fn commit(mut self, waiting: Waiting) -> Decided {
        let mut changes = Vec::with_capacity(waiting.prepared.len());
        let mut outcomes = Vec::with_capacity(waiting.prepared.len());
        // Only an all-or-nothing commit needs a way back.
        let before =
            waiting.all_or_nothing.then(|| (self.overlay.documents.clone(), self.overlay.next_numbers.clone()));
        for prepared in waiting.prepared {
            let (outcome, ready) = self.one(prepared, &waiting.tenant);
            outcomes.push(outcome);
            changes.extend(ready);
        }
        let is_refused = |outcome: &Outcome| matches!(outcome, Outcome::Refused(_));
        let mut cursors = waiting.cursors;
        if let Some((documents, next_numbers)) = before
            && outcomes.iter().any(is_refused)
        {
            self.overlay.documents = documents;
            self.overlay.next_numbers = next_numbers;
            changes.clear();
            cursors.clear();
            outcomes = outcomes.into_iter().map(|o| if is_refused(&o) { o } else { Outcome::NotTried }).collect();
        }
        let record = CommitRecord { number: self.at.commit, time: self.at.time, cursors, changes: Vec::new() };
        Decided { record, changes, outcomes, answer: waiting.answer }
    }

    /// Decides on one document: what it comes to, and what is to be written.
    fn one(&mut self, mut prepared: Prepared, tenant: &TenantId) -> (Outcome, Option<Ready>) {
        let space = self.space(tenant, prepared.collection);
        let (current, number) = match self.current(&space, &prepared) {
            Ok(found) => found,
            Err(error) => return (Outcome::Refused(Box::new(error)), None),
        };
        let applied = match decision(&mut prepared, current.as_ref()) {
            Ok(decision) => self.apply(decision, &prepared, current.as_deref(), (number, &space)),
            Err(refusal) => return (Outcome::Refused(refusal), None),
        };
        let Some(applied) = applied else { return (Outcome::Kept, None) };
        let version = self.at.commit;
        let outcome = match applied.kind {
            ChangeKind::Created => Outcome::Created { version },
            ChangeKind::Changed => Outcome::Changed { version },
            ChangeKind::Deleted => Outcome::Deleted,
        };
        (outcome, Some(self.ready(space, &prepared, current, applied)))
    }

    /// What a decision makes of a document; nothing where it leaves everything as it is.
    fn apply(
        &mut self,
        decision: Decision,
        prepared: &Prepared,
        current: Option<&Document>,
        (number, space): (Option<DocumentNo>, &Arc<Space>),
    ) -> Option<Applied> {
        let at = self.at;
        let mut number = || number.unwrap_or_else(|| self.overlay.take_number(space));
        match (decision, current) {
            (Decision::Keep, _) | (Decision::Delete, None) | (Decision::Restore(_), Some(_)) => None,
            (Decision::Restore(restored), None) => Some(apply::restore(&prepared.id, number(), restored, at)),
            (Decision::Delete, Some(document)) => Some(apply::delete(document)),
            (Decision::Change(change), _) => Some(apply::change(current, &prepared.id, number(), change, at)),
        }
    }

    /// Takes note of what was made of a document, for the commits behind this one, the journal and the tables.
    fn ready(
        &mut self,
        space: Arc<Space>,
        prepared: &Prepared,
        current: Option<Arc<Document>>,
        applied: Applied,
    ) -> Ready {
        let document = applied.document.map(Arc::new);
        let number = document.as_ref().or(current.as_ref()).map_or(DocumentNo(0), |document| document.number);
        let touched = applied.sections.iter().filter_map(|change| change.new.as_ref().or(change.old.as_ref()));
        let touched = touched.map(|section| section.key).collect();
        let write = DocumentWrite { number, touched, before: current, after: document.clone() };
        let times = document.as_ref().map(|document| (document.created, document.modified));
        let (created, modified) = times.unwrap_or((self.at.time, self.at.time));
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
        self.overlay.put(&space, prepared.hash, Overlaid { id: prepared.id.clone(), number, document });
        Ready { space, hash: prepared.hash, record, write }
    }

    fn space(&mut self, tenant: &TenantId, collection: Collection) -> Arc<Space> {
        let is_wanted = |space: &&Arc<Space>| space.tenant == *tenant && space.collection == collection;
        if let Some(space) =
            self.engine.space(tenant, collection).or_else(|| self.overlay.new_spaces.iter().find(is_wanted).cloned())
        {
            return space;
        }
        let number = self.engine.spaces.next_number() + self.overlay.new_spaces.len() as u32;
        let space = Arc::new(Space { number, tenant: tenant.clone(), collection, ids: RwLock::default() });
        self.overlay.new_spaces.push(Arc::clone(&space));
        space
    }

    fn current(&self, space: &Space, prepared: &Prepared) -> Result<Current, StoreError> {
        if let Some(overlaid) = self.overlay.find(space, prepared.hash, &prepared.id) {
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
}

/// The decision that was made ahead, where the document is still the same; else it is made again.
fn decision(prepared: &mut Prepared, current: Option<&Arc<Document>>) -> Result<Decision, Refusal> {
    let is_unchanged = match (current, &prepared.current) {
        (None, None) => true,
        (Some(now), Some(then)) => now.version == then.version,
        _ => false,
    };
    // It is taken once: what stands in its place afterwards is never asked for.
    let ahead = std::mem::replace(&mut prepared.decision, Ok(Decision::Keep));
    if is_unchanged { ahead } else { prepared.decide.decide(current.map(|document| &**document)) }
}
