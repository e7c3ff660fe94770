//! The work that the dispatcher gives away: sending, and everything that touches the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use machi_face::contexts::ContextRef;
use machi_http::Repeats;
use machi_model::context::Context;
use machi_store::{Commit, Find, Outcome, Position, StoreError};
use machi_types::{Clock, Name, TenantId};
use tokio::time::Instant;

use super::room::Way;
use crate::Broker;
use crate::subscriptions::config::SubscriptionsConfig;
use crate::subscriptions::domain::counters::{Counters, Figures};
use crate::subscriptions::domain::endpoint::Endpoint;
use crate::subscriptions::domain::payload::{self, Heading, Payload};
use crate::subscriptions::domain::shape::Shape;
use crate::subscriptions::domain::shared::Shared;
use crate::subscriptions::domain::subscription::{Subscription, SubscriptionKey};
use crate::subscriptions::due::Due;
use crate::subscriptions::parked::{DEAD_LETTERS, DELIVERIES, Envelope, Parked, of_subscription};
use crate::subscriptions::periodic::{self, Round};
use crate::subscriptions::send::{Sender, Sent};
use crate::subscriptions::stored::{self, SUBSCRIPTIONS};
use crate::subscriptions::{CONSUMER, joined, load};

/// How many rows are read at once.
pub(super) const ROWS: usize = 32;
/// How many subscriptions' numbers are written down in one commit: a commit of all of them would fill the queue of
/// the store and hold up everybody behind it.
const SAVED_TOGETHER: usize = 200;

/// What every piece of work needs.
#[derive(Clone)]
pub(in crate::subscriptions) struct Tools {
    pub(in crate::subscriptions) broker: Arc<Broker>,
    pub(in crate::subscriptions) sender: Arc<Sender>,
    pub(in crate::subscriptions) config: Arc<SubscriptionsConfig>,
    pub(in crate::subscriptions) repeats: Arc<Repeats>,
}

/// What a piece of work came to.
pub(super) enum Done {
    /// A notification from memory was sent.
    Sent { due: Due, way: Way, sent: Sent },
    /// A row was sent.
    SentRow { key: SubscriptionKey, way: Way, sent: Sent },
    /// Notifications were written down, or not.
    Parked { due: Vec<Due>, result: Result<(), StoreError> },
    /// The first rows were read.
    Loaded { key: SubscriptionKey, rows: Result<(Vec<Parked>, bool), StoreError> },
    /// Rows were changed.
    Changed { key: SubscriptionKey, what: RowChange, result: Result<(), StoreError> },
    /// All rows of a subscription that is gone were deleted.
    Purged { key: SubscriptionKey, result: Result<(), StoreError> },
    /// Numbers and the place in the feed were written down.
    Saved { position: Option<Position>, figures: Vec<(SubscriptionKey, Arc<Counters>)>, result: Result<(), StoreError> },
    /// The entities of a periodic notification were gathered.
    Gathered { subscription: Arc<Subscription>, due: Result<(Vec<Due>, Option<Round>), StoreError> },
    /// A subscription was read because something waits for it.
    LookedUp { key: SubscriptionKey, subscription: Option<Arc<Subscription>> },
    /// Old dead letters were cleared away.
    Cleared(Result<(), StoreError>),
}

/// What was done to rows.
#[derive(Debug)]
pub(super) enum RowChange {
    Deleted(Vec<Name>),
    Buried,
    Noted,
}

impl Tools {
    fn clock(&self) -> &dyn Clock {
        &*self.broker.clock
    }

    /// Writes a notification; what cannot be written is of no use to anybody and is told in the log.
    pub(super) async fn payload(&self, due: &Due) -> Option<Payload> {
        let (subscription, names) = (&due.subscription, self.broker.store.names());
        let (key, shape) = (&subscription.key, &subscription.shape);
        let context = self.context(&key.tenant, shape).await;
        let heading = Heading { id: due.id, subscription: &key.id, notified_at: due.time };
        let linked = joined::gather(&self.broker, due).await.unwrap_or_else(|error| {
            tracing::warn!(subscription = %key.id, %error, "linked entities cannot be read; a notification goes without them");
            joined::Known::default()
        });
        match payload::write(heading, &due.causes, &linked, (shape, &context, names)) {
            Ok(payload) => Some(payload),
            Err(corrupt) => {
                tracing::error!(subscription = %key.id, error = %corrupt, "a notification cannot be written: the stored entity cannot be read");
                None
            }
        }
    }

    /// The @context of a notification. Where it cannot be had any more, full names say the same.
    async fn context(&self, tenant: &TenantId, shape: &Shape) -> Arc<Context> {
        if *shape.context == *machi_model::context::CORE_URL {
            return Arc::clone(Context::core());
        }
        match self.broker.face.contexts.resolve(tenant, ContextRef::Url(&shape.context)).await {
            Ok(context) => context,
            Err(error) => {
                if self.repeats.tell(&shape.context).is_some() {
                    tracing::warn!(context = %shape.context, %error, "a @context cannot be had; notifications carry full names");
                }
                Arc::clone(Context::core())
            }
        }
    }

