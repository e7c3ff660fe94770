//! Figures for `/metrics`: counters, gauges and histograms, written as OpenMetrics text.
//!
//! Writing a figure is one relaxed atomic addition on a cache line that threads rarely share; names, labels
//! and locks matter only when a figure is made and when it is read.

mod instruments;
mod process;
mod registry;
mod render;
mod shard;
#[cfg(test)]
mod tests;

pub use instruments::{Counter, Gauge, Histogram};
pub use process::observe_process;
pub use registry::{Kind, Registry, Samples};
pub use render::CONTENT_TYPE;

/// Upper bounds of durations, in seconds, for what should take milliseconds.
pub const DURATION_BOUNDS: &[f64] =
    &[0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
