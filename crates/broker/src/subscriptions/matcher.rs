//! Reads the feed and finds what is due.
//!
//! It keeps the subscriptions in an index that it brings up to date from the very same feed, so that a
//! subscription counts from its own commit on, and takes time from the commits, so that reading them again
//! finds the same.

use std::sync::Arc;
use std::time::Duration;

use machi_http::Shutdown;
use machi_store::{ChangeKind, Document, Entry, Position, Store, StoreError, View};
use machi_types::{Name, TenantId, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep};

use super::config::SubscriptionsConfig;
use super::domain::cause::Cause;
use super::domain::changes::Changes;
use super::domain::identity::NotificationId;
use super::domain::index::Index;
use super::domain::matching::{hears, meets_query, selects};
use super::domain::payload::tells_of;
use super::domain::shared::Shared;
use super::domain::state::EntityState;
use super::domain::stepwise::applied;
use super::domain::subscription::{Subscription, SubscriptionKey, Timing};
use super::due::{Chunk, Due, Order, entity_bit};
use super::hub::Hub;
use super::linked::gather;
use super::load;
use super::parked::Attempts;
use super::stored::{SUBSCRIPTIONS, figures_of, redefinition};
use crate::collections::ENTITIES;

/// How many entries are read at once.
const CHUNK: usize = 512;
/// How many notifications are handed over at once.
const HANDED: usize = 256;
/// How long to rest when the store fails.
const REST: Duration = Duration::from_secs(1);

/// Finds what is due.
pub(crate) struct Matcher {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) config: SubscriptionsConfig,
    pub(crate) shared: Shared,
    pub(crate) indexes: FxHashMap<TenantId, Index>,
    /// When throttled subscriptions were last due.
    pub(crate) last_due: FxHashMap<SubscriptionKey, Timestamp>,
    pub(crate) orders: mpsc::Sender<Order>,
    /// One permit for each notification that may be in memory.
    pub(crate) room: Arc<Semaphore>,
    /// The number of the next piece of the feed.
    pub(crate) chunk: u64,
    /// Whether tenants were erased since a piece of the feed was read.
    pub(crate) has_erased: bool,
}

/// The dispatcher is gone, so that there is nobody to work for.
struct Ended;

/// An entity between two changes of one commit.
type Step = Option<Arc<Document>>;

/// Why a subscription is due.
type Causes = SmallVec<[Arc<Cause>; 1]>;

/// What one commit makes due, by subscription.
#[derive(Default)]
struct DueNow {
    all: Vec<(Arc<Subscription>, Causes)>,
    places: FxHashMap<usize, usize>,
}

impl DueNow {
    fn add(&mut self, subscription: &Arc<Subscription>, cause: &Arc<Cause>) {
        let all = &mut self.all;
        let place = *self.places.entry(Arc::as_ptr(subscription) as usize).or_insert_with(|| {
            all.push((Arc::clone(subscription), SmallVec::new()));
            all.len() - 1
        });
        if let Some((_, causes)) = all.get_mut(place) {
            causes.push(Arc::clone(cause));
        }
    }
}

