//! `PATCH /subscriptions/{subscriptionId}` (ETSI GS CIM 009 §5.8.2, §6.11.3.2)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_http::Problem;
use machi_http::answer::no_content;

use crate::Broker;
use crate::subscriptions::id_of;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, mut asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let id = id_of(asked.piece("subscriptionId"))?;
    let payload = asked.payload(&broker.face).await?;
    let json = payload.json()?;
    let context = payload.context(&broker.face, &asked.caller, &json).await?;
    broker.update_subscription(&asked.caller, &id, &json, &context).await?;
    Ok(no_content())
}
