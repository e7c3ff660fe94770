//! The tables, and how those of an earlier version become those of now.

use machi_store::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::connection::{Connections, Purpose};
use crate::error::engine;

/// What leads from each version to the next; the first from an empty database.
const STEPS: &[&str] = &[include_str!("schema.sql")];

/// The oldest version of PostgreSQL that is served, as its servers write it.
const OLDEST: i32 = 150_000;

/// Held while tables are made, so that of many processes that start at once one makes them.
const LOCK: i64 = 0x006d_6163_6869;

/// Brings the database to the version of this Machi.
pub(crate) async fn prepare(connections: &Connections) -> Result<(), StoreError> {
    let held = connections.hold().await?;
    held.begin(Purpose::Write).await.map_err(|error| engine(&error))?;
    let known = STEPS.len() as i32;
    let found = async {
        let version = held.query_typed("SELECT current_setting('server_version_num')::integer", &[]).await?;
        if let Some(version) = version.first().map(|row| row.get::<_, i32>(0)).filter(|version| *version < OLDEST) {
            return Ok(Err(StoreError::Engine(format!(
                "the database runs PostgreSQL {}, and Machi needs {} or a newer one",
                version / 10_000,
                OLDEST / 10_000
            ))));
        }
        held.batch_execute("SET LOCAL lock_timeout = '60s'").await?;
        held.query_typed("SELECT pg_advisory_xact_lock($1)", &[(&LOCK, Type::INT8)]).await?;
        held.batch_execute(
            "CREATE EXTENSION IF NOT EXISTS postgis; CREATE SCHEMA IF NOT EXISTS machi; \
             CREATE TABLE IF NOT EXISTS machi.version (version integer NOT NULL)",
        )
        .await?;
        let rows = held.query_typed("SELECT max(version) FROM machi.version", &[]).await?;
        let found = rows.first().and_then(|row| row.get::<_, Option<i32>>(0)).unwrap_or(0);
        for (step, version) in STEPS.iter().zip(1..).skip(found.max(0) as usize) {
            held.batch_execute(step).await?;
            held.execute_typed("INSERT INTO machi.version VALUES ($1)", &[(&version, Type::INT4)]).await?;
        }
        held.commit().await?;
        Ok(Ok(found))
    };
    let found: i32 = found.await.map_err(|error: Error| unprepared(&error))??;
    held.ended();
    if found > known {
        let file = "the table machi.version".to_owned();
        return Err(StoreError::NewerFormat { file, found: found as u32, known: known as u32 });
    }
    Ok(())
}

/// Why the tables are not there, and what helps.
fn unprepared(error: &Error) -> StoreError {
    let remedy = match error.code() {
        Some(state) if [SqlState::UNDEFINED_FILE, SqlState::FEATURE_NOT_SUPPORTED].contains(state) => {
            "install PostGIS on the machine of the database (Debian: apt-get install postgresql-postgis)"
        }
        Some(state) if *state == SqlState::INSUFFICIENT_PRIVILEGE => {
            "let an administrator of the database run CREATE EXTENSION postgis in it, and give its user the right to CREATE there"
        }
        _ => return engine(error),
    };
    let told = error.as_db_error().map_or_else(|| error.to_string(), |told| told.message().to_owned());
    StoreError::Engine(format!("PostgreSQL says \"{told}\"; {remedy}"))
}
