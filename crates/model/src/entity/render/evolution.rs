//! Writes what an entity was in the course of time: normalized, as values with their times, and aggregated (ETSI GS CIM
//! 009 §4.5.6 to §4.5.9, §4.5.19).

use std::fmt::{self, Display};

use machi_types::{Json, Name, Timestamp};

use super::attribute::Surrounded;
use super::deleted::null_of;
use super::writer::{Object, put_array, put_one_or_more, put_time};
use super::{Output, Renderer};
use crate::entity::codec::Corrupt;
use crate::entity::document::Section;
use crate::entity::json_text::value_of;
use crate::entity::kind::Kind;
use crate::query::AggregationMethod;

/// The name of the scopes, whose history is told as if they were a Property (§4.5.6).
const SCOPE: &str = "https://uri.etsi.org/ngsi-ld/scope";
/// Since when another instance is in force in the place of this one: a word of ours, not of NGSI-LD.
pub(super) const SUPERSEDED_AT: &str = "urn:machi:supersededAt";

/// What an evolution is of.
#[derive(Clone, Copy, Debug)]
pub struct EvolutionHead<'a> {
    /// The id.
    pub id: &'a str,
    /// All types that it ever had, expanded.
    pub types: &'a [Name],
    /// When it first came.
    pub created_at: Option<Timestamp>,
    /// When anything of it last changed.
    pub modified_at: Option<Timestamp>,
    /// When it is to vanish.
    pub expires_at: Option<Timestamp>,
    /// Since when there is no such entity.
    pub deleted_at: Option<Timestamp>,
}

/// An instance of an attribute, at its time.
#[derive(Clone, Copy)]
pub struct Past<'a> {
    /// What it holds. One with `deleted_at` says that from then on there is none.
    pub section: Section<'a>,
    /// What tells it from all others of its series.
    pub instance_id: &'a dyn Display,
    /// When it was observed.
    pub observed_at: Option<Timestamp>,
    /// The time by which it was asked for.
    pub time: Timestamp,
    /// Since when another one is in force in its place.
    pub superseded_at: Option<Timestamp>,
}

/// Instances of one series that are of one kind.
#[derive(Clone, Debug)]
pub struct Track<'a> {
    /// The dataset; none for the default one.
    pub dataset_id: Option<&'a str>,
    /// Their kind.
    pub kind: Kind,
    /// The instances, ascending.
    pub instances: Vec<Past<'a>>,
}

/// What a series comes to, by method and period.
#[derive(Clone, Debug)]
pub struct Aggregates<'a> {
    /// The dataset; none for the default one.
    pub dataset_id: Option<&'a str>,
    /// The kind of its instances.
    pub kind: Kind,
    /// Per method the results.
    pub methods: Vec<(AggregationMethod, Vec<Aggregate>)>,
}

/// What the instances of a period come to.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// What a method made of them.
    pub result: Json<'static>,
    /// When the period begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
}

/// Writes one evolution, attribute by attribute.
pub struct EvolutionWriter<'o> {
    renderer: Renderer<'o>,
    object: Object,
}

impl fmt::Debug for Past<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Past").field("section", &self.section).field("time", &self.time).finish_non_exhaustive()
    }
}

impl fmt::Debug for EvolutionWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvolutionWriter").field("output", self.renderer.output).finish_non_exhaustive()
    }
}

impl<'o> EvolutionWriter<'o> {
    /// Begins with what is no attribute.
    pub fn open(head: &EvolutionHead<'_>, output: &'o Output<'o>, out: &mut Vec<u8>) -> Self {
        let mut writer = Self { renderer: Renderer::new(output), object: Object::open(out) };
        writer.head(head, out);
        writer
    }

    fn head(&mut self, head: &EvolutionHead<'_>, out: &mut Vec<u8>) {
        let (renderer, object) = (&self.renderer, &mut self.object);
        if renderer.shows("id") {
            object.text("id", head.id, out);
        }
        if renderer.shows("type") {
            object.key("type", out);
            put_one_or_more(head.types.iter(), out, |name, out| renderer.output.terms.write_name(name, out));
        }
        if !renderer.output.sys_attrs {
            return;
        }
        let times = [
            ("createdAt", head.created_at),
            ("modifiedAt", head.modified_at),
            ("expiresAt", head.expires_at),
            ("deletedAt", head.deleted_at),
        ];
        for (name, time) in times {
            object.time(name, time.filter(|_| renderer.shows(name)), out);
        }
    }

