//! `DELETE /temporal/entities/{entityId}` (ETSI GS CIM 009 §5.6.16, §6.19.3.2)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_http::Problem;
use machi_http::answer::no_content;

use crate::history::History;

pub(super) async fn handle(State(history): State<Arc<History>>, asked: Asked) -> Result<Response, Problem> {
    let id = asked.entity_id()?;
    asked.parameters(&["local"])?.flag("local")?;
    history.delete_evolution(&asked.caller, &id, asked.request_key(b"")?).await?;
    Ok(no_content())
}
