//! How a client wants to see entities, read from parameters, bodies and headers, and the answer that follows
//! (ETSI GS CIM 009 §6.3.6, §6.3.7, §6.3.11, §6.3.15).

use std::sync::Arc;

use axum::response::Response;
use machi_face::wanted::{List, bad, expander};
use machi_face::{FaceError, Negotiated, japanese};
use machi_http::request::{MediaType, Query};
use machi_http::{Problem, Text};
use machi_model::context::Context;
use machi_model::entity::render::{Datasets, Format, InvalidLanguages, Languages};
use machi_model::query::{Projection, Step};
use machi_types::{ErrorKind, Name, TenantId};

use crate::Broker;
use crate::domain::graph::Join;
use crate::domain::members::Members;
use crate::domain::representation::{Body, Representation, Unwritable};

/// The parameters that say how entities are shown.
pub(super) const SHOWING: [&str; 13] = [
    "attrs",
    "pick",
    "omit",
    "lang",
    "datasetId",
    "geometryProperty",
    "join",
    "joinLevel",
    "containedBy",
    "format",
    "options",
    "entityMap",
    "entityMapLifetime",
];

/// The words of `format`, and of `options` beside `sysAttrs`.
const FORMATS: [&str; 5] = ["normalized", "concise", "simplified", "keyValues", "sysAttrs"];

/// What is wanted, as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown<'a> {
    pub(super) attrs: List<'a>,
    pub(super) pick: List<'a>,
    pub(super) omit: List<'a>,
    pub(super) lang: Option<&'a str>,
    pub(super) datasets: List<'a>,
    pub(super) geometry_property: Option<&'a str>,
    pub(super) join: Option<&'a str>,
    pub(super) join_level: Option<u64>,
    pub(super) contained_by: List<'a>,
    pub(super) format: Format,
    pub(super) sys_attrs: bool,
}

impl<'a> Shown<'a> {
    /// From the parameters of a URL.
    pub(super) fn of_query(query: &'a Query<'_>) -> Result<Self, Problem> {
        refuse_entity_map(query.flag("entityMap")?)?;
        let mut shown = Self {
            attrs: List::of(query.get("attrs")),
            pick: List::of(query.get("pick")),
            omit: List::of(query.get("omit")),
            lang: query.get("lang"),
            datasets: List::of(query.get("datasetId")),
            geometry_property: query.get("geometryProperty"),
            join: query.get("join"),
            join_level: query.number("joinLevel")?,
            contained_by: List::of(query.get("containedBy")),
            ..Self::default()
        };
        shown.read_format(query)?;
        Ok(shown)
    }

    /// `format` and `options`; where both name a format, `options` being the older way, `format` decides.
    pub(super) fn read_format(&mut self, query: &Query<'_>) -> Result<(), Problem> {
        let options = query.words("options", &FORMATS)?;
        self.sys_attrs = options.contains(&"sysAttrs");
        let formats = query.words("format", FORMATS.split_last().map_or(&[], |(_, formats)| formats))?;
        let word = formats.first().or_else(|| options.iter().find(|word| **word != "sysAttrs"));
        self.format = match word {
            None | Some(&"normalized") => Format::Normalized,
            Some(&"concise") => Format::Concise,
            Some(_) => Format::Simplified,
        };
        Ok(())
    }

    /// The representation, with names expanded.
    pub(super) fn representation(
        &self,
        context: &Arc<Context>,
        negotiated: Negotiated,
    ) -> Result<Representation, Problem> {
        let (join, join_level) = self.joined()?;
        let pick = projection("pick", &self.pick, context)?;
        let omit = projection("omit", &self.omit, context)?;
        let attrs = self.attrs.attributes("attrs", context)?;
        check_choice(pick.as_ref(), omit.as_ref(), &attrs)?;
        for (name, projection) in [("pick", &pick), ("omit", &omit)] {
            check_depth(name, projection.as_ref().map_or(0, Projection::link_depth), join_level)?;
        }
        let datasets = match self.datasets {
            List::Absent => None,
            _ => Some(self.read_datasets()?),
        };
        Ok(Representation {
            context: Arc::clone(context),
            context_in_body: negotiated.has_context_in_body(),
            format: self.format,
            sys_attrs: self.sys_attrs,
            languages: self.lang.map(Languages::parse).transpose().map_err(|error| no_languages(&error))?,
            datasets,
            members: Members::new(pick.as_ref(), omit.as_ref(), &attrs),
            feature: self.feature(context, negotiated)?,
            version: negotiated.version(),
            join,
            join_level,
            contained_by: self.contained_by.iris("containedBy")?,
        })
    }

