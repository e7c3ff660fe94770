//! `DELETE /entities/{entityId}/attrs/{attrId}` (ETSI GS CIM 009 §5.6.5, §6.7.3.2)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::{Asked, japanese, link_context};
use machi_http::request::Query;
use machi_http::{Problem, Text};
use machi_model::laws::Instances;
use machi_types::{ErrorKind, Iri};

use crate::Broker;
use crate::http::output;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let id = asked.entity_id()?;
    let types = asked.type_parameter(&["datasetId", "deleteAll", "local"])?;
    let instances = instances(&asked.parameters(&["datasetId", "deleteAll", "local", "type"])?)?;
    let context = link_context(&broker.face, &asked.caller, &asked.headers).await?;
    let attribute = asked.attribute(&context)?;
    let target = super::target(&asked, types.expression(&context)?, b"")?;
    let written = broker.delete_attribute(&asked.caller, &id, attribute, instances, target).await?;
    Ok(output::written(&id, &written, asked.language))
}

/// Table 6.7.3.2-1: `deleteAll` comes before `datasetId`.
fn instances(parameters: &Query<'_>) -> Result<Instances, Problem> {
    let all = parameters.flag("deleteAll")?.unwrap_or(false);
    match parameters.get("datasetId") {
        _ if all => Ok(Instances::All),
        None | Some("@none") => Ok(Instances::Default),
        Some(text) => text.parse::<Iri>().map(|iri| Instances::Dataset(iri.into_name())).map_err(|error| {
            Problem::new(
                ErrorKind::BadRequestData,
                Text::both(
                    format!("the query parameter \"datasetId\" is no IRI: {error}"),
                    format!("クエリパラメーター\"datasetId\"がIRIではありません: {}", japanese::iri(&error)),
                ),
            )
        }),
    }
}
