//! Notifications as their receivers read them (ETSI GS CIM 009 §5.3.1, §5.8.6, §6.3.8).

use std::sync::Arc;

use bytes::Bytes;
use machi_face::older;
use machi_http::request::MediaType;
use machi_model::context::Context;
use machi_model::entity::render::{
    GeometrySource, Links, Output, Projection as Members, shows_any, write_entity, write_feature,
};
use machi_model::entity::{Corrupt, Document, Encoded, Head, Section, Terms, group, write_datetime};
use machi_model::query::{Projection, Step};
use machi_store::{NameNo, Names};
use machi_types::{Name, Timestamp, json};
use rustc_hash::FxHashMap;

use super::cause::Cause;
use super::identity::NotificationId;
use super::shape::{Join, Shape};
use super::trigger::Triggers;
use crate::domain::reading::Reading;

/// A notification, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    pub(crate) body: Bytes,
    pub(crate) media: MediaType,
    /// The @context that goes into a header.
    pub(crate) context: Option<Name>,
}

/// What a notification says beside its entities.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heading<'h> {
    pub(crate) id: NotificationId,
    pub(crate) subscription: &'h str,
    pub(crate) notified_at: Timestamp,
}

/// Writes a notification; `linked` are the entities that those of it link to, where they are asked for.
pub(crate) fn write(
    heading: Heading<'_>,
    causes: &[Arc<Cause>],
    linked: &FxHashMap<Name, Arc<Reading>>,
    (shape, context, names): (&Arc<Shape>, &Arc<Context>, &dyn Names),
) -> Result<Payload, Corrupt> {
    let document = context.in_document().to_text();
    let writer = Writer { shape, context, document: &document, names, linked };
    let written = |cause: &Arc<Cause>| match shape.join {
        Join::Inline(_) => writer.entity(cause).map(Bytes::from),
        Join::No | Join::Flat(_) => cause.written(shape, || writer.entity(cause)),
    };
    let mut entities = causes.iter().map(written).collect::<Result<Vec<_>, _>>()?;
    if let Join::Flat(_) = shape.join {
        entities.extend(writer.flat(causes)?);
    }
    // §4.21: of which nothing is left, that is left out, as of the answer to a query.
    entities.retain(|entity| !entity.is_empty());
    Ok(writer.notification(heading, &entities))
}

/// Whether a notification of this shape has anything to tell of an entity. What cannot be read is told when it is written.
pub(crate) fn tells_of(cause: &Cause, shape: &Shape, names: &dyn Names) -> bool {
    // With a flat join, what is picked may be in linked entities.
    if !shape.may_leave_nothing() || cause.is_deletion() || matches!(shape.join, Join::Flat(_)) {
        return true;
    }
    let told = Told::of(cause, names);
    let mut sections = cause.reading.sections();
    told.add_to(&mut sections, shape.shows_changes);
    let members = members(shape.pick.as_ref(), shape.omit.as_ref());
    // Which terms there are says nothing about what is left.
    let output = Output { projection: members.as_ref(), ..output(shape, Context::core()) };
    shows_any(&cause.reading.document(&sections), &output).unwrap_or(true)
}

struct Writer<'w> {
    shape: &'w Arc<Shape>,
    context: &'w Arc<Context>,
    /// The @context as a body names it (§4.4).
    document: &'w str,
    names: &'w dyn Names,
    linked: &'w FxHashMap<Name, Arc<Reading>>,
}

/// Linked entities that are written inside those that link to them.
struct Inside<'i> {
    writer: &'i Writer<'i>,
    /// How many levels of links are written, this one included.
    levels: u64,
    /// What is picked and left out, at this level.
    pick: Option<&'i Projection>,
    omit: Option<&'i Projection>,
}

