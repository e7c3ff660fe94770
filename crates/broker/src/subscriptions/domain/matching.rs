//! Whether a change of an entity makes a notification due for a subscription: the exact answer
//! (ETSI GS CIM 009 §5.8.6).

use machi_types::{Name, Timestamp};

use super::changes::Changes;
use super::state::{EntityState, Linked};
use super::subscription::Subscription;

/// Reads entities that a query follows links to, as far as they were read ahead.
pub(crate) type Known<'k> = &'k dyn Fn(&str) -> Option<&'k EntityState>;

/// Whether the change is one that the subscription hears of, whatever the entity is like.
pub(crate) fn hears(subscription: &Subscription, changes: &Changes, time: Timestamp) -> bool {
    subscription.is_awake(time)
        && subscription.is_on_change()
        && changes.trigger(subscription.triggers, &subscription.watched)
}

/// Whether the entity is one of those that are subscribed to; `q` alone is not asked.
pub(crate) fn selects(subscription: &Subscription, state: &EntityState) -> bool {
    let selectors = &subscription.selectors;
    let is_selected = selectors.is_empty()
        || selectors
            .iter()
            .any(|selector| selector.ids.include(state.reading.id()) && selector.types.matches::<Name>(&state.types));
    is_selected
        && subscription.scope.as_ref().is_none_or(|scope| scope.matches(state.scopes()))
        && subscription.geo.as_ref().is_none_or(|geo| {
            let geo_property = geo.query.property.attribute().map_or("", Name::as_str);
            let mut places = state.geometries().iter().filter(|(name, _)| **name == *geo_property);
            // A place that is too intricate to be compared is not known to be there.
            places.any(|(_, place)| geo.query.matches(place).unwrap_or(false))
        })
}

/// Whether the entity meets the query.
pub(crate) fn meets_query<'k>(subscription: &Subscription, state: &'k EntityState, known: Known<'k>) -> bool {
    subscription.q.as_ref().is_none_or(|q| q.matches(&Linked { state, known }))
}
