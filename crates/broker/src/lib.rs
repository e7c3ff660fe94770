//! The NGSI-LD block: entities and their attributes, batches, @contexts, discovery and subscriptions.
//!
//! A request is read at the edge (`http`), becomes a typed call of [`Broker`] (`service`), and is decided by
//! pure functions (`domain`, and the laws of `machi_model`) on the entity as it is; the store makes it durable.
//!
//! # Its words
//!
//! * An *entity* is a document of the collection `entities`; each attribute instance is a section of it.
//! * A *decision* is run by the store under its lock, perhaps twice, so that of many writers of one entity
//!   all succeed; it depends on nothing but its input.
//! * An *effect* is what a write came to, in words that outlive the request.
//!
//! # Invariants
//!
//! * Only `http` knows status codes. * Every operation takes a `Caller`, and with it a tenant.
//! * What is answered as done is durable. * What has expired is nowhere to be seen.
//!
//! # How to add an operation
//!
//! A file in `service` named by its verb, a file in `http/<resource>`, its route in `http/mod.rs`, and tests
//! of the good, the bad and the missing case in `tests/it`.

mod broker;
pub mod collections;
pub mod config;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod domain;
pub mod http;
#[cfg(any(test, feature = "probe"))]
pub mod probe;
mod service;
mod subscriptions;

pub use broker::Broker;
pub use domain::transfer::Counted;
pub use machi_face::once::{BatchResult, Effect, NotUpdated, UpdateResult};
pub use service::export::Export;
pub use service::restore::Pieces;
pub use subscriptions::Notifier;
