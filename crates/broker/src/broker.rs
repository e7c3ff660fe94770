//! The block as one value: what its services share.

use std::sync::Arc;
use std::time::Instant;

use machi_face::Face;
use machi_store::Store;
use machi_types::{Clock, Name, TenantId};
use parking_lot::Mutex;
use rustc_hash::FxHashSet;

use crate::config::Config;
use crate::service::batch::Turns;
use crate::subscriptions::hub::Hub;

/// The NGSI-LD broker. Its operations are in the files of `service`, one verb each.
#[derive(Debug)]
pub struct Broker {
    /// What it shares with other blocks.
    pub(crate) face: Arc<Face>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    /// The keys of batches that are at work.
    pub(crate) at_work: Mutex<FxHashSet<(TenantId, Name)>>,
    /// Held while the added indexes of a tenant change.
    pub(crate) indexing: tokio::sync::Mutex<()>,
    pub(crate) started: Instant,
    /// How much of batches is worked on at once.
    pub(crate) turns: Turns,
    /// What requests share with the notifier.
    pub(crate) hub: Arc<Hub>,
}

impl Broker {
    /// A broker over a store that was opened with the collections of [`crate::collections`].
    pub fn new(face: Arc<Face>, config: Config) -> Self {
        Self {
            store: Arc::clone(&face.store),
            clock: Arc::clone(&face.clock),
            face,
            config,
            at_work: Mutex::default(),
            indexing: tokio::sync::Mutex::default(),
            started: Instant::now(),
            turns: Turns::default(),
            hub: Arc::default(),
        }
    }

    /// What it shares with other blocks.
    pub fn face(&self) -> &Arc<Face> {
        &self.face
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// How often the notifier broke off and began again since the start, which it never should.
    pub fn notifier_breaks(&self) -> u64 {
        self.hub.meters.read().breaks.value()
    }
}
