//! `PATCH /entities/{entityId}/attrs` (ETSI GS CIM 009 §5.6.2, §6.6.3.2)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_http::Problem;
use machi_model::entity::Input;

use super::{read_fragment, unless_missing};
use crate::Broker;
use crate::http::output;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, mut asked: Asked) -> Result<Response, Problem> {
    let id = asked.entity_id()?;
    let types = asked.type_parameter(&["local"])?;
    let read = read_fragment(&broker, &mut asked, &types, Input::UPDATE).await;
    let (fragment, target) = unless_missing(&broker, &asked.caller, &id, read).await?;
    let written = broker.update_attributes(&asked.caller, &id, fragment, target).await?;
    Ok(output::written(&id, &written, asked.language))
}
