//! `GET /machi/v1/indexes`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use machi_face::Asked;
use machi_http::Problem;
use machi_http::answer::representation;
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::request::MediaType;
use machi_types::Json;

use super::{TENANT, example, schema, view};
use crate::Broker;

pub(super) fn operation() -> Operation {
    Operation::new(Method::GET, "/machi/v1/indexes", "listIndexes", "The added indexes of a tenant")
        .tag("indexes")
        .in_header(TENANT, Schema::string(), "The tenant; without it, the default tenant.")
        .answers(
            StatusCode::OK,
            "The indexes, the oldest first.",
            Some(Content::json(Schema::array(schema()), Json::Array(vec![example()]))),
        )
}

pub(super) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let indexes = broker.indexes(&asked.caller).await?;
    let list = Json::Array(indexes.iter().map(view).collect());
    Ok(representation(MediaType::Json, list.to_text()))
}
