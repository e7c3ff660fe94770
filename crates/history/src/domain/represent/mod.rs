//! How evolutions are written: with all members, as values with their times, or aggregated (ETSI GS CIM 009 §4.5.6 to
//! §4.5.9, §4.5.19).

mod older;
mod tracks;

use std::sync::Arc;

use machi_archive::{Evolution, SCOPE, Series};
use machi_model::context::Context;
use machi_model::entity::render::{
    Aggregates, Datasets, EvolutionHead, EvolutionWriter, Languages, Output, Past, Projection,
};
use machi_model::entity::{Corrupt, Kind, Section};
use machi_model::query::{AggregationMethod, Period, TimeProperty};
use machi_types::Timestamp;

use super::gathered::{BySeries, Timed};

/// What a client wants to see of the evolutions that it asked for.
#[derive(Clone, Debug)]
pub(crate) struct Representation {
    pub(crate) context: Arc<Context>,
    /// Whether the @context stands in the body.
    pub(crate) context_in_body: bool,
    pub(crate) shape: Shape,
    pub(crate) sys_attrs: bool,
    /// Whether what was once in place of an instance that was corrected is shown, too.
    pub(crate) audit: bool,
    pub(crate) languages: Option<Languages>,
    pub(crate) datasets: Option<Datasets>,
    pub(crate) projection: Option<Projection>,
    /// The time by which instances were asked for, which each of them shows.
    pub(crate) time_property: Option<TimeProperty>,
    /// The version 1.x of the standard to keep to, where it is an earlier one.
    pub(crate) version: Option<u16>,
}

/// What becomes of instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Each has all of its members.
    Normalized,
    /// Each is a value and a time.
    Values,
    /// They come to figures, by periods.
    Aggregated(Aggregation),
}

/// Which figures are made of which periods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aggregation {
    pub(crate) methods: Vec<AggregationMethod>,
    pub(crate) period: Period,
}

/// An evolution with what is shown of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'s> {
    pub(crate) evolution: &'s Evolution,
    /// When anything of it last changed.
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) content: Content<'s>,
}

/// A series with those of its instances that are shown; there may be none of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'s> {
    pub(crate) series: &'s Series,
    pub(crate) instances: &'s [Timed],
    /// The kind that it is told to be of where there are none.
    pub(crate) kind: Kind,
}

/// What is shown of an evolution.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'s> {
    /// Instances by series, those of one attribute together.
    Instances(&'s [Line<'s>]),
    /// Figures by attribute.
    Figures(&'s [(&'s str, Vec<Aggregates<'s>>)]),
}

impl Content<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Instances(lines) => lines.is_empty(),
            Self::Figures(attributes) => attributes.is_empty(),
        }
    }
}

impl Representation {
    /// Whether an attribute is shown, by its expanded name.
    pub(crate) fn shows(&self, attribute: &str) -> bool {
        self.projection.as_ref().is_none_or(|projection| match attribute {
            SCOPE => projection.shows("scope"),
            attribute => projection.shows(attribute),
        })
    }

    /// Keeps instances to the version of the standard that is asked for; says whether any had to be changed.
    pub(crate) fn keep_to_version(&self, series: &mut BySeries) -> Result<bool, Corrupt> {
        self.version.map_or(Ok(false), |version| older::keep(series, version, &self.context))
    }

    /// Whether anything of an evolution is left to be shown: `pick` and `omit` may leave nothing (§4.21).
    pub(crate) fn shows_any(&self, shown: &Shown<'_>) -> bool {
        let Some(projection) = &self.projection else { return true };
        let times = ["createdAt", "modifiedAt"];
        ["id", "type"].iter().any(|member| projection.shows(member))
            || (self.sys_attrs && times.iter().any(|member| projection.shows(member)))
            || !shown.content.is_empty()
    }

    /// The text of the @context, where it stands in the body.
    pub(crate) fn context_text(&self) -> Option<String> {
        self.context_in_body.then(|| self.context.in_document().to_text())
    }

    /// Writes one evolution; `context` is the text of its @context, where it has one.
    pub(crate) fn write(&self, shown: &Shown<'_>, context: Option<&str>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        let output = Output {
            sys_attrs: self.sys_attrs,
            languages: self.languages.as_ref(),
            projection: self.projection.as_ref(),
            time_property: self.time_property,
            context,
            ..Output::new(&self.context)
        };
        let mut types = shown.evolution.types();
        if self.version.is_some_and(older::has_one_type) {
            types.truncate(1);
        }
        let head = EvolutionHead {
            id: &shown.evolution.entity,
            types: &types,
            created_at: shown.evolution.created_at(),
            modified_at: shown.modified_at,
            expires_at: shown
                .evolution
                .heads
                .iter()
                .max_by_key(|head| head.modified_at)
                .and_then(|head| head.expires_at),
            deleted_at: shown.evolution.deleted_at(),
        };
        let mut writer = EvolutionWriter::open(&head, &output, out);
        match shown.content {
            Content::Instances(lines) => self.write_lines(lines, &mut writer, out)?,
            Content::Figures(attributes) => {
                attributes.iter().for_each(|(name, series)| writer.aggregated(name, series, out));
            }
        }
        writer.close(out);
        Ok(())
    }

    fn write_lines(
        &self,
        lines: &[Line<'_>],
        writer: &mut EvolutionWriter<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        for lines in lines.chunk_by(|one, next| one.series.attribute == next.series.attribute) {
            let Some(attribute) = lines.first().map(|line| &line.series.attribute) else { continue };
            match self.shape {
                Shape::Values => writer.values(attribute, &tracks::of(lines)?, out)?,
                _ => writer.normalized(attribute, in_order(lines), out)?,
            }
        }
        Ok(())
    }
}

/// The instances of an attribute in the order of an answer: by time, the default dataset first, then in the order in
/// which they were written.
fn in_order<'s>(lines: &[Line<'s>]) -> Vec<Past<'s>> {
    let mut all: Vec<(&Series, &Timed)> =
        lines.iter().flat_map(|line| line.instances.iter().map(|one| (line.series, one))).collect();
    all.sort_by_key(|(series, one)| (one.time, &series.dataset, one.instance.written()));
    all.into_iter().map(|(series, one)| past(series, one)).collect()
}

/// An instance as the model writes it.
fn past<'s>(series: &'s Series, timed: &'s Timed) -> Past<'s> {
    let instance = &timed.instance;
    let mut section = Section::new(&series.attribute, series.dataset.as_deref(), &instance.body);
    section.created_at = Some(instance.key.created_at);
    section.modified_at = Some(instance.modified_at);
    section.deleted_at = instance.deleted_at;
    Past {
        section,
        instance_id: &instance.key,
        observed_at: instance.observed_at,
        time: timed.time,
        superseded_at: timed.superseded_at,
    }
}
