//! How the entities of an answer are written: format, members, instances, languages, links, version of the
//! standard, GeoJSON (ETSI GS CIM 009 §4.5, §6.3.7).

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use bytes::Bytes;
use machi_face::older;
use machi_model::context::Context;
use machi_model::entity::render::{self, Datasets, Format, GeometrySource, Languages, Links, Output};
use machi_model::entity::{Corrupt, Document, Encoded};
use machi_types::Name;

use super::graph::{Graph, Join};
use super::members::{Members, NodeNo};
use super::reading::Reading;
use super::rendered::Look;

/// How many linked entities one answer may embed, and how many bytes it may grow to by that.
const EMBEDDED: usize = 50_000;
const EMBEDDED_BYTES: usize = 64 << 20;

/// What a client wants to see of the entities that it asked for.
#[derive(Clone, Debug)]
pub(crate) struct Representation {
    pub(crate) context: Arc<Context>,
    /// Whether the @context stands in the body.
    pub(crate) context_in_body: bool,
    pub(crate) format: Format,
    pub(crate) sys_attrs: bool,
    pub(crate) languages: Option<Languages>,
    pub(crate) datasets: Option<Datasets>,
    pub(crate) members: Option<Members>,
    /// For GeoJSON: the attribute that gives the geometry.
    pub(crate) feature: Option<Name>,
    /// The version 1.x of the standard to keep to, where it is an earlier one.
    pub(crate) version: Option<u16>,
    pub(crate) join: Join,
    pub(crate) join_level: u32,
    pub(crate) contained_by: Vec<Name>,
    /// Whether entities are shown as they were.
    pub(crate) is_of_past: bool,
}

/// Why an answer cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unwritable {
    /// What is stored cannot be read.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// Linked entities would be embedded without end.
    #[error("more than {EMBEDDED} linked entities would have to be embedded")]
    TooMany,
}

/// A written answer.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    /// Whether anything was changed to keep to an earlier version of the standard.
    pub(crate) is_amended: bool,
}

impl Representation {
    /// Whole entities in a look.
    pub(crate) fn whole(context: &Arc<Context>, look: Look) -> Self {
        Self {
            context: Arc::clone(context),
            context_in_body: look.has_context,
            format: look.format,
            sys_attrs: look.sys_attrs,
            languages: None,
            datasets: None,
            members: None,
            feature: None,
            version: None,
            join: Join::None,
            join_level: 0,
            contained_by: Vec::new(),
            is_of_past: false,
        }
    }

    /// The same of entities as they were: what is written of them is for nobody else.
    #[must_use]
    pub(crate) fn of_past(self, is_of_past: bool) -> Self {
        Self { is_of_past, ..self }
    }

    /// The look of entities that are shown whole; none where something of them is chosen, or changed.
    pub(crate) fn look(&self) -> Option<Look> {
        let is_chosen = self.members.is_some() || self.datasets.is_some() || self.languages.is_some();
        let is_changed = self.feature.is_some() || self.version.is_some() || self.join != Join::None;
        let look = Look { format: self.format, sys_attrs: self.sys_attrs, has_context: self.context_in_body };
        (!is_chosen && !is_changed && !self.is_of_past).then_some(look)
    }

    /// Whether instances of this attribute are shown of entities at this place.
    pub(crate) fn shows(&self, node: NodeNo, attribute: &str, dataset_id: Option<&str>) -> bool {
        let projection = self.members.as_ref().and_then(|members| members.projection(node));
        projection.is_none_or(|projection| projection.shows(attribute))
            && self.datasets.as_ref().is_none_or(|datasets| datasets.shows(dataset_id))
    }

    /// Whether anything is left of an entity at this place: `pick` and `omit` may leave nothing (§4.21).
    pub(crate) fn shows_any(&self, row: &Reading, node: NodeNo) -> Result<bool, Corrupt> {
        let output = self.output(node, None, None);
        if output.projection.is_none() {
            return Ok(true);
        }
        let sections = row.sections();
        render::shows_any(&row.document(&sections), &output)
    }

    /// The place of the entities that a relationship leads to.
    pub(crate) fn linked(&self, node: NodeNo, relationship: &str) -> NodeNo {
        self.members.as_ref().map_or(NodeNo::ROOT, |members| members.linked(node, relationship))
    }

    /// One entity, with what it links to.
    pub(crate) fn write_one(&self, row: &Reading, graph: Option<&Graph>) -> Result<Body, Unwritable> {
        // §4.5.23.3: flattened, the answer is always an array.
        if self.join == Join::Flat {
            return self.write_all(std::slice::from_ref(row), graph);
        }
        let mut writer = Writer::new(self, graph);
        let mut bytes = Vec::with_capacity(1024);
        writer.entity(row, NodeNo::ROOT, self.context_text().as_deref(), &mut bytes)?;
        Ok(writer.finish(bytes))
    }

    /// Entities, as an array or a `FeatureCollection`.
    pub(crate) fn write_all(&self, rows: &[Reading], graph: Option<&Graph>) -> Result<Body, Unwritable> {
        let context = self.context_text();
        let (start, end) = match (&self.feature, &context) {
            (None, _) => ("[".to_owned(), "]".to_owned()),
            (Some(_), None) => (COLLECTION.to_owned(), "]}".to_owned()),
            (Some(_), Some(context)) => (COLLECTION.to_owned(), format!("],\"@context\":{context}}}")),
        };
        // A FeatureCollection names the @context once for all (§5.2.30).
        let own_context = context.as_deref().filter(|_| self.feature.is_none());
        let mut writer = Writer::new(self, graph);
        let mut bytes = Vec::with_capacity(64 + rows.len() * 768);
        bytes.extend_from_slice(start.as_bytes());
        let beside = graph.filter(|_| self.join == Join::Flat).map(|graph| graph.beside(rows)).unwrap_or_default();
        let all = rows.iter().map(|row| (row, NodeNo::ROOT)).chain(beside);
        let mut is_first = true;
        for (row, node) in all {
            if !self.shows_any(row, node)? {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                bytes.push(b',');
            }
            writer.entity(row, node, own_context, &mut bytes)?;
        }
        bytes.extend_from_slice(end.as_bytes());
        Ok(writer.finish(bytes))
    }

