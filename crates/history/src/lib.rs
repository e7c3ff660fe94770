//! The history block: every fact has a past (ETSI GS CIM 009 §5.6.11 to §5.6.16, §5.7.3, §5.7.4).
//!
//! Every committed change of an entity becomes history by itself: this block reads the city's feed, makes of each change
//! the instances that it comes to, and hands them to an archive, from which on the feed may forget them.
//!
//! # Its words
//!
//! * An *instance* is one attribute at one point in time. * A *series* is the instances of one attribute and one dataset.
//! * An *evolution* is what is known of an entity's past: its heads and its series.
//! * *Hot* is what came since something was last archived, in memory; a *stretch* is what came between two such times.
//! * A *past* is what archive and stretches tell at one position of the feed.
//! * An *amendment* is what the temporal API writes: it tells of the past and never changes the present.
//! * A *policy* says how long the past of a type is kept; a *hold* keeps something whatever policies say.
//! * *Timing* is which time of the instances a question looks at, and in which interval. An answer that would be too long
//!   is *cut* in time: it tells up to where it goes, and a link leads on.
//!
//! # Invariants
//!
//! * What is acknowledged is in the past at once: whoever reads first takes what the feed has.
//! * Archive and stretches together are the feed up to one position, each instance once.
//! * Only `http` knows status codes.

mod amendment;
mod as_of;
pub mod collections;
pub mod config;
mod domain;
mod error;
mod forgetting;
mod handing;
mod history;
mod hot;
pub mod http;
mod past;
mod service;
mod taking;
mod types;

pub use domain::policies::{Lasting, LegalHold, Policies, Policy};
pub use error::HistoryError;
pub use history::{CONSUMER, HeldBack, History};
pub use service::changes::{ChangedEntity, Changes, EntityChange, Span};
pub use service::delete::Datasets;
pub use service::retention::{Applied, Kept};

/// Runs what may block where that is allowed.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, HistoryError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| HistoryError::Broken(error.to_string()))
}
