//! `POST /temporal/entities/{entityId}/attrs` (ETSI GS CIM 009 §5.6.12, §6.20.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::{Asked, FaceError};
use machi_http::answer::no_content;
use machi_http::{Problem, Text};
use machi_model::entity::parse_evolution;
use machi_types::Name;

use crate::history::History;

pub(super) async fn handle(State(history): State<Arc<History>>, mut asked: Asked) -> Result<Response, Problem> {
    let id = asked.entity_id()?;
    asked.parameters(&["local"])?.flag("local")?;
    let payload = asked.payload(&history.face).await?;
    let json = payload.json()?;
    let context = payload.context(&history.face, &asked.caller, &json).await?;
    let told = parse_evolution(&json, &context).map_err(FaceError::from)?;
    if let Some(other) = told.id.as_ref().filter(|told| **told != id) {
        return Err(of_another(&id, other).into());
    }
    let key = asked.request_key(payload.bytes())?;
    history.add_instances(&asked.caller, &id, told, key).await?;
    Ok(no_content())
}

fn of_another(id: &Name, other: &Name) -> FaceError {
    FaceError::bad_data(Text::both(
        format!("the path names entity {id}, and the body entity {other}"),
        format!("パスのエンティティ{id}と本文のid {other}が一致しません"),
    ))
}
