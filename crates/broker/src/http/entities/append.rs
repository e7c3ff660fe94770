//! `POST /entities/{entityId}/attrs` (ETSI GS CIM 009 §5.6.3, §6.6.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_http::Problem;
use machi_model::entity::Input;
use machi_model::laws::Overwrite;

use super::{read_fragment, unless_missing};
use crate::Broker;
use crate::http::output;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, mut asked: Asked) -> Result<Response, Problem> {
    let id = asked.entity_id()?;
    let types = asked.type_parameter(&["local", "options"])?;
    let overwrite = overwrite(&asked)?;
    let read = read_fragment(&broker, &mut asked, &types, Input::WHOLE).await;
    let (fragment, target) = unless_missing(&broker, &asked.caller, &id, read).await?;
    let written = broker.append_attributes(&asked.caller, &id, fragment, overwrite, target).await?;
    Ok(output::written(&id, &written, asked.language))
}

fn overwrite(asked: &Asked) -> Result<Overwrite, Problem> {
    let parameters = asked.parameters(&["local", "options", "type"])?;
    let options = parameters.words("options", &["noOverwrite"])?;
    Ok(if options.is_empty() { Overwrite::Allowed } else { Overwrite::Forbidden })
}