impl Writer<'_> {
    fn notification(&self, heading: Heading<'_>, entities: &[Bytes]) -> Payload {
        let size = entities.iter().map(|entity| entity.len() + 1).sum::<usize>();
        let mut out = Vec::with_capacity(size + 320);
        out.extend_from_slice(
            format!("{{\"id\":\"{}\",\"type\":\"Notification\",\"subscriptionId\":", heading.id).as_bytes(),
        );
        json::write_string(heading.subscription, &mut out);
        out.extend_from_slice(b",\"notifiedAt\":\"");
        write_datetime(heading.notified_at, &mut out);
        out.push(b'"');
        if self.shape.media == MediaType::JsonLd {
            self.context_member(&mut out);
        }
        out.extend_from_slice(b",\"data\":");
        if self.shape.media == MediaType::GeoJson {
            self.collection(entities, &mut out);
        } else {
            array(entities, &mut out);
        }
        out.push(b'}');
        let context = self.shape.links_context.then(|| self.shape.context.clone());
        Payload { body: out.into(), media: self.shape.media, context }
    }

    /// §5.3.1: data "is returned as a `FeatureCollection`".
    fn collection(&self, features: &[Bytes], out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"FeatureCollection\",\"features\":");
        array(features, out);
        if !self.shape.links_context {
            self.context_member(out);
        }
        out.push(b'}');
    }

    fn context_member(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"@context\":");
        out.extend_from_slice(self.document.as_bytes());
    }

    fn entity(&self, cause: &Cause) -> Result<Vec<u8>, Corrupt> {
        let mut out = Vec::with_capacity(cause.document.size() * 2);
        if cause.is_deletion() {
            self.gone(cause, &mut out)?;
        } else {
            self.living(cause, &mut out)?;
        }
        Ok(out)
    }

    /// The entity as it is, with what the commit took away and, if asked for, what was before.
    fn living(&self, cause: &Cause, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        let told = Told::of(cause, self.names);
        let rewritten = self.rewritten(cause)?;
        let mut sections = match &rewritten {
            Some(encoded) => encoded.sections(),
            None => cause.reading.sections(),
        };
        told.add_to(&mut sections, self.shape.shows_changes);
        let document = match &rewritten {
            Some(encoded) => encoded.document(&sections),
            None => cause.reading.document(&sections),
        };
        self.render(&document, self.shape.pick.as_ref(), out)
    }

    /// §5.8.6: without showChanges "only the deletedAt system property shall be provided", if it is the end of the entity
    /// that triggers; where it is that of its attributes, these are told.
    fn gone(&self, cause: &Cause, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        let mut told = Told::of(cause, self.names);
        let mut sections = Vec::new();
        match &self.shape.gone {
            _ if self.shape.shows_changes => told.add_to(&mut sections, true),
            Some(watched) => told.only(watched).add_to(&mut sections, false),
            None => {}
        }
        let head = Head { types: Head::decode(&cause.document.head)?.types, ..Head::default() }.encode();
        let document = Document {
            created_at: Some(cause.document.created),
            modified_at: Some(cause.document.modified),
            deleted_at: Some(cause.time),
            ..Document::new(&cause.document.id, &head, &sections)
        };
        self.render(&document, self.shape.pick.as_ref(), out)
    }

    fn render(&self, document: &Document<'_>, pick: Option<&Projection>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        let shape = self.shape;
        let omit = shape.omit.as_ref();
        let inside = match shape.join {
            Join::Inline(levels) => Some(Inside { writer: self, levels, pick, omit }),
            Join::No | Join::Flat(_) => None,
        };
        let members = members(pick, omit);
        let output = Output {
            projection: members.as_ref(),
            context: (shape.media == MediaType::JsonLd).then_some(self.document),
            links: inside.as_ref().map(|inside| inside as &dyn Links),
            ..self.output()
        };
        if !shows_any(document, &output)? {
            return Ok(());
        }
        match shape.media {
            MediaType::GeoJson => write_feature(document, &output, GeometrySource::default(), out),
            _ => write_entity(document, &output, out),
        }
    }

    fn output(&self) -> Output<'_> {
        output(self.shape, self.context)
    }

    /// The linked entities beside those of the notification itself.
    fn flat(&self, causes: &[Arc<Cause>]) -> Result<Vec<Bytes>, Corrupt> {
        let is_told = |id: &Name| causes.iter().any(|cause| cause.reading.id() == id);
        let mut others: Vec<&Arc<Reading>> = self.linked.values().filter(|reading| !is_told(reading.id())).collect();
        others.sort_by(|one, other| one.id().cmp(other.id()));
        let pick = self.shape.pick_beside.as_ref();
        let written = others.into_iter().map(|reading| {
            let (sections, mut out) = (reading.sections(), Vec::new());
            self.render(&reading.document(&sections), pick, &mut out)?;
            Ok(Bytes::from(out))
        });
        written.collect()
    }

    /// §4.3.6.8: the entity in the words of an earlier version, where the receiver knows no later one.
    fn rewritten(&self, cause: &Cause) -> Result<Option<Encoded>, Corrupt> {
        let Some(version) = self.shape.version.filter(|version| *version < older::OURS) else { return Ok(None) };
        let sections = cause.reading.sections();
        let mut entity = cause.reading.document(&sections).to_entity()?;
        older::rewrite(&mut entity, version, self.context as &dyn Terms);
        Ok(Some(Encoded::of(&entity)))
    }
}

