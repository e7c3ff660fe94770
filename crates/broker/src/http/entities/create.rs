//! `POST /entities` (ETSI GS CIM 009 §5.6.1, §6.4.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::{Asked, FaceError};
use machi_http::Problem;
use machi_model::entity::{Input, parse_entity};

use crate::Broker;
use crate::http::output;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, mut asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&["local"])?.flag("local")?;
    let payload = asked.payload(&broker.face).await?;
    let json = payload.json()?;
    let context = payload.context(&broker.face, &asked.caller, &json).await?;
    let entity = parse_entity(&json, &context, Input::WHOLE).map_err(FaceError::from)?;
    let target = super::target(&asked, None, payload.bytes())?;
    let written = broker.create_entity(&asked.caller, &entity, target).await?;
    Ok(output::written(&entity.id, &written, asked.language))
}
