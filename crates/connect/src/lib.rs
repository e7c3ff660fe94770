//! The block 外部データ連携: what comes from outside becomes entities.
//!
//! Files are read as a stream of rows: NGSI-LD JSON, NDJSON, GeoJSON and CSV. Each row is an entity or
//! the reason why it is none; a bad row never ends the file. All of it is pure: bytes go in, JSON comes out.
//!
//! # How to add a format
//!
//! A variant of [`Format`] with the signs by which it is known, a reader that cuts the file into rows, and
//! an arm in `rows.rs`.
#![warn(missing_docs)]

mod cell;
mod cells;
mod csv;
mod decimal;
mod encoding;
mod feature;
mod flattened;
mod format;
mod geo3x3;
mod items;
mod lines;
mod mapping;
mod moment;
mod ngsiv2;
mod propose;
mod row;
mod rows;
mod times;

pub use encoding::{Encoding, EncodingDetector};
pub use format::Format;
pub use mapping::{Mapping, MappingError};
pub use propose::propose;
pub use row::{Row, RowError};
pub use rows::{OpenError, Rows, Source};
