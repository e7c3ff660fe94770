//! Empty commits, for work beside the committer that needs a position of its own.

use std::sync::Arc;

use machi_store::Position;
use machi_types::{Name, TenantId};
use tokio::sync::oneshot;

use super::Waiting;
use crate::engine::Engine;
use crate::queue::Queue;

/// Makes an empty commit, so that the next checkpoint has a position of its own.
pub(crate) struct Nudge {
    queue: Arc<Queue>,
    engine: Arc<Engine>,
}

impl Nudge {
    /// The consumer under whose name such commits stand in the journal; it reads nothing.
    pub(crate) const CONSUMER: &str = "@indexes";

    pub(crate) fn new(queue: Arc<Queue>, engine: Arc<Engine>) -> Self {
        Self { queue, engine }
    }

    pub(crate) fn commit(&self, tenant: &TenantId) {
        let (answer, _) = oneshot::channel();
        let cursors = vec![(Name::from(Self::CONSUMER), Position::single(self.engine.documents.visible()))];
        let waiting =
            Waiting { tenant: tenant.clone(), prepared: Vec::new(), all_or_nothing: false, cursors, bytes: 0, answer };
        // Where it is not taken, the index is built again after a restart.
        if self.queue.push(waiting, &self.engine.options).is_ok() {
            self.engine.request_checkpoint();
        }
    }
}