/// How entities of this shape are written, as far as it is the same for all.
fn output<'o>(shape: &'o Shape, context: &'o Arc<Context>) -> Output<'o> {
    Output {
        format: shape.format,
        sys_attrs: shape.sys_attrs,
        languages: shape.languages.as_ref(),
        datasets: shape.datasets.as_ref(),
        ..Output::new(context as &dyn Terms)
    }
}

fn array(items: &[Bytes], out: &mut Vec<u8>) {
    out.push(b'[');
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    out.push(b']');
}

impl Links for Inside<'_> {
    fn write_entity(&self, attribute: &str, target: &str, out: &mut Vec<u8>) -> bool {
        let Some(reading) = self.writer.linked.get(target) else { return false };
        let below = |projection: Option<&'_ Projection>| -> Option<Projection> {
            let member = projection?.members.iter().find(|member| *name(&member.name) == *attribute)?;
            member.linked.clone()
        };
        let (pick, omit) = (below(self.pick), below(self.omit));
        let inside = Inside {
            writer: self.writer,
            levels: self.levels.saturating_sub(1),
            pick: pick.as_ref(),
            omit: omit.as_ref(),
        };
        let members = members(pick.as_ref(), omit.as_ref());
        let sections = reading.sections();
        let output = Output {
            projection: members.as_ref(),
            links: (inside.levels > 0).then_some(&inside as &dyn Links),
            ..self.writer.output()
        };
        write_entity(&reading.document(&sections), &output, out).is_ok()
    }
}

/// The members of an entity that are written.
fn members(pick: Option<&Projection>, omit: Option<&Projection>) -> Option<Members> {
    (pick.is_some() || omit.is_some()).then(|| Members::of(pick, omit))
}

fn name(step: &Step) -> Name {
    match step {
        Step::Attribute(name) => name.clone(),
        Step::Member(member) => member.term().into(),
    }
}

/// What a change tells of instances, with the names behind the numbers.
struct Told<'t> {
    instances: Vec<ToldInstance<'t>>,
    time: Timestamp,
}

struct ToldInstance<'t> {
    name: Name,
    dataset_id: Option<Name>,
    kind: Triggers,
    old: Option<&'t machi_store::Section>,
}

impl<'t> Told<'t> {
    fn of(cause: &'t Cause, names: &dyn Names) -> Self {
        let Some((entry, changes)) = &cause.change else { return Self { instances: Vec::new(), time: cause.time } };
        let instances = changes.instances.iter().map(|change| ToldInstance {
            name: names.text(change.key.name),
            dataset_id: (change.key.instance != NameNo::NONE).then(|| names.text(change.key.instance)),
            kind: change.kind,
            old: entry.sections.get(change.at).and_then(|section| section.old.as_ref()),
        });
        Self { instances: instances.collect(), time: cause.time }
    }

    /// The same of these attributes alone; of all where none is named.
    fn only(&mut self, watched: &[Name]) -> &Self {
        self.instances.retain(|told| watched.is_empty() || watched.contains(&told.name));
        self
    }

    /// Adds what is gone, and what was before.
    fn add_to<'s>(&'s self, sections: &mut Vec<Section<'s>>, shows_changes: bool) {
        let mut is_longer = false;
        for told in &self.instances {
            let Some(old) = told.old else { continue };
            let previous = shows_changes.then_some(&*old.body);
            if told.kind.meet(Triggers::ATTRIBUTE_DELETED) {
                is_longer = true;
                sections.push(Section {
                    created_at: Some(old.created),
                    modified_at: Some(old.modified),
                    deleted_at: Some(self.time),
                    previous,
                    ..Section::new(&told.name, told.dataset_id.as_deref(), &old.body)
                });
                continue;
            }
            let same = |section: &&mut Section<'_>| {
                section.name == &*told.name && section.dataset_id == told.dataset_id.as_deref()
            };
            if let Some(section) = sections.iter_mut().find(same) {
                section.previous = previous;
            }
        }
        if is_longer {
            group(sections);
        }
    }
}
