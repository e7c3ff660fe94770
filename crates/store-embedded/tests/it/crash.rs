//! Kills and power cuts: a writer in a process of its own is stopped at a random moment, the
//! folder that it leaves is opened, and everything that it had acknowledged must be there.
//!
//! Seeds are printed. `MACHI_SOAK_ROUNDS` says how many rounds of each kind are run.

mod check;
mod deed;
mod full;
mod ledger;
mod loops;
mod observed;
pub(crate) mod plan;
pub(crate) mod process;
mod writer;
