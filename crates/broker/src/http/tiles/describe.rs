//! `GET /machi/v1/tiles/{type}`: a `TileJSON`, which map libraries read to find the tiles.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use machi_face::{Asked, link_context};
use machi_http::answer::representation;
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::request::MediaType;
use machi_http::{Problem, percent};
use machi_types::Json;
use machi_types::geo::{BoundingBox, Tile};

use super::retrieve::fresh;
use super::{PARAMETERS, PATH, map_query, parameters};
use crate::Broker;
use crate::domain::tile::{CLUSTERS_LAYER, DEEPEST, ENTITIES_LAYER};
use crate::http::jsonld_contexts::base_url;
use crate::service::tile::MapQuery;

pub(super) fn operation() -> Operation {
    let operation =
        Operation::new(Method::GET, "/machi/v1/tiles/{type}", "describeTiles", "Where a map finds the tiles of a type");
    parameters(operation)
        .tag("tiles")
        .description(
            "A TileJSON 3.0. Its tiles have the parameters of this request; headers are for the client to send again.",
        )
        .answers(StatusCode::OK, "The TileJSON.", Some(Content::json(schema(), example())))
}

fn schema() -> Schema {
    let layer = Schema::object(vec![
        ("id", Schema::string().described("The layer: \"entities\" or \"clusters\".")),
        ("fields", Schema::any().described("The properties of its features.")),
    ]);
    Schema::object(vec![
        ("tilejson", Schema::string().described("\"3.0.0\".")),
        ("name", Schema::string().described("The type.")),
        ("tiles", Schema::array(Schema::string()).described("The URL of a tile, with {z}, {x} and {y}.")),
        ("minzoom", Schema::integer().described("The first zoom.")),
        ("maxzoom", Schema::integer().described("The zoom beyond which a map magnifies.")),
        ("vector_layers", Schema::array(layer).described("The layers of a tile.")),
    ])
    .and_maybe(
        "bounds",
        Schema::array(Schema::number())
            .described("West, south, east and north of all entities of the type; nothing where there is none."),
    )
}

fn example() -> Json<'static> {
    let attributes = [("availableSpotNumber", "number, string or boolean")];
    let bounds = BoundingBox { west: 137.4, south: 34.2, east: 137.6, north: 34.4 };
    let url = "http://127.0.0.1:8080/machi/v1/tiles/OffStreetParking/{z}/{x}/{y}?attrs=availableSpotNumber";
    tile_json("OffStreetParking", url.to_owned(), &attributes, Some(bounds))
}

pub(super) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let parameters = asked.parameters(&PARAMETERS)?;
    let context = link_context(&broker.face, &asked.caller, &asked.headers).await?;
    let query = map_query(context, &asked, &parameters)?;
    let bounds = broker.map_bounds(&asked.caller, &query).await?;
    let kind = query.context.compact_name(&query.kind).into_owned();
    let json = tile_json(&kind, url(&broker, &asked), &fields(&query), bounds);
    Ok(fresh(representation(MediaType::Json, json.to_text())))
}

/// The address of a tile, with the parameters as they came.
fn url(broker: &Broker, asked: &Asked) -> String {
    let mut url = base_url(broker, asked);
    url.push_str(PATH);
    percent::encode_into(asked.piece("type"), &mut url);
    url.push_str("/{z}/{x}/{y}");
    if let Some(parameters) = asked.uri.query().filter(|parameters| !parameters.is_empty()) {
        url.push('?');
        url.push_str(parameters);
    }
    url
}

fn fields(query: &MapQuery) -> Vec<(&str, &'static str)> {
    query.attributes.iter().map(|attribute| (&*attribute.shown, "number, string or boolean")).collect()
}

fn tile_json(
    kind: &str,
    url: String,
    attributes: &[(&str, &'static str)],
    bounds: Option<BoundingBox>,
) -> Json<'static> {
    let layer = |name: &'static str, fields: &[(&str, &'static str)]| {
        let fields = fields.iter().map(|(name, what)| ((*name).to_owned().into(), Json::from(*what))).collect();
        Json::Object(vec![("id".into(), name.into()), ("fields".into(), Json::Object(fields))])
    };
    let of_entities = [&[("id", "string")], attributes].concat();
    let layers = vec![layer(ENTITIES_LAYER, &of_entities), layer(CLUSTERS_LAYER, &[("count", "number")])];
    let mut members = vec![
        ("tilejson".into(), Json::from("3.0.0")),
        ("name".into(), Json::from(kind.to_owned())),
        ("tiles".into(), Json::Array(vec![url.into()])),
        ("minzoom".into(), Json::from(0_u64)),
        ("maxzoom".into(), Json::from(u64::from(DEEPEST))),
        ("vector_layers".into(), Json::Array(layers)),
    ];
    if let Some(bounds) = bounds {
        members.push(("bounds".into(), Json::Array(on_the_map(bounds).map(Json::from).to_vec())));
    }
    Json::Object(members)
}

/// A box as far as the map goes.
fn on_the_map(bounds: BoundingBox) -> [f64; 4] {
    let map = Tile::MAP.bounds(0.0);
    let latitude = |degrees: f64| degrees.clamp(map.south, map.north);
    [bounds.west, latitude(bounds.south), bounds.east, latitude(bounds.north)]
}
