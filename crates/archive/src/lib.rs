//! The archive's port: where the instances of attributes lie for good, once they were taken from the city's feed.
//!
//! The feed is the record of what happened; an archive holds what was taken from it up to a position, so that the feed
//! may be forgotten. What it has taken it knows together with that position, so that nothing is taken twice and nothing
//! is left out, however a process ends.
//!
//! # Its words
//!
//! * An *instance* is one attribute at one point in time. * A *series* is the instances of one attribute and one dataset.
//! * A *head* is what an entity was from one time on; an *evolution* is all heads of an entity.
//! * A *summary* is an instance that stands for all that there was in a minute, an hour or a day ([`retention`]).
//! * A *delivery* is what the feed brought up to a position. * A *snapshot* is one state of a tenant's archive.
//!
//! # How to add an adapter
//!
//! Implement [`Archive`] and [`Snapshot`] and call `machi_archive::conformance::run` from the adapter's tests.
//! [`memory::MemoryArchive`] is the readable reference: when in doubt, it decides.

mod collected;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod delivery;
mod error;
mod instance;
pub mod memory;
mod port;
pub mod retention;

pub use collected::Collected;
pub use delivery::{Delivery, Part, Removal, Replaced};
pub use error::ArchiveError;
pub use instance::{Evolution, Head, Instance, InstanceKey, NoInstanceId, Origin, SCOPE, Series, area_of};
pub use port::{Archive, Share, Sink, Snapshot, WantedEvolutions, WantedInstances, Writers};
