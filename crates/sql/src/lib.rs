//! The SQL face: read-only queries over the entities as they are, a table for each type, and over their past, one table.
//!
//! Queries are planned and run by `DataFusion`; what they read comes through the ports of the store and of the archive,
//! so that they see what every other face sees, and no file.
//!
//! # Its words
//!
//! * A *query* is one statement that reads. * An *answer* is its rows, in batches, as they come.
//! * The *present* is the entities at one position of the store; the *history* is their instances.
//! * A *shape* is what the values of an attribute have in common, which is the type of its column.
//! * To *narrow* is to find out from conditions which part of a table has to be read.
//!
//! # Invariants
//!
//! * Nothing is written: statements that are no queries are refused before anything of them is done.
//! * All tables of the present are of one position, and the history of the same query is of that position or a later one.
//! * A query ends: by its time, its memory or its rows, whatever it asks.
//! * Queries run on threads of their own, so that no request waits behind one.
//! * Only `http` knows status codes.

mod answer;
mod catalog;
mod cell;
mod column;
pub mod config;
mod ending;
mod error;
mod history;
pub mod http;
mod narrow;
mod postgres;
mod present;
mod scan;
mod session;
mod sql;
pub mod wire;

pub use answer::Answer;
pub use error::{Fault, SqlError};
pub use sql::{PastOf, Pasts, Query, Sql};
