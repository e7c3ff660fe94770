//! What the instances of a period come to (ETSI GS CIM 009 §4.5.19).
//!
//! Instances are folded as they come and never gathered: an archive gives plain numbers in long slices, and each of them
//! costs some nanoseconds.

mod distinct;
mod fold;
mod numbers;
mod period;
mod results;
mod series;
mod value;

pub(crate) use fold::Fold;
pub(crate) use period::Periods;
pub(crate) use results::{is_possible, result};
pub(crate) use series::{Folded, Needs};
