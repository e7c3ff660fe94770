//! The NGSI-LD information model: what an entity is, how it is read, stored and written (ETSI GS CIM 009 §4.5, §5.2).
//!
//! A request's JSON becomes an [`Entity`] or a [`Fragment`] ([`parse`]); names are expanded on the way, values stay JSON
//! text. Instances are stored as sections ([`codec`]), which [`render`], [`scalars`] and the query language read where
//! they lie, through [`InstanceRef`].

pub mod codec;
mod datetime;
mod document;
#[expect(clippy::module_inception, reason = "the module of the word itself")]
mod entity;
mod facts;
mod fragment;
mod geometry;
mod json_text;
mod kind;
mod name;
mod observed;
pub mod parse;
pub mod render;
mod scalars;
mod terms;
mod times;

pub use codec::{Corrupt, Head, HeadRef, InstanceRef, NameRef, SubInstance, encode_instance};
pub(crate) use datetime::{civil_of, days_of};
pub use datetime::{is_date, is_datetime, parse_datetime, write_datetime};
pub use document::{Document, Encoded, Section, group};
pub use entity::{Attribute, Entity, Instance, Sealed};
pub use facts::{EntityFacts, LinkedDocuments};
pub use fragment::{AttributeFragment, Bare, Change, Fragment, InstanceFragment, NULL, ValueChange};
pub use json_text::{JsonText, iris_of, string_of, value_of};
pub use kind::Kind;
pub use name::{MOST_NAMES, check_name, is_language_tag, is_scope};
pub use observed::Observed;
pub use parse::{
    EvolutionFragment, Fault, Input, InvalidEntity, ScopeInstance, TemporalInstance, parse_attribute, parse_entity,
    parse_evolution, parse_fragment, parse_temporal_instance,
};
pub use scalars::{Scalar, json_scalars, scalars};
pub use terms::{CORE, Coercion, CoreTerms, DEFAULT, Terms};
pub use times::{FullNames, parse_with_times};

pub(crate) use geometry::check_geometry;

#[cfg(test)]
pub(crate) mod arbitrary;