    /// How linked entities are shown, and how many levels of them (§4.5.23).
    pub(super) fn joined(&self) -> Result<(Join, u32), Problem> {
        let join = match self.join {
            None | Some("@none") => Join::None,
            Some("flat") => Join::Flat,
            Some("inline") => Join::Inline,
            Some(other) => {
                let other: String = other.chars().take(40).collect();
                return Err(bad(Text::both(
                    format!("join must be flat, inline or @none, and is {other:?}"),
                    format!("joinはflat、inline、@noneのいずれかでなければなりません(指定値: {other:?})"),
                )));
            }
        };
        let level = match self.join_level {
            Some(0) => {
                return Err(bad(Text::both("joinLevel must be 1 or more", "joinLevelは1以上でなければなりません")));
            }
            level => u32::try_from(level.unwrap_or(1)).unwrap_or(u32::MAX),
        };
        Ok(if join == Join::None { (join, 0) } else { (join, level) })
    }

    fn read_datasets(&self) -> Result<Datasets, Problem> {
        let items = self.datasets.items();
        let ids: Vec<&str> = items.iter().copied().filter(|item| *item != "@none").collect();
        List::Items(ids).iris("datasetId")?;
        Ok(Datasets::new(items))
    }

    /// §5.7.1.4: `geometryProperty` makes sense for GeoJSON alone.
    fn feature(&self, context: &Context, negotiated: Negotiated) -> Result<Option<Name>, Problem> {
        match (negotiated.media, self.geometry_property) {
            (MediaType::GeoJson, name) => {
                let name = name.unwrap_or("location");
                Ok(Some(context.expand_name(name).map_err(FaceError::from)?))
            }
            (_, None) => Ok(None),
            (_, Some(_)) => Err(bad(Text::both(
                "geometryProperty chooses the geometry of a GeoJSON answer; ask with Accept: application/geo+json",
                "geometryPropertyはAccept: application/geo+jsonの場合にのみ指定できます",
            ))),
        }
    }
}

/// §4.21: what is shown is told in one way, and without contradiction.
fn check_choice(pick: Option<&Projection>, omit: Option<&Projection>, attrs: &[Step]) -> Result<(), Problem> {
    if !attrs.is_empty() && (pick.is_some() || omit.is_some()) {
        return Err(bad(Text::both(
            "attrs is an older word for pick and goes with neither pick nor omit; give pick instead",
            "attrsはpickの旧称であり、pickやomitと同時には指定できません。pickを指定してください",
        )));
    }
    let contradiction = pick.zip(omit).and_then(|(pick, omit)| pick.contradiction(omit));
    contradiction.map_or(Ok(()), |member| {
        Err(bad(Text::both(
            format!("pick keeps {member} and omit leaves it out; name it in one of them"),
            format!("{member}がpickとomitの両方にあります。どちらか一方に指定してください"),
        )))
    })
}

/// Refuses links that are followed deeper than `joinLevel` allows (§5.7.1.4, §5.7.2.4).
pub(super) fn check_depth(name: &str, depth: usize, levels: u32) -> Result<(), Problem> {
    if depth <= levels as usize {
        return Ok(());
    }
    let (en, ja) = match levels {
        0 => ("and nothing is joined; add join=inline or join=flat".to_owned(), "joinを指定してください".to_owned()),
        _ => (format!("and joinLevel is {levels}"), format!("joinLevelは{levels}です")),
    };
    Err(bad(Text::both(
        format!("{name} follows {depth} links, {en}"),
        format!("{name}は{depth}段のリンクをたどります。{ja}"),
    )))
}

/// Entity maps belong to distributed operations, which are not offered here.
pub(super) fn refuse_entity_map(wanted: Option<bool>) -> Result<(), Problem> {
    if wanted != Some(true) {
        return Ok(());
    }
    Err(Problem::new(
        ErrorKind::OperationNotSupported,
        Text::both("entity maps are not offered here; ask without entityMap", "エンティティマップには対応していません"),
    ))
}

fn projection(
    parameter: &'static str,
    list: &List<'_>,
    context: &Context,
) -> Result<Option<Projection<Step>>, FaceError> {
    let written = match list {
        List::Absent => return Ok(None),
        List::Text(text) => Projection::parse(parameter, text)?,
        List::Items(items) => Projection::parse_items(parameter, items.iter().copied())?,
    };
    Ok(Some(written.expand(&expander(context))?))
}

pub(super) fn no_languages(error: &InvalidLanguages) -> Problem {
    bad(Text::both(format!("lang: {error}"), format!("lang: {}", japanese::languages(error))))
}

impl From<Unwritable> for FaceError {
    fn from(error: Unwritable) -> Self {
        match error {
            Unwritable::Corrupt(corrupt) => Self::Corrupt(corrupt),
            Unwritable::TooMany => Self::Refused {
                kind: ErrorKind::TooManyResults,
                detail: Text::both(
                    format!("{error}; ask for fewer entities, a smaller joinLevel, or join=flat"),
                    "埋め込む関連エンティティが多すぎます。件数やjoinLevelを減らすか、join=flatを使ってください",
                ),
            },
        }
    }
}

/// The answer with a written body.
pub(super) async fn answer(
    broker: &Broker,
    tenant: &TenantId,
    negotiated: Negotiated,
    context: &Arc<Context>,
    body: Body,
) -> Result<Response, Problem> {
    negotiated.answer(&broker.face, tenant, context, body.bytes, body.is_amended).await
}
