//! Purge Entities (ETSI GS CIM 009 §5.6.21): delete all entities that a query finds, or attributes of theirs.
//!
//! A purge is many commits. Each entity is deleted only as the query saw it; one that changed in between is
//! asked for again. A purge that is cut off has done part of its work, and asked again does the rest.

use std::sync::Arc;

use machi_model::laws::{self, Purge};
use machi_store::{Commit, Decision, Document, Filter, Find, Outcome, Refusal};
use machi_types::{Caller, Name, Timestamp};
use parking_lot::Mutex;

use crate::collections::ENTITIES;
use crate::domain::change::change;
use crate::domain::current::{Wanted, with_entity};
use crate::domain::guard;
use crate::domain::selection::Criteria;
use crate::{Broker, BrokerError};

/// How many entities one commit touches.
const GROUP: usize = 500;
/// How often entities that keep changing are asked for again.
const ROUNDS: usize = 10;

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

/// Entities that changed between the query and their commit.
type Missed = Arc<Mutex<Vec<Name>>>;

impl Broker {
    /// Purges whatever is asked for.
    pub(crate) async fn purge_entities(
        &self,
        caller: &Caller,
        criteria: Criteria,
        purged: Purged,
    ) -> Result<(), BrokerError> {
        self.check_tenant(caller)?;
        let mut missed = self.purge_found(caller, criteria.clone(), None, &purged).await?;
        for _ in 0..ROUNDS {
            if missed.is_empty() {
                break;
            }
            missed = self.purge_found(caller, criteria.clone(), Some(missed), &purged).await?;
        }
        Ok(())
    }

    /// One pass over what one view finds, among all or among these; tells what changed meanwhile.
    async fn purge_found(
        &self,
        caller: &Caller,
        criteria: Criteria,
        among: Option<Vec<Name>>,
        purged: &Purged,
    ) -> Result<Vec<Name>, BrokerError> {
        let sight = self.sight(caller.tenant());
        let selected = self.select(&sight, criteria).await?;
        let filter = among.map_or(Filter::All, Filter::Ids).and(selected);
        let mut find = Find { limit: GROUP, ..self.entity_find(&sight, filter) };
        let missed = Missed::default();
        loop {
            let found = sight.view.find(find.clone()).await?;
            find.after = found.rows.last().map(|row| row.cursor.clone());
            let documents = found.rows.iter().map(|row| &*row.document);
            self.purge_group(caller, documents, purged, &missed, sight.now).await?;
            if !found.more || find.after.is_none() {
                return Ok(std::mem::take(&mut *missed.lock()));
            }
        }
    }

    async fn purge_group(
        &self,
        caller: &Caller,
        documents: impl Iterator<Item = &Document>,
        purged: &Purged,
        missed: &Missed,
        time: Timestamp,
    ) -> Result<(), BrokerError> {
        let mut commit = Commit::new(caller.tenant().clone());
        for document in documents {
            let decide = self.purging(document, purged.clone(), Arc::clone(missed), time);
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
        refused.map_or(Ok(()), |refusal| Err(BrokerError::of_refusal(refusal)))
    }

    fn purging(
        &self,
        seen: &Document,
        purged: Purged,
        missed: Missed,
        time: Timestamp,
    ) -> impl FnMut(Option<&Document>) -> Result<Decision, Refusal> + Send + use<> {
        let (version, store) = (seen.version, Arc::clone(&self.store));
        move |current| {
            let Some(document) = guard::living(current, time)? else { return Ok(Decision::Keep) };
            if document.version != version {
                missed.lock().push(document.id.clone());
                return Ok(Decision::Keep);
            }
            let purge = match &purged {
                Purged::Entities => return Ok(Decision::Delete),
                Purged::AllBut(names) => Purge::Keep(names),
                Purged::Attributes(names) => Purge::Drop(names),
            };
            let changes = with_entity(document, store.names(), time, Wanted::All, |entity| laws::purge(entity, purge))?;
            Ok(if changes.is_empty() { Decision::Keep } else { Decision::Change(change(changes, store.names())) })
        }
    }
}
