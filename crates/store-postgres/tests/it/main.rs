//! The store against a real server of PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod claims;
mod conformance;
mod lost;
mod verify;
