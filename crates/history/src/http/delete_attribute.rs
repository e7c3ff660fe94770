//! `DELETE /temporal/entities/{entityId}/attrs/{attrId}` (ETSI GS CIM 009 §5.6.13, §6.21.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_archive::SCOPE;
use machi_face::{Asked, AttributeName, FaceError, japanese, link_context};
use machi_http::answer::no_content;
use machi_http::request::Query;
use machi_http::{Problem, Text};
use machi_types::{Iri, Name};

use crate::history::History;
use crate::service::delete::Datasets;

pub(super) async fn handle(State(history): State<Arc<History>>, asked: Asked) -> Result<Response, Problem> {
    let id = asked.entity_id()?;
    let parameters = asked.parameters(&["datasetId", "deleteAll", "local"])?;
    parameters.flag("local")?;
    let datasets = datasets(&parameters)?;
    let context = link_context(&history.face, &asked.caller, &asked.headers).await?;
    let attribute = match asked.attribute(&context)? {
        AttributeName::Attribute(name) => name,
        AttributeName::Scope => Name::from(SCOPE),
    };
    history.delete_attribute(&asked.caller, &id, attribute, datasets, asked.request_key(b"")?).await?;
    Ok(no_content())
}

/// Table 6.21.3.1-1: `deleteAll` comes before `datasetId`.
fn datasets(parameters: &Query<'_>) -> Result<Datasets, Problem> {
    let all = parameters.flag("deleteAll")?.unwrap_or(false);
    match parameters.get("datasetId") {
        _ if all => Ok(Datasets::All),
        None | Some("@none") => Ok(Datasets::One(None)),
        Some(text) => {
            let iri = text.parse::<Iri>().map_err(|error| {
                FaceError::bad_data(Text::both(
                    format!("the query parameter \"datasetId\" is no IRI: {error}"),
                    format!("クエリパラメーター\"datasetId\"がIRIではありません: {}", japanese::iri(&error)),
                ))
            })?;
            Ok(Datasets::One(Some(iri.into_name())))
        }
    }
}
