//! `PATCH /entities/{entityId}/attrs/{attrId}` (ETSI GS CIM 009 §5.6.4, §6.7.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_http::Problem;
use machi_model::entity::{Input, parse_attribute};

use crate::http::input::Asked;
use crate::http::output;
use crate::{Broker, BrokerError};

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, mut asked: Asked) -> Result<Response, Problem> {
    let id = asked.entity_id()?;
    let types = asked.type_parameter(&["local"])?;
    let payload = asked.payload(&broker).await?;
    let json = payload.json()?;
    let context = payload.context(&broker, &asked.caller, &json).await?;
    let attribute = asked.attribute_to_write(&context)?;
    let fragment = parse_attribute(&json, &attribute, &context, Input::PARTIAL).map_err(BrokerError::from)?;
    let target = asked.target(types.expression(&context)?, payload.bytes())?;
    let written = broker.update_attribute(&asked.caller, &id, attribute, fragment, target).await?;
    Ok(output::written(&id, &written, asked.language))
}
