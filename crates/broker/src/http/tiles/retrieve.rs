//! `GET /machi/v1/tiles/{type}/{z}/{x}/{y}`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Method, StatusCode};
use machi_face::wanted::bad;
use machi_face::{Asked, StableHash, link_context};
use machi_http::answer::{AnswerExt, not_modified, of_type};
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::request::{Conditions, Etag};
use machi_http::{Problem, Text};
use machi_types::geo::Tile;

use super::{PARAMETERS, map_query, parameters};
use crate::Broker;

const MEDIA: &str = "application/vnd.mapbox-vector-tile";

pub(super) fn operation() -> Operation {
    let operation = Operation::new(
        Method::GET,
        "/machi/v1/tiles/{type}/{z}/{x}/{y}",
        "retrieveTile",
        "The entities of a type in a tile of the map",
    );
    parameters(operation)
        .tag("tiles")
        .description("A Mapbox Vector Tile of 4096 steps a side. The layer \"entities\" has a feature for each entity, with its id and the asked attributes. Where a tile would hold more than [limits] tile_features, entities are counted in 64 cells instead: the layer \"clusters\" has a point with their \"count\" for each cell that holds two or more. From zoom 16 on the bound is tile_features_deepest. A point is in one tile of a zoom; lines and areas are cut off a little beyond its edge. The ETag is another one as soon as the tile is.")
        .in_path("z", Schema::integer(), "The zoom, 0 to 22.")
        .in_path("x", Schema::integer(), "The column, from the west.")
        .in_path("y", Schema::integer(), "The row, from the north.")
        .in_header("If-None-Match", Schema::string(), "The ETag of a tile that the client has.")
        .answers(StatusCode::OK, "The tile; one without any bytes is empty.", Some(Content::of(MEDIA, Schema::format("binary"))))
        .answers(StatusCode::NOT_MODIFIED, "The client has it.", None)
}

pub(super) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let parameters = asked.parameters(&PARAMETERS)?;
    let tile = tile(&asked)?;
    let conditions = Conditions::of(&asked.headers)?;
    let context = link_context(&broker.face, &asked.caller, &asked.headers).await?;
    let query = map_query(context, &asked, &parameters)?;
    let body = broker.tile(&asked.caller, query, tile).await?;
    // What a tile holds may change with what links to it, with time, and with what is no part of it: its bytes tell.
    let hash = StableHash::new().with(&body).finish();
    let etag = Etag::of_version(hash as u64);
    conditions.check_read(&etag)?;
    let response = match conditions.is_unmodified(&etag) {
        true => not_modified(&etag),
        false => of_type(HeaderValue::from_static(MEDIA), body).with_etag(&etag),
    };
    Ok(fresh(response))
}

/// Kept by clients, and asked for again each time.
pub(super) fn fresh(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn tile(asked: &Asked) -> Result<Tile, Problem> {
    let [z, x, y] = ["z", "x", "y"].map(|name| asked.piece(name));
    read(z, x, y).ok_or_else(|| {
        let shown: String = [z, x, y].join("/").chars().take(60).collect();
        let largest = Tile::LARGEST_ZOOM;
        bad(Text::both(
            format!("there is no tile {shown}: z is a whole number from 0 to {largest}, x and y are from 0 to 2^z - 1"),
            format!("タイル{shown}はありません。zは0～{largest}、xとyは0～2^z - 1の整数です"),
        ))
    })
}

/// The tile of these numbers, written with digits alone.
fn read(z: &str, x: &str, y: &str) -> Option<Tile> {
    let is_plain = |text: &str| (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if ![z, x, y].into_iter().all(is_plain) {
        return None;
    }
    Tile::new(z.parse().ok()?, x.parse().ok()?, y.parse().ok()?)
}
