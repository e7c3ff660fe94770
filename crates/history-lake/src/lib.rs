//! The archive on a folder or in a bucket: Delta tables of plain Parquet, which other engines read without us (docs/adr/0015).
//!
//! A tenant has a folder with three tables; `tenant.rs` tells how they make one archive. A *file* is a Parquet file of a
//! table, sorted by series and then by time; behind its pages lies where its entities were (`places.rs`), and a
//! *directory* of where each series is. The *log* of a table tells which files are in it; a *pinned* state is a version of
//! each of the three logs that belong together.
//!
//! # Invariants
//!
//! * A file never changes. What is to be different is written anew, and the log is told in one version.
//! * The log names only what is durable. * A file goes from disk only after it has been out of its table for a while.
//! * Each page is checked by its sum when it is read, each footer when it is opened: damage is told with the file's name.
//! * Nothing private is in a file but the directory and the places, which are derived: whatever reads Parquet reads history.

mod body;
mod cell;
mod checkpoint;
mod columns;
#[cfg(test)]
mod crash;
mod cursor;
mod data;
mod directory;
mod entry;
mod fault;
mod files;
mod forgotten;
mod lake;
mod log;
mod merge;
mod pages;
mod places;
mod read;
mod removal;
mod rows;
mod snapshot;
mod take;
mod tenant;
mod thinning;
mod upkeep;
mod weave;
mod write;

pub use fault::{Unusable, reason};
pub use files::{Files, Listed, Parts, Upload};
pub use lake::{HistoryLake, Options};
pub use upkeep::{Upkeep, Verified};
