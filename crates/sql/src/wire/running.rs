//! Runs statements: tells the rows of queries, and hears what is said about the connection.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use machi_face::contexts::ContextRef;
use machi_model::context::Context;
use machi_types::{Caller, Iri};

use super::connection::Connection;
use super::failure::{Failure, Stop};
use super::messages::{Format, Told, Transaction};
use super::portal::{Formats, Portal, Prepared, Rows, State};
use super::prepared::{MOST_PORTALS, check_room, no_cursor};
use super::server::Shared;
use super::statement::{Statement, statements};
use crate::postgres::Type;
use crate::{Fault, SqlError};

/// The setting that names a @context, whose short names tables and columns then have.
const CONTEXT: &str = "machi.context";

impl Connection {
    /// The statements of a text, one after the other, up to the first that fails.
    pub(super) async fn simple(&mut self, text: &str) -> Result<(), Stop> {
        self.portals.remove("");
        let statements = statements(text)?;
        if statements.is_empty() {
            self.outbox.telling.nothing_asked();
        }
        for statement in statements {
            let prepared = Arc::new(Prepared::plain(statement));
            let mut portal = Portal::new(prepared, Vec::new(), Formats::default());
            self.run(&mut portal, None, true).await?;
            if self.outbox.is_full() {
                self.outbox.send(None).await.map_err(|_| Stop::Gone)?;
            }
        }
        Ok(())
    }

    /// Runs a statement, or goes on with its rows.
    pub(super) async fn run(
        &mut self,
        portal: &mut Portal,
        rows: Option<usize>,
        tells_columns: bool,
    ) -> Result<(), Stop> {
        let prepared = Arc::clone(&portal.prepared);
        self.check_transaction(&prepared.statement)?;
        match &prepared.statement {
            Statement::Empty => self.outbox.telling.nothing_asked(),
            Statement::Query(text) => {
                self.open(portal, text).await?;
                let formats = portal.formats.clone();
                return self.go_on(portal, &formats, rows, tells_columns, "SELECT").await;
            }
            Statement::Declare { cursor, query, holds } => {
                self.declare(cursor, query, *holds, std::mem::take(&mut portal.values)).await?;
            }
            Statement::Fetch { cursor, rows } => {
                let mut open = self.portals.remove(cursor).ok_or_else(|| no_cursor(cursor))?;
                let fetched = self.go_on(&mut open, &portal.formats, *rows, tells_columns, "FETCH").await;
                if fetched.is_ok() {
                    self.portals.insert(cursor.clone(), open);
                }
                return fetched;
            }
            Statement::Show(name) => self.show(name, tells_columns)?,
            Statement::Set { name, value } => self.set(name, value.as_deref()).await?,
            statement => self.hear(statement)?,
        }
        Ok(())
    }

    /// Begins to answer a query, unless that has begun.
    async fn open(&mut self, portal: &mut Portal, text: &str) -> Result<(), Stop> {
        if !matches!(portal.state, State::New) {
            return Ok(());
        }
        let query = self.query(text, portal.values.clone());
        let (shared, caller) = (Arc::clone(&self.shared), self.caller.clone());
        let answer = self.while_wanted(shared.sql.answer(&caller, query)).await?;
        let rows = Rows::new(answer);
        portal.formats.fit(rows.columns.len())?;
        if portal.prepared.columns.as_ref().is_some_and(|columns| *columns != rows.columns) {
            return Err(Failure::new(
                "0A000",
                "the columns have become others since the statement was prepared; prepare it again",
                "プリペアドステートメントの作成後に列が変わりました。もう一度作成してください",
            )
            .into());
        }
        portal.state = State::Open(Box::new(rows));
        Ok(())
    }

    /// Tells rows of an answer, at most so many.
    async fn go_on(
        &mut self,
        portal: &mut Portal,
        formats: &Formats,
        most: Option<usize>,
        tells_columns: bool,
        tag: &str,
    ) -> Result<(), Stop> {
        let rows = match &mut portal.state {
            State::Open(rows) => rows,
            State::Late(late) => return Err(late.clone().into()),
            State::New | State::Done => {
                self.outbox.telling.done(&format!("{tag} 0"));
                return Ok(());
            }
        };
        formats.fit(rows.columns.len())?;
        if tells_columns {
            self.outbox.telling.columns(&rows.columns, |place| formats.of(place));
        }
        let (count, is_all) = self.tell(rows, formats, most).await?;
        if is_all {
            portal.state = State::Done;
        }
        if is_all || tag == "FETCH" {
            self.outbox.telling.done(&format!("{tag} {count}"));
        } else {
            self.outbox.telling.suspended();
        }
        Ok(())
    }

