//! Writes stored entities as JSON: normalized, concise, simplified, and each of them as GeoJSON (ETSI GS CIM 009 §4.5).
//!
//! The bytes of the store go straight into the answer; nothing is parsed that is written as it stands.

mod attribute;
mod deleted;
mod evolution;
mod feature;
mod language;
mod projection;
mod simplified;
mod value;
mod writer;

use std::fmt;

pub use evolution::{Aggregate, Aggregates, EvolutionHead, EvolutionWriter, Past, Track};
pub use feature::{GeometrySource, write_feature, write_feature_collection};
pub use language::{InvalidLanguages, Languages};
pub use projection::{Datasets, Projection};

use machi_types::{Timestamp, json};

use super::codec::{Corrupt, HeadRef};
use super::document::{Document, Section};
use super::terms::Terms;
use crate::query::TimeProperty;

use self::writer::{Object, put_one_or_more};

/// How deep sub-attributes may nest in what is written; what the edge takes is less.
const DEPTH: usize = 64;

/// The representation of attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Every member spelled out (§4.5.1).
    #[default]
    Normalized,
    /// Lossless, without what can be inferred (§4.5.2.3).
    Concise,
    /// Values only (§4.5.4).
    Simplified,
}

/// How entities are to be written.
#[derive(Clone, Copy)]
pub struct Output<'o> {
    /// Compacts names.
    pub terms: &'o dyn Terms,
    /// The representation.
    pub format: Format,
    /// Whether `createdAt`, `modifiedAt` and `expiresAt` are written (§6.3.11).
    pub sys_attrs: bool,
    /// Which language of a `languageMap` is written as a plain text (§4.15).
    pub languages: Option<&'o Languages>,
    /// Which instances are written (§4.5.5).
    pub datasets: Option<&'o Datasets>,
    /// What has expired by then is not written (§4.22).
    pub now: Option<Timestamp>,
    /// Which members are written (§4.21).
    pub projection: Option<&'o Projection>,
    /// The JSON text of the `@context` member; none where it goes into a header.
    pub context: Option<&'o str>,
    /// Writes linked entities inline (§4.5.23.2).
    pub links: Option<&'o dyn Links>,
    /// The time by which the instances of an evolution were asked for, which each of them shows (§4.5.7).
    pub time_property: Option<TimeProperty>,
}

/// Linked entities, for the inline representation.
pub trait Links {
    /// Appends the entity that the attribute with this expanded name links to; says whether there is one to be shown.
    fn write_entity(&self, attribute: &str, target: &str, out: &mut Vec<u8>) -> bool;
}

impl<'o> Output<'o> {
    /// Everything, in the normalized representation.
    pub const fn new(terms: &'o dyn Terms) -> Self {
        Self {
            terms,
            format: Format::Normalized,
            sys_attrs: false,
            languages: None,
            datasets: None,
            now: None,
            projection: None,
            context: None,
            links: None,
            time_property: None,
        }
    }

    /// Whether an instance is of a wanted dataset and alive.
    fn shows(&self, section: &Section<'_>) -> bool {
        let is_wanted = self.datasets.is_none_or(|datasets| datasets.shows(section.dataset_id));
        // What cannot be read is shown, so that it is told.
        let expires_at = || section.instance().ok()?.expires_at();
        is_wanted && (self.now.is_none() || self.lives(expires_at()))
    }

    fn lives(&self, expires_at: Option<Timestamp>) -> bool {
        match (self.now, expires_at) {
            (Some(now), Some(expires_at)) => expires_at > now,
            _ => true,
        }
    }
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("format", &self.format)
            .field("sys_attrs", &self.sys_attrs)
            .finish_non_exhaustive()
    }
}

/// Appends an entity. On an error, what was appended is of no use.
pub fn write_entity(document: &Document<'_>, output: &Output<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let mut renderer = Renderer::new(output);
    let mut object = Object::open(out);
    if renderer.shows("id") {
        object.text("id", document.id, out);
    }
    renderer.head_members(document, &mut object, out)?;
    renderer.attributes(document, &mut object, out)?;
    renderer.context(&mut object, out);
    object.close(out);
    Ok(())
}

/// Whether anything is left of an entity: `pick` and `omit` may leave nothing (§4.21).
pub fn shows_any(document: &Document<'_>, output: &Output<'_>) -> Result<bool, Corrupt> {
    let Some(projection) = output.projection else { return Ok(true) };
    let head = HeadRef::read(document.head)?;
    let members = [
        ("id", true),
        ("type", true),
        ("scope", head.scopes().len() > 0),
        ("createdAt", output.sys_attrs && document.created_at.is_some()),
        ("modifiedAt", output.sys_attrs && document.modified_at.is_some()),
        ("expiresAt", output.sys_attrs && head.expires_at().is_some()),
    ];
    let is_shown = |section: &Section<'_>| projection.shows(section.name) && output.shows(section);
    Ok(document.deleted_at.is_some()
        || members.iter().any(|(member, is_there)| *is_there && projection.shows(member))
        || document.sections.iter().any(is_shown))
}

/// Appends a JSON array of entities.
pub fn write_entities<'d>(
    documents: impl IntoIterator<Item = Document<'d>>,
    output: &Output<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Corrupt> {
    out.push(b'[');
    for (index, document) in documents.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_entity(&document, output, out)?;
    }
    out.push(b']');
    Ok(())
}

/// Carries what one answer needs while it is written.
struct Renderer<'o> {
    output: &'o Output<'o>,
    scratch: String,
}

impl<'o> Renderer<'o> {
    const fn new(output: &'o Output<'o>) -> Self {
        Self { output, scratch: String::new() }
    }

    /// `type`, `scope` and the times of the entity.
    fn head_members(&mut self, document: &Document<'_>, object: &mut Object, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        let head = HeadRef::read(document.head)?;
        if self.shows("type") {
            object.key("type", out);
            self.names(head.types(), out);
        }
        if self.shows("scope") && head.scopes().len() > 0 {
            object.key("scope", out);
            put_one_or_more(head.scopes(), out, json::write_string);
        }
        if self.output.sys_attrs {
            let times = [
                ("createdAt", document.created_at),
                ("modifiedAt", document.modified_at),
                ("expiresAt", head.expires_at()),
            ];
            for (name, time) in times {
                object.time(name, time.filter(|_| self.shows(name)), out);
            }
        }
        // §5.8.6: the notification of a deleted entity tells when, with or without sysAttrs.
        object.time("deletedAt", document.deleted_at, out);
        Ok(())
    }

    fn attributes(&mut self, document: &Document<'_>, object: &mut Object, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        for sections in document.sections.chunk_by(|one, next| one.name == next.name) {
            let is_shown = sections.first().is_some_and(|section| self.shows(section.name));
            if is_shown {
                self.attribute(sections, object, out)?;
            }
        }
        Ok(())
    }

    fn context(&self, object: &mut Object, out: &mut Vec<u8>) {
        if let Some(context) = self.output.context {
            object.key("@context", out);
            out.extend_from_slice(context.as_bytes());
        }
    }

    fn shows(&self, member: &str) -> bool {
        self.output.projection.is_none_or(|projection| projection.shows(member))
    }
}

#[cfg(test)]
mod tests;
