//! `/machi/v1/tiles/{type}`: entities of a type on a map, as vector tiles, and the `TileJSON` that leads to them.

mod describe;
mod retrieve;

use std::sync::Arc;

use machi_face::shown::no_languages;
use machi_face::wanted::{List, bad, expander};
use machi_face::{Asked, FaceError};
use machi_http::openapi::{Api, Operation, Schema};
use machi_http::request::Query;
use machi_http::{Problem, Text};
use machi_model::context::Context;
use machi_model::entity::check_name;
use machi_model::entity::render::Languages;
use machi_model::query::{Q, ScopeQuery, Step};
use machi_types::Name;

use crate::Broker;
use crate::domain::tile::TileAttribute;
use crate::service::tile::MapQuery;

const PATH: &str = "/machi/v1/tiles/";
const PARAMETERS: [&str; 5] = ["attrs", "q", "scopeQ", "geoproperty", "lang"];
/// Where nothing is said, an entity is where its `location` is.
const LOCATION: &str = "location";
/// How many attributes a tile may show.
const MOST_ATTRIBUTES: usize = 50;

/// The endpoints of this resource.
pub(super) fn api() -> Api<Arc<Broker>> {
    Api::new().route(describe::operation(), describe::handle).route(retrieve::operation(), retrieve::handle)
}

/// What both endpoints take.
fn parameters(operation: Operation) -> Operation {
    operation
        .in_path("type", Schema::string(), "The type of the entities: a term of the @context, or an IRI, percent-encoded.")
        .in_header("NGSILD-Tenant", Schema::string(), "The tenant; without it, the default tenant.")
        .in_header("Link", Schema::string(), "The @context of the names; without it, the core context.")
        .in_query("attrs", Schema::string(), "Attributes between commas whose values become properties of the features: numbers, texts and truth values of default instances.")
        .in_query("q", Schema::string(), "Only entities that meet this condition, written as in NGSI-LD queries.")
        .in_query("scopeQ", Schema::string(), "Only entities in these scopes.")
        .in_query("geoproperty", Schema::string(), "The GeoProperty that tells where an entity is; \"location\" where nothing is said.")
        .in_query("lang", Schema::string(), "The languages wanted of texts in several, as in NGSI-LD queries: ja, or ja,en;q=0.5.")
}

/// What is asked of the map.
fn map_query(context: Arc<Context>, asked: &Asked, query: &Query<'_>) -> Result<MapQuery, Problem> {
    let q = query.get("q").map(Q::parse).transpose().map_err(FaceError::from)?;
    let q = q.map(|q| q.expand(&expander(&context))).transpose().map_err(FaceError::from)?;
    let languages = Languages::parse(query.get("lang").unwrap_or("*"));
    Ok(MapQuery {
        kind: name(&context, "type", asked.piece("type"))?,
        place: name(&context, "geoproperty", query.get("geoproperty").unwrap_or(LOCATION))?,
        attributes: attributes(&context, query)?,
        q,
        scopes: query.get("scopeQ").map(ScopeQuery::parse).transpose().map_err(FaceError::from)?,
        languages: languages.map_err(|error| no_languages(&error))?,
        context,
    })
}

fn name(context: &Context, place: &str, name: &str) -> Result<Name, Problem> {
    check_name(name).map_err(|character| no_name(place, name, character))?;
    Ok(context.expand_name(name).map_err(FaceError::from)?)
}

fn no_name(place: &str, name: &str, character: Option<char>) -> Problem {
    let name: String = name.chars().take(120).collect();
    let because = character.map(|c| format!(", because of {c:?}")).unwrap_or_default();
    bad(Text::both(
        format!("{place}: \"{name}\" is no name{because}; a name is a term of the @context, prefix:name or an IRI"),
        format!(
            "{place}: \"{name}\"は名前として使えません。@contextの語、prefix:name、IRIのいずれかを指定してください"
        ),
    ))
}

fn attributes(context: &Context, query: &Query<'_>) -> Result<Vec<TileAttribute>, Problem> {
    let steps = List::of(query.get("attrs")).attributes("attrs", context)?;
    if steps.len() > MOST_ATTRIBUTES {
        return Err(bad(Text::both(
            format!("attrs: a tile shows at most {MOST_ATTRIBUTES} attributes, not {}", steps.len()),
            format!("attrs: タイルに表示できる属性は{MOST_ATTRIBUTES}個までです(指定: {}個)", steps.len()),
        )));
    }
    let attribute = |step: &Step| match step {
        Step::Attribute(name) => {
            Ok(TileAttribute { name: name.clone(), shown: context.compact_name(name).into_owned() })
        }
        Step::Member(member) => Err(bad(Text::both(
            format!("attrs: \"{}\" is no attribute, and tiles show attributes alone", member.term()),
            format!("attrs: \"{}\"は属性ではありません。タイルには属性だけを表示できます", member.term()),
        ))),
    };
    steps.iter().map(attribute).collect()
}
