//! Reads the JSON of entities, fragments and attributes: normalized, concise and simplified, mixed as the standard lets them.
//!
//! Names are expanded, values checked and kept as JSON text. The first fault is told with its place.

mod attribute;
mod classify;
mod entity;
mod evolution;
mod fault;
mod member;
mod path;
mod scalar;
mod value;

use std::cell::Cell;

use machi_types::{Json, Name};

pub use evolution::{EvolutionFragment, ScopeInstance, TemporalInstance};
pub use fault::{Fault, InvalidEntity};

use self::path::Path;
use super::entity::{Entity, Instance};
use super::fragment::{Fragment, InstanceFragment};
use super::terms::Terms;

/// What an operation takes as input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// Whether NGSI-LD Nulls may delete members.
    pub nulls: Nulls,
    /// Whether an attribute needs its value.
    pub values: Values,
    /// Whether a plain object is a value rather than an attribute (§4.5.4, `format=simplified`).
    pub simplified: bool,
}

/// Where NGSI-LD Nulls may stand (§5.5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// Nowhere.
    Refused,
    /// In place of a member of an entity or attribute (§5.5.8).
    Members,
    /// Inside JSON values as well (§5.5.12).
    Anywhere,
}

/// Whether attributes are given as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Every attribute has its value.
    Needed,
    /// An attribute may name just the members that change; what has no kind keeps that of the target.
    Optional,
}

impl Input {
    /// Create, replace, append: whole attributes, nothing to delete.
    pub const WHOLE: Self = Self { nulls: Nulls::Refused, values: Values::Needed, simplified: false };
    /// Update attributes (§5.6.2): whole attributes, or their deletion.
    pub const UPDATE: Self = Self { nulls: Nulls::Members, values: Values::Needed, simplified: false };
    /// Partial attribute update (§5.6.4): members of one attribute.
    pub const PARTIAL: Self = Self { nulls: Nulls::Members, values: Values::Optional, simplified: false };
    /// Merge (§5.6.17): members at any depth.
    pub const MERGE: Self = Self { nulls: Nulls::Anywhere, values: Values::Optional, simplified: false };

    /// The same, with plain objects taken as values.
    #[must_use]
    pub const fn simplified(self) -> Self {
        Self { simplified: true, ..self }
    }
}

/// Reads a whole entity.
pub fn parse_entity(json: &Json<'_>, terms: &dyn Terms, input: Input) -> Result<Entity, InvalidEntity> {
    let input = Input { nulls: Nulls::Refused, values: Values::Needed, ..input };
    Parser::new(terms, input, &Cell::new(EXPANDED_BYTES)).entity(json)
}

/// Reads changes to an entity.
pub fn parse_fragment(json: &Json<'_>, terms: &dyn Terms, input: Input) -> Result<Fragment, InvalidEntity> {
    Parser::new(terms, input, &Cell::new(EXPANDED_BYTES)).fragment(json)
}

/// Reads changes to one instance of the attribute with this expanded name.
pub fn parse_attribute(
    json: &Json<'_>,
    name: &Name,
    terms: &dyn Terms,
    input: Input,
) -> Result<InstanceFragment, InvalidEntity> {
    Parser::new(terms, input, &Cell::new(EXPANDED_BYTES)).single_instance(json, name)
}

/// Reads one whole instance of the attribute with this expanded name (§5.6.19).
pub fn parse_instance(
    json: &Json<'_>,
    name: &Name,
    terms: &dyn Terms,
    input: Input,
) -> Result<Instance, InvalidEntity> {
    let input = Input { nulls: Nulls::Refused, values: Values::Needed, ..input };
    let fragment = Parser::new(terms, input, &Cell::new(EXPANDED_BYTES)).single_instance(json, name)?;
    fragment.into_instance().ok_or_else(|| Path::ROOT.fault(Fault::NoValue))
}

/// Reads a temporal evolution, or a part of one (§5.2.20).
pub fn parse_evolution(json: &Json<'_>, terms: &dyn Terms) -> Result<EvolutionFragment, InvalidEntity> {
    Parser::new(terms, Input::WHOLE, &Cell::new(EXPANDED_BYTES)).evolution(json)
}

/// Reads one instance of the attribute with this expanded name, as part of an evolution.
pub fn parse_temporal_instance(
    json: &Json<'_>,
    name: &Name,
    terms: &dyn Terms,
) -> Result<TemporalInstance, InvalidEntity> {
    Parser::new(terms, Input::WHOLE, &Cell::new(EXPANDED_BYTES)).temporal_instance(name, json, &Path::ROOT)
}

/// Carries what does not change while one document is read.
#[derive(Clone, Copy)]
struct Parser<'t> {
    terms: &'t dyn Terms,
    input: Input,
    /// How deep attributes may still nest.
    depth: usize,
    /// By how many bytes names may still grow when they are expanded.
    expanded: &'t Cell<usize>,
}

/// How deep attributes may nest: an entity's own, theirs, and so on.
const DEPTH: usize = 32;

/// By how many bytes the names of one document may grow when they are expanded: an @context makes much of little, for
/// each name may become as long as an IRI.
const EXPANDED_BYTES: usize = 16 << 20;

impl<'t> Parser<'t> {
    fn new(terms: &'t dyn Terms, input: Input, expanded: &'t Cell<usize>) -> Self {
        Self { terms, input, depth: DEPTH, expanded }
    }
}

#[cfg(test)]
mod tests;
