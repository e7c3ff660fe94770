//! What a client of PostgreSQL expects of a database beside its tables: types with their numbers, the relations of
//! `pg_catalog`, functions, and a few ways of writing that the engine does not know. HTTP knows nothing of it.
//!
//! Nothing here reads or writes anything but the names and columns of the tables that the query sees anyway.

mod functions;
mod relations;
mod rewrite;
mod settings;
mod types;

pub(crate) use functions::functions;
pub(crate) use relations::{PG_CATALOG, Relations};
pub(crate) use rewrite::rewrite;
pub(crate) use settings::{setting, spelled};
pub(crate) use types::Type;

/// The version of PostgreSQL that clients may take us for: newer ones are asked for more that is not here.
pub(crate) const VERSION: &str = "14.0";

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// The database, by the name that was asked for.
    pub(crate) database: String,
    pub(crate) user: String,
    /// The number of the connection.
    pub(crate) connection: i32,
}

/// What `version()` says.
pub(crate) fn version() -> String {
    format!("PostgreSQL {VERSION} (Machi {})", env!("CARGO_PKG_VERSION"))
}
