//! `DELETE /entities/{entityId}` (ETSI GS CIM 009 §5.6.6, §6.5.3.2)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::{Asked, link_context};
use machi_http::Problem;

use crate::Broker;
use crate::http::output;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let id = asked.entity_id()?;
    let types = asked.type_parameter(&["local"])?;
    let context = link_context(&broker.face, &asked.caller, &asked.headers).await?;
    let target = super::target(&asked, types.expression(&context)?, b"")?;
    let written = broker.delete_entity(&asked.caller, &id, target).await?;
    Ok(output::written(&id, &written, asked.language))
}
