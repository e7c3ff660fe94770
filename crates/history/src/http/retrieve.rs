//! `GET /temporal/entities/{entityId}` (ETSI GS CIM 009 §5.7.3, §6.19.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::page::fingerprint;
use machi_face::{Asked, Negotiated, link_context};
use machi_http::Problem;

use super::answer::{Place, answer};
use super::wish::{TELLING, WISHES, Wish};
use crate::History;

/// The other parameters of Table 6.19.3.1-1, and the cursor of an answer that was cut in time.
const OTHERS: [&str; 2] = ["local", "cursor"];

pub(super) async fn handle(State(history): State<Arc<History>>, asked: Asked) -> Result<Response, Problem> {
    let query = asked.parameters(&[&WISHES[..], &OTHERS].concat())?;
    let negotiated = Negotiated::without_geo(&asked.headers)?;
    history.face.check_tenant(&asked.caller).await?;
    let id = asked.entity_id()?;
    query.flag("local")?;
    let wish = Wish::of_query(&query)?;
    let link = asked.context_link()?;
    let fingerprint = fingerprint(&query, &TELLING, link.as_deref().unwrap_or_default(), id.as_bytes());
    let place = Place::of(&history.face, &query, &fingerprint)?;
    let context = link_context(&history.face, &asked.caller, &asked.headers).await?;
    let question = wish.question(&context, negotiated, place.earlier)?;
    let told = history.retrieve_evolution(&asked.caller, &id, question.clone(), wish.is_conditioned()).await?;
    answer(&history.face, (&asked.caller, &asked.uri), (negotiated, &place), &question, told).await
}
