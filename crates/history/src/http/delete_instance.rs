//! `DELETE /temporal/entities/{entityId}/attrs/{attrId}/{instanceId}` (ETSI GS CIM 009 §5.6.15, §6.22.3.2)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_archive::SCOPE;
use machi_face::{Asked, AttributeName, FaceError, link_context};
use machi_http::answer::no_content;
use machi_http::{Problem, Text};
use machi_types::Name;

use crate::history::History;

pub(super) async fn handle(State(history): State<Arc<History>>, asked: Asked) -> Result<Response, Problem> {
    let id = asked.entity_id()?;
    asked.parameters(&["local"])?.flag("local")?;
    let context = link_context(&history.face, &asked.caller, &asked.headers).await?;
    let attribute = match asked.attribute(&context)? {
        AttributeName::Attribute(name) => name,
        AttributeName::Scope => Name::from(SCOPE),
    };
    let instance = super::instance_key(&asked, &id)?;
    history.delete_instance(&asked.caller, &id, attribute, instance, asked.request_key(b"")?).await?;
    Ok(no_content())
}

/// The path ends where the instanceId should stand.
pub(super) async fn without_id() -> Problem {
    FaceError::bad_data(Text::both(
        "the path names no instance: an instanceId must follow the last slash; without the slash the whole attribute is meant",
        "パスの最後にinstanceIdがありません。属性全体を削除する場合は、最後のスラッシュを除いてください",
    ))
    .into()
}