    /// Sends a notification from memory.
    pub(super) async fn send(self, due: Due, way: Way) -> Done {
        let sent = match self.payload(&due).await {
            Some(payload) => self.hand_over(&way.endpoint, &due.subscription.key.tenant, &payload).await,
            None => Sent { refusal: None, took: std::time::Duration::ZERO },
        };
        Done::Sent { due, way, sent }
    }

    /// Sends a row.
    pub(super) async fn send_row(self, key: SubscriptionKey, row: Parked, way: Way) -> Done {
        let payload = Payload { body: row.body, media: row.envelope.media, context: row.envelope.context };
        let sent = self.hand_over(&way.endpoint, &key.tenant, &payload).await;
        Done::SentRow { key, way, sent }
    }

    async fn hand_over(&self, endpoint: &Arc<Endpoint>, tenant: &TenantId, payload: &Payload) -> Sent {
        let patience = self.config.patience(endpoint.timeout);
        self.sender.send(endpoint, tenant, payload, patience).await
    }

    /// Writes notifications down.
    pub(super) async fn park(self, due: Vec<Due>) -> Done {
        let mut result = Ok(());
        for part in due.chunk_by(|one, next| one.subscription.key.tenant == next.subscription.key.tenant) {
            let Some(first) = part.first() else { continue };
            let mut commit = Commit::new(first.subscription.key.tenant.clone());
            for due in part {
                let Some(payload) = self.payload(due).await else { continue };
                let row = parked(due, payload);
                let store = Arc::clone(&self.broker.store);
                let decide = move |current: Option<&machi_store::Document>| Ok(row.park(current, store.names()));
                commit = commit.with(DELIVERIES, Name::from(due.id.to_string()), decide);
            }
            result = self.commit(commit).await;
            if result.is_err() {
                break;
            }
        }
        Done::Parked { due, result }
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let receipt = self.broker.store.commit(commit).await?;
        let refused = receipt.outcomes.into_iter().find_map(|outcome| match outcome {
            Outcome::Refused(refusal) => Some(StoreError::Engine(refusal.to_string())),
            _ => None,
        });
        refused.map_or(Ok(()), Err)
    }

    /// Reads the first rows of a subscription.
    pub(super) async fn load(self, key: SubscriptionKey) -> Done {
        let rows = self.rows(&key, ROWS).await;
        Done::Loaded { key, rows }
    }

    async fn rows(&self, key: &SubscriptionKey, limit: usize) -> Result<(Vec<Parked>, bool), StoreError> {
        let store = &self.broker.store;
        let filter = of_subscription(&key.id, store.names());
        let find = Find { limit, ..Find::new(key.tenant.clone(), DELIVERIES, filter) };
        let found = store.view().find(find).await?;
        let rows = found.rows.iter().filter_map(|row| Parked::read(&row.document, store.names())).collect();
        Ok((rows, found.more))
    }

    /// Deletes rows that are done with.
    pub(super) async fn delete(self, key: SubscriptionKey, ids: Vec<Name>) -> Done {
        let result = self.commit(deleting(&key.tenant, &ids)).await;
        Done::Changed { key, what: RowChange::Deleted(ids), result }
    }

    /// Makes a row a dead letter.
    pub(super) async fn bury(self, key: SubscriptionKey, row: Parked) -> Done {
        let (store, id) = (Arc::clone(&self.broker.store), row.id.clone());
        let mut commit = deleting(&key.tenant, std::slice::from_ref(&id));
        let bury = move |current: Option<&machi_store::Document>| Ok(row.park(current, store.names()));
        commit = commit.with(DEAD_LETTERS, id, bury);
        commit.all_or_nothing = true;
        let result = self.commit(commit).await;
        Done::Changed { key, what: RowChange::Buried, result }
    }

    /// Writes down how often a row was tried.
    pub(super) async fn note(self, key: SubscriptionKey, row: Parked) -> Done {
        let (store, id) = (Arc::clone(&self.broker.store), row.id.clone());
        let note = move |current: Option<&machi_store::Document>| Ok(row.note_attempts(current, store.names()));
        let result = self.commit(Commit::new(key.tenant.clone()).with(DELIVERIES, id, note)).await;
        Done::Changed { key, what: RowChange::Noted, result }
    }

    /// Deletes everything that waits for a subscription that is gone.
    pub(super) async fn purge(self, key: SubscriptionKey) -> Done {
        let result = loop {
            match self.rows(&key, 500).await {
                Ok((rows, _)) if rows.is_empty() => break Ok(()),
                Ok((rows, _)) => {
                    let ids: Vec<Name> = rows.into_iter().map(|row| row.id).collect();
                    if let Err(error) = self.commit(deleting(&key.tenant, &ids)).await {
                        break Err(error);
                    }
                }
                Err(error) => break Err(error),
            }
        };
        Done::Purged { key, result }
    }

