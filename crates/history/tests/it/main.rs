//! The history of a city, asked through its router.
#![allow(
    clippy::unwrap_used,
    clippy::clone_on_ref_ptr,
    reason = "a test fails by panicking, and is read more than run"
)]

mod as_of;
mod changes;
mod city;
mod deleting;
mod modifying;
mod reading;
mod retention;
mod stretches;
mod taking;
mod telling;
mod troubled;
mod writer;
