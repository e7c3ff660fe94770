//! `POST /subscriptions` (ETSI GS CIM 009 §5.8.1, §6.10.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::contexts::{CONTEXTS_PATH, ContextRef};
use machi_face::{Asked, FaceError, context_ref};
use machi_http::Problem;
use machi_http::answer::created;
use machi_model::context::CORE_URL;
use machi_types::{Caller, Json};

use super::SUBSCRIPTIONS_PATH;
use crate::Broker;
use crate::http::jsonld_contexts::base_url;
use crate::http::output::location;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, mut asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let (kind, link) = asked.body_context()?;
    let payload = asked.payload(&broker.face).await?;
    let json = payload.json()?;
    let context = payload.context(&broker.face, &asked.caller, &json).await?;
    let given = context_ref(kind, link.as_ref(), &json).map_err(Problem::from)?;
    let base = base_url(&broker, &asked);
    let own_context = context_url(&broker, &asked.caller, &base, given).await?;
    let id = broker.create_subscription(&asked.caller, &json, &context, &own_context).await?;
    Ok(created(&location(SUBSCRIPTIONS_PATH, &id)))
}

/// Where receivers find the @context of the request (§5.8.1.4); one without a URL is given one.
async fn context_url(broker: &Broker, caller: &Caller, base: &str, given: ContextRef<'_>) -> Result<String, FaceError> {
    Ok(match given {
        ContextRef::Core => CORE_URL.to_owned(),
        ContextRef::Url(url) => url.to_owned(),
        ContextRef::Inline(Json::String(url)) => url.clone().into_owned(),
        ContextRef::Inline(json) => {
            if let Some([Json::String(url)]) = json.as_array() {
                return Ok(url.clone().into_owned());
            }
            let id = broker.face.contexts.add_implicit(caller.tenant(), json).await?;
            format!("{base}{}", location(CONTEXTS_PATH, &id))
        }
    })
}
