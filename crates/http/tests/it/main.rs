//! The edge kit over real sockets on loopback.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

mod answers;
mod client;
mod limits;
mod live;
mod support;
