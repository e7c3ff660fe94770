//! `DELETE /machi/v1/indexes/{id}`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use machi_face::Asked;
use machi_http::Problem;
use machi_http::answer::no_content;
use machi_http::openapi::{Operation, Schema};

use super::TENANT;
use crate::Broker;

pub(super) fn operation() -> Operation {
    Operation::new(Method::DELETE, "/machi/v1/indexes/{id}", "removeIndex", "Drop an added index")
        .tag("indexes")
        .description("Queries that used it are answered by reading entities again, within their budget.")
        .in_header(TENANT, Schema::string(), "The tenant; without it, the default tenant.")
        .in_path("id", Schema::string(), "The id of the index.")
        .answers(StatusCode::NO_CONTENT, "It is dropped.", None)
}

pub(super) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    broker.remove_index(&asked.caller, asked.piece("id")).await?;
    Ok(no_content())
}
