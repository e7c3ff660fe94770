//! Which process serves a city: the one whose connection holds a lock in the database.
//!
//! PostgreSQL frees the lock as soon as it sees that the connection has ended, as after a crash. A process that has lost
//! its connection takes no writes until it holds the lock again: another one may have taken it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use machi_store::StoreError;
use machi_types::Text;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::connection::Options;
use crate::error::engine;
use crate::store::Inner;

/// The number of the lock.
const LOCK: i64 = 0x006d_6163_6869_0001;
/// How long a process that has just ended may seem to be there.
const SETTLING: Duration = Duration::from_secs(5);
/// How often it is tried, and looked whether the connection is there.
const AGAIN: Duration = Duration::from_millis(250);

/// The claim of this process; it ends with this value.
#[derive(Debug)]
pub struct Claim {
    keeping: JoinHandle<()>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

/// Claims the city for this process; refused while another one serves it.
pub(crate) async fn claim(inner: Arc<Inner>, options: Options) -> Result<Claim, StoreError> {
    let give_up = Instant::now() + SETTLING;
    let mut held = loop {
        match try_once(&options).await? {
            Some(held) => break held,
            None if Instant::now() > give_up => return Err(StoreError::Served),
            None => tokio::time::sleep(AGAIN).await,
        }
    };
    let keeping = async move {
        loop {
            held.ended().await;
            inner.has_lost_claim.store(true, Ordering::SeqCst);
            tracing::warn!("the connection that claims the city was lost; writes are refused until it is made again");
            held = again(&options).await;
            inner.has_lost_claim.store(false, Ordering::SeqCst);
            tracing::warn!("the city is claimed again, and writes are taken");
        }
    };
    Ok(Claim { keeping: tokio::spawn(keeping) })
}

/// Why nothing is written without the claim.
pub(crate) fn lost() -> Text {
    Text::both(
        "writes are refused because the connection by which this process claims its city was lost, and another process may have taken it over; it is made again",
        "この都市を担当していることを示すデータベース接続が切れ、別のプロセスが引き継いだ可能性があるため、書き込みを停止しています。再接続しています",
    )
}

/// A connection that holds the lock.
struct Lock {
    _client: Client,
    serving: JoinHandle<()>,
}

impl Lock {
    async fn ended(&mut self) {
        let _ = (&mut self.serving).await;
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn again(options: &Options) -> Lock {
    loop {
        match try_once(options).await {
            Ok(Some(held)) => return held,
            Ok(None) => tracing::warn!("another process serves the city now"),
            Err(error) => tracing::debug!(%error, "the city cannot be claimed yet"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn try_once(options: &Options) -> Result<Option<Lock>, StoreError> {
    let (client, serving) = options.connect().await?;
    let rows = client.query_typed("SELECT pg_try_advisory_lock($1)", &[(&LOCK, Type::INT8)]).await;
    let rows = rows.map_err(|error| engine(&error))?;
    let is_ours = rows.first().is_some_and(|row| row.get(0));
    Ok(is_ours.then_some(Lock { _client: client, serving }))
}
