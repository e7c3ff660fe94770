//! Subscriptions: what changes is told to whoever asked for it, and nothing that is due is lost.
//!
//! The [`matcher`] reads the feed and finds what is due; the [`dispatcher`] brings it to its receivers. What cannot be
//! delivered at once is [`parked`] in the store. The decision record is docs/adr/0004-subscriptions-from-the-feed.md.
//!
//! # Its words
//!
//! * A notification is *due* because of a commit, or because of the clock (`timeInterval`).
//! * It is *settled* once it is delivered, written down to wait, or no longer wanted.
//! * The *frontier* is the place in the feed before which everything is settled; it is what a restart begins from.
//! * A *line* is what is due for one subscription, in order; a *host* is a machine that receives.
//!
//! # Invariants
//!
//! * No cursor passes an entry before its notifications are settled. * Matching depends on nothing but the feed.
//! * A notification's id depends on its cause alone. * Nothing in memory grows without a bound.

pub(crate) mod config;
mod dead_letters;
mod dispatcher;
pub(crate) mod domain;
mod due;
mod frontier;
pub(crate) mod hub;
mod joined;
mod linked;
mod live;
mod load;
mod matcher;
pub(crate) mod mqtt;
mod notifier;
pub(crate) mod parked;
mod periodic;
mod send;
mod service;
pub(crate) mod stored;

pub(crate) use dead_letters::DeadLetter;
pub(crate) use domain::subscription::SubscriptionKey;
pub(crate) use live::LiveFilter;
pub use notifier::Notifier;
pub(crate) use parked::{Parked, is_row, subscription_of as subscription_of_row};
pub(crate) use service::{Shown, id_of};
pub(crate) use stored::is_subscription;

/// The name under which the feed is read.
pub(crate) const CONSUMER: &str = "subscriptions";
