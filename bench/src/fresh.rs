//! What must be seen: readers are held against the updates that were acknowledged before they asked.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::load::{self, Traffic};

/// The acknowledged updates of one attribute. Each update writes its own number as the value.
#[derive(Debug)]
pub struct Fresh {
    /// The last acknowledged update of each entity.
    latest: Vec<AtomicU64>,
    history: Mutex<HashMap<u64, Vec<u64>>>,
    acknowledged: AtomicU64,
    next: AtomicU64,
}

impl Fresh {
    /// No update of so many entities yet; those that come count from `first` on.
    pub fn new(entities: u64, first: u64) -> Self {
        Self {
            latest: (0..entities).map(|_| AtomicU64::new(0)).collect(),
            history: Mutex::default(),
            acknowledged: AtomicU64::new(0),
            next: AtomicU64::new(first),
        }
    }

    /// What every answer that is asked for from now on must show.
    pub fn now(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Whether an entity may be shown with this value to who asked at that moment.
    pub fn admits(&self, entity: u64, value: u64, asked: u64) -> bool {
        let Some(latest) = self.latest.get(entity as usize) else { return false };
        if value >= latest.load(Ordering::SeqCst) {
            return true;
        }
        let history = self.history.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = history.get(&entity).and_then(|updates| updates.iter().rfind(|update| **update <= asked));
        due.is_none_or(|due| value >= *due)
    }

    fn acknowledge(&self, entity: u64, update: u64) {
        let mut history = self.history.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        history.entry(entity).or_default().push(update);
        if let Some(latest) = self.latest.get(entity as usize) {
            latest.store(update, Ordering::SeqCst);
        }
        self.acknowledged.store(update, Ordering::SeqCst);
    }
}

/// Updates of entities that `choose` picks.
pub struct Updates<'a> {
    /// What is kept of them.
    pub fresh: std::sync::Arc<Fresh>,
    /// Which entity a random number stands for.
    pub choose: Box<dyn Fn(u64) -> u64 + Send + Sync + 'a>,
    /// The path and the body of an update.
    pub write: Box<dyn Fn(u64, u64) -> (String, String) + Send + Sync + 'a>,
    /// Headers of every update.
    pub headers: String,
}

impl Traffic for Updates<'_> {
    fn request(&self, random: u64, out: &mut Vec<u8>) -> [u64; 2] {
        let entity = (self.choose)(random);
        let update = self.fresh.next.fetch_add(1, Ordering::SeqCst);
        let (path, body) = (self.write)(entity, update);
        load::write_request("PATCH", &path, &self.headers, &body, out);
        [entity, update]
    }

    fn is_right(&self, [entity, update]: [u64; 2], _: &[u8]) -> bool {
        self.fresh.acknowledge(entity, update);
        true
    }
}

impl std::fmt::Debug for Updates<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Updates").field("headers", &self.headers).finish_non_exhaustive()
    }
}
