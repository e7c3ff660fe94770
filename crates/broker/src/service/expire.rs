//! Removing what has expired, in the background (ETSI GS CIM 009 §4.22). Nobody waits for it: what has expired
//! is invisible from that instant on, so this only frees the space.

use std::ops::Bound;
use std::sync::Arc;

use machi_face::FaceError;
use machi_model::entity::InstanceRef;
use machi_store::{
    Change, Collection, Commit, Condition, Decision, Document, Filter, Find, Instances, Outcome, Range, Refusal, Test,
};
use machi_types::{Name, TenantId, Timestamp};

use crate::Broker;
use crate::collections::{ANSWERS, ENTITIES};
use crate::domain::guard;
use machi_face::once::Answer;
use machi_face::once::EXPIRES;

/// How many documents are removed by one commit.
const AT_ONCE: usize = 500;

impl Broker {
    /// One round of removing what has expired. It waits for no other machine.
    pub async fn keep_house(&self) -> Result<(), FaceError> {
        let time = self.clock.now();
        for status in self.store.tenants().await? {
            self.expire(&status.tenant, ENTITIES, time, remove_expired).await?;
            self.expire(&status.tenant, ANSWERS, time, remove_old_answer).await?;
        }
        Ok(())
    }

    /// Decides anew on every document of which something had expired at this time.
    async fn expire(
        &self,
        tenant: &TenantId,
        collection: Collection,
        time: Timestamp,
        decide: fn(&Document, Timestamp) -> Result<Decision, FaceError>,
    ) -> Result<(), FaceError> {
        loop {
            let ids = self.expired(tenant, collection, time).await?;
            let is_last = ids.len() < AT_ONCE;
            let mut commit = Commit::new(tenant.clone());
            for id in ids {
                commit = commit.with(collection, id, move |current: Option<&Document>| -> Result<Decision, Refusal> {
                    Ok(current.map_or(Ok(Decision::Keep), |document| decide(document, time))?)
                });
            }
            if commit.proposals.is_empty() {
                return Ok(());
            }
            let receipt = self.store.commit(commit).await?;
            let was_useless = receipt.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Kept));
            if is_last || was_useless {
                return Ok(());
            }
        }
    }

    async fn expired(
        &self,
        tenant: &TenantId,
        collection: Collection,
        time: Timestamp,
    ) -> Result<Vec<Name>, FaceError> {
        let name = self.store.names().intern(EXPIRES);
        let range = Range { low: Bound::Unbounded, high: Bound::Included(time) };
        let filter = Filter::Test(Test { name, instances: Instances::Any, condition: Condition::Time(range) });
        let find = Find { limit: AT_ONCE, ..Find::new(tenant.clone(), collection, filter) };
        let found = self.store.view().find(find).await?;
        Ok(found.rows.into_iter().map(|row| Arc::unwrap_or_clone(row.document).id).collect())
    }
}

/// What remains of an entity: nothing, or all but the instances that have expired.
fn remove_expired(document: &Document, time: Timestamp) -> Result<Decision, FaceError> {
    if guard::living(Some(document), time)?.is_none() {
        return Ok(Decision::Delete);
    }
    let mut change = Change::default();
    for section in &document.sections {
        if InstanceRef::read(&section.body)?.expires_at().is_some_and(|expires| expires <= time) {
            change.remove.push(section.key);
        }
    }
    Ok(if change.remove.is_empty() { Decision::Keep } else { Decision::Change(change) })
}

#[expect(clippy::unnecessary_wraps, reason = "both collections are decided by functions of one form")]
fn remove_old_answer(document: &Document, time: Timestamp) -> Result<Decision, FaceError> {
    let is_old = Answer::decode(&document.head).is_none_or(|answer| answer.expires <= time);
    Ok(if is_old { Decision::Delete } else { Decision::Keep })
}
