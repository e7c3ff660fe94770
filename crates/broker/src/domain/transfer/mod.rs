//! The file in which a tenant travels: lines of JSON, described in docs/api-design.md.
//!
//! The first line names format, tenant and position; then comes a line per context, entity and other document, the
//! subscriptions last; the last line counts them and holds the checksum of all lines before it.

mod content;
mod lines;
mod read;
mod write;

use machi_http::Text;
use machi_store::Restored;
use machi_types::Name;

pub(crate) use lines::Lines;
pub(crate) use read::{Line, item, line};
pub(crate) use write::{document, end, entity, header};

/// The format that is written, and the newest that is read.
pub(crate) const FORMAT: u64 = 1;

/// How many lines there were between the first and the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Entities.
    pub entities: u64,
    /// Everything else: contexts, subscriptions, notifications that wait, kept answers.
    pub others: u64,
}

/// A document on its way back into the store.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) collection: Name,
    pub(crate) id: Name,
    pub(crate) restored: Restored,
}

/// Why a file is not taken, and at which line.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {}", reason.in_language(machi_http::Language::English))]
pub(crate) struct Fault {
    pub(crate) line: u64,
    pub(crate) reason: Text,
}

#[cfg(test)]
mod tests;
