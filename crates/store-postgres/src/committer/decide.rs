//! Decisions of one batch: each commit is decided on what the ones before it have left.

use std::sync::Arc;

use machi_store::apply::{self, Applied, At};
use machi_store::{
    ChangeKind, Collection, Commit, Decision, Document, DocumentNo, Outcome, Position, Proposal, Receipt,
};
use machi_types::{Name, TenantId, Timestamp};
use rustc_hash::FxHashMap;

use crate::coded::Step;
use crate::spaces::SpaceKey;
use crate::store::{Head, Inner};

/// A document of a space.
pub(super) type Place = (SpaceKey, Name);

/// What was read for a batch.
#[derive(Debug, Default)]
pub(super) struct Found {
    states: FxHashMap<Place, State>,
    /// The number that each space gives next.
    pub(super) next: FxHashMap<SpaceKey, u64>,
}

/// A document in the course of a batch.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// The number of its id, where it has one.
    pub(super) number: Option<DocumentNo>,
    /// As it was before the batch.
    pub(super) before: Option<Arc<Document>>,
    /// As it is now.
    pub(super) now: Option<Arc<Document>>,
    /// The commit that changed it last in this batch; 0 where none did.
    pub(super) changed: u64,
}

impl Found {
    pub(super) fn put(&mut self, key: &SpaceKey, id: Name, number: DocumentNo, document: Option<Arc<Document>>) {
        let state = State { number: Some(number), before: document.clone(), now: document, changed: 0 };
        self.states.insert((key.clone(), id), state);
    }
}

/// One changed document of one commit, for the feed.
#[derive(Debug)]
pub(super) struct Fed {
    pub(super) commit: u64,
    pub(super) time: Timestamp,
    pub(super) place: Place,
    pub(super) number: DocumentNo,
    pub(super) step: Step,
}

/// What a batch comes to.
#[derive(Debug)]
pub(super) struct Written {
    /// The number of its last commit.
    pub(super) commit: u64,
    /// Its time.
    pub(super) time: Timestamp,
    pub(super) states: FxHashMap<Place, State>,
    pub(super) next: FxHashMap<SpaceKey, u64>,
    pub(super) fed: Vec<Fed>,
    pub(super) cursors: Vec<(Name, Position)>,
}

/// Decides on the commits of a batch, one after another.
pub(super) struct Deciding<'a> {
    inner: &'a Inner,
    last: At,
    found: Found,
    fed: Vec<Fed>,
    cursors: Vec<(Name, Position)>,
}

impl<'a> Deciding<'a> {
    pub(super) fn new(inner: &'a Inner, head: &Head, found: Found) -> Self {
        Self { inner, last: At { commit: head.commit, time: head.time }, found, fed: Vec::new(), cursors: Vec::new() }
    }

    pub(super) fn end(self) -> Written {
        let Found { states, next } = self.found;
        Written { commit: self.last.commit, time: self.last.time, states, next, fed: self.fed, cursors: self.cursors }
    }

    /// What a commit comes to.
    pub(super) fn commit(&mut self, commit: &mut Commit) -> Receipt {
        let at = At { commit: self.last.commit + 1, time: self.inner.time_after(self.last.time) };
        let fed_before = self.fed.len();
        let mut touched = Touched { states: Vec::new(), next: self.found.next.clone() };
        let mut outcomes = Vec::with_capacity(commit.proposals.len());
        for (collection, proposal) in &mut commit.proposals {
            outcomes.push(self.one(&commit.tenant, *collection, proposal, at, &mut touched));
        }
        let is_refused = |outcome: &Outcome| matches!(outcome, Outcome::Refused(_));
        if commit.all_or_nothing && outcomes.iter().any(is_refused) {
            self.take_back(touched, fed_before);
            outcomes = outcomes.into_iter().map(|o| if is_refused(&o) { o } else { Outcome::NotTried }).collect();
        } else {
            self.cursors.append(&mut commit.cursors.clone());
            if self.fed.len() > fed_before {
                self.last = at;
            }
        }
        Receipt { position: Position::single(self.last.commit), time: at.time, outcomes }
    }

    fn take_back(&mut self, touched: Touched, fed_before: usize) {
        self.fed.truncate(fed_before);
        self.found.next = touched.next;
        for (place, state) in touched.states.into_iter().rev() {
            self.found.states.insert(place, state);
        }
    }

    /// Decides on one document.
    fn one(
        &mut self,
        tenant: &TenantId,
        collection: Collection,
        proposal: &mut Proposal,
        at: At,
        touched: &mut Touched,
    ) -> Outcome {
        let place = ((tenant.clone(), collection), proposal.id.clone());
        let state = self.found.states.get(&place).cloned().unwrap_or_default();
        let current = state.now.as_ref();
        let decision = match proposal.decide.decide(current.map(|document| &**document)) {
            Ok(decision) => decision,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        let next = self.found.next.entry(place.0.clone()).or_default();
        let number = state.number.unwrap_or(DocumentNo(*next as u32));
        let applied = match (decision, current) {
            (Decision::Keep, _) | (Decision::Delete, None) | (Decision::Restore(_), Some(_)) => return Outcome::Kept,
            (Decision::Restore(restored), None) => apply::restore(&place.1, number, restored, at),
            (Decision::Delete, Some(document)) => apply::delete(document),
            (Decision::Change(change), _) => {
                apply::change(current.map(|document| &**document), &place.1, number, change, at)
            }
        };
        if state.number.is_none() {
            *next += 1;
        }
        let version = at.commit;
        let outcome = match applied.kind {
            ChangeKind::Created => Outcome::Created { version },
            ChangeKind::Changed => Outcome::Changed { version },
            ChangeKind::Deleted => Outcome::Deleted,
        };
        touched.states.push((place.clone(), state.clone()));
        let (now, step) = step(state.now.as_deref(), applied, at.time);
        self.fed.push(Fed { commit: at.commit, time: at.time, place: place.clone(), number, step });
        let state = State { number: Some(number), before: state.before, now: now.map(Arc::new), changed: at.commit };
        self.found.states.insert(place, state);
        outcome
    }
}

/// What an all-or-nothing commit needs to be taken back.
struct Touched {
    states: Vec<(Place, State)>,
    next: FxHashMap<SpaceKey, u64>,
}

/// The document after a change, and what the feed keeps of it.
fn step(before: Option<&Document>, applied: Applied, time: Timestamp) -> (Option<Document>, Step) {
    let place = |change: &machi_store::SectionChange| match (&change.old, &change.new, before) {
        (Some(old), None, Some(before)) => before.sections.iter().position(|section| section.key == old.key),
        _ => None,
    };
    let sections = applied.sections.into_iter().map(|change| {
        let place = place(&change).unwrap_or(0);
        (change, place)
    });
    let step = Step {
        kind: applied.kind,
        before: before.map(|document| (document.version, document.created, document.modified)),
        created: applied.document.as_ref().map_or(time, |document| document.created),
        modified: applied.document.as_ref().map_or(time, |document| document.modified),
        old_head: applied.old_head,
        new_head: applied.new_head,
        sections: sections.collect(),
    };
    (applied.document, step)
}
