//! The words everything else is written in: ids, names, time, JSON, geometry, callers and error kinds.
//!
//! Nothing here does I/O, and nothing here knows NGSI-LD, HTTP or a store.
//!
//! # How to add a type
//!
//! A string that means something becomes a type: a private field, `FromStr` with its own error,
//! `Display` that round-trips, a doc-test with a good and a bad value. One noun per file.
#![warn(missing_docs)]

mod caller;
mod clock;
mod error;
pub mod geo;
mod iri;
pub mod japanese;
pub mod json;
mod name;
pub mod percent;
mod tenant;
mod text;
mod time;

pub use caller::{Caller, RequestId};
pub use clock::{Clock, FixedClock, SystemClock};
pub use error::ErrorKind;
pub use iri::{InvalidIri, Iri};
pub use json::{Json, JsonError, Number};
pub use name::Name;
pub use tenant::{InvalidTenant, TenantId};
pub use text::{Language, Phrase, Text};
pub use time::{InvalidTimestamp, Timestamp};
