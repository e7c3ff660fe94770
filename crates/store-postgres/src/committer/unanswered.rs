//! A batch whose COMMIT was not answered: the connection was lost, and PostgreSQL may have committed it or not.
//!
//! Whoever holds the lock of the head knows that the lost transaction has ended. Its last entry is in the feed, or it
//! never will be. The transaction that looks writes and commits, too: what it found is then at least as durable as
//! anything that is acknowledged, also where the lost one was still on its way to a standby.

use std::time::Duration;

use machi_store::StoreError;
use tokio_postgres::types::Type;

use super::decide::{Fed, Written};
use crate::BUCKET;
use crate::coded::put_step;
use crate::connection::Purpose;
use crate::error::engine;
use crate::store::Inner;

/// How often it is asked before it is given up, and how long is waited between.
const TRIES: usize = 10;
const PAUSE: Duration = Duration::from_millis(1500);

const THERE: &str = "SELECT 1 FROM machi.feed WHERE bucket = $1 AND commit = $2 AND seq = $3 AND id = $4 AND body = $5";

const TOUCH: &str = "UPDATE machi.head SET time = time WHERE bucket = $1";

/// Ends well where the batch is there; else with the reason why it is not, or why that is not known.
pub(super) async fn settle(inner: &Inner, written: &Written, reason: String) -> Result<(), StoreError> {
    // Where consumers stand may be said again.
    let Some(last) = written.fed.last() else { return Err(StoreError::Away(reason)) };
    let seq = written.fed.len() as i32 - 1;
    for _ in 0..TRIES {
        match is_there(inner, last, seq).await {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(StoreError::Away(reason)),
            Err(error) => tracing::warn!(%error, "what became of a commit that was not answered is asked again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(StoreError::Uncertain(reason))
}

async fn is_there(inner: &Inner, last: &Fed, seq: i32) -> Result<bool, StoreError> {
    let held = inner.connections.hold().await?;
    held.begin(Purpose::Write).await.map_err(|error| engine(&error))?;
    inner.lock_head(&held).await?;
    let (commit, id) = (last.commit as i64, last.place.1.as_bytes());
    let body = put_step(&last.step, last.time, &inner.names);
    let parameters = [
        (&BUCKET as _, Type::INT2),
        (&commit as _, Type::INT8),
        (&seq as _, Type::INT4),
        (&id as _, Type::BYTEA),
        (&body as _, Type::BYTEA),
    ];
    let looked = async {
        let rows = held.query_typed(THERE, &parameters).await?;
        held.execute_typed(TOUCH, &[(&BUCKET, Type::INT2)]).await?;
        held.commit().await?;
        Ok(!rows.is_empty())
    };
    let found = looked.await.map_err(|error: tokio_postgres::Error| engine(&error))?;
    held.ended();
    Ok(found)
}
