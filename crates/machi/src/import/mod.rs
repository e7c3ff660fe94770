//! Importing files into a running city: rows are read by `machi_connect`, sent in batches, and those that were
//! refused are written to a report. What was taken is noted after each batch, so that an interrupted import goes on.

mod batch;
mod city;
mod file;
mod progress;
mod report;
mod state;

pub use city::{City, CityError, Refused};
pub use file::{FileError, Settings, Totals, import_file, proposal};
