//! Decisions made ahead of the queue, in parallel, by those who want to commit.

use std::sync::Arc;

use machi_store::{Collection, Commit, Decide, Decision, Document, Refusal, StoreError};
use machi_types::{Name, TenantId};

use crate::engine::Engine;

/// A decision made ahead of the queue, and on what.
pub(crate) struct Prepared {
    pub(crate) collection: Collection,
    pub(crate) id: Name,
    pub(crate) hash: u64,
    pub(crate) decide: Box<dyn Decide>,
    pub(crate) current: Option<Arc<Document>>,
    pub(crate) decision: Result<Decision, Refusal>,
}

/// Reads the documents of a commit and decides on them, ahead of the queue.
pub(crate) fn prepare(engine: &Engine, commit: Commit) -> Result<(TenantId, Vec<Prepared>, usize), StoreError> {
    let at = engine.documents.visible();
    let mut bytes = 0;
    let mut prepared = Vec::with_capacity(commit.proposals.len());
    for (collection, mut proposal) in commit.proposals {
        let hash = engine.hash(&proposal.id);
        let current = match engine.space(&commit.tenant, collection) {
            Some(space) => engine.find_document(&space, &proposal.id, at)?,
            None => None,
        };
        let decision = proposal.decide.decide(current.as_deref());
        bytes += proposal.id.len() + decision_bytes(&decision);
        prepared.push(Prepared { collection, id: proposal.id, hash, decide: proposal.decide, current, decision });
    }
    Ok((commit.tenant, prepared, bytes))
}

fn decision_bytes(decision: &Result<Decision, Refusal>) -> usize {
    match decision {
        Ok(Decision::Change(change)) => {
            change.head.as_ref().map_or(0, bytes::Bytes::len)
                + change.set.iter().map(|set| set.body.len() + 64).sum::<usize>()
        }
        Ok(Decision::Restore(restored)) => {
            restored.head.len() + restored.sections.iter().map(|section| section.body.len() + 64).sum::<usize>()
        }
        _ => 64,
    }
}
