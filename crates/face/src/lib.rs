//! What the faces of NGSI-LD have in common: what each of their operations reads from a request, how it finds the
//! @context of it, and in which words it refuses.
//!
//! # Its words
//!
//! * A *face* is what all operations share while a city runs: its store, its @contexts, its limits, its tenants.
//! * *Asked* is a request whose body is not read yet. * *Wanted* are criteria as they came, *criteria* the same with
//!   their names expanded. * *Negotiated* is what the headers say of the answer.
//!
//! Blocks that offer operations of NGSI-LD know this crate and not each other.

mod asked;
pub mod base64;
pub mod config;
pub mod contexts;
mod criteria;
mod cursor;
mod error;
mod face;
pub mod facets;
mod hash;
pub mod japanese;
mod negotiated;
pub mod older;
pub mod once;
pub mod page;
pub mod query_body;
pub mod shown;
pub mod wanted;

use machi_store::Collection;

pub use asked::{
    Asked, AttributeName, Payload, RequestKey, SNAPSHOT_HEADER, TypeParameter, context_ref, link_context,
    refuse_snapshot,
};
pub use criteria::{Criteria, Selector};
pub use cursor::{ForeignCursor, PageStart};
pub use error::FaceError;
pub use face::{AsOf, Face, Forgetting, Keeper, Recall, Recalling};
pub use hash::StableHash;
pub use negotiated::{Negotiated, with_context_link};

/// Entities, one section per attribute instance.
pub const ENTITIES: Collection = Collection("entities");
