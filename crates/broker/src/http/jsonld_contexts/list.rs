//! `GET /jsonldContexts` (ETSI GS CIM 009 §5.13.3, §6.29.3.2)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_face::contexts::{ContextFilter, ContextKind};
use machi_http::answer::representation;
use machi_http::request::{MediaType, accept};
use machi_http::{Problem, Text};
use machi_types::{ErrorKind, Json};

use super::{base_url, details, url_of};
use crate::Broker;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let parameters = asked.parameters(&["details", "kind"])?;
    accept(&asked.headers, MediaType::STANDARD)?;
    let wants_details = parameters.flag("details")?.unwrap_or(false);
    let kind = parameters.get("kind").map(kind_of).transpose()?;
    broker.face.check_tenant(&asked.caller).await?;
    let listed = broker.face.contexts.list(asked.caller.tenant(), ContextFilter { kind }).await?;
    let base = base_url(&broker, &asked);
    let items = listed.iter().map(|info| if wants_details { details(info, &base) } else { url_of(info, &base).into() });
    Ok(representation(MediaType::Json, Json::Array(items.collect()).to_text()))
}

fn kind_of(word: &str) -> Result<ContextKind, Problem> {
    ContextKind::of(word).ok_or_else(|| {
        Problem::new(
            ErrorKind::BadRequestData,
            Text::both(
                "the query parameter \"kind\" must be Cached, Hosted or ImplicitlyCreated",
                "クエリパラメーター\"kind\"はCached、Hosted、ImplicitlyCreatedのいずれかでなければなりません",
            ),
        )
    })
}
