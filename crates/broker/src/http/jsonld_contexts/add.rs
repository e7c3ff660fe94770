//! `POST /jsonldContexts` (ETSI GS CIM 009 §5.13.2, §6.29.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_face::contexts::CONTEXTS_PATH;
use machi_http::Problem;
use machi_http::answer::created;
use machi_http::request::body_type;

use crate::Broker;
use crate::http::output::location;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, mut asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    body_type(&asked.headers, &asked.method)?;
    let body = asked.bytes(&broker.face).await?;
    broker.face.check_tenant_or_create(&asked.caller).await?;
    let id = broker.face.contexts.add(asked.caller.tenant(), &body).await?;
    Ok(created(&location(CONTEXTS_PATH, &id)))
}
