//! The face itself: takes queries, gives each its turn, and runs it on threads of its own.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use datafusion::common::ScalarValue;
use futures_util::StreamExt;
use machi_archive::Snapshot;
use machi_face::Face;
use machi_model::context::Context;
use machi_types::{Caller, TenantId};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};
use tracing::error;

use crate::SqlError;
use crate::answer::{Answer, Deadline, Piece};
use crate::catalog::Tables;
use crate::config::Config;
use crate::ending::{Gone, Waiting};
use crate::present::Present;
use crate::session::Session;

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
        self.face.check_tenant(caller)?;
        if query.text.len() > LONGEST {
            return Err(too_long());
        }
        let time = self.config.time.min(FOREVER);
        let deadline = Deadline { at: Instant::now() + time, time };
        let turn = timeout_at(deadline.at, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(SqlError::busy(self.config.queries)) };
        let Some(own) = &self.own else { return Err(SqlError::Bug("queries have ended".to_owned())) };
        let (out, pieces) = mpsc::channel(AHEAD);
        let waiting = Waiting::default();
        let work = Work {
            gone: waiting.gone(),
            face: Arc::clone(&self.face),
            pasts: Arc::clone(&self.pasts),
            config: self.config.clone(),
            tenant: caller.tenant().clone(),
            query,
        };
        own.spawn(work.until_nobody_waits(out));
        Answer::begin(pieces, deadline, (turn, waiting)).await
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
                if let Err(failed) = done {
                    if let SqlError::Bug(why) = &failed {
                        error!(error = %why, tenant = %self.tenant, "a query failed by a fault of our own");
                    }
                    // Whoever does not wait any more need not be told.
                    let _ = out.send(Err(failed)).await;
                }
            }
        }
    }

    async fn answer(&self, out: &Out) -> Result<(), SqlError> {
        let face = &self.face;
        let context = Arc::clone(&self.query.context);
        let present = Present::open(self.tenant.clone(), Arc::clone(&face.store), face.clock.now(), context).await?;
        let tables = Tables::new(present, Arc::clone(&self.pasts), self.config.threads);
        let session = Session::new(Arc::new(tables), &self.config, self.gone.clone())?;
        let plan = session.plan(&self.query.text, self.query.parameters.clone()).await?;
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
    SqlError::wrong(
        format!("the query is longer than {LONGEST} bytes; values that make it long can be parameters"),
        format!("クエリが{LONGEST}バイトを超えています。長い値はパラメーターで指定してください"),
    )
}
