//! How a client wants to see entities, read from parameters, bodies and headers, and the answer that follows
//! (ETSI GS CIM 009 §6.3.6, §6.3.7, §6.3.11, §6.3.15).

use std::sync::Arc;

use axum::response::Response;
use machi_face::query_body::flag_member;
use machi_face::shown::{check_choice, datasets, languages, projection, refuse_entity_map};
use machi_face::wanted::{List, bad, list_member, text_member, wrong_kind};
use machi_face::{AsOf, FaceError, Negotiated};
use machi_http::request::{MediaType, Query};
use machi_http::{Problem, Text};
use machi_model::context::Context;
use machi_model::entity::render::Format;
use machi_model::query::Projection;
use machi_types::{ErrorKind, Json, Name, TenantId};

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

/// The parameter that asks how the city was, an extension of ours.
pub(super) const AS_OF: &str = "asOf";

/// When the city is asked about, where that is told.
pub(super) fn as_of(query: &Query<'_>) -> Result<Option<AsOf>, FaceError> {
    query.get(AS_OF).map(|text| AsOf::parse(AS_OF, text)).transpose()
}

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

    /// From the members of a body.
    pub(super) fn of_body(json: &'a Json<'_>) -> Result<Self, Problem> {
        refuse_entity_map(flag_member(json, "entityMap")?)?;
        flag_member(json, "splitEntities")?;
        let join_level = match json.get("joinLevel") {
            None => None,
            Some(level) => match level.as_u64() {
                Some(level) => Some(level),
                None => return Err(wrong_kind("joinLevel", "a whole number from 1 on", "1以上の整数", level)),
            },
        };
        Ok(Self {
            attrs: list_member(json, "attrs")?,
            pick: list_member(json, "pick")?,
            omit: list_member(json, "omit")?,
            lang: text_member(json, "lang")?,
            datasets: list_member(json, "datasetId")?,
            join: text_member(json, "join")?,
            join_level,
            contained_by: list_member(json, "containedBy")?,
            ..Self::default()
        })
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
        Ok(Representation {
            context: Arc::clone(context),
            context_in_body: negotiated.has_context_in_body(),
            format: self.format,
            sys_attrs: self.sys_attrs,
            languages: languages(self.lang)?,
            datasets: datasets(&self.datasets)?,
            members: Members::new(pick.as_ref(), omit.as_ref(), &attrs),
            feature: self.feature(context, negotiated)?,
            version: negotiated.version(),
            join,
            join_level,
            contained_by: self.contained_by.iris("containedBy")?,
            is_of_past: false,
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
