//! Starts matching and dispatching, and ends them together.

use std::sync::Arc;

use machi_http::Shutdown;
use machi_http::client::Client;
use machi_http::metrics::Registry;
use machi_store::{Commit, Position, StoreError};
use machi_types::{Name, TenantId};
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Duration, sleep};

use super::dispatcher::{Dispatcher, Tools};
use super::domain::shared::Shared;
use super::domain::subscription::SubscriptionKey;
use super::matcher::Matcher;
use super::mqtt::MqttClients;
use super::send::Sender;
use super::stored::SUBSCRIPTIONS;
use super::{CONSUMER, load};
use crate::Broker;

/// How many pieces of the feed the matcher may be ahead.
const AHEAD: usize = 64;
const REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_mins(1);

/// Sends the notifications of a city.
#[derive(Debug)]
pub struct Notifier {
    broker: Arc<Broker>,
    client: Client,
}

impl Notifier {
    /// A notifier that has not begun yet; call it before anybody can write. From now on the store keeps what it needs.
    pub async fn new(broker: Arc<Broker>, client: Client) -> Result<Self, StoreError> {
        let store = &broker.store;
        let cursor = if let Some(cursor) = store.cursor(CONSUMER).await? {
            cursor
        } else {
            // What was written before anybody could subscribe is due to nobody.
            let now = store.view().position().await?;
            let mut commit = Commit::new(TenantId::default_tenant());
            commit.cursors = vec![(Name::from(CONSUMER), now.clone())];
            store.commit(commit).await?;
            now
        };
        store.pin(CONSUMER, Some(&cursor)).await?;
        Ok(Self { broker, client })
    }

    /// Writes its figures into this registry.
    pub fn report_to(&self, registry: &Registry) {
        self.broker.hub.report_to(registry);
    }

    /// Works until the city closes, and has ended everything it began when it returns.
    ///
    /// Should a part of it break off, which no input may bring about, it begins again from what it had written down.
    pub async fn run(self, mut shutdown: Shutdown) {
        let mut rest = REST;
        while let Err(error) = self.work(&mut shutdown).await {
            self.broker.hub.meters.read().breaks.inc();
            tracing::error!(%error, "the notifier broke off, by a mistake of ours; it begins again in {rest:?} from what it had written down");
            tokio::select! {
                biased;
                () = shutdown.begun() => return,
                () = sleep(rest) => {}
            }
            rest = (rest * 2).min(LONGEST_REST);
        }
    }

    async fn work(&self, shutdown: &mut Shutdown) -> Result<(), JoinError> {
        let begun = tokio::select! {
            biased;
            () = shutdown.begun() => return Ok(()),
            begun = self.begin() => begun,
        };
        let (matcher, dispatcher, orders, after) = begun;
        let mut parts = JoinSet::new();
        parts.spawn(matcher.run(after, shutdown.clone()));
        parts.spawn(dispatcher.run(orders, shutdown.clone()));
        while let Some(ended) = parts.join_next().await {
            if ended.is_err() {
                // The other part is of no use without it.
                parts.shutdown().await;
                return ended;
            }
        }
        Ok(())
    }

    async fn begin(&self) -> (Matcher, Dispatcher, mpsc::Receiver<super::due::Order>, Position) {
        loop {
            match self.try_begin().await {
                Ok(begun) => return begun,
                Err(error) => {
                    tracing::error!(%error, "subscriptions cannot be read, and until they are no notification is sent; nothing that is due is passed over; trying again every second");
                    sleep(REST).await;
                }
            }
        }
    }

    async fn try_begin(
        &self,
    ) -> Result<(Matcher, Dispatcher, mpsc::Receiver<super::due::Order>, Position), StoreError> {
        let (store, hub) = (&self.broker.store, &self.broker.hub);
        let config = self.broker.config.subscriptions.clone();
        let after = store.cursor(CONSUMER).await?.unwrap_or_default();
        let (sender, orders) = mpsc::channel(AHEAD);
        let room = Arc::new(Semaphore::new(config.held.clamp(1, Semaphore::MAX_PERMITS)));
        let mut matcher = Matcher {
            store: Arc::clone(store),
            hub: Arc::clone(hub),
            config: config.clone(),
            shared: Shared::default(),
            indexes: FxHashMap::default(),
            last_due: FxHashMap::default(),
            orders: sender,
            room: Arc::clone(&room),
            chunk: 0,
            has_erased: false,
        };
        let tools = Tools {
            broker: Arc::clone(&self.broker),
            sender: Arc::new(Sender { web: self.client.clone(), mqtt: MqttClients::new(self.client.clone()) }),
            config: Arc::new(config),
            repeats: Arc::default(),
        };
        let mut dispatcher = Dispatcher::new(tools, Arc::clone(hub), room, after.clone());
        let mut waiting: FxHashSet<SubscriptionKey> = load::waiting(&**store).await?.into_iter().collect();
        for subscription in load::all_at(&**store, &after, hub, &mut matcher.shared).await? {
            if waiting.remove(&subscription.key) {
                dispatcher.resume(&subscription.key, Some(Arc::clone(&subscription)));
            }
            dispatcher.defined(Arc::clone(&subscription));
            matcher.take(subscription);
        }
        // Those that came after the place where reading begins have rows already; those that are gone leave theirs.
        for key in waiting {
            let document = store.view().document(&key.tenant, SUBSCRIPTIONS, &key.id).await?;
            let subscription = document
                .and_then(|document| load::of_document(&key.tenant, document, store.names(), hub, &mut matcher.shared));
            dispatcher.resume(&key, subscription);
        }
        Ok((matcher, dispatcher, orders, after))
    }
}
