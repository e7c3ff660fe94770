//! `GET /subscriptions/{subscriptionId}` (ETSI GS CIM 009 §5.8.3, §6.11.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_http::Problem;
use machi_http::request::{MediaType, accept};

use super::{in_context, wants_sys_attrs};
use crate::Broker;
use crate::http::input::{Asked, link_context};
use crate::subscriptions::{Shown, id_of};

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let sys_attrs = wants_sys_attrs(&asked.parameters(&["options"])?)?;
    let media = accept(&asked.headers, MediaType::STANDARD)?;
    let id = id_of(asked.piece("subscriptionId"))?;
    let context = link_context(&broker, &asked.caller, &asked.headers).await?;
    let shown = broker.subscription(&asked.caller, &id, Shown { context: &context, sys_attrs }).await?;
    Ok(in_context(media, vec![shown], false, asked.context_link()?.as_deref()))
}
