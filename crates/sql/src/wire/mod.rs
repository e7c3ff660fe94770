//! The wire protocol of PostgreSQL, so that psql, drivers and tools of analysis ask the city as they ask a database.
//!
//! What is asked runs as every query does: this room reads messages, writes rows, and knows the codes of errors.
//! Its messages are read and written here, because the libraries for it hold whole answers, end by a panic at messages
//! that are cut short, and learn only after a query that its client is gone.

mod connection;
mod failure;
mod messages;
mod portal;
mod prepared;
mod rows;
mod running;
mod server;
mod settings;
mod socket;
mod startup;
mod statement;
mod values;

pub use server::{Bounds, Listener};
