//! Purge Entities (ETSI GS CIM 009 §5.6.21): delete all entities that a query finds, or attributes of theirs.
//!
//! A purge is many commits. One instant tells which entities are found; an entity that changed since then is asked
//! in its commit whether it still is what the query asks for, so that writers never keep it from being deleted, and
//! none is deleted that has become another. A purge that is cut off has done part of its work, and asked again does
//! the rest.

use std::sync::Arc;

use machi_face::{Criteria, FaceError};
use machi_model::laws::{self, Purge};
use machi_store::{Commit, Decision, Document, Find, Outcome, Refusal, Store};
use machi_types::{Caller, Name, Timestamp};

use crate::Broker;
use crate::collections::ENTITIES;
use crate::domain::change::change;
use crate::domain::current::{Wanted, with_entity};
use crate::domain::guard;
use crate::domain::selection::Selection;

/// How many entities one commit touches.
const GROUP: usize = 500;

/// What becomes of the entities that are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purged {
    /// They are deleted.
    Entities,
    /// Only these attributes of theirs remain.
    AllBut(Arc<[Name]>),
    /// These attributes of theirs are deleted.
    Attributes(Arc<[Name]>),
}

impl Purged {
    /// Whether only listed attributes are deleted, or all but listed ones.
    pub(crate) fn names_attributes(&self) -> bool {
        match self {
            Self::Entities => false,
            Self::AllBut(names) | Self::Attributes(names) => !names.is_empty(),
        }
    }
}

/// What each commit of a purge decides by.
#[derive(Clone)]
struct Purging {
    store: Arc<dyn Store>,
    selection: Arc<Selection>,
    purged: Purged,
    /// By when things have expired.
    time: Timestamp,
}

impl Broker {
    /// Purges whatever is asked for.
    pub(crate) async fn purge_entities(
        &self,
        caller: &Caller,
        criteria: Criteria,
        purged: Purged,
    ) -> Result<(), FaceError> {
        self.face.check_tenant(caller).await?;
        let sight = self.sight(caller.tenant());
        let selection = self.selection(&sight, criteria).await?;
        let mut find = Find { limit: GROUP, ..self.entity_find(&sight, self.filter(&sight, &selection)) };
        let purging = Purging { store: Arc::clone(&self.store), selection, purged, time: sight.now };
        loop {
            let found = sight.view.find(find.clone()).await?;
            find.after = found.rows.last().map(|row| row.cursor.clone());
            self.purge_group(caller, found.rows.iter().map(|row| &*row.document), &purging).await?;
            if !found.more || find.after.is_none() {
                return Ok(());
            }
        }
    }

    async fn purge_group(
        &self,
        caller: &Caller,
        documents: impl Iterator<Item = &Document>,
        purging: &Purging,
    ) -> Result<(), FaceError> {
        let mut commit = Commit::new(caller.tenant().clone());
        for document in documents {
            let (purging, seen) = (purging.clone(), document.version);
            let decide = move |current: Option<&Document>| purging.decide(seen, current);
            commit = commit.with(ENTITIES, document.id.clone(), decide);
        }
        if commit.proposals.is_empty() {
            return Ok(());
        }
        let receipt = self.store.commit(commit).await?;
        let refused = receipt.outcomes.into_iter().find_map(|outcome| match outcome {
            Outcome::Refused(refusal) => Some(refusal),
            _ => None,
        });
        refused.map_or(Ok(()), |refusal| Err(FaceError::of_refusal(refusal)))
    }
}

impl Purging {
    /// What becomes of an entity that the query found in the version `seen`.
    fn decide(&self, seen: u64, current: Option<&Document>) -> Result<Decision, Refusal> {
        let Some(document) = guard::living(current, self.time).map_err(FaceError::from)? else {
            return Ok(Decision::Keep);
        };
        if document.version != seen && !self.is_asked_for(document)? {
            return Ok(Decision::Keep);
        }
        let purge = match &self.purged {
            Purged::Entities => return Ok(Decision::Delete),
            Purged::AllBut(names) => Purge::Keep(names),
            Purged::Attributes(names) => Purge::Drop(names),
        };
        let names = self.store.names();
        let changes = with_entity(document, names, self.time, Wanted::All, |entity| laws::purge(entity, purge))
            .map_err(FaceError::from)?;
        Ok(if changes.is_empty() { Decision::Keep } else { Decision::Change(change(changes, names)) })
    }

    fn is_asked_for(&self, document: &Document) -> Result<bool, FaceError> {
        let names = self.store.names();
        Ok(with_entity(document, names, self.time, Wanted::All, |entity| self.selection.matches(entity, self.time))?)
    }
}