    /// Writes down numbers, and behind them how far the feed is settled.
    pub(super) async fn save(
        self,
        position: Option<Position>,
        figures: Vec<(SubscriptionKey, Arc<Counters>, Figures)>,
        is_closing: Arc<AtomicBool>,
    ) -> Done {
        let mut result = Ok(());
        for of_tenant in figures.chunk_by(|(one, ..), (next, ..)| one.tenant == next.tenant) {
            for group in of_tenant.chunks(SAVED_TOGETHER) {
                let began = Instant::now();
                result = result.and(self.save_figures(group).await);
                // Nobody waits for these numbers: whoever writes has the store for as long as they had it.
                if group.len() == SAVED_TOGETHER && !is_closing.load(Ordering::Relaxed) {
                    tokio::time::sleep(began.elapsed()).await;
                }
            }
        }
        if let (Some(position), Ok(())) = (&position, &result) {
            // INVARIANT: what a throttled subscription counts from is durable before the place behind it is.
            let mut commit = Commit::new(TenantId::default_tenant());
            commit.cursors = vec![(Name::from(CONSUMER), position.clone())];
            result = self.broker.store.commit(commit).await.map(drop);
            if result.is_ok() {
                result = self.broker.store.pin(CONSUMER, Some(position)).await;
            }
        }
        let figures = figures.into_iter().map(|(key, counters, _)| (key, counters)).collect();
        Done::Saved { position, figures, result }
    }

    /// Writes down the numbers of subscriptions of one tenant.
    async fn save_figures(&self, figures: &[(SubscriptionKey, Arc<Counters>, Figures)]) -> Result<(), StoreError> {
        let Some((first, ..)) = figures.first() else { return Ok(()) };
        let mut commit = Commit::new(first.tenant.clone());
        for (key, _, figures) in figures {
            let (store, figures) = (Arc::clone(&self.broker.store), *figures);
            let count =
                move |current: Option<&machi_store::Document>| Ok(stored::count(current, &figures, store.names()));
            commit = commit.with(SUBSCRIPTIONS, key.id.clone(), count);
        }
        self.commit(commit).await
    }

    /// Gathers what periodic notifications tell.
    pub(super) async fn gather(self, round: Round) -> Done {
        let subscription = Arc::clone(&round.subscription);
        let due = periodic::gather(&self.broker, round, self.config.entities_per_notification).await;
        Done::Gathered { subscription, due }
    }

    /// Reads a subscription as it is now.
    pub(super) async fn look_up(self, key: SubscriptionKey) -> Done {
        let store = &self.broker.store;
        let document = store.view().document(&key.tenant, SUBSCRIPTIONS, &key.id).await.ok().flatten();
        let mut shared = Shared::default();
        let read = |document| load::of_document(&key.tenant, document, store.names(), &self.broker.hub, &mut shared);
        let subscription = document.and_then(read);
        Done::LookedUp { key, subscription }
    }

    /// Clears old dead letters away.
    pub(super) async fn clear(self) -> Done {
        let kept = i64::try_from(self.config.dead_letter_seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let before = machi_types::Timestamp::from_micros(self.clock().now().micros().saturating_sub(kept));
        Done::Cleared(self.clear_before(before).await)
    }

    async fn clear_before(&self, before: machi_types::Timestamp) -> Result<(), StoreError> {
        let store = &self.broker.store;
        for tenant in store.tenants().await? {
            let is_concerned = tenant.documents.iter().any(|(name, count)| **name == *DEAD_LETTERS.0 && *count > 0);
            if !is_concerned {
                continue;
            }
            loop {
                let find =
                    Find { limit: 500, ..Find::new(tenant.tenant.clone(), DEAD_LETTERS, created_before(before)) };
                let found = store.view().find(find).await?;
                let ids: Vec<Name> = found.rows.iter().map(|row| row.document.id.clone()).collect();
                if ids.is_empty() {
                    break;
                }
                let delete = |_: Option<&machi_store::Document>| Ok(machi_store::Decision::Delete);
                let commit = ids
                    .into_iter()
                    .fold(Commit::new(tenant.tenant.clone()), |commit, id| commit.with(DEAD_LETTERS, id, delete));
                self.commit(commit).await?;
            }
        }
        Ok(())
    }
}

fn created_before(time: machi_types::Timestamp) -> machi_store::Filter {
    let range = machi_store::Range { low: std::ops::Bound::Unbounded, high: std::ops::Bound::Excluded(time) };
    machi_store::Filter::Test(machi_store::Test {
        name: machi_store::NameNo::CREATED,
        instances: machi_store::Instances::Any,
        condition: machi_store::Condition::Time(range),
    })
}

fn deleting(tenant: &TenantId, ids: &[Name]) -> Commit {
    let delete = |_: Option<&machi_store::Document>| Ok(machi_store::Decision::Delete);
    ids.iter().fold(Commit::new(tenant.clone()), |commit, id| commit.with(DELIVERIES, id.clone(), delete))
}

fn parked(due: &Due, payload: Payload) -> Parked {
    Parked {
        id: Name::from(due.id.to_string()),
        envelope: Envelope {
            subscription: due.subscription.key.id.clone(),
            due: due.time,
            media: payload.media,
            context: payload.context,
        },
        body: payload.body,
        attempts: due.attempts.clone(),
    }
}
