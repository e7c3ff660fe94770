//! Importing files into a running city: rows are read by `machi_connect`, sent in batches, and those that were
//! refused are told of. The command line comes over the network, and notes what was taken after each batch, so that an
//! interrupted import goes on; the city's own endpoint (`own::import`) takes the same way without leaving the process.

pub(crate) mod batch;
mod city;
mod file;
pub(crate) mod intake;
mod progress;
mod report;
mod series;
mod state;
pub(crate) mod upsert;

pub use city::{City, CityError};
pub use file::{FileError, Settings, Totals, import_file, proposal};
