//! What the matcher hands to the dispatcher: notifications that are due, and how far it has read.

use std::sync::Arc;

use machi_store::Position;
use machi_types::{Name, TenantId, Timestamp};
use smallvec::SmallVec;
use tokio::time::Instant;

use super::domain::cause::Cause;
use super::domain::counters::Counters;
use super::domain::identity::NotificationId;
use super::domain::subscription::{Subscription, SubscriptionKey};
use super::parked::Attempts;

/// A notification that is due.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) subscription: Arc<Subscription>,
    pub(crate) id: NotificationId,
    pub(crate) causes: SmallVec<[Arc<Cause>; 1]>,
    /// When it became due.
    pub(crate) time: Timestamp,
    /// Its place among those of its subscription.
    pub(crate) order: (u64, u32),
    /// The piece of the feed that it comes from; nothing for what the clock made due.
    pub(crate) chunk: Option<u64>,
    /// One bit for each of its entities, so that those of one entity follow each other.
    pub(crate) entities: u64,
    /// When it came into memory.
    pub(crate) since: Instant,
    /// How often it was tried.
    pub(crate) attempts: Attempts,
}

/// What the dispatcher is told, in the order of the feed.
#[derive(Debug)]
pub(crate) enum Order {
    /// A subscription is new or was changed.
    Defined(Arc<Subscription>),
    /// A subscription is gone.
    Removed(SubscriptionKey),
    /// A tenant is gone, with all its subscriptions.
    Erased(TenantId),
    /// These are due.
    Due(Vec<Due>),
    /// A piece of the feed was read to its end.
    Read(Chunk),
}

/// A piece of the feed.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) number: u64,
    /// The position behind it.
    pub(crate) position: Position,
    /// Throttled subscriptions that became due in it, and when last.
    pub(crate) throttled: Vec<(SubscriptionKey, Arc<Counters>, Timestamp)>,
    /// Whether it holds anything but what the notifier itself wrote.
    pub(crate) is_news: bool,
}

/// The bit of an entity.
pub(crate) fn entity_bit(id: &Name) -> u64 {
    1 << (machi_face::StableHash::new().with(id.as_bytes()).finish() % 64)
}
