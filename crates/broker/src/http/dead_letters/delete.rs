//! `DELETE /machi/v1/dead-letters/{id}`

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
    Operation::new(Method::DELETE, "/machi/v1/dead-letters/{id}", "deleteDeadLetter", "Delete a dead letter")
        .tag("dead letters")
        .in_header(TENANT, Schema::string(), "The tenant; without it, the default tenant.")
        .in_path("id", Schema::string(), "The id of the notification.")
        .answers(StatusCode::NO_CONTENT, "It is deleted.", None)
}

pub(super) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    broker.delete_dead_letter(&asked.caller, asked.piece("id")).await?;
    Ok(no_content())
}
