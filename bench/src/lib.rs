//! What the benchmarks share: load generators, a receiver of notifications, a bare server as ceiling, and the processes under test.

pub mod bare;
pub mod load;
pub mod paced;
pub mod process;
pub mod receiver;
