//! Dead letters: read, sent again, deleted.

use std::sync::Arc;

use machi_http::Text;
use machi_store::{Commit, Decision, Document, Filter, Find, Outcome, Refusal};
use machi_types::{Caller, ErrorKind, Name, Timestamp};

use super::domain::subscription::SubscriptionKey;
use super::parked::{Attempts, DEAD_LETTERS, DELIVERIES, Parked, of_subscription};
use crate::{Broker, BrokerError};

/// A notification that was given up.
#[derive(Debug)]
pub(crate) struct DeadLetter {
    pub(crate) parked: Parked,
    pub(crate) given_up_at: Timestamp,
}

impl Broker {
    /// Dead letters, the oldest first.
    pub(crate) async fn dead_letters(
        &self,
        caller: &Caller,
        subscription: Option<&str>,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, BrokerError> {
        self.check_tenant(caller)?;
        let names = self.store.names();
        let filter = subscription.map_or(Filter::All, |id| of_subscription(id, names));
        let find = Find {
            offset,
            limit: limit.max(1),
            budget: self.budget(),
            ..Find::new(caller.tenant().clone(), DEAD_LETTERS, filter)
        };
        let found = self.store.view().find(find).await?;
        Ok(found.rows.iter().take(limit).filter_map(|row| self.read_dead_letter(&row.document)).collect())
    }

    /// One dead letter.
    pub(crate) async fn dead_letter(&self, caller: &Caller, id: &str) -> Result<DeadLetter, BrokerError> {
        self.check_tenant(caller)?;
        let document = self.store.view().document(caller.tenant(), DEAD_LETTERS, id).await?;
        document.and_then(|document| self.read_dead_letter(&document)).ok_or_else(|| no_letter(id))
    }

    fn read_dead_letter(&self, document: &Document) -> Option<DeadLetter> {
        Some(DeadLetter { parked: Parked::read(document, self.store.names())?, given_up_at: document.created })
    }

    /// Lets a dead letter wait for its receiver again, behind what waits there already.
    pub(crate) async fn replay_dead_letter(&self, caller: &Caller, id: &str) -> Result<(), BrokerError> {
        let letter = self.dead_letter(caller, id).await?.parked;
        let subscription = letter.envelope.subscription.clone();
        let row = Parked { attempts: Attempts::default(), ..letter };
        let store = Arc::clone(&self.store);
        let park = move |current: Option<&Document>| Ok(row.park(current, store.names()));
        let mut commit = Self::burying(caller, id).with(DELIVERIES, Name::from(id), park);
        commit.all_or_nothing = true;
        self.commit_letter(commit).await?;
        self.hub.wake(SubscriptionKey { tenant: caller.tenant().clone(), id: subscription });
        Ok(())
    }

    /// Deletes a dead letter.
    pub(crate) async fn delete_dead_letter(&self, caller: &Caller, id: &str) -> Result<(), BrokerError> {
        self.check_tenant(caller)?;
        self.commit_letter(Self::burying(caller, id)).await
    }

    fn burying(caller: &Caller, id: &str) -> Commit {
        let known = id.to_owned();
        let delete = move |current: Option<&Document>| -> Result<Decision, Refusal> {
            match current {
                Some(_) => Ok(Decision::Delete),
                None => Err(Box::new(no_letter(&known))),
            }
        };
        Commit::new(caller.tenant().clone()).with(DEAD_LETTERS, Name::from(id), delete)
    }

    async fn commit_letter(&self, commit: Commit) -> Result<(), BrokerError> {
        let receipt = self.store.commit(commit).await?;
        for outcome in receipt.outcomes {
            if let Outcome::Refused(refusal) = outcome {
                return Err(BrokerError::of_refusal(refusal));
            }
        }
        Ok(())
    }
}

fn no_letter(id: &str) -> BrokerError {
    let shown: String = id.chars().take(200).collect();
    BrokerError::Refused {
        kind: ErrorKind::ResourceNotFound,
        detail: Text::both(format!("there is no dead letter {shown}"), format!("配信不能通知{shown}は存在しません")),
    }
}