    /// An attribute with all of these instances, each with all of its members (§4.5.7). There is an array also of one
    /// instance, and of none.
    pub fn normalized<'p>(
        &mut self,
        name: &str,
        instances: impl IntoIterator<Item = Past<'p>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        self.name(name, out);
        let mut result = Ok(());
        put_array(instances, out, |past, out| {
            if result.is_ok() {
                result = self.renderer.past(&past, out);
            }
        });
        result
    }

    /// An attribute as values with their times (§4.5.9).
    pub fn values(&mut self, name: &str, tracks: &[Track<'_>], out: &mut Vec<u8>) -> Result<(), Corrupt> {
        self.name(name, out);
        let mut result = Ok(());
        put_one_or_more(tracks.iter(), out, |track, out| {
            if result.is_ok() {
                result = self.renderer.track(track, out);
            }
        });
        result
    }

    /// An attribute aggregated (§4.5.19).
    pub fn aggregated(&mut self, name: &str, series: &[Aggregates<'_>], out: &mut Vec<u8>) {
        self.name(name, out);
        put_one_or_more(series.iter(), out, put_aggregates);
    }

    /// Ends it with the @context, where it has one.
    pub fn close(mut self, out: &mut Vec<u8>) {
        self.renderer.context(&mut self.object, out);
        self.object.close(out);
    }

    fn name(&mut self, name: &str, out: &mut Vec<u8>) {
        match name {
            SCOPE => self.object.key("scope", out),
            name => self.object.name(name, self.renderer.output.terms, out),
        }
    }
}

impl Renderer<'_> {
    fn past(&mut self, past: &Past<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        if past.section.name == SCOPE || past.section.deleted_at.is_some() {
            return self.past_without_members(past, out);
        }
        let surrounded = Surrounded {
            instance_id: Some(past.instance_id),
            superseded_at: past.superseded_at,
            is_one_of_many: true,
            ..Surrounded::of(&past.section)?
        };
        self.instance(&surrounded, out)
    }

    /// Scopes, and what says "from here on there is none", have times and nothing else (§4.18, §4.5.7).
    fn past_without_members(&mut self, past: &Past<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        let section = &past.section;
        let kind = self.told_kind(section.instance()?.kind());
        let mut object = Object::open(out);
        object.text("type", kind.as_str(), out);
        object.key(kind.member(), out);
        match section.name {
            SCOPE => put_scopes(section, out)?,
            _ => out.extend_from_slice(null_of(kind).as_bytes()),
        }
        if let Some(dataset_id) = section.dataset_id {
            object.text("datasetId", dataset_id, out);
        }
        object.text("instanceId", &past.instance_id.to_string(), out);
        object.time("observedAt", past.observed_at, out);
        if self.tells_time("createdAt", past) {
            object.time("createdAt", section.created_at, out);
        }
        if self.tells_time("modifiedAt", past) {
            object.time("modifiedAt", section.modified_at, out);
        }
        object.time("deletedAt", section.deleted_at, out);
        object.time(SUPERSEDED_AT, past.superseded_at, out);
        object.close(out);
        Ok(())
    }

    fn tells_time(&self, member: &str, past: &Past<'_>) -> bool {
        let is_asked = self.output.time_property.is_some_and(|property| property.member().term() == member);
        self.output.sys_attrs || (is_asked && past.section.deleted_at.is_none())
    }

    /// The kind as it is told: in one language, texts are plain (§4.15).
    fn told_kind(&self, kind: Kind) -> Kind {
        match kind {
            Kind::LanguageProperty if self.output.languages.is_some() => Kind::Property,
            kind => kind,
        }
    }

    fn track(&mut self, track: &Track<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        let kind = self.told_kind(track.kind);
        let mut object = Object::open(out);
        object.text("type", kind.as_str(), out);
        if let Some(dataset_id) = track.dataset_id {
            object.text("datasetId", dataset_id, out);
        }
        object.key(kind.temporal_member(), out);
        let mut result = Ok(());
        put_array(&track.instances, out, |past, out| {
            out.push(b'[');
            if result.is_ok() {
                result = self.bare(past, kind, out);
            }
            out.push(b',');
            put_time(past.time, out);
            out.push(b']');
        });
        object.close(out);
        result
    }

    /// The value alone, in the form of its kind.
    fn bare(&mut self, past: &Past<'_>, kind: Kind, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        let section = &past.section;
        match kind {
            _ if section.name == SCOPE => return put_scopes(section, out),
            _ if section.deleted_at.is_none() => return self.simplified(section, out),
            Kind::LanguageProperty | Kind::JsonProperty | Kind::VocabProperty => {
                let mut object = Object::open(out);
                object.key(kind.member(), out);
                out.extend_from_slice(null_of(kind).as_bytes());
                object.close(out);
            }
            _ => out.extend_from_slice(null_of(kind).as_bytes()),
        }
        Ok(())
    }
}

/// One scope as a text, several as an array, and none where they are gone.
fn put_scopes(section: &Section<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    if section.deleted_at.is_some() {
        out.extend_from_slice(b"[]");
        return Ok(());
    }
    let instance = section.instance()?;
    match value_of(instance.value()) {
        Ok(Json::Array(scopes)) => put_one_or_more(scopes.iter(), out, Json::write),
        _ => out.extend_from_slice(instance.value().as_bytes()),
    }
    Ok(())
}

fn put_aggregates(series: &Aggregates<'_>, out: &mut Vec<u8>) {
    let mut object = Object::open(out);
    object.text("type", series.kind.as_str(), out);
    if let Some(dataset_id) = series.dataset_id {
        object.text("datasetId", dataset_id, out);
    }
    for (method, results) in &series.methods {
        object.key(method.as_str(), out);
        put_array(results, out, |aggregate, out| {
            out.push(b'[');
            aggregate.result.write(out);
            for time in [aggregate.start, aggregate.end] {
                out.push(b',');
                put_time(time, out);
            }
            out.push(b']');
        });
    }
    object.close(out);
}
