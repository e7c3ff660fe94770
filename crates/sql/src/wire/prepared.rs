//! The extended protocol: statements are prepared, bound to parameters, described, and run in parts.

use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use rustc_hash::FxHashMap;

use super::connection::Connection;
use super::failure::{Failure, Stop};
use super::messages::{Target, Told};
use super::portal::{Formats, Portal, Prepared, State};
use super::rows::told;
use super::statement::{Statement, statements};
use super::values::value;
use crate::postgres::Type;

/// Statements that one connection may have prepared, and cursors that it may have open.
const MOST_STATEMENTS: usize = 256;
pub(super) const MOST_PORTALS: usize = 32;
impl Connection {
    pub(super) async fn parse(&mut self, name: String, text: &str, types: &[u32]) -> Result<(), Stop> {
        let mut statements = statements(text)?;
        if statements.len() > 1 {
            return Err(Failure::new(
                "42601",
                "a prepared statement is a single one; send several with the simple protocol",
                "プリペアドステートメントに書ける文は1つだけです。複数の文は簡易プロトコルで送信してください",
            )
            .into());
        }
        check_room(&self.statements, MOST_STATEMENTS, &name)?;
        let statement = statements.pop().unwrap_or(Statement::Empty);
        self.check_transaction(&statement)?;
        let known: Vec<Option<Type>> = types.iter().map(|oid| Type::with_oid(*oid)).collect();
        let prepared = match &statement {
            Statement::Query(query) | Statement::Declare { query, .. } => {
                let of_engine = known.iter().map(|of| of.and_then(Type::data_type)).collect();
                let query = self.query(query, Vec::new());
                let shared = Arc::clone(&self.shared);
                let caller = self.caller.clone();
                let described = self.while_wanted(shared.sql.describe(&caller, query, of_engine)).await?;
                let types = described.parameters.iter().enumerate();
                let types =
                    types.map(|(place, of)| type_of(known.get(place).copied().flatten(), of.as_ref())).collect();
                let columns = matches!(statement, Statement::Query(_)).then(|| told(&described.schema));
                Prepared { statement, types, columns }
            }
            _ => Prepared::plain(statement),
        };
        self.statements.insert(name, Arc::new(prepared));
        self.outbox.telling.parsed();
        Ok(())
    }

    pub(super) fn bind(
        &mut self,
        portal: String,
        statement: &str,
        formats: &Formats,
        values: &[Option<Bytes>],
        results: Formats,
    ) -> Result<(), Failure> {
        let prepared = self.statement(statement)?;
        if values.len() != prepared.types.len() {
            let (given, wanted) = (values.len(), prepared.types.len());
            return Err(Failure::protocol(
                format!("{given} parameters are given, and the statement has {wanted}"),
                format!("パラメーターは{wanted}個必要ですが、{given}個指定されています"),
            ));
        }
        formats.fit(values.len())?;
        if let Some(columns) = &prepared.columns {
            results.fit(columns.len())?;
        }
        check_room(&self.portals, MOST_PORTALS, &portal)?;
        let values = values.iter().zip(&prepared.types).enumerate();
        let values = values.map(|(place, (bytes, of))| value(*of, formats.of(place), bytes.as_ref()));
        let values = values.collect::<Result<Vec<ScalarValue>, _>>()?;
        self.portals.insert(portal, Portal::new(prepared, values, results));
        self.outbox.telling.bound();
        Ok(())
    }

    pub(super) fn statement(&self, name: &str) -> Result<Arc<Prepared>, Failure> {
        self.statements.get(name).cloned().ok_or_else(|| {
            Failure::new(
                "26000",
                format!("there is no prepared statement \"{name}\""),
                format!("プリペアドステートメント\"{name}\"はありません"),
            )
        })
    }

    fn portal(&self, name: &str) -> Result<&Portal, Failure> {
        self.portals.get(name).ok_or_else(|| no_cursor(name))
    }

    pub(super) fn describe(&mut self, target: &Target) -> Result<(), Failure> {
        match target {
            Target::Statement(name) => {
                let prepared = self.statement(name)?;
                self.outbox.telling.parameters(&prepared.types);
                let columns = self.columns_of(&prepared)?;
                self.tell_columns(columns.as_deref(), &Formats::default());
            }
            Target::Portal(name) => {
                let portal = self.portal(name)?;
                let formats = portal.formats.clone();
                let columns = match &portal.state {
                    State::Open(rows) => Some(rows.columns.clone()),
                    _ => self.columns_of(&portal.prepared)?,
                };
                self.tell_columns(columns.as_deref(), &formats);
            }
        }
        Ok(())
    }

    /// The columns of a statement's answer; none where it has no rows.
    fn columns_of(&self, prepared: &Prepared) -> Result<Option<Vec<Told>>, Failure> {
        Ok(match &prepared.statement {
            Statement::Show(name) => Some(vec![Told { name: name.clone(), of: Type::Text }]),
            Statement::Fetch { cursor, .. } => match &self.portal(cursor)?.state {
                State::Open(rows) => Some(rows.columns.clone()),
                _ => self.portal(cursor)?.prepared.columns.clone(),
            },
            _ => prepared.columns.clone(),
        })
    }

    fn tell_columns(&mut self, columns: Option<&[Told]>, formats: &Formats) {
        match columns {
            Some(columns) => self.outbox.telling.columns(columns, |place| formats.of(place)),
            None => self.outbox.telling.no_columns(),
        }
    }

    pub(super) async fn execute(&mut self, name: String, rows: Option<usize>) -> Result<(), Stop> {
        let mut portal = self.portals.remove(&name).ok_or_else(|| no_cursor(&name))?;
        let ran = self.run(&mut portal, rows, false).await;
        // One that failed is not asked again; one that ended a transaction went with it.
        let is_over = matches!(portal.prepared.statement, Statement::Commit | Statement::Rollback | Statement::Discard);
        if ran.is_ok() && !is_over {
            self.portals.insert(name, portal);
        }
        ran
    }
}

/// The type of a parameter: what the client says, else what the query tells, else a text.
fn type_of(known: Option<Type>, told: Option<&DataType>) -> Type {
    known.filter(|known| *known != Type::Unknown).or_else(|| told.map(Type::of)).unwrap_or(Type::Text)
}

pub(super) fn check_room<T>(taken: &FxHashMap<String, T>, most: usize, name: &str) -> Result<(), Failure> {
    if taken.len() < most || taken.contains_key(name) {
        return Ok(());
    }
    Err(Failure::new(
        "54000",
        format!(
            "a connection has at most {MOST_STATEMENTS} prepared statements and {MOST_PORTALS} cursors; close some"
        ),
        format!(
            "1つの接続で使えるのは、プリペアドステートメント{MOST_STATEMENTS}個、カーソル{MOST_PORTALS}個までです。不要なものを閉じてください"
        ),
    ))
}

pub(super) fn no_cursor(name: &str) -> Failure {
    Failure::new("34000", format!("there is no cursor \"{name}\""), format!("カーソル\"{name}\"はありません"))
}
