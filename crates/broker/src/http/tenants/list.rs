//! `GET /machi/v1/tenants`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode, Uri};
use machi_http::Problem;
use machi_http::answer::representation;
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::request::MediaType;
use machi_types::Json;

use super::{example, schema, view, without_parameters};
use crate::Broker;

pub(super) fn operation() -> Operation {
    Operation::new(Method::GET, "/machi/v1/tenants", "listTenants", "The tenants and their sizes")
        .tag("tenants")
        .answers(
            StatusCode::OK,
            "The tenants, by name.",
            Some(Content::json(Schema::array(schema()), Json::Array(vec![example()]))),
        )
}

pub(super) async fn handle(State(broker): State<Arc<Broker>>, uri: Uri) -> Result<Response, Problem> {
    without_parameters(&uri)?;
    let tenants = broker.tenants().await?;
    let list = Json::Array(tenants.iter().map(view).collect());
    Ok(representation(MediaType::Json, list.to_text()))
}
