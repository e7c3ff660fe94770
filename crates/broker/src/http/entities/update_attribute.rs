//! `PATCH /entities/{entityId}/attrs/{attrId}` (ETSI GS CIM 009 §5.6.4, §6.7.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::{Asked, FaceError};
use machi_http::Problem;
use machi_model::entity::{Input, parse_attribute};

use crate::Broker;
use crate::http::output;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, mut asked: Asked) -> Result<Response, Problem> {
    let id = asked.entity_id()?;
    let types = asked.type_parameter(&["local"])?;
    let payload = asked.payload(&broker.face).await?;
    let json = payload.json()?;
    let context = payload.context(&broker.face, &asked.caller, &json).await?;
    let attribute = asked.attribute_to_write(&context)?;
    let fragment = parse_attribute(&json, &attribute, &context, Input::PARTIAL).map_err(FaceError::from)?;
    let target = super::target(&asked, types.expression(&context)?, payload.bytes())?;
    let written = broker.update_attribute(&asked.caller, &id, attribute, fragment, target).await?;
    Ok(output::written(&id, &written, asked.language))
}
