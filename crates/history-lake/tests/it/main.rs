//! The archive on a folder against the one in memory, and what only a folder can do.

#![allow(clippy::unwrap_used, reason = "a test may end where it finds what it did not expect")]

mod damage;
mod random;
mod things;
mod thinning;
mod upkeep;
