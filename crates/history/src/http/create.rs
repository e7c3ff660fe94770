//! `POST /temporal/entities` (ETSI GS CIM 009 §5.6.11, §6.18.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::once::Effect;
use machi_face::{Asked, FaceError};
use machi_http::answer::{created, no_content};
use machi_http::{Problem, Text, percent};
use machi_model::context::Context;
use machi_model::entity::{EvolutionFragment, parse_evolution};
use machi_types::{Json, Name};

use super::EVOLUTIONS;
use crate::history::History;

pub(super) async fn handle(State(history): State<Arc<History>>, mut asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&["local"])?.flag("local")?;
    let payload = asked.payload(&history.face).await?;
    let json = payload.json()?;
    let context = payload.context(&history.face, &asked.caller, &json).await?;
    let (id, told) = read(&json, &context)?;
    let key = asked.request_key(payload.bytes())?;
    if history.tell_evolution(&asked.caller, told, key).await? != Effect::Created {
        return Ok(no_content());
    }
    let mut location = EVOLUTIONS.to_owned();
    percent::encode_into(&id, &mut location);
    Ok(created(&location))
}

/// An evolution that says of which entity it is, and of which type that is.
pub(super) fn read(json: &Json<'_>, context: &Arc<Context>) -> Result<(Name, EvolutionFragment), FaceError> {
    let told = parse_evolution(json, context)?;
    let id = told.id.clone().ok_or_else(|| missing("id"))?;
    if told.types.is_empty() { Err(missing("type")) } else { Ok((id, told)) }
}

fn missing(member: &str) -> FaceError {
    FaceError::bad_data(Text::both(
        format!("the member \"{member}\" is missing: an evolution has an id and a type"),
        format!("\"{member}\"がありません。idとtypeは必須です"),
    ))
}
