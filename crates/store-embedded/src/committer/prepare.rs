//! Decisions made ahead of the queue, in parallel, by those who want to commit.

use std::sync::Arc;

use machi_store::{Collection, Commit, Decide, Decision, Document, NameNo, Refusal, SectionKey, StoreError};
use machi_types::{Name, TenantId};
use rustc_hash::FxHashSet;

use crate::engine::Engine;

/// How many bytes of new names one commit may bring: they stay longer than what they name.
const NAME_BYTES: usize = 16 << 20;

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
    let mut names = FxHashSet::default();
    let mut prepared = Vec::with_capacity(commit.proposals.len());
    for (collection, mut proposal) in commit.proposals {
        let hash = engine.hash(&proposal.id);
        let current = match engine.space(&commit.tenant, collection) {
            Some(space) => engine.find_document(&space, &proposal.id, at)?,
            None => None,
        };
        let decision = proposal.decide.decide(current.as_deref());
        bytes += proposal.id.len() + decision_bytes(&decision);
        note_names(&decision, &mut names);
        prepared.push(Prepared { collection, id: proposal.id, hash, decide: proposal.decide, current, decision });
    }
    let name_bytes = engine.names_on_disk.missing_bytes(names.into_iter(), &engine.names);
    if name_bytes > NAME_BYTES {
        return Err(StoreError::TooManyNames { most: NAME_BYTES });
    }
    Ok((commit.tenant, prepared, bytes + name_bytes))
}

/// Notes the names that a decision uses.
fn note_names(decision: &Result<Decision, Refusal>, names: &mut FxHashSet<NameNo>) {
    let mut note = |key: SectionKey| names.extend([key.name, key.instance]);
    match decision {
        Ok(Decision::Change(change)) => change.set.iter().for_each(|set| note(set.key)),
        Ok(Decision::Restore(restored)) => restored.sections.iter().for_each(|section| note(section.key)),
        _ => {}
    }
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
