//! The archive's files in an S3-compatible bucket instead of a folder (docs/adr/0018).
//!
//! The crate `object_store` speaks S3; the connections are those of [`machi_http::client`], so that there is one TLS and
//! one list of trusted authorities. What history-lake asks may block, so each call waits for a small runtime of its own.
//!
//! # Invariants
//!
//! * A version of a log is written only where there is none (`If-None-Match`). Where an answer was lost, what lies there
//!   tells whose it is. * Nothing here knows tables; a bucket is a place for files like any other.

mod bucket;
mod credentials;
mod place;
mod trouble;
mod upload;
mod web;

pub use bucket::{Bucket, Settings};
pub use credentials::{Credentials, CredentialsError};
pub use place::{Place, PlaceError};
