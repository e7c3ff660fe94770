//! The face itself: takes queries, gives each its turn, and runs it on threads of its own.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::ScalarValue;
use futures_util::StreamExt;
use machi_archive::Snapshot;
use machi_face::Face;
use machi_model::context::Context;
use machi_types::{Caller, TenantId};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tracing::error;

use crate::answer::{Answer, Deadline, Piece};
use crate::catalog::Tables;
use crate::config::Config;
use crate::ending::{Gone, Waiting};
use crate::postgres::Client;
use crate::present::Present;
use crate::session::Session;
use crate::{Fault, SqlError};

/// The longest query: deeper ones than fit in it would be planned for very long.
const LONGEST: usize = 32 << 10;
/// What a thread of queries may need to plan the deepest of them.
const STACK: usize = 64 << 20;
/// What is longer is not told from it.
const FOREVER: Duration = Duration::from_hours(24 * 365);
/// Batches that wait for the client.
const AHEAD: usize = 2;

/// The past of a tenant, in time.
pub type PastOf<'a> = Pin<Box<dyn Future<Output = Result<Arc<dyn Snapshot>, SqlError>> + Send + 'a>>;

/// Whoever knows the past.
pub trait Pasts: Debug + Send + Sync {
    /// The past of a tenant up to now: what was acknowledged before is in it.
    fn past<'a>(&'a self, tenant: &'a TenantId) -> PastOf<'a>;
}

/// A query as it is asked.
#[derive(Clone, Debug)]
pub struct Query {
    /// One statement of SQL.
    pub text: String,
    /// What stands for `$1`, `$2` and so on in it.
    pub parameters: Vec<ScalarValue>,
    /// Gives attributes and types their short names.
    pub context: Arc<Context>,
    /// Who asks, where it is a client of PostgreSQL: it finds what it looks for in a database.
    pub(crate) client: Option<Arc<Client>>,
}

/// What is known of a query before it runs.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) schema: SchemaRef,
    /// The types of its parameters, where the query tells them.
    pub(crate) parameters: Vec<Option<DataType>>,
}

/// The SQL face of a city.
#[derive(Debug)]
pub struct Sql {
    pub(crate) face: Arc<Face>,
    pasts: Arc<dyn Pasts>,
    config: Config,
    turns: Arc<Semaphore>,
    /// Where queries run; none while it is being dropped.
    own: Option<Runtime>,
}

impl Sql {
    /// A face whose threads begin with `start`.
    pub fn new(face: Arc<Face>, pasts: Arc<dyn Pasts>, config: Config, start: fn()) -> io::Result<Arc<Self>> {
        let mut own = Builder::new_multi_thread();
        own.worker_threads(config.threads).thread_name("sql").thread_stack_size(STACK);
        let own = Some(own.on_thread_start(start).enable_time().build()?);
        let turns = Arc::new(Semaphore::new(config.queries));
        Ok(Arc::new(Self { face, pasts, config, turns, own }))
    }

    /// Plans a query and begins to answer it.
    pub async fn answer(&self, caller: &Caller, query: Query) -> Result<Answer, SqlError> {
        let (turn, deadline) = self.turn(caller, &query).await?;
        let (out, pieces) = mpsc::channel(AHEAD);
        let waiting = Waiting::default();
        let work = self.work(caller, query, &waiting);
        self.own()?.spawn(work.until_nobody_waits(out));
        Answer::begin(pieces, deadline, (turn, waiting)).await
    }

    /// Tells what a query would answer, without running it. Types of parameters that the client knows count more than
    /// what the query tells.
    pub(crate) async fn describe(
        &self,
        caller: &Caller,
        query: Query,
        known: Vec<Option<DataType>>,
    ) -> Result<Described, SqlError> {
        let (_turn, deadline) = self.turn(caller, &query).await?;
        let (mut out, told) = oneshot::channel();
        let waiting = Waiting::default();
        let work = self.work(caller, query, &waiting);
        self.own()?.spawn(async move {
            let described = tokio::select! {
                biased;
                () = out.closed() => return,
                described = work.describe(known) => described,
            };
            work.note(described.as_ref().err());
            // Whoever does not wait any more need not be told.
            let _ = out.send(described);
        });
        match timeout_at(deadline.at, told).await {
            Ok(Ok(described)) => described,
            Ok(Err(_)) => Err(SqlError::Bug("a query broke off while it was planned".to_owned())),
            Err(_) => Err(SqlError::late(deadline.time)),
        }
    }

