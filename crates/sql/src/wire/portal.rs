//! Statements that were prepared, and their answers under way.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use tokio::time::Instant;

use super::failure::Failure;
use super::messages::{Format, Telling, Told};
use super::rows::{Batch, told};
use super::statement::Statement;
use crate::postgres::Type;
use crate::{Answer, SqlError};

/// Rows that are told before others get their turn.
const STRETCH: usize = 256;

/// A statement, and what is known of it.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) statement: Statement,
    /// The types of its parameters.
    pub(super) types: Vec<Type>,
    /// The columns of its answer, where it was described.
    pub(super) columns: Option<Vec<Told>>,
}

impl Prepared {
    /// A statement of which nothing is known.
    pub(super) const fn plain(statement: Statement) -> Self {
        Self { statement, types: Vec::new(), columns: None }
    }
}

/// In which form each column is told.
#[derive(Clone, Debug, Default)]
pub(super) struct Formats(pub(super) Vec<Format>);

impl Formats {
    /// One for all, one for each, or texts where nothing is said.
    pub(super) fn of(&self, place: usize) -> Format {
        let found = if self.0.len() == 1 { self.0.first() } else { self.0.get(place) };
        found.copied().unwrap_or(Format::Text)
    }

    pub(super) fn fit(&self, count: usize) -> Result<(), Failure> {
        match self.0.len() {
            0 | 1 => Ok(()),
            length if length == count => Ok(()),
            length => Err(Failure::protocol(
                format!("{length} formats are given for {count} columns or parameters"),
                format!("列またはパラメーター{count}個に対して、形式が{length}個指定されています"),
            )),
        }
    }
}

/// A statement with its parameters, and how far it was answered.
#[derive(Debug)]
pub(super) struct Portal {
    pub(super) prepared: Arc<Prepared>,
    pub(super) values: Vec<ScalarValue>,
    pub(super) formats: Formats,
    /// Whether it outlives its transaction.
    pub(super) holds: bool,
    pub(super) state: State,
}

/// How far it was answered.
#[derive(Debug)]
pub(super) enum State {
    New,
    Open(Box<Rows>),
    Done,
    /// Its time went by while the client did something else.
    Late(SqlError),
}

impl Portal {
    pub(super) const fn new(prepared: Arc<Prepared>, values: Vec<ScalarValue>, formats: Formats) -> Self {
        Self { prepared, values, formats, holds: false, state: State::New }
    }

    /// Until when its answer must be done.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Open(rows) => Some(rows.answer.deadline()),
            _ => None,
        }
    }

    /// Ends an answer whose time is over: others wait for its turn.
    pub(super) fn expire(&mut self, now: Instant) {
        if let State::Open(rows) = &self.state
            && rows.answer.deadline() <= now
        {
            self.state = State::Late(rows.answer.late());
        }
    }
}

/// Rows under way.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) answer: Answer,
    pub(super) columns: Vec<Told>,
    /// A batch, and how many of its rows were told.
    batch: Option<(Batch, usize)>,
}

impl Rows {
    pub(super) fn new(answer: Answer) -> Self {
        let columns = told(answer.schema());
        Self { answer, columns, batch: None }
    }

    /// Tells rows that are there, at most so many; none where the next ones must be waited for.
    pub(super) fn tell(&mut self, most: usize, formats: &Formats, telling: &mut Telling) -> Result<usize, SqlError> {
        let Some((batch, told)) = &mut self.batch else { return Ok(0) };
        let rows = *told..batch.rows().min(told.saturating_add(most.min(STRETCH)));
        let count = batch.tell(rows, &self.columns, |place| formats.of(place), telling)?;
        *told += count;
        Ok(count)
    }

    /// Takes the next batch; false when there are no more.
    pub(super) async fn more(&mut self) -> Result<bool, SqlError> {
        let next = self.answer.next().await?;
        self.batch = next.as_ref().map(Batch::new).transpose()?.map(|batch| (batch, 0));
        Ok(self.batch.is_some())
    }
}
