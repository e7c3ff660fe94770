//! The store itself: what all its parts share, and the port.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use machi_store::believed::Believed;
use machi_store::{
    Answer, Collection, CollectionSpec, Commit, Derive, Entry, Filter, Find, IndexStatus, Names, NoFacets, Position,
    Receipt, Store, StoreError, TenantStatus, Verified, View,
};
use machi_types::{Clock, Language, Name, TenantId, Text, Timestamp};
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashMap;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use crate::BUCKET;
use crate::claim::{self, Claim};
use crate::committer::{self, QUEUE, Waiting};
use crate::connection::{Connections, Options, Purpose};
use crate::error::{damaged, engine};
use crate::names::CityNames;
use crate::spaces::{SpaceKey, Spaces};
use crate::view::PostgresView;
use crate::{feed, schema, verify};

/// How often a process looks whether others have committed.
const LOOK: Duration = Duration::from_millis(100);

/// A city in a database of PostgreSQL; any number of processes may share one.
pub struct PostgresStore {
    inner: Arc<Inner>,
    commits: mpsc::Sender<Waiting>,
    city: String,
}

/// What all parts of a store share.
pub(crate) struct Inner {
    pub(crate) connections: Connections,
    pub(crate) names: CityNames,
    pub(crate) spaces: Spaces,
    derives: FxHashMap<Collection, Arc<dyn Derive>>,
    clock: Arc<dyn Clock>,
    /// The newest commit that is known here.
    newest: watch::Sender<u64>,
    /// Its time.
    last_time: AtomicI64,
    declared: RwLock<FxHashMap<SpaceKey, Vec<Name>>>,
    believed: Mutex<Believed>,
    /// Why the database could not be asked when it was last tried.
    trouble: Mutex<Option<String>>,
    /// Whether another process may have taken the city over.
    pub(crate) has_lost_claim: AtomicBool,
}

/// The head of the feed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    /// The number of the last commit.
    pub(crate) commit: u64,
    /// Its time.
    pub(crate) time: Timestamp,
    /// The version of the table of spaces.
    pub(crate) epoch: i64,
}

impl PostgresStore {
    /// Opens the city in a database, and makes its tables where there are none.
    pub async fn open(
        options: &Options,
        collections: Vec<CollectionSpec>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let connections = Connections::new(options)?;
        schema::prepare(&connections).await?;
        let client = connections.get().await?;
        // Each consumer that has a cursor is pinned there.
        let pin = "UPDATE machi.consumer SET pin = cursor WHERE cursor IS NOT NULL AND pin IS NULL";
        client.batch_execute(pin).await.map_err(|error| engine(&error))?;
        let inner = Arc::new(Inner {
            connections,
            names: CityNames::default(),
            spaces: Spaces::new(collections.iter().map(|spec| spec.collection).collect()),
            derives: collections.into_iter().map(|spec| (spec.collection, spec.derive)).collect(),
            believed: Mutex::new(Believed::now(clock.now())),
            trouble: Mutex::default(),
            has_lost_claim: AtomicBool::new(false),
            clock,
            newest: watch::Sender::new(0),
            last_time: AtomicI64::new(0),
            declared: RwLock::default(),
        });
        let head = inner.head(&client).await?;
        inner.told(head.commit, head.time);
        *inner.believed.lock() = Believed::now(inner.time_after(head.time));
        let rows = client.query_typed("SELECT id::text FROM machi.city", &[]).await.map_err(|error| engine(&error))?;
        let city = rows.first().map(|row| row.get(0)).ok_or_else(|| damaged("city"))?;
        let (commits, queue) = mpsc::channel(QUEUE);
        tokio::spawn(committer::run(Arc::clone(&inner), queue));
        tokio::spawn(look(Arc::clone(&inner), commits.downgrade()));
        Ok(Self { inner, commits, city })
    }

    /// Claims the city for this process, as long as the claim is kept; refused while another process serves it.
    pub async fn claim(&self, options: &Options) -> Result<Claim, StoreError> {
        claim::claim(Arc::clone(&self.inner), options.clone()).await
    }

    /// Checks the whole city as of one instant: whether documents and feed can be read, and whether the facets of each
    /// document are those that it says.
    pub async fn verify(&self) -> Result<Verified, StoreError> {
        verify::all(&self.inner).await
    }

