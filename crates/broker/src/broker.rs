//! The block as one value: what its services share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use machi_http::Crowd;
use machi_store::{Budget, Store};
use machi_types::{Caller, Clock, Name, TenantId, Timestamp};
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashSet;

use crate::BrokerError;
use crate::config::Config;
use crate::contexts::{Contexts, LoadDocument};
use crate::service::batch::Turns;
use crate::subscriptions::hub::Hub;

/// The NGSI-LD broker. Its operations are in the files of `service`, one verb each.
#[derive(Debug)]
pub struct Broker {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) contexts: Contexts,
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    /// The keys of batches that are at work.
    pub(crate) at_work: Mutex<FxHashSet<(TenantId, Name)>>,
    /// Held while the added indexes of a tenant change.
    pub(crate) indexing: tokio::sync::Mutex<()>,
    pub(crate) started: Instant,
    /// Whether several tenants ask at the same time.
    pub(crate) crowd: Mutex<Crowd<TenantId>>,
    /// How much of batches is worked on at once.
    pub(crate) turns: Turns,
    /// Tenants that are being restored.
    pub(crate) restoring: RwLock<FxHashSet<TenantId>>,
    /// What requests share with the notifier.
    pub(crate) hub: Arc<Hub>,
}

impl Broker {
    /// A broker over a store that was opened with the collections of [`crate::collections`].
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, config: Config, loader: Arc<dyn LoadDocument>) -> Self {
        let contexts = Contexts::new(Arc::clone(&store), Arc::clone(&clock), config.contexts.clone(), loader);
        Self {
            store,
            contexts,
            config,
            clock,
            at_work: Mutex::default(),
            indexing: tokio::sync::Mutex::default(),
            started: Instant::now(),
            crowd: Mutex::default(),
            turns: Turns::default(),
            restoring: RwLock::default(),
            hub: Arc::default(),
        }
    }

    /// The @contexts.
    pub fn contexts(&self) -> &Contexts {
        &self.contexts
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// How often the notifier broke off and began again since the start, which it never should.
    pub fn notifier_breaks(&self) -> u64 {
        self.hub.meters.read().breaks.value()
    }

    /// How much work one query may cost.
    pub(crate) fn budget(&self) -> Budget {
        let limits = &self.config.limits;
        Budget {
            documents: limits.query_documents,
            time: Duration::from_secs(limits.query_seconds),
            ..Budget::default()
        }
    }

    /// Until when an answer given now is kept.
    pub(crate) fn answers_expire(&self, now: Timestamp) -> Timestamp {
        let kept = i64::try_from(self.config.limits.answers_kept_seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        Timestamp::from_micros(now.micros().saturating_add(kept))
    }

    /// Refuses an operation on a tenant that does not exist (ETSI GS CIM 009 §5.5.10).
    pub(crate) fn check_tenant(&self, caller: &Caller) -> Result<(), BrokerError> {
        let tenant = caller.tenant();
        self.arrive(tenant)?;
        if tenant.is_default() || self.store.has_tenant(tenant) {
            return Ok(());
        }
        Err(self.no_tenant(tenant))
    }

    /// The error of a tenant that does not exist.
    pub(crate) fn no_tenant(&self, tenant: &TenantId) -> BrokerError {
        BrokerError::NoTenant { tenant: tenant.clone(), begins: self.config.tenants.create }
    }

    /// Takes note of a tenant that asks, and refuses while it is being restored.
    pub(crate) fn arrive(&self, tenant: &TenantId) -> Result<(), BrokerError> {
        self.crowd.lock().note(tenant);
        self.check_at_rest(tenant)
    }

    /// The same for an operation that creates: it may be the tenant's first.
    pub(crate) fn check_tenant_or_create(&self, caller: &Caller) -> Result<(), BrokerError> {
        if self.config.tenants.create { self.arrive(caller.tenant()) } else { self.check_tenant(caller) }
    }
}