    /// Waits for the query's turn; its time begins.
    async fn turn(&self, caller: &Caller, query: &Query) -> Result<(OwnedSemaphorePermit, Deadline), SqlError> {
        self.face.check_tenant(caller).await?;
        if query.text.len() > LONGEST {
            return Err(too_long());
        }
        let time = self.config.time.min(FOREVER);
        let deadline = Deadline { at: Instant::now() + time, time };
        match timeout_at(deadline.at, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(turn)) => Ok((turn, deadline)),
            _ => Err(SqlError::busy(self.config.queries)),
        }
    }

    fn work(&self, caller: &Caller, query: Query, waiting: &Waiting) -> Work {
        Work {
            gone: waiting.gone(),
            face: Arc::clone(&self.face),
            pasts: Arc::clone(&self.pasts),
            config: self.config.clone(),
            tenant: caller.tenant().clone(),
            query,
        }
    }

    fn own(&self) -> Result<&Runtime, SqlError> {
        self.own.as_ref().ok_or_else(|| SqlError::Bug("queries have ended".to_owned()))
    }
}

impl Drop for Sql {
    fn drop(&mut self) {
        // It may be dropped where nothing may block.
        if let Some(own) = self.own.take() {
            own.shutdown_background();
        }
    }
}

type Out = mpsc::Sender<Result<Piece, SqlError>>;

/// What runs on the threads of queries.
struct Work {
    face: Arc<Face>,
    pasts: Arc<dyn Pasts>,
    config: Config,
    tenant: TenantId,
    query: Query,
    gone: Gone,
}

impl Work {
    async fn until_nobody_waits(self, out: Out) {
        let gone = out.clone();
        tokio::select! {
            biased;
            () = gone.closed() => {}
            done = self.answer(&out) => {
                self.note(done.as_ref().err());
                if let Err(failed) = done {
                    // Whoever does not wait any more need not be told.
                    let _ = out.send(Err(failed)).await;
                }
            }
        }
    }

    fn note(&self, failed: Option<&SqlError>) {
        if let Some(SqlError::Bug(why)) = failed {
            error!(error = %why, tenant = %self.tenant, "a query failed by a fault of our own");
        }
    }

    async fn session(&self) -> Result<Session, SqlError> {
        let face = &self.face;
        let context = Arc::clone(&self.query.context);
        let present = Present::open(self.tenant.clone(), Arc::clone(&face.store), face.clock.now(), context).await?;
        let tables = Tables::new(present, Arc::clone(&self.pasts), self.config.threads);
        Session::new(Arc::new(tables), self.query.client.clone(), &self.config, self.gone.clone())
    }

    async fn describe(&self, known: Vec<Option<DataType>>) -> Result<Described, SqlError> {
        let session = self.session().await?;
        let plan = session.plan(&self.query.text).await?;
        let mut parameters = session.parameters(&plan)?;
        if parameters.len() < known.len() {
            parameters.resize(known.len(), None);
        }
        for (parameter, known) in parameters.iter_mut().zip(known) {
            *parameter = known.or_else(|| parameter.take());
        }
        let nulls = parameters.iter().map(|of| ScalarValue::try_new_null(of.as_ref().unwrap_or(&DataType::Utf8)));
        let nulls = nulls.collect::<Result<_, _>>().map_err(|error| session.told(&error))?;
        let plan = session.filled(plan, nulls)?;
        Ok(Described { schema: Arc::clone(plan.schema().inner()), parameters })
    }

    async fn answer(&self, out: &Out) -> Result<(), SqlError> {
        let session = self.session().await?;
        let plan = session.plan(&self.query.text).await?;
        let plan = session.filled(plan, self.query.parameters.clone())?;
        let mut rows = session.run(&plan).await?;
        if out.send(Ok(Piece::Schema(rows.schema()))).await.is_err() {
            return Ok(());
        }
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(|error| session.told(&error))?;
            count += batch.num_rows() as u64;
            if count > self.config.rows {
                return Err(SqlError::too_many_rows(self.config.rows));
            }
            if batch.num_rows() > 0 && out.send(Ok(Piece::Batch(batch))).await.is_err() {
                return Ok(());
            }
        }
        let _ = out.send(Ok(Piece::End)).await;
        Ok(())
    }
}

fn too_long() -> SqlError {
    SqlError::refused(
        Fault::Length,
        format!("the query is longer than {LONGEST} bytes; values that make it long can be parameters"),
        format!("クエリが{LONGEST}バイトを超えています。長い値はパラメーターで指定してください"),
    )
}
