//! What the benchmarks share: a load generator, a bare server as ceiling, and the processes under test.

pub mod bare;
pub mod load;
pub mod process;
