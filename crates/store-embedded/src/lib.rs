//! The embedded engine: durable, indexed and fast in one folder of one machine.
//!
//! * The *journal* is the only thing that an acknowledgement waits for, and it is the change feed.
//! * *Documents* lie in an LSM tree (the `lsm-tree` crate), brought up to date from the journal after a crash.
//! * *Facets* lie in columns by document number, in memory, checkpointed page by page.
//!
//! One thread commits: it puts all waiting commits into one batch, syncs it, and then shows it.
//! See docs/adr/0002 for why, and docs/adr/0003 for what each facet costs.

mod afresh;
mod background;
mod backup;
mod checkpoint;
mod codec;
mod committer;
mod documents;
mod ends;
mod engine;
mod erasure;
mod failure;
mod files;
mod filling;
mod find;
mod folder;
mod ids;
mod index;
mod indexer;
mod journal;
mod kept;
mod lists;
mod names;
mod notes;
mod options;
mod orders;
#[cfg(any(test, feature = "probe"))]
pub mod probe;
mod publish;
mod queue;
mod recovery;
mod resting;
mod rows;
mod spaces;
mod store;
mod tail;
mod tree;
mod undo;
mod verify;
mod view;

pub use background::give_way;
pub use backup::{Beside, SoundBackup, UNDER_WAY};
pub use files::write_durably;
pub use folder::DataFolder;
pub use options::Options;
pub use store::EmbeddedStore;
