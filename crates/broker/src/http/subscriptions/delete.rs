//! `DELETE /subscriptions/{subscriptionId}` (ETSI GS CIM 009 §5.8.5, §6.11.3.3)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_http::Problem;
use machi_http::answer::no_content;

use crate::Broker;
use crate::subscriptions::id_of;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let id = id_of(asked.piece("subscriptionId"))?;
    broker.delete_subscription(&asked.caller, &id).await?;
    Ok(no_content())
}
