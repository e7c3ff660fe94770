//! A subscription as matching and delivery hold it: small, with everything that many have in common shared.

use std::sync::Arc;

use machi_model::query::{GeoQuery, Pattern, Query, ScopeQuery, TypeExpression};
use machi_store::NameNo;
use machi_types::{Name, TenantId, Timestamp};

use super::counters::Counters;
use super::endpoint::Endpoint;
use super::shape::Shape;
use super::trigger::Triggers;

/// Names a subscription in the whole city.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SubscriptionKey {
    pub(crate) tenant: TenantId,
    pub(crate) id: Name,
}

/// A subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) key: SubscriptionKey,
    /// Which entities; none for all that have a watched attribute.
    pub(crate) selectors: Box<[Selector]>,
    /// The attributes whose change counts; none for all.
    pub(crate) watched: Box<[NameNo]>,
    /// The kinds of change that count.
    pub(crate) triggers: Triggers,
    pub(crate) q: Option<Arc<Query>>,
    pub(crate) geo: Option<Arc<GeoCondition>>,
    pub(crate) scope: Option<Arc<ScopeQuery>>,
    pub(crate) is_active: bool,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) timing: Timing,
    /// What notifications look like.
    pub(crate) shape: Arc<Shape>,
    /// Where they go.
    pub(crate) endpoint: Arc<Endpoint>,
    /// When it came to be; what became due before was due to another one of its id, which is gone.
    pub(crate) created_at: Timestamp,
    /// When it was last defined: what periods count from.
    pub(crate) defined_at: Timestamp,
    pub(crate) counters: Arc<Counters>,
}

/// When notifications are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    /// With each change.
    OnChange,
    /// With a change, but not sooner after the last one than this, in microseconds.
    Throttled(i64),
    /// Always after this time, in microseconds, whether anything changed or not.
    Periodic(i64),
}

/// Which entities are meant (§5.2.33).
#[derive(Clone, Debug)]
pub(crate) struct Selector {
    pub(crate) types: TypeExpression,
    pub(crate) ids: Ids,
}

/// Which ids are meant; ids take precedence over a pattern.
#[derive(Clone, Debug)]
pub(crate) enum Ids {
    Any,
    Of(Box<[Name]>),
    Matching(Pattern),
}

/// A geoquery on an attribute.
#[derive(Clone, Debug)]
pub(crate) struct GeoCondition {
    pub(crate) attribute: NameNo,
    pub(crate) query: GeoQuery,
}

impl Subscription {
    /// Whether it notifies of what happens at this time.
    pub(crate) fn is_awake(&self, time: Timestamp) -> bool {
        self.is_active && self.expires_at.is_none_or(|expires| time < expires)
    }

    /// Whether what became due at this time was due to it.
    pub(crate) fn was_there(&self, time: Timestamp) -> bool {
        time >= self.created_at
    }

    /// Whether it watches for changes at all.
    pub(crate) fn is_on_change(&self) -> bool {
        !matches!(self.timing, Timing::Periodic(_))
    }
}

impl Ids {
    /// Whether the id is meant.
    pub(crate) fn include(&self, id: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Of(ids) => ids.iter().any(|known| **known == *id),
            Self::Matching(pattern) => pattern.matches(id),
        }
    }
}

/// Where a subscription stands (§5.2.12, Table 5.2.12-2).
pub(crate) fn status(is_active: bool, expires_at: Option<Timestamp>, now: Timestamp) -> &'static str {
    match (is_active, expires_at) {
        (_, Some(expires)) if expires <= now => "expired",
        (true, _) => "active",
        (false, _) => "paused",
    }
}
