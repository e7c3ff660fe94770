//! What is decided about subscriptions, without store, network or clock.

pub(crate) mod cause;
pub(crate) mod changes;
pub(crate) mod counters;
pub(crate) mod endpoint;
pub(crate) mod fault;
pub(crate) mod identity;
pub(crate) mod index;
pub(crate) mod matching;
pub(crate) mod mqtt_address;
pub(crate) mod names;
pub(crate) mod normalize;
pub(crate) mod payload;
pub(crate) mod period;
pub(crate) mod present;
pub(crate) mod read;
pub(crate) mod shape;
pub(crate) mod shared;
pub(crate) mod state;
pub(crate) mod stepwise;
pub(crate) mod subscription;
pub(crate) mod trigger;

#[cfg(test)]
mod tests;
