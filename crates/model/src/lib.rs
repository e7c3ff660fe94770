//! The NGSI-LD model: entities, @context, the query languages and the laws of change. Pure: no I/O, no clock.

pub mod context;
pub mod entity;
pub mod foreign;
pub mod laws;
pub mod query;
