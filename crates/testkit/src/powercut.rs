//! Power cuts without cutting the power: a preloaded shim records what a process does to a folder, and a
//! model of a disk works out, by a seed, one of the folders that a cut at some moment could have left.
//!
//! What was synced survives: the data of a file by syncing the file, the names in a folder by syncing the
//! folder. Everything else may be there, be gone, be there in another order, or be there in part.
//!
//! ```ignore
//! Watch::new(&live, &log).around(&mut command);
//! let mut child = command.spawn()?;
//! // ... kill it at some moment ...
//! let recording = Recording::read(&log);
//! recording.cut(&base, recording.end(), seed, &image);
//! ```

mod disk;
mod recording;
mod shim;
mod strace;
#[cfg(test)]
mod tests;

pub use recording::{Deed, Deeds, Moment, Recording};
pub use shim::Watch;
pub use strace::{Strace, comparable};
