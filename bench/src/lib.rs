//! What the benchmarks share: load generators, a receiver of notifications, bare servers and engines as ceilings, the
//! processes under test, and what is needed to tell right answers from wrong ones.

pub mod bare;
pub mod ceiling;
pub mod client;
pub mod fresh;
pub mod grid;
pub mod load;
pub mod names;
pub mod paced;
pub mod process;
pub mod questions;
pub mod receiver;
pub mod sensors;
pub mod took;
