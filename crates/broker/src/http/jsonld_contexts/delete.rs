//! `DELETE /jsonldContexts/{contextId}` (ETSI GS CIM 009 §5.13.5, §6.30.3.2)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_http::Problem;
use machi_http::answer::no_content;

use crate::Broker;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let parameters = asked.parameters(&["reload"])?;
    let reloads = parameters.flag("reload")?.unwrap_or(false);
    broker.face.check_tenant(&asked.caller).await?;
    let (tenant, id) = (asked.caller.tenant(), asked.piece("contextId"));
    if reloads {
        broker.face.contexts.reload(tenant, id).await?;
    } else {
        broker.face.contexts.delete(tenant, id).await?;
    }
    Ok(no_content())
}
