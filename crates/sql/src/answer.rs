//! The rows of an answer, in batches, as they come from the threads of queries.

use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, timeout_at};

use crate::SqlError;
use crate::ending::Waiting;

/// What comes from a query that runs: first its schema, then its batches, and at last that these were all.
#[derive(Debug)]
pub(crate) enum Piece {
    Schema(SchemaRef),
    Batch(RecordBatch),
    End,
}

/// Until when an answer must be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    pub(crate) time: Duration,
}

type Held = (OwnedSemaphorePermit, Waiting);

/// An answer under way. Whoever drops it ends the query.
#[derive(Debug)]
pub struct Answer {
    schema: SchemaRef,
    pieces: mpsc::Receiver<Result<Piece, SqlError>>,
    deadline: Deadline,
    /// The query's turn, and that somebody waits for it.
    _held: Held,
}

impl Answer {
    /// Waits until the query is planned.
    pub(crate) async fn begin(
        mut pieces: mpsc::Receiver<Result<Piece, SqlError>>,
        deadline: Deadline,
        held: Held,
    ) -> Result<Self, SqlError> {
        match next(&mut pieces, deadline).await? {
            Piece::Schema(schema) => Ok(Self { schema, pieces, deadline, _held: held }),
            _ => Err(SqlError::Bug("a query began without a schema".to_owned())),
        }
    }

    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Until when it must be done.
    pub(crate) const fn deadline(&self) -> Instant {
        self.deadline.at
    }

    /// What is told when that time is over.
    pub(crate) fn late(&self) -> SqlError {
        SqlError::late(self.deadline.time)
    }

    /// The next rows; none when that were all.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, SqlError> {
        match next(&mut self.pieces, self.deadline).await? {
            Piece::Batch(batch) => Ok(Some(batch)),
            Piece::End => Ok(None),
            Piece::Schema(_) => Err(SqlError::Bug("a query began twice".to_owned())),
        }
    }
}

async fn next(pieces: &mut mpsc::Receiver<Result<Piece, SqlError>>, deadline: Deadline) -> Result<Piece, SqlError> {
    match timeout_at(deadline.at, pieces.recv()).await {
        Ok(Some(piece)) => piece,
        // It says when it ends, so that rows that lack are never taken for all there are.
        Ok(None) => Err(SqlError::Bug("a query broke off".to_owned())),
        Err(_) => Err(SqlError::late(deadline.time)),
    }
}
