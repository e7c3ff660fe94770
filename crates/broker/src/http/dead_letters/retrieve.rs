//! `GET /machi/v1/dead-letters/{id}`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use machi_face::Asked;
use machi_http::Problem;
use machi_http::answer::representation;
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::request::MediaType;

use super::{TENANT, example, schema, view};
use crate::Broker;

pub(super) fn operation() -> Operation {
    Operation::new(Method::GET, "/machi/v1/dead-letters/{id}", "readDeadLetter", "One dead letter with its content")
        .tag("dead letters")
        .in_header(TENANT, Schema::string(), "The tenant; without it, the default tenant.")
        .in_path("id", Schema::string(), "The id of the notification.")
        .answers(StatusCode::OK, "The dead letter.", Some(Content::json(schema(true), example(true))))
}

pub(super) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let letter = broker.dead_letter(&asked.caller, asked.piece("id")).await?;
    Ok(representation(MediaType::Json, view(&letter, true).to_text()))
}