    /// What tells this city from all others.
    pub fn city(&self) -> &str {
        &self.city
    }

    /// What keeps requests from being done, as of when it was last tried.
    pub fn trouble(&self) -> Option<Text> {
        let away = self.inner.trouble.lock().clone().map(|reason| {
            Text::both(
                format!("requests are answered 503 because the database cannot be asked: {reason}"),
                format!("データベースに問い合わせできないため、要求に503を返しています: {reason}"),
            )
        });
        away.or_else(|| self.inner.has_lost_claim.load(Ordering::SeqCst).then(claim::lost))
    }

    /// Believes a clock that has jumped ahead.
    pub fn accept_clock(&self) {
        self.inner.believed.lock().accept(self.inner.clock.now());
    }

    /// How far the clock lies behind the last commit, from which commits then go on counting.
    pub fn clock_lag(&self) -> Duration {
        let lag = self.inner.last_time.load(Ordering::Relaxed).saturating_sub(self.inner.clock.now().micros());
        Duration::from_micros(u64::try_from(lag).unwrap_or(0))
    }

    /// How far the clock has jumped ahead, which stops the writes until it is set right or accepted.
    pub fn clock_jump(&self) -> Option<Duration> {
        self.inner.believed.lock().jump(self.inner.clock.now())
    }
}

/// Looks now and then whether others have committed, as long as the store is there.
async fn look(inner: Arc<Inner>, store: mpsc::WeakSender<Waiting>) {
    while store.upgrade().is_some() {
        tokio::time::sleep(LOOK).await;
        let looked = async {
            let client = inner.connections.get().await?;
            let head = inner.head(&client).await?;
            inner.spaces.at(&client, head.epoch).await?;
            inner.told(head.commit, head.time);
            Ok::<(), StoreError>(())
        };
        inner.look_ended(looked.await.err().as_ref());
    }
}

impl Inner {
    pub(crate) fn derive(&self, collection: Collection) -> Arc<dyn Derive> {
        self.derives.get(&collection).map_or_else(|| Arc::new(NoFacets) as Arc<dyn Derive>, Arc::clone)
    }

    /// The time of a commit after another.
    pub(crate) fn time_after(&self, last: Timestamp) -> Timestamp {
        self.clock.now().max(Timestamp::from_micros(last.micros() + 1))
    }

    /// Refuses where what is written could never be taken back: the clock is wrong, or the city is another's.
    pub(crate) fn check_writable(&self) -> Result<(), StoreError> {
        if self.has_lost_claim.load(Ordering::SeqCst) {
            return Err(StoreError::ReadOnly { reason: claim::lost() });
        }
        let (checked, has_turned) = self.believed.lock().check(self.clock.now());
        match &checked {
            Err(cause) if has_turned => {
                let cause = cause.in_language(Language::English);
                tracing::warn!(cause, "writes are refused because of the clock");
            }
            Ok(()) if has_turned => tracing::warn!("the clock is believed again, and writes are taken"),
            _ => {}
        }
        checked.map_err(|reason| StoreError::ReadOnly { reason })
    }

    /// Keeps why the database could not be asked; the log tells when that begins and when it ends.
    fn look_ended(&self, error: Option<&StoreError>) {
        let mut trouble = self.trouble.lock();
        match error {
            Some(error) if trouble.is_none() => tracing::warn!(%error, "the database cannot be asked"),
            None if trouble.is_some() => tracing::warn!("the database can be asked again"),
            _ => {}
        }
        *trouble = error.map(ToString::to_string);
    }

    /// Something is committed up to here.
    pub(crate) fn told(&self, commit: u64, time: Timestamp) {
        self.last_time.fetch_max(time.micros(), Ordering::Relaxed);
        self.newest.send_if_modified(|newest| {
            let is_newer = *newest < commit;
            *newest = (*newest).max(commit);
            is_newer
        });
    }

    pub(crate) async fn head(&self, client: &Client) -> Result<Head, StoreError> {
        read_head(client, "SELECT commit, time, epoch FROM machi.head WHERE bucket = $1").await
    }