impl Matcher {
    /// Takes subscriptions in, as they were where reading begins.
    pub(crate) fn take(&mut self, subscription: Arc<Subscription>) {
        let key = &subscription.key;
        if let (Timing::Throttled(_), Some(due)) = (subscription.timing, subscription.counters.figures().last_due) {
            self.last_due.entry(key.clone()).or_insert(due);
        }
        if subscription.is_active && subscription.is_on_change() {
            self.indexes.entry(key.tenant.clone()).or_default().insert(subscription);
        } else {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: &SubscriptionKey) {
        if let Some(index) = self.indexes.get_mut(&key.tenant) {
            index.remove(&key.id);
            if index.is_empty() {
                self.indexes.remove(&key.tenant);
            }
        }
    }

    /// Reads from a position on until the city closes.
    pub(crate) async fn run(mut self, mut after: Position, mut shutdown: Shutdown) {
        loop {
            let read = async {
                self.store.changed(&after).await?;
                self.store.feed(&after, CHUNK).await
            };
            let read = tokio::select! {
                biased;
                () = shutdown.begun() => return,
                () = self.hub.erasure() => {
                    if self.drop_erased().await.is_err() || self.note_place(&after).await.is_err() {
                        return;
                    }
                    continue;
                }
                read = read => read,
            };
            let worked = match read {
                Ok((entries, end)) => self.work(&entries, end, &mut after, &mut shutdown).await,
                Err(StoreError::Closing) => return,
                Err(error) => {
                    tracing::error!(%error, "the change feed cannot be read; trying again");
                    sleep(REST).await;
                    Ok(())
                }
            };
            if worked.is_err() {
                return;
            }
        }
    }

    async fn work(
        &mut self,
        entries: &[Arc<Entry>],
        end: Position,
        after: &mut Position,
        shutdown: &mut Shutdown,
    ) -> Result<(), Ended> {
        self.drop_erased().await?;
        let mut chunk =
            Chunk { number: self.chunk, position: end.clone(), throttled: Vec::new(), is_news: self.has_erased };
        for commit in entries.chunk_by(|one, next| one.commit == next.commit && one.tenant == next.tenant) {
            tokio::select! {
                biased;
                () = shutdown.begun() => return Err(Ended),
                matched = self.commit(commit, &mut chunk) => matched?,
            }
        }
        let has_erased = std::mem::take(&mut self.has_erased);
        if !entries.is_empty() || has_erased {
            self.chunk += 1;
            self.orders.send(Order::Read(chunk)).await.map_err(|_| Ended)?;
        }
        *after = end;
        Ok(())
    }

    /// Has the place written down from which reading goes on, now and behind the next piece: the store keeps what
    /// was before it, and with it what was erased.
    async fn note_place(&mut self, place: &Position) -> Result<(), Ended> {
        self.has_erased = true;
        let chunk = Chunk { number: self.chunk, position: place.clone(), throttled: Vec::new(), is_news: true };
        self.chunk += 1;
        self.orders.send(Order::Read(chunk)).await.map_err(|_| Ended)
    }

    /// The entries of one commit; what fails is tried again, for nothing may be passed over.
    async fn commit(&mut self, entries: &[Arc<Entry>], chunk: &mut Chunk) -> Result<(), Ended> {
        let mut due = DueNow::default();
        let mut steps = self.steps(entries).await;
        for (place, entry) in (0..).zip(entries) {
            if entry.collection == SUBSCRIPTIONS {
                self.flush(&mut due, place, chunk).await?;
                self.subscription(entry, chunk).await?;
            } else if entry.collection == ENTITIES {
                chunk.is_news = true;
                let step = steps.get_mut(&entry.id).map(|before| step(before, entry));
                while let Err(error) = self.entity(entry, step.as_ref(), &mut due).await {
                    tracing::error!(%error, entity = %entry.id, "a change cannot be matched; trying again");
                    sleep(REST).await;
                }
            }
        }
        self.flush(&mut due, entries.len() as u32, chunk).await
    }

    /// The entities that a commit changes several times, as they were before it.
    async fn steps(&self, entries: &[Arc<Entry>]) -> FxHashMap<Name, Step> {
        let mut seen = FxHashSet::default();
        let mut steps = FxHashMap::default();
        for entry in entries.iter().filter(|entry| entry.collection == ENTITIES) {
            if seen.insert(&entry.id) || steps.contains_key(&entry.id) {
                continue;
            }
            let before = loop {
                match self.before(entry).await {
                    Ok(before) => break before,
                    Err(error) => {
                        tracing::error!(%error, entity = %entry.id, "an entity cannot be read; trying again");
                        sleep(REST).await;
                    }
                }
            };
            steps.insert(entry.id.clone(), before);
        }
        steps
    }

    async fn before(&self, entry: &Entry) -> Result<Step, StoreError> {
        self.store.view_at(&position_of(entry, true)).await?.document(&entry.tenant, ENTITIES, &entry.id).await
    }

    async fn subscription(&mut self, entry: &Entry, chunk: &mut Chunk) -> Result<(), Ended> {
        let names = self.store.names();
        let Some(change) = redefinition(entry, names) else { return Ok(()) };
        chunk.is_news = true;
        let key = SubscriptionKey { tenant: entry.tenant.clone(), id: entry.id.clone() };
        let there = match &change.new {
            Some(section) if self.lives(&key, section.created).await => Some(section),
            _ => None,
        };
        let read = there.and_then(|section| {
            let around = (names, &*self.hub, &mut self.shared);
            let times = (section.created, section.modified);
            load::subscription(key.clone(), &section.body, times, || figures_of(entry, names), around)
        });
        let order = if let Some(subscription) = read {
            self.take(Arc::clone(&subscription));
            Order::Defined(subscription)
        } else {
            self.remove(&key);
            self.last_due.remove(&key);
            self.hub.forget(&key);
            Order::Removed(key)
        };
        self.orders.send(order).await.map_err(|_| Ended)
    }

    /// Whether the subscription that came to be at that time is still there. Read again after a crash, the feed tells
    /// of subscriptions that were deleted since, and "no longer" (§5.8.5.4) holds for what was due before, too.
    async fn lives(&self, key: &SubscriptionKey, created: Timestamp) -> bool {
        loop {
            match self.store.view().document(&key.tenant, SUBSCRIPTIONS, &key.id).await {
                Ok(now) => return now.is_some_and(|document| document.created <= created),
                Err(error) => {
                    tracing::error!(%error, subscription = %key.id, "a subscription cannot be read; trying again");
                    sleep(REST).await;
                }
            }
        }
    }

    /// Finds the subscriptions that the change of an entity is due for.
    ///
    /// `step` is the entity that is told of where the commit changes it several times.
    async fn entity(&self, entry: &Arc<Entry>, step: Option<&Step>, due: &mut DueNow) -> Result<(), StoreError> {
        let Some(index) = self.indexes.get(&entry.tenant) else { return Ok(()) };
        let changes = Changes::of(entry);
        if changes.is_empty() {
            return Ok(());
        }
        let names = self.store.names();
        let Some((state, view)) = self.state(entry, step).await? else { return Ok(()) };
        let mut cause = None;
        for subscription in index.candidates(&state, &changes, names) {
            if !hears(subscription, &changes, entry.time) || !selects(subscription, &state) {
                continue;
            }
            let linked = gather(subscription.q.as_deref(), &state, &*view, &entry.tenant, names, entry.time).await?;
            if meets_query(subscription, &state, &|id| linked.get(id)) {
                let cause = cause.get_or_insert_with(|| {
                    let change = Some((Arc::clone(entry), changes.clone()));
                    Arc::new(Cause::new(Arc::clone(&state.reading), Arc::clone(state.document()), change, entry.time))
                });
                // §4.21: a notification that has nothing to tell is none.
                if tells_of(cause, &subscription.shape, names) {
                    due.add(subscription, cause);
                }
            }
        }
        Ok(())
    }

    /// The entity as of the entry's commit; as it was before, where the commit took it away.
    async fn state(
        &self,
        entry: &Entry,
        step: Option<&Step>,
    ) -> Result<Option<(EntityState, Arc<dyn View>)>, StoreError> {
        let is_deletion = entry.kind == ChangeKind::Deleted;
        let view = self.store.view_at(&position_of(entry, is_deletion)).await?;
        let document = match step {
            Some(document) => document.clone(),
            None => view.document(&entry.tenant, ENTITIES, &entry.id).await?,
        };
        let Some(document) = document else { return Ok(None) };
        // What expired and is now cleared away is told of as it was just before.
        let time = if is_deletion { Timestamp::from_micros(i64::MIN) } else { entry.time };
        match EntityState::of(document, self.store.names(), time) {
            Ok(state) => Ok(state.map(|state| (state, view))),
            Err(corrupt) => {
                tracing::error!(error = %corrupt, entity = %entry.id, "a stored entity cannot be read; nobody is notified of it");
                Ok(None)
            }
        }
    }

    /// Hands over what a commit has made due so far.
    async fn flush(&mut self, due: &mut DueNow, place: u32, chunk: &mut Chunk) -> Result<(), Ended> {
        let due = std::mem::take(due);
        let mut handed = Vec::new();
        for (subscription, causes) in due.all {
            let Some(first) = causes.first() else { continue };
            if self.is_throttled(&subscription, first.time, chunk) {
                continue;
            }
            for (part, causes) in (0..).zip(causes.chunks(self.config.entities_per_notification.max(1))) {
                handed.push(made_due(&subscription, causes, place << 16 | part, chunk.number));
                if handed.len() >= HANDED {
                    self.hand_over(std::mem::take(&mut handed)).await?;
                }
            }
        }
        self.hand_over(handed).await
    }

    /// §5.2.12: the "minimal period of time which shall elapse between two consecutive notifications".
    fn is_throttled(&mut self, subscription: &Subscription, time: Timestamp, chunk: &mut Chunk) -> bool {
        let Timing::Throttled(rest) = subscription.timing else { return false };
        let key = &subscription.key;
        if let Some(last) = self.last_due.get(key)
            && time.micros() < last.micros().saturating_add(rest)
        {
            return true;
        }
        self.last_due.insert(key.clone(), time);
        chunk.throttled.push((key.clone(), Arc::clone(&subscription.counters), time));
        false
    }

    async fn hand_over(&self, due: Vec<Due>) -> Result<(), Ended> {
        if due.is_empty() {
            return Ok(());
        }
        // The dispatcher gives the permits back as notifications are settled.
        let permits = self.room.acquire_many(due.len() as u32).await.map_err(|_| Ended)?;
        permits.forget();
        self.orders.send(Order::Due(due)).await.map_err(|_| Ended)
    }

    /// Lets go of the subscriptions of tenants that were erased, and takes those that came since.
    async fn drop_erased(&mut self) -> Result<(), Ended> {
        for tenant in self.hub.take_erased() {
            self.indexes.remove(&tenant);
            self.last_due.retain(|key, _| key.tenant != tenant);
            self.orders.send(Order::Erased(tenant.clone())).await.map_err(|_| Ended)?;
            for subscription in self.loaded(&tenant).await? {
                self.take(Arc::clone(&subscription));
                self.orders.send(Order::Defined(subscription)).await.map_err(|_| Ended)?;
            }
        }
        Ok(())
    }

    /// The subscriptions that a tenant has now; what fails is tried again, for the feed does not tell of them again.
    async fn loaded(&mut self, tenant: &TenantId) -> Result<Vec<Arc<Subscription>>, Ended> {
        loop {
            match load::of_tenant_now(&*self.store, tenant, &self.hub, &mut self.shared).await {
                Ok(subscriptions) => return Ok(subscriptions),
                Err(StoreError::Closing) => return Err(Ended),
                Err(error) => {
                    tracing::error!(%error, %tenant, "the subscriptions of a tenant cannot be read; trying again");
                    sleep(REST).await;
                }
            }
        }
    }
}

/// The entity that an entry tells of: behind the step, or before it where the step takes the entity away.
fn step(document: &mut Step, entry: &Entry) -> Step {
    let before = document.clone();
    *document = applied(before.clone(), entry);
    if document.is_some() { document.clone() } else { before }
}

fn made_due(subscription: &Arc<Subscription>, causes: &[Arc<Cause>], place: u32, chunk: u64) -> Due {
    let (commit, time) = causes.first().map_or((0, Timestamp::from_micros(0)), |cause| {
        (cause.change.as_ref().map_or(0, |(entry, _)| entry.commit), cause.time)
    });
    Due {
        id: NotificationId::of_change(&subscription.key, commit, time, place),
        subscription: Arc::clone(subscription),
        causes: causes.iter().cloned().collect(),
        time,
        order: (commit, place),
        chunk: Some(chunk),
        entities: causes.iter().map(|cause| entity_bit(cause.reading.id())).fold(0, |all, bit| all | bit),
        since: Instant::now(),
        attempts: Attempts::default(),
    }
}

/// Where an entry's commit is visible, or where it is not yet.
///
/// The feed is read in one bucket; in it a commit's number is its position.
fn position_of(entry: &Entry, before: bool) -> Position {
    Position::single(if before { entry.commit.saturating_sub(1) } else { entry.commit })
}
