//! Which entities are asked for, with all names expanded (ETSI GS CIM 009 §5.7.2.4).

use machi_model::query::{GeoQuery, Pattern, Query, ScopeQuery, Step, TypeExpression};
use machi_types::Name;

/// What a request asks for, its names expanded.
#[derive(Clone, Debug, Default)]
pub struct Criteria {
    /// Ids and types: an entity must meet one of them, where there are any.
    pub selectors: Vec<Selector>,
    /// Attributes (`attrs`): an entity must have one of them, where there are any.
    pub attributes: Vec<Step>,
    /// `q`
    pub q: Option<Query>,
    /// `georel` and its companions.
    pub geo: Option<GeoQuery>,
    /// `scopeQ`
    pub scopes: Option<ScopeQuery>,
}

/// Entities by id and type (§5.2.33).
#[derive(Clone, Debug, Default)]
pub struct Selector {
    /// One of these ids, where there are any.
    pub ids: Vec<Name>,
    /// An id in which this is found.
    pub pattern: Option<Pattern>,
    /// Of these types.
    pub types: Option<TypeExpression>,
}
