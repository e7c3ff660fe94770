//! How many pieces of batches are worked on at once: more than there are processors are not done any sooner, and
//! all of them would be in the way of whoever asks for little.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Pieces that are committed at once.
const COMMITTED: usize = 2;
/// What a piece takes of the turns while several tenants ask, and the fewest turns that there are.
const IN_A_CROWD: u32 = 2;

/// A piece's right to be worked on, given back when it is dropped.
pub(super) type Turn = Option<OwnedSemaphorePermit>;

/// The turns of all batches.
#[derive(Debug)]
pub(crate) struct Turns {
    reading: Arc<Semaphore>,
    committing: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            reading: Arc::new(Semaphore::new(processors.max(IN_A_CROWD as usize))),
            committing: Arc::new(Semaphore::new(COMMITTED)),
        }
    }
}

impl Turns {
    /// Waits until a piece may be read.
    pub(super) async fn to_read(&self, is_in_a_crowd: bool) -> Turn {
        wait(&self.reading, is_in_a_crowd).await
    }

    /// Waits until a piece may be committed.
    pub(super) async fn to_commit(&self, is_in_a_crowd: bool) -> Turn {
        wait(&self.committing, is_in_a_crowd).await
    }
}

async fn wait(turns: &Arc<Semaphore>, is_in_a_crowd: bool) -> Turn {
    let taken = if is_in_a_crowd { IN_A_CROWD } else { 1 };
    // The turns are never closed.
    Arc::clone(turns).acquire_many_owned(taken).await.ok()
}
