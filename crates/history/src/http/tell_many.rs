//! `POST /machi/v1/history/evolutions`: what `POST /temporal/entities` does, for many entities in one commit. A file of
//! measured series comes in by it.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use machi_face::{Asked, FaceError};
use machi_http::answer::no_content;
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::{Problem, Text};
use machi_types::{Json, Name};

use super::create;
use crate::history::History;

/// Where many evolutions are told.
pub const PATH: &str = "/machi/v1/history/evolutions";

pub(super) fn operation() -> Operation {
    let told =
        Schema::array(Schema::any().described("An EntityTemporal, as POST /ngsi-ld/v1/temporal/entities takes it."));
    Operation::new(Method::POST, PATH, "tellEvolutions", "Tell of the past of many entities")
        .tag("history")
        .description(
            "Each entity comes once, with any number of instances. All of it is done in one commit, or nothing. An \
             instance takes the place of what its series has at the same observedAt, so that telling it again changes \
             nothing; the present stays as it is.",
        )
        .in_header("NGSILD-Tenant", Schema::string(), "The tenant; without it, the default tenant.")
        .in_header("Link", Schema::string(), "The @context of the names; without it, the core context.")
        .takes(Content::json(told, example()))
        .answers(StatusCode::NO_CONTENT, "All of it is told.", None)
        .answers(StatusCode::BAD_REQUEST, "Something is wrong, and nothing is told.", None)
}

fn example() -> Json<'static> {
    let instance = |value: f64, time: &'static str| {
        let members = [("type", "Property".into()), ("value", value.into()), ("observedAt", time.into())];
        Json::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    };
    let levels = vec![instance(1.2, "2026-11-22T10:00:00Z"), instance(1.3, "2026-11-22T10:10:00Z")];
    Json::Array(vec![Json::Object(vec![
        ("id".into(), "urn:ngsi-ld:RiverGauge:1".into()),
        ("type".into(), "RiverGauge".into()),
        ("waterLevel".into(), Json::Array(levels)),
    ])])
}

pub(super) async fn handle(State(history): State<Arc<History>>, mut asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let payload = asked.payload(&history.face).await?;
    let json = payload.json()?;
    let items = json.as_array().filter(|items| !items.is_empty()).ok_or_else(no_array)?;
    let (mut told, mut ids) = (Vec::with_capacity(items.len()), BTreeSet::new());
    for item in items {
        let context = payload.context(&history.face, &asked.caller, item).await?;
        let (id, evolution) = create::read(item, &context)?;
        if !ids.insert(id.clone()) {
            return Err(twice(&id).into());
        }
        told.push(evolution);
    }
    let key = asked.request_key(payload.bytes())?;
    history.tell_evolutions(&asked.caller, told, key).await?;
    Ok(no_content())
}

fn no_array() -> FaceError {
    FaceError::bad_data(Text::both(
        "the body is no array of evolutions, or an empty one",
        "本文は、1件以上の時間的変遷の配列でなければなりません",
    ))
}

fn twice(id: &Name) -> FaceError {
    FaceError::bad_data(Text::both(
        format!("entity {id} comes twice; all of its instances go together"),
        format!("エンティティ{id}が2回あります。1つにまとめてください"),
    ))
}
