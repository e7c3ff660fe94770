//! What all operations share while a city runs.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use machi_http::Crowd;
use machi_http::Text;
use machi_http::request::PageLimits;
use machi_model::entity::{is_date, parse_datetime};
use machi_store::{Budget, Collection, Position, Store, View};
use machi_types::{Caller, Clock, ErrorKind, TenantId, Timestamp};
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashSet;

use crate::FaceError;
use crate::config::FaceConfig;
use crate::contexts::{Contexts, LoadDocument};

/// The store, the @contexts, the limits and the tenants of a city.
#[derive(Debug)]
pub struct Face {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The clock by which things expire.
    pub clock: Arc<dyn Clock>,
    /// The @contexts.
    pub contexts: Contexts,
    /// The settings.
    pub config: FaceConfig,
    /// Whether several tenants ask at the same time.
    crowd: Mutex<Crowd<TenantId>>,
    /// Tenants that are being restored.
    restoring: RwLock<FxHashSet<TenantId>>,
    /// What else keeps something of tenants.
    keepers: RwLock<Vec<Weak<dyn Keeper>>>,
    /// What remembers how the city was.
    memory: RwLock<Option<Weak<dyn Recall>>>,
}

/// What keeps something of tenants beside the store.
pub trait Keeper: Debug + Send + Sync {
    /// Removes all of a tenant, for good; the store has removed it already.
    fn forget<'a>(&'a self, tenant: &'a TenantId) -> Forgetting<'a>;
}

/// What remembers how the city was.
pub trait Recall: Debug + Send + Sync {
    /// A view of a tenant's entities as they were.
    fn view_as_of<'a>(&'a self, tenant: &'a TenantId, as_of: &'a AsOf) -> Recalling<'a>;
}

/// When the city is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// At an instant: after what was committed at it.
    Time(Timestamp),
    /// Behind a commit.
    Position(Position),
}

/// A view, and the instant that it is of, in time.
pub type Recalling<'a> = Pin<Box<dyn Future<Output = Result<(Arc<dyn View>, Timestamp), FaceError>> + Send + 'a>>;

/// Removes something, in time.
pub type Forgetting<'a> = Pin<Box<dyn Future<Output = Result<(), FaceError>> + Send + 'a>>;

impl AsOf {
    /// Reads a query parameter, such as `asOf`.
    pub fn parse(parameter: &str, text: &str) -> Result<Self, FaceError> {
        if let Some(time) = parse_datetime(text) {
            return Ok(Self::Time(time));
        }
        // A date is no position, though it could be one of three buckets.
        let position = text.parse().ok().filter(|_| !is_date(text));
        position.map(Self::Position).ok_or_else(|| {
            let text: String = text.chars().take(40).collect();
            FaceError::bad_data(Text::both(
                format!("{parameter}: \"{text}\" is neither a date-time in UTC such as 2026-11-22T10:00:00Z nor a position such as 12"),
                format!("{parameter}: \"{text}\"は、UTCの日時(例: 2026-11-22T10:00:00Z)でも位置(例: 12)でもありません"),
            ))
        })
    }
}

fn no_history() -> FaceError {
    FaceError::Refused {
        kind: ErrorKind::OperationNotSupported,
        detail: Text::both(
            "asOf: this city keeps no history; ask without asOf",
            "asOf: この都市は履歴を保持していません。asOfを付けずに送信してください",
        ),
    }
}

