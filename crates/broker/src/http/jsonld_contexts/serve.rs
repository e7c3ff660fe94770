//! `GET /jsonldContexts/{contextId}` (ETSI GS CIM 009 §5.13.4, §6.30.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_face::contexts::ContextKind;
use machi_http::answer::representation;
use machi_http::request::{MediaType, accept};
use machi_http::{Problem, Text};
use machi_types::ErrorKind;

use super::{base_url, details};
use crate::Broker;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let parameters = asked.parameters(&["details"])?;
    let media = accept(&asked.headers, MediaType::STANDARD)?;
    let wants_details = parameters.flag("details")?.unwrap_or(false);
    broker.face.check_tenant(&asked.caller).await?;
    let info = broker.face.contexts.serve(asked.caller.tenant(), asked.piece("contextId")).await?;
    if wants_details {
        let details = details(&info, &base_url(&broker, &asked));
        return Ok(representation(MediaType::Json, details.to_text()));
    }
    if info.facts.kind == ContextKind::Cached {
        return Err(Problem::new(
            ErrorKind::OperationNotSupported,
            Text::both(
                "a Cached @context is not served; ask its own server, or add ?details=true to read what is known of it",
                "Cachedの@contextは配信されません。元のサーバーから取得するか、details=trueを指定してください",
            ),
        ));
    }
    let text = broker.face.contexts.text(asked.caller.tenant(), &info.facts.id).await?;
    Ok(representation(media, text))
}
