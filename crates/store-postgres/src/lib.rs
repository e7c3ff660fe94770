//! The store port on PostgreSQL with PostGIS (record 22).
//!
//! * `schema` makes the tables, `connection` lends connections and transactions.
//! * `committer` takes commits together: it locks the head of the feed, reads, decides and writes in two round trips.
//! * `view` reads one instant: a transaction that sees one snapshot, opened by the first question.
//! * `filter` says as much of a filter in SQL as it can; `find` decides the rest on what comes back.
//! * `feed` is the record of all commits, and `undo` goes back along it.
#![warn(missing_docs)]

mod claim;
mod coded;
mod committer;
mod connection;
mod error;
mod facets;
mod feed;
mod filter;
mod find;
mod names;
mod schema;
mod spaces;
mod store;
mod undo;
mod verify;
mod view;

pub use claim::Claim;
pub use connection::Options;
pub use store::PostgresStore;

/// The bucket of every row: there is one, until a city is spread over several.
const BUCKET: i16 = 0;