impl Face {
    /// A face over a store that was opened with the collections of [`crate::contexts`].
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        config: FaceConfig,
        loader: Arc<dyn LoadDocument>,
    ) -> Self {
        let contexts = Contexts::new(Arc::clone(&store), Arc::clone(&clock), config.contexts.clone(), loader);
        Self {
            store,
            clock,
            contexts,
            config,
            crowd: Mutex::default(),
            restoring: RwLock::default(),
            keepers: RwLock::default(),
            memory: RwLock::default(),
        }
    }

    /// From now on this is asked how the city was.
    pub fn remember_by(&self, memory: Weak<dyn Recall>) {
        *self.memory.write() = Some(memory);
    }

    /// A view of a tenant's entities: as they are, or as they were, and the time by which things have expired in it.
    pub async fn view(&self, tenant: &TenantId, as_of: Option<&AsOf>) -> Result<(Arc<dyn View>, Timestamp), FaceError> {
        let Some(as_of) = as_of else { return Ok((self.store.view(), self.clock.now())) };
        let memory = self.memory.read().as_ref().and_then(Weak::upgrade);
        memory.ok_or_else(no_history)?.view_as_of(tenant, as_of).await
    }

    /// From now on this is told, too, when a tenant goes.
    pub fn keep_with(&self, keeper: Weak<dyn Keeper>) {
        self.keepers.write().push(keeper);
    }

    /// Removes a tenant, but for these collections, and what is kept of it elsewhere.
    pub async fn erase(&self, tenant: &TenantId, spared: &[Collection]) -> Result<(), FaceError> {
        self.store.erase(tenant, spared).await?;
        let keepers: Vec<_> = self.keepers.read().iter().filter_map(Weak::upgrade).collect();
        for keeper in keepers {
            keeper.forget(tenant).await?;
        }
        Ok(())
    }

    /// How much work one query may cost.
    pub fn budget(&self) -> Budget {
        let limits = &self.config.limits;
        Budget {
            documents: limits.query_documents,
            time: Duration::from_secs(limits.query_seconds),
            ..Budget::default()
        }
    }

    /// How large pages may be.
    pub fn page_limits(&self) -> PageLimits {
        let limits = &self.config.limits;
        PageLimits {
            default: u32::try_from(limits.page_rows).unwrap_or(u32::MAX),
            largest: u32::try_from(limits.page_rows_max).unwrap_or(u32::MAX),
            largest_offset: limits.offset_max as u64,
        }
    }

    /// Until when an answer given now is kept.
    pub fn answers_expire(&self, now: Timestamp) -> Timestamp {
        let kept = i64::try_from(self.config.limits.answers_kept_seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        Timestamp::from_micros(now.micros().saturating_add(kept))
    }

    /// Refuses an operation on a tenant that does not exist (ETSI GS CIM 009 §5.5.10).
    pub async fn check_tenant(&self, caller: &Caller) -> Result<(), FaceError> {
        let tenant = caller.tenant();
        self.arrive(tenant)?;
        if tenant.is_default() || self.store.has_tenant(tenant).await? {
            return Ok(());
        }
        Err(self.no_tenant(tenant))
    }

    /// The same for an operation that creates: it may be the tenant's first.
    pub async fn check_tenant_or_create(&self, caller: &Caller) -> Result<(), FaceError> {
        if self.config.tenants.create { self.arrive(caller.tenant()) } else { self.check_tenant(caller).await }
    }

    /// The error of a tenant that does not exist.
    pub fn no_tenant(&self, tenant: &TenantId) -> FaceError {
        FaceError::NoTenant { tenant: tenant.clone(), begins: self.config.tenants.create }
    }

    /// Takes note of a tenant that asks, and refuses while it is being restored.
    pub fn arrive(&self, tenant: &TenantId) -> Result<(), FaceError> {
        self.crowd.lock().note(tenant);
        self.check_at_rest(tenant)
    }

    /// Whether tenants other than this one ask, too.
    pub fn others_ask(&self, tenant: &TenantId) -> bool {
        self.crowd.lock().others_ask(tenant)
    }

    /// Refuses while the tenant is being restored.
    pub fn check_at_rest(&self, tenant: &TenantId) -> Result<(), FaceError> {
        let restoring = self.restoring.read();
        if !restoring.is_empty() && restoring.contains(tenant) {
            return Err(FaceError::TenantBusy { tenant: tenant.clone() });
        }
        Ok(())
    }

    /// Begins to restore a tenant, which answers nobody until what this gives is dropped.
    pub fn begin_restore(&self, tenant: &TenantId) -> Result<Restoring<'_>, FaceError> {
        if !self.restoring.write().insert(tenant.clone()) {
            return Err(FaceError::TenantBusy { tenant: tenant.clone() });
        }
        Ok(Restoring { face: self, tenant: tenant.clone() })
    }
}

/// Lets a tenant answer again, however its restore ends.
#[derive(Debug)]
pub struct Restoring<'f> {
    face: &'f Face,
    tenant: TenantId,
}

impl Drop for Restoring<'_> {
    fn drop(&mut self) {
        self.face.restoring.write().remove(&self.tenant);
    }
}
