//! `GET /subscriptions/{subscriptionId}` (ETSI GS CIM 009 §5.8.3, §6.11.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_http::Problem;

use super::wants_sys_attrs;
use crate::Broker;
use crate::http::described::Described;
use crate::subscriptions::{Shown, id_of};

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let sys_attrs = wants_sys_attrs(&asked.parameters(&["options"])?)?;
    let described = Described::of(&broker, &asked.caller, &asked.headers).await?;
    let id = id_of(asked.piece("subscriptionId"))?;
    let shown = Shown { context: &described.context, sys_attrs };
    let subscription = broker.subscription(&asked.caller, &id, shown).await?;
    described.answer(&broker, &asked.caller, subscription).await
}
