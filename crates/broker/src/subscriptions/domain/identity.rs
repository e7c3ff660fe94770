//! Ids of notifications: the same for the same cause, however often it is sent.

use std::fmt;

use machi_face::StableHash;
use machi_types::Timestamp;

use super::subscription::SubscriptionKey;

/// The id of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NotificationId(u128);

impl NotificationId {
    /// What a commit makes due; `place` tells several of one commit apart.
    pub(crate) fn of_change(key: &SubscriptionKey, commit: u64, time: Timestamp, place: u32) -> Self {
        // The time is in it because a city that was restored counts its commits anew.
        Self(
            begun(key, b"change")
                .with(&commit.to_le_bytes())
                .with(&time.micros().to_le_bytes())
                .with(&place.to_le_bytes())
                .finish(),
        )
    }

    /// What the clock makes due.
    pub(crate) fn of_period(key: &SubscriptionKey, due: Timestamp, place: u32) -> Self {
        Self(begun(key, b"period").with(&due.micros().to_le_bytes()).with(&place.to_le_bytes()).finish())
    }
}

fn begun(key: &SubscriptionKey, cause: &[u8]) -> StableHash {
    // A byte that no text holds keeps the parts apart.
    StableHash::new()
        .with(key.tenant.as_str().as_bytes())
        .with(&[0xff])
        .with(key.id.as_bytes())
        .with(&[0xff])
        .with(cause)
}

impl fmt::Display for NotificationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "urn:ngsi-ld:Notification:{:032x}", self.0)
    }
}
