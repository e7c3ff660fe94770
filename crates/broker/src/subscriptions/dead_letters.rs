//! What waits for its receiver, to be read; and dead letters: read, sent again, deleted.

use std::sync::Arc;

use machi_face::FaceError;
use machi_http::Text;
use machi_store::{Collection, Commit, Decision, Document, Filter, Find, Outcome, Refusal};
use machi_types::{Caller, ErrorKind, Name, Timestamp};

use super::domain::subscription::SubscriptionKey;
use super::parked::{Attempts, DEAD_LETTERS, DELIVERIES, Parked, of_subscription};
use super::stored::SUBSCRIPTIONS;
use crate::Broker;

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
    ) -> Result<Vec<DeadLetter>, FaceError> {
        let rows = self.parked_rows(caller, DEAD_LETTERS, subscription, (offset, limit)).await?;
        Ok(rows.iter().filter_map(|row| self.read_dead_letter(row)).collect())
    }

    /// Notifications that wait for their receiver, the oldest first, with what came of the last attempt.
    pub(crate) async fn deliveries(
        &self,
        caller: &Caller,
        subscription: Option<&str>,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Parked>, FaceError> {
        let rows = self.parked_rows(caller, DELIVERIES, subscription, (offset, limit)).await?;
        Ok(rows.iter().filter_map(|row| Parked::read(row, self.store.names())).collect())
    }

    async fn parked_rows(
        &self,
        caller: &Caller,
        collection: Collection,
        subscription: Option<&str>,
        (offset, limit): (usize, usize),
    ) -> Result<Vec<Arc<Document>>, FaceError> {
        self.face.check_tenant(caller).await?;
        let names = self.store.names();
        let filter = subscription.map_or(Filter::All, |id| of_subscription(id, names));
        let find = Find {
            offset,
            limit: limit.max(1),
            budget: self.face.budget(),
            ..Find::new(caller.tenant().clone(), collection, filter)
        };
        let found = self.store.view().find(find).await?;
        Ok(found.rows.into_iter().take(limit).map(|row| row.document).collect())
    }

    /// One dead letter.
    pub(crate) async fn dead_letter(&self, caller: &Caller, id: &str) -> Result<DeadLetter, FaceError> {
        self.face.check_tenant(caller).await?;
        let document = self.store.view().document(caller.tenant(), DEAD_LETTERS, id).await?;
        document.and_then(|document| self.read_dead_letter(&document)).ok_or_else(|| no_letter(id))
    }

    fn read_dead_letter(&self, document: &Document) -> Option<DeadLetter> {
        Some(DeadLetter { parked: Parked::read(document, self.store.names())?, given_up_at: document.created })
    }

    /// Lets a dead letter wait for its receiver again, behind what waits there already.
    pub(crate) async fn replay_dead_letter(&self, caller: &Caller, id: &str) -> Result<(), FaceError> {
        let letter = self.dead_letter(caller, id).await?.parked;
        let subscription = letter.envelope.subscription.clone();
        self.check_has_receiver(caller, &subscription, letter.envelope.due).await?;
        let row = Parked { attempts: Attempts::default(), ..letter };
        let store = Arc::clone(&self.store);
        let park = move |current: Option<&Document>| Ok(row.park(current, store.names()));
        let mut commit = Self::burying(caller, id).with(DELIVERIES, Name::from(id), park);
        commit.all_or_nothing = true;
        self.commit_letter(commit).await?;
        self.hub.wake(SubscriptionKey { tenant: caller.tenant().clone(), id: subscription });
        Ok(())
    }

    /// What is sent again goes where its subscription says, so that it must be there still.
    async fn check_has_receiver(&self, caller: &Caller, id: &str, due: Timestamp) -> Result<(), FaceError> {
        match self.store.view().document(caller.tenant(), SUBSCRIPTIONS, id).await? {
            // One that came later has the id alone in common with it.
            Some(document) if document.created <= due => Ok(()),
            _ => Err(FaceError::Refused {
                kind: ErrorKind::ResourceNotFound,
                detail: Text::both(
                    format!("there is no subscription {id} any more that would say where to; the dead letter is kept"),
                    format!("送信先を示すサブスクリプション{id}はもう存在しません。配信不能通知はそのまま残ります"),
                ),
            }),
        }
    }

    /// Deletes a dead letter.
    pub(crate) async fn delete_dead_letter(&self, caller: &Caller, id: &str) -> Result<(), FaceError> {
        self.face.check_tenant(caller).await?;
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

    async fn commit_letter(&self, commit: Commit) -> Result<(), FaceError> {
        let receipt = self.store.commit(commit).await?;
        for outcome in receipt.outcomes {
            if let Outcome::Refused(refusal) = outcome {
                return Err(FaceError::of_refusal(refusal));
            }
        }
        Ok(())
    }
}

fn no_letter(id: &str) -> FaceError {
    let shown: String = id.chars().take(200).collect();
    FaceError::Refused {
        kind: ErrorKind::ResourceNotFound,
        detail: Text::both(format!("there is no dead letter {shown}"), format!("配信不能通知{shown}は存在しません")),
    }
}