    /// One entity without what it links to; `context` is the text of its @context, where it has one of its own.
    pub(crate) fn write_alone(
        &self,
        row: &Reading,
        context: Option<&str>,
        out: &mut Vec<u8>,
    ) -> Result<(), Unwritable> {
        Writer::new(self, None).entity(row, NodeNo::ROOT, context, out)
    }

    /// The text of the @context, where it stands in the body.
    pub(crate) fn context_text(&self) -> Option<String> {
        self.context_in_body.then(|| self.context.in_document().to_text())
    }

    fn output<'o>(&'o self, node: NodeNo, context: Option<&'o str>, links: Option<&'o dyn Links>) -> Output<'o> {
        Output {
            format: self.format,
            sys_attrs: self.sys_attrs,
            languages: self.languages.as_ref(),
            datasets: self.datasets.as_ref(),
            projection: self.members.as_ref().and_then(|members| members.projection(node)),
            context,
            links,
            ..Output::new(&self.context)
        }
    }
}

const COLLECTION: &str = "{\"type\":\"FeatureCollection\",\"features\":[";

/// Writes the entities of one answer.
struct Writer<'w> {
    representation: &'w Representation,
    graph: Option<&'w Graph>,
    state: State,
}

/// What is known of an answer while it is written.
#[derive(Default)]
struct State {
    is_amended: Cell<bool>,
    embedded: Cell<usize>,
    fault: Cell<Option<Unwritable>>,
}

impl<'w> Writer<'w> {
    fn new(representation: &'w Representation, graph: Option<&'w Graph>) -> Self {
        Self { representation, graph, state: State::default() }
    }

    fn entity(
        &mut self,
        row: &Reading,
        node: NodeNo,
        context: Option<&str>,
        out: &mut Vec<u8>,
    ) -> Result<(), Unwritable> {
        let graph = self.graph.filter(|_| self.representation.join == Join::Inline);
        let Some(graph) = graph else {
            let output = self.representation.output(node, context, None);
            return write(self.representation, &self.state, row, &output, self.representation.feature.as_ref(), out);
        };
        let path = RefCell::new(vec![row.id().clone()]);
        let inline = Inline {
            representation: self.representation,
            graph,
            state: &self.state,
            levels: self.representation.join_level,
            node,
            path: &path,
        };
        let output = self.representation.output(node, context, Some(&inline));
        write(self.representation, &self.state, row, &output, self.representation.feature.as_ref(), out)?;
        self.state.fault.take().map_or(Ok(()), Err)
    }

    fn finish(self, bytes: Vec<u8>) -> Body {
        Body { bytes: bytes.into(), is_amended: self.state.is_amended.get() }
    }
}

/// Embeds linked entities in the relationships of one entity (§4.5.23.2).
struct Inline<'i> {
    representation: &'i Representation,
    graph: &'i Graph,
    state: &'i State,
    /// How many levels may still follow.
    levels: u32,
    node: NodeNo,
    /// The entities around this one: none of them is embedded again, so that circles end.
    path: &'i RefCell<Vec<Name>>,
}

impl Links for Inline<'_> {
    fn write_entity(&self, attribute: &str, target: &str, out: &mut Vec<u8>) -> bool {
        let Some(levels) = self.levels.checked_sub(1) else { return false };
        let Some(reading) = self.graph.reading(target) else { return false };
        if self.path.borrow().iter().any(|around| **around == *target) || !self.may_embed(out.len()) {
            return false;
        }
        let node = self.representation.linked(self.node, attribute);
        self.path.borrow_mut().push(reading.id().clone());
        let inner = Inline { levels, node, ..*self };
        let output = self.representation.output(node, None, Some(&inner));
        let written = write(self.representation, self.state, reading, &output, None, out);
        self.path.borrow_mut().pop();
        if let Err(fault) = written {
            self.state.fault.set(Some(fault));
        }
        true
    }
}

impl Inline<'_> {
    fn may_embed(&self, bytes: usize) -> bool {
        let embedded = self.state.embedded.get() + 1;
        self.state.embedded.set(embedded);
        let is_too_much = embedded > EMBEDDED || bytes > EMBEDDED_BYTES;
        if is_too_much {
            self.state.fault.set(Some(Unwritable::TooMany));
        }
        !is_too_much
    }
}

/// Writes one entity, kept to an earlier version of the standard where that is wanted.
fn write(
    representation: &Representation,
    state: &State,
    row: &Reading,
    output: &Output<'_>,
    feature: Option<&Name>,
    out: &mut Vec<u8>,
) -> Result<(), Unwritable> {
    let sections = row.sections();
    let document = row.document(&sections);
    let Some(version) = representation.version else {
        return Ok(put(&document, output, feature, out)?);
    };
    let mut entity = document.to_entity()?;
    let is_amended = older::rewrite(&mut entity, version, &representation.context);
    state.is_amended.set(state.is_amended.get() || is_amended);
    let encoded = Encoded::of(&entity);
    let sections = encoded.sections();
    Ok(put(&encoded.document(&sections), output, feature, out)?)
}

fn put(document: &Document<'_>, output: &Output<'_>, feature: Option<&Name>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    match feature {
        None => render::write_entity(document, output, out),
        Some(property) => render::write_feature(document, output, GeometrySource { property }, out),
    }
}
