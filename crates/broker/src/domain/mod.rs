//! What this block decides, without store, network or clock.

pub(crate) mod added;
pub(crate) mod change;
pub(crate) mod current;
mod expiry;
pub(crate) mod facets;
pub(crate) mod filter;
pub(crate) mod graph;
pub(crate) mod guard;
pub(crate) mod members;
pub(crate) mod reading;
pub(crate) mod rendered;
pub(crate) mod representation;
pub(crate) mod scope;
pub(crate) mod selection;
pub(crate) mod sorted;
pub(crate) mod tile;
pub(crate) mod transfer;
