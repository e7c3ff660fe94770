//! `PUT /entities/{entityId}/attrs/{attrId}` (ETSI GS CIM 009 §5.6.19, §6.7.3.3)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::{Asked, FaceError, TypeParameter};
use machi_http::Problem;
use machi_model::entity::parse::parse_instance;
use machi_model::entity::{Input, Instance};
use machi_types::Name;

use super::unless_missing;
use crate::Broker;
use crate::http::output;
use crate::service::write::Target;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, mut asked: Asked) -> Result<Response, Problem> {
    let id = asked.entity_id()?;
    let types = asked.type_parameter(&["local"])?;
    let read = read(&broker, &mut asked, &types).await;
    let (attribute, instance, target) = unless_missing(&broker, &asked.caller, &id, read).await?;
    let written = broker.replace_attribute(&asked.caller, &id, attribute, instance, target).await?;
    Ok(output::written(&id, &written, asked.language))
}

async fn read(broker: &Broker, asked: &mut Asked, types: &TypeParameter) -> Result<(Name, Instance, Target), Problem> {
    let payload = asked.payload(&broker.face).await?;
    let json = payload.json()?;
    let context = payload.context(&broker.face, &asked.caller, &json).await?;
    let attribute = asked.attribute_to_write(&context)?;
    let instance = parse_instance(&json, &attribute, &context, Input::WHOLE).map_err(FaceError::from)?;
    let target = super::target(asked, types.expression(&context)?, payload.bytes())?;
    Ok((attribute, instance, target))
}
