//! The block from its HTTP face down to a store in memory.
#![allow(
    clippy::unwrap_used,
    clippy::clone_on_ref_ptr,
    reason = "a test fails by panicking, and is read more than run"
)]

mod alone;
mod batch;
mod city;
mod contexts;
mod discovering;
mod entities;
mod joining;
mod names;
mod once;
mod purge;
mod querying;
mod receiver;
mod retrieving;
mod staged;
mod subscriptions;
mod tenants;
mod tiles;