    /// The same, and nobody else commits until the transaction has ended.
    pub(crate) async fn lock_head(&self, client: &Client) -> Result<Head, StoreError> {
        read_head(client, "SELECT commit, time, epoch FROM machi.head WHERE bucket = $1 FOR UPDATE").await
    }

    async fn has_tenant(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        if self.spaces.newest().has_tenant(tenant) {
            return Ok(true);
        }
        let client = self.connections.get().await?;
        let head = self.head(&client).await?;
        Ok(self.spaces.at(&client, head.epoch).await?.has_tenant(tenant))
    }

    async fn tenants(&self) -> Result<Vec<TenantStatus>, StoreError> {
        let client = self.connections.get().await?;
        let head = self.head(&client).await?;
        let spaces = self.spaces.at(&client, head.epoch).await?;
        let sql = "SELECT space, count(*), sum(octet_length(body) + octet_length(id))::bigint FROM machi.document \
                   WHERE bucket = $1 AND body IS NOT NULL GROUP BY space";
        let rows = client.query_typed(sql, &[(&BUCKET, Type::INT2)]).await.map_err(|error| engine(&error))?;
        let sizes: FxHashMap<i32, (i64, i64)> = rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
        let status = |tenant: TenantId| {
            let mut own: Vec<(Collection, i32)> = spaces.of(&tenant).collect();
            own.sort_unstable();
            let size = |space: &i32| sizes.get(space).copied().unwrap_or_default();
            let bytes = own.iter().map(|(_, space)| size(space).1 as u64).sum();
            let documents = own.iter().map(|(collection, space)| (Name::from(collection.0), size(space).0 as u64));
            TenantStatus { documents: documents.collect(), bytes, tenant }
        };
        Ok(spaces.tenants().into_iter().map(status).collect())
    }

    async fn erase(&self, tenant: &TenantId, spared: &[Collection]) -> Result<(), StoreError> {
        let held = self.connections.hold().await?;
        held.begin(Purpose::Write).await.map_err(|error| engine(&error))?;
        let head = self.lock_head(&held).await?;
        let spaces = self.spaces.at(&held, head.epoch).await?;
        let gone = spaces.of(tenant).filter(|(collection, _)| !spared.contains(collection));
        let gone: Vec<i32> = gone.map(|(_, space)| space).collect();
        let (commit, time) = (head.commit as i64 + 1, self.time_after(head.time));
        let erased = async {
            for table in ["facet", "feed", "document"] {
                let sql = format!("DELETE FROM machi.{table} WHERE bucket = $1 AND space = ANY($2)");
                held.execute_typed(&sql, &[(&BUCKET, Type::INT2), (&gone, Type::INT4_ARRAY)]).await?;
            }
            held.execute_typed("DELETE FROM machi.space WHERE no = ANY($1)", &[(&gone, Type::INT4_ARRAY)]).await?;
            let head = "UPDATE machi.head SET commit = $2, time = $3, epoch = epoch + 1 WHERE bucket = $1";
            held.execute_typed(head, &[(&BUCKET, Type::INT2), (&commit, Type::INT8), (&time.micros(), Type::INT8)])
                .await?;
            held.commit().await
        };
        erased.await.map_err(|error| engine(&error))?;
        let head = self.head(&held).await?;
        self.spaces.at(&held, head.epoch).await?;
        held.ended();
        self.told(commit as u64, time);
        Ok(())
    }

    async fn cursor(&self, consumer: &str) -> Result<Option<Position>, StoreError> {
        let client = self.connections.get().await?;
        let sql = "SELECT cursor FROM machi.consumer WHERE name = $1";
        let rows = client.query_typed(sql, &[(&consumer, Type::TEXT)]).await.map_err(|error| engine(&error))?;
        let text = rows.first().and_then(|row| row.get::<_, Option<&str>>(0));
        text.map(|text| text.parse().map_err(|_| damaged("consumer"))).transpose()
    }

    async fn pin(&self, consumer: &str, position: Option<&Position>) -> Result<(), StoreError> {
        let client = self.connections.get().await?;
        let sql = "INSERT INTO machi.consumer (name, pin) VALUES ($1, $2) \
                   ON CONFLICT (name) DO UPDATE SET pin = excluded.pin";
        let position = position.map(ToString::to_string);
        let parameters = [(&consumer as _, Type::TEXT), (&position as _, Type::TEXT)];
        client.execute_typed(sql, &parameters).await.map(drop).map_err(|error| engine(&error))
    }
}

