//! What requests and the notifier share: the living numbers of subscriptions, and what the notifier is doing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use machi_http::metrics::{Counter, DURATION_BOUNDS, Gauge, Histogram, Registry};
use machi_types::TenantId;
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashMap;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::domain::counters::{Counters, Figures};
use super::domain::subscription::SubscriptionKey;

/// Shared by requests and the notifier.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    counters: RwLock<FxHashMap<SubscriptionKey, Arc<Counters>>>,
    /// Tenants that were erased since the notifier last looked.
    erased: Mutex<Vec<TenantId>>,
    erasure: Notify,
    /// Subscriptions that have a notification waiting that the notifier does not know of.
    replayed: Mutex<Vec<SubscriptionKey>>,
    readers: AtomicUsize,
    /// The tasks of those who follow the live feed; they end with the city.
    followers: Mutex<JoinSet<()>>,
    pub(crate) meters: RwLock<Meters>,
}

/// The figures that `/metrics` shows.
#[derive(Clone, Debug)]
pub(crate) struct Meters {
    pub(crate) due: Counter,
    pub(crate) sent: Counter,
    pub(crate) failed: Counter,
    /// Attempts that were not the first.
    pub(crate) repeated: Counter,
    /// From the commit, or the instant, that made a notification due until its receiver has taken it.
    pub(crate) took: Histogram,
    pub(crate) parked: Counter,
    pub(crate) dead: Counter,
    pub(crate) held: Gauge,
    pub(crate) waiting: Gauge,
    /// Commits behind the place before which everything is settled.
    pub(crate) lag: Gauge,
    /// How often the notifier broke off and began again.
    pub(crate) breaks: Counter,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            due: Counter::default(),
            sent: Counter::default(),
            failed: Counter::default(),
            repeated: Counter::default(),
            took: Histogram::new(DURATION_BOUNDS),
            parked: Counter::default(),
            dead: Counter::default(),
            held: Gauge::default(),
            waiting: Gauge::default(),
            lag: Gauge::default(),
            breaks: Counter::default(),
        }
    }
}

impl Hub {
    /// Writes its figures into this registry from now on.
    pub(crate) fn report_to(&self, registry: &Registry) {
        let counter = |name, help| registry.counter(name, help, &[]);
        let gauge = |name, help| registry.gauge(name, help, &[]);
        *self.meters.write() = Meters {
            due: counter("machi_notifications_due", "Notifications that became due."),
            sent: counter("machi_notifications_sent", "Notifications that a receiver has taken."),
            failed: counter("machi_notifications_failed", "Attempts to notify that failed."),
            repeated: counter("machi_notifications_repeated", "Attempts to notify that were not the first."),
            took: registry.histogram(
                "machi_notification_seconds",
                "Time from a commit until the receiver has taken the notification that it made due.",
                DURATION_BOUNDS,
                &[],
            ),
            parked: counter(
                "machi_notifications_parked",
                "Notifications that were written down to wait for their receiver.",
            ),
            dead: counter("machi_notifications_dead", "Notifications that were given up and became dead letters."),
            held: gauge("machi_notifications_held", "Notifications in memory that are not settled yet."),
            waiting: gauge("machi_subscriptions_waiting", "Subscriptions whose receiver is waited for."),
            lag: gauge(
                "machi_notifications_lag_commits",
                "Commits that may still have notifications neither delivered nor written down.",
            ),
            breaks: counter("machi_notifier_breaks", "How often the notifier broke off and began again."),
        };
    }

    /// The numbers of a subscription, starting from what was kept where nobody counts yet.
    pub(crate) fn counters(&self, key: &SubscriptionKey, kept: impl FnOnce() -> Figures) -> Arc<Counters> {
        if let Some(counters) = self.counters.read().get(key) {
            return Arc::clone(counters);
        }
        let mut all = self.counters.write();
        Arc::clone(all.entry(key.clone()).or_insert_with(|| Arc::new(Counters::starting_at(&kept()))))
    }

    /// The numbers of a subscription, where anybody counts.
    pub(crate) fn figures(&self, key: &SubscriptionKey) -> Option<Figures> {
        self.counters.read().get(key).map(|counters| counters.figures())
    }

    /// A subscription is gone.
    pub(crate) fn forget(&self, key: &SubscriptionKey) {
        self.counters.write().remove(key);
    }

    /// A tenant was erased, with all its subscriptions.
    pub(crate) fn forget_tenant(&self, tenant: &TenantId) {
        self.counters.write().retain(|key, _| key.tenant != *tenant);
        self.erased.lock().push(tenant.clone());
        self.erasure.notify_one();
    }

    /// Resolves once a tenant is erased.
    pub(crate) async fn erasure(&self) {
        self.erasure.notified().await;
    }

    /// The tenants that were erased since this was last asked.
    pub(crate) fn take_erased(&self) -> Vec<TenantId> {
        std::mem::take(&mut *self.erased.lock())
    }

    /// Something waits for a subscription that was not there before.
    pub(crate) fn wake(&self, key: SubscriptionKey) {
        self.replayed.lock().push(key);
    }

    /// The subscriptions that something new waits for.
    pub(crate) fn take_replayed(&self) -> Vec<SubscriptionKey> {
        std::mem::take(&mut *self.replayed.lock())
    }

    /// Does the work of a reader of the live feed.
    pub(crate) fn follow(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut followers = self.followers.lock();
        while followers.try_join_next().is_some() {}
        followers.spawn(work);
    }

    /// Lets one more reader of the live feed in, if there are fewer than this; it leaves when the seat is dropped.
    pub(crate) fn take_seat(self: &Arc<Self>, most: usize) -> Option<Seat> {
        let entered = self
            .readers
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |readers| (readers < most).then_some(readers + 1));
        entered.ok().map(|_| Seat(Arc::clone(self)))
    }
}

/// The place of a reader of the live feed.
#[derive(Debug)]
pub(crate) struct Seat(Arc<Hub>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.readers.fetch_sub(1, Ordering::AcqRel);
    }
}
