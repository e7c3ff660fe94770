//! What PostgreSQL says when it fails, in the words of the port.

use deadpool_postgres::PoolError;
use machi_store::StoreError;
use machi_types::Text;
use tokio_postgres::error::{DbError, SqlState};

/// What went wrong, and what helps where that is known.
pub(crate) fn engine(error: &tokio_postgres::Error) -> StoreError {
    match error.as_db_error() {
        Some(told) => of_state(told),
        None => StoreError::Away(with_sources(error)),
    }
}

fn of_state(told: &DbError) -> StoreError {
    let state = told.code();
    let is_busy = [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::TOO_MANY_CONNECTIONS,
    ];
    if is_busy.contains(state) {
        return StoreError::Overloaded;
    }
    let is_going = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW];
    if is_going.contains(state) {
        return StoreError::Away(told.message().to_owned());
    }
    if let Some(reason) = takes_no_writes(state) {
        return StoreError::ReadOnly { reason };
    }
    let hint = told.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
    StoreError::Engine(format!("PostgreSQL answers {}: {}{hint}", state.code(), told.message()))
}

/// What keeps a database from being written, and what helps.
fn takes_no_writes(state: &SqlState) -> Option<Text> {
    if *state == SqlState::READ_ONLY_SQL_TRANSACTION {
        return Some(Text::both(
            "the database is a standby, or set to be read only; name the primary in [store] url, or several hosts with target_session_attrs=read-write",
            "データベースがスタンバイか読み取り専用です。[store] urlにプライマリを指定するか、複数のホストをtarget_session_attrs=read-writeと共に指定してください",
        ));
    }
    let is_full = [SqlState::DISK_FULL, SqlState::INSUFFICIENT_RESOURCES, SqlState::OUT_OF_MEMORY].contains(state);
    is_full.then(|| {
        Text::both(
            format!(
                "the machine of the database has no room left (PostgreSQL answers {}); make room there",
                state.code()
            ),
            format!(
                "データベースのマシンの空きが不足しています(PostgreSQLの応答: {})。空きを増やしてください",
                state.code()
            ),
        )
    })
}

/// Why there is no connection.
pub(crate) fn pool(error: &PoolError) -> StoreError {
    match error {
        PoolError::Timeout(_) => StoreError::Overloaded,
        PoolError::Backend(error) => engine(error),
        other => StoreError::Away(with_sources(other)),
    }
}

/// Whether PostgreSQL ended a statement because of its time limit.
pub(crate) fn is_out_of_time(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::QUERY_CANCELED)
}

/// A row that does not hold what was once written.
pub(crate) fn damaged(table: &str) -> StoreError {
    StoreError::Damaged {
        file: format!("the table machi.{table}"),
        detail: "a row does not hold what Machi writes".to_owned(),
    }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
