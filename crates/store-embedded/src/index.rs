//! Facets in columns: pages of 1,024 documents that conditions are tested on all at once.
//!
//! The columns live in memory, are written to disk at checkpoints page by page, and are brought up to
//! date from the journal at the start. See docs/adr/0003 for what each facet costs.

pub(crate) mod added;
pub(crate) mod column;
mod extremes;
pub(crate) mod id_page;
pub(crate) mod keys;
pub(crate) mod order;
pub(crate) mod page;
pub(crate) mod space;
pub(crate) mod stored;
pub(crate) mod texts;
