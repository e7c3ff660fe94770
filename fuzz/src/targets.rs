//! The targets, one for each parser.

mod context;
mod control;
mod datetime;
mod entity;
mod form;
mod fragment;
mod geo_query;
mod geometry;
mod headers;
mod import;
mod journal;
mod json;
mod mqtt;
mod names;
mod order_by;
mod parameters;
mod pattern;
mod q;
mod requests;
mod scope_query;
mod sections;
mod settings;
mod stored;
mod subscriptions;
mod temporal;
mod tiles;
mod types;
mod world;

use crate::target::Target;

/// All of them.
pub(crate) const ALL: &[Target] = &[
    json::TARGET,
    entity::TARGET,
    fragment::TARGET,
    sections::TARGET,
    context::TARGET,
    q::TARGET,
    scope_query::TARGET,
    types::TARGET,
    pattern::TARGET,
    geo_query::TARGET,
    geometry::TARGET,
    temporal::TARGET,
    names::TARGET,
    order_by::TARGET,
    datetime::TARGET,
    headers::TARGET,
    form::TARGET,
    parameters::TARGET,
    journal::TARGET,
    stored::TARGET,
    import::CSV,
    import::JSON,
    import::LINES,
    import::MAPPING,
    subscriptions::TARGET,
    requests::TARGET,
    tiles::TARGET,
    mqtt::TARGET,
    control::TARGET,
    settings::TARGET,
];
