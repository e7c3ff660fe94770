//! The edge kit: everything between a socket and a handler, and between us and the outside world.
//!
//! A handler takes typed input ([`request`]), calls one service function, and turns the result into an
//! answer ([`answer`]) or a [`Problem`]. The [`edge`] wraps all handlers alike: request ids, limits, CORS,
//! gzip, the access log, metrics, and the last word on errors. The [`server`] owns sockets and their
//! time-outs; the [`client`] is the only way out, guarded by [`client::Egress`].
//!
//! Invariants: only this crate and the `http/` rooms of blocks know status codes; a problem's private cause
//! has no way into a body; nothing here waits or grows without a bound.
//!
//! # How to add an error
//!
//! Add the kind to `machi_types::ErrorKind` and its line to `problem/table.rs`; the compiler asks for it.
//!
//! # How to add an endpoint of our own
//!
//! Register it with [`openapi::Api`], which takes the route and its description together, and refresh
//! `docs/api/openapi.json` as its test says.
#![warn(missing_docs)]

pub mod answer;
pub mod client;
mod crowd;
mod door;
pub mod edge;
mod language;
pub mod live;
pub mod metrics;
pub mod openapi;
mod problem;
mod repeats;
pub mod request;
pub mod server;
mod shutdown;
pub mod spelling;

pub use crowd::Crowd;
pub use door::{Door, Guest};
pub use language::language_of;
pub use machi_types::{Language, Text, percent};
pub use problem::{Face, Problem};
pub use repeats::Repeats;
pub use shutdown::{Shutdown, ShutdownTrigger, shutdown};
