//! `PATCH /temporal/entities/{entityId}/attrs/{attrId}/{instanceId}` (ETSI GS CIM 009 §5.6.14, §6.22.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::{Asked, FaceError};
use machi_http::answer::no_content;
use machi_http::{Problem, Text};
use machi_model::context::Context;
use machi_model::entity::{TemporalInstance, parse_evolution, parse_temporal_instance};
use machi_types::{Json, Name};

use crate::history::History;

pub(super) async fn handle(State(history): State<Arc<History>>, mut asked: Asked) -> Result<Response, Problem> {
    let id = asked.entity_id()?;
    asked.parameters(&["local"])?.flag("local")?;
    let payload = asked.payload(&history.face).await?;
    let json = payload.json()?;
    let context = payload.context(&history.face, &asked.caller, &json).await?;
    let attribute = asked.attribute_to_write(&context)?;
    let of = super::instance_key(&asked, &id)?;
    let told = instance(&json, &attribute, &context)?;
    let key = asked.request_key(payload.bytes())?;
    history.modify_instance(&asked.caller, &id, attribute, of, told, key).await?;
    Ok(no_content())
}

/// The instance, within a fragment that names the attribute (§5.6.14.3) or by itself.
fn instance(json: &Json<'_>, attribute: &Name, context: &Arc<Context>) -> Result<TemporalInstance, FaceError> {
    let Json::Object(members) = json else { return Ok(parse_temporal_instance(json, attribute, context)?) };
    let is_it = |key: &str| context.expand_name(key).is_ok_and(|name| name == *attribute);
    if !members.iter().any(|(key, _)| is_it(key)) {
        let bare: Vec<_> = members.iter().filter(|(key, _)| key != "@context").cloned().collect();
        return Ok(parse_temporal_instance(&Json::Object(bare), attribute, context)?);
    }
    let mut told = parse_evolution(json, context)?;
    let is_alone = told.attributes.len() == 1 && told.scopes.is_empty() && told.types.is_empty();
    let instances = told.attributes.pop().map(|(_, instances)| instances).unwrap_or_default();
    match <[TemporalInstance; 1]>::try_from(instances) {
        Ok([one]) if is_alone => Ok(one),
        _ => Err(FaceError::bad_data(Text::both(
            "the body must hold one instance of the attribute in the path, and nothing else",
            "本文には、パスの属性のインスタンスを1つだけ指定してください",
        ))),
    }
}