    /// Tells rows; gives how many, and whether these were the last.
    async fn tell(&mut self, rows: &mut Rows, formats: &Formats, most: Option<usize>) -> Result<(usize, bool), Stop> {
        let most = most.unwrap_or(usize::MAX);
        let deadline = rows.answer.deadline();
        let mut count = 0;
        while count < most {
            let told = rows.tell(most - count, formats, &mut self.outbox.telling)?;
            count += told;
            if self.outbox.is_full() {
                self.outbox.send(Some(deadline)).await.map_err(|_| Stop::Gone)?;
            } else if told > 0 {
                tokio::task::yield_now().await;
            } else if !self.while_wanted(rows.more()).await? {
                return Ok((count, true));
            }
        }
        Ok((count, false))
    }

    async fn declare(&mut self, cursor: &str, query: &str, holds: bool, values: Vec<ScalarValue>) -> Result<(), Stop> {
        if self.transaction == Transaction::None && !holds {
            return Err(Failure::new(
                "25P01",
                "a cursor lives as long as a transaction; BEGIN one first, or declare it WITH HOLD",
                "カーソルはトランザクションの中で使います。先にBEGINを実行するか、WITH HOLDを付けてください",
            )
            .into());
        }
        if self.portals.contains_key(cursor) {
            return Err(Failure::new(
                "42P03",
                format!("there is a cursor \"{cursor}\" already"),
                format!("カーソル\"{cursor}\"は既にあります"),
            )
            .into());
        }
        check_room(&self.portals, MOST_PORTALS, cursor)?;
        let prepared = Arc::new(Prepared::plain(Statement::Query(query.to_owned())));
        let mut portal = Portal::new(prepared, values, Formats::default());
        portal.holds = holds;
        self.open(&mut portal, query).await?;
        self.portals.insert(cursor.to_owned(), portal);
        self.outbox.telling.done("DECLARE CURSOR");
        Ok(())
    }

    fn show(&mut self, name: &str, tells_columns: bool) -> Result<(), Failure> {
        let value = self.settings.show(name, &self.client)?;
        if tells_columns {
            self.outbox.telling.columns(&[Told { name: name.to_owned(), of: Type::Text }], |_| Format::Text);
        }
        self.outbox.telling.text_row(&value);
        self.outbox.telling.done("SHOW");
        Ok(())
    }

    async fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), Stop> {
        if name.eq_ignore_ascii_case(CONTEXT) {
            let (shared, caller) = (Arc::clone(&self.shared), self.caller.clone());
            self.context = self.while_wanted(context(&shared, &caller, value.unwrap_or_default())).await?;
        } else if let Some((name, value)) = self.settings.set(name, value)? {
            self.outbox.telling.parameter(name, &value);
        }
        self.outbox.telling.done("SET");
        Ok(())
    }

    /// Statements that only change how the connection goes on.
    fn hear(&mut self, statement: &Statement) -> Result<(), Failure> {
        let tag = match statement {
            Statement::Begin => {
                self.transaction = Transaction::Open;
                "BEGIN"
            }
            Statement::Commit | Statement::Rollback => {
                let is_kept = *statement == Statement::Commit && self.transaction != Transaction::Failed;
                self.transaction = Transaction::None;
                self.portals.retain(|_, portal| portal.holds);
                if is_kept { "COMMIT" } else { "ROLLBACK" }
            }
            Statement::RollbackTo => {
                if self.transaction == Transaction::Failed {
                    self.transaction = Transaction::Open;
                }
                "ROLLBACK"
            }
            Statement::Reset => {
                self.settings.clear();
                "RESET"
            }
            Statement::Discard => {
                self.settings.clear();
                self.statements.clear();
                self.portals.clear();
                "DISCARD ALL"
            }
            Statement::Deallocate(name) => {
                match name {
                    Some(name) => drop(self.statement(name).map(|_| self.statements.remove(name))?),
                    None => self.statements.clear(),
                }
                "DEALLOCATE"
            }
            Statement::Close(name) => {
                match name {
                    Some(name) => drop(self.portals.remove(name).ok_or_else(|| no_cursor(name))?),
                    None => self.portals.clear(),
                }
                "CLOSE CURSOR"
            }
            Statement::Heard(tag) => tag,
            _ => return Err(SqlError::Bug("a statement was not understood".to_owned()).into()),
        };
        self.outbox.telling.done(tag);
        Ok(())
    }
}

/// The @context of an address; the core context without one.
async fn context(shared: &Shared, caller: &Caller, address: &str) -> Result<Arc<Context>, SqlError> {
    if address.is_empty() {
        return Ok(Arc::clone(Context::core()));
    }
    let address: Iri = address.parse().map_err(|_| {
        SqlError::refused(
            Fault::Query,
            format!("{CONTEXT} must be the address of a @context"),
            format!("{CONTEXT}には@contextのURLを指定してください"),
        )
    })?;
    Ok(shared.sql.face.contexts.resolve(caller.tenant(), ContextRef::Url(&address)).await?)
}
