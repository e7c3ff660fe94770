//! The suite that every adapter must pass: laws told as small stories, and random documents and
//! questions whose answers must equal those of the in-memory reference.
//!
//! An adapter's test opens an empty store with [`collections`] and a clock, and calls [`run`].

mod dice;
mod laws;
mod random;
mod shapes;
mod surveys;

use std::future::Future;
use std::sync::Arc;

use machi_types::Clock;

use crate::{CollectionSpec, Store};
pub use shapes::{THINGS, collections};

/// Opens an empty store with the given collections and clock.
pub trait Open {
    /// A store that nobody else uses.
    fn open(&self, collections: Vec<CollectionSpec>, clock: Arc<dyn Clock>) -> impl Future<Output = Arc<dyn Store>>;

    /// The same store after a restart; one that does not outlive its process stays as it is.
    fn restart(&self, store: Arc<dyn Store>) -> impl Future<Output = Arc<dyn Store>> {
        std::future::ready(store)
    }
}

/// Runs the whole suite. Panics with the law that was broken.
pub async fn run(open: &impl Open) {
    laws::run(open).await;
    for seed in 1..=6 {
        random::run(open, seed).await;
    }
}