async fn read_head(client: &Client, sql: &str) -> Result<Head, StoreError> {
    let rows = client.query_typed(sql, &[(&BUCKET, Type::INT2)]).await.map_err(|error| engine(&error))?;
    let head = |row: &Row| Head {
        commit: row.get::<_, i64>(0) as u64,
        time: Timestamp::from_micros(row.get(1)),
        epoch: row.get(2),
    };
    rows.first().map(head).ok_or_else(|| damaged("head"))
}

impl Store for PostgresStore {
    fn names(&self) -> &dyn Names {
        &self.inner.names
    }

    fn commit(&self, commit: Commit) -> Answer<'_, Receipt> {
        let (answer, answered) = oneshot::channel();
        let sent = self.commits.try_send(Waiting { commit, answer });
        Box::pin(async move {
            match sent {
                Ok(()) => answered.await.map_err(|_| StoreError::Closing)?,
                Err(mpsc::error::TrySendError::Full(_)) => Err(StoreError::Overloaded),
                Err(mpsc::error::TrySendError::Closed(_)) => Err(StoreError::Closing),
            }
        })
    }

    fn view(&self) -> Arc<dyn View> {
        Arc::new(PostgresView::new(Arc::clone(&self.inner), None))
    }

    fn known_position(&self) -> Position {
        Position::single(*self.inner.newest.borrow())
    }

    fn view_at(&self, position: &Position) -> Answer<'_, Arc<dyn View>> {
        let view: Arc<dyn View> = Arc::new(PostgresView::new(Arc::clone(&self.inner), Some(position.bucket(0))));
        machi_store::at_once(Ok(view))
    }

    fn feed(&self, after: &Position, limit: usize) -> Answer<'_, (Vec<Arc<Entry>>, Position)> {
        Box::pin(feed::read(&self.inner, after.bucket(0), limit))
    }

    fn changed(&self, after: &Position) -> Answer<'_, ()> {
        let after = after.bucket(0);
        let mut newest = self.inner.newest.subscribe();
        Box::pin(async move {
            newest.wait_for(|newest| *newest > after).await.map_err(|_| StoreError::Closing)?;
            Ok(())
        })
    }

    fn cursor<'a>(&'a self, consumer: &'a str) -> Answer<'a, Option<Position>> {
        Box::pin(self.inner.cursor(consumer))
    }

    fn pin<'a>(&'a self, consumer: &'a str, position: Option<&'a Position>) -> Answer<'a, ()> {
        Box::pin(self.inner.pin(consumer, position))
    }

    fn has_tenant<'a>(&'a self, tenant: &'a TenantId) -> Answer<'a, bool> {
        Box::pin(self.inner.has_tenant(tenant))
    }

    fn tenants(&self) -> Answer<'_, Vec<TenantStatus>> {
        Box::pin(self.inner.tenants())
    }

    fn declare_indexes<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        definitions: Vec<Name>,
    ) -> Answer<'a, ()> {
        self.inner.declared.write().insert((tenant.clone(), collection), definitions);
        machi_store::at_once(Ok(()))
    }

    /// Here every condition is answered without added indexes.
    fn indexes<'a>(&'a self, tenant: &'a TenantId, collection: Collection) -> Answer<'a, Vec<IndexStatus>> {
        Box::pin(async move {
            let documents = self.view().count(Find::new(tenant.clone(), collection, Filter::All)).await?;
            let key = (tenant.clone(), collection);
            let definitions = self.inner.declared.read().get(&key).cloned().unwrap_or_default();
            let status = |definition: Name| IndexStatus { definition, documents, of: documents, is_complete: true };
            Ok(definitions.into_iter().map(status).collect())
        })
    }

    fn erase(&self, tenant: &TenantId, spared: &[Collection]) -> Answer<'_, ()> {
        let (tenant, spared) = (tenant.clone(), spared.to_vec());
        Box::pin(async move { self.inner.erase(&tenant, &spared).await })
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresStore(up to {})", *self.inner.newest.borrow())
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inner({:?})", self.names)
    }
}
