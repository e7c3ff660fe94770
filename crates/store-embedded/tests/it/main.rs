//! The embedded engine against the suite that every adapter must pass, and its own promises.

#![allow(clippy::unwrap_used, reason = "a test may end where it finds what it did not expect")]

mod afresh;
mod backup;
mod clock;
mod conformance;
mod crash;
mod damage;
mod names;
mod resting;
mod things;
mod views;
