//! Our own endpoints and their description, declared in one breath.
//!
//! [`Api::route`] takes an [`Operation`] and its handler together, so that nothing is served undescribed and
//! nothing is described unserved. [`document`] writes all operations as OpenAPI 3.1.

mod api;
mod document;
mod operation;
mod schema;
#[cfg(test)]
mod tests;

pub use api::Api;
pub use document::{Component, document};
pub use operation::{Content, Operation};
pub use schema::Schema;
