//! The past as one table: a row for each instance that an evolution shows, read at one position.

mod reading;
mod rows;
mod table;

pub(crate) use table::{NAME, Past};
