//! `GET /machi/v1/indexes/{id}`

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
    Operation::new(Method::GET, "/machi/v1/indexes/{id}", "readIndex", "One added index, and how far it is built")
        .tag("indexes")
        .in_header(TENANT, Schema::string(), "The tenant; without it, the default tenant.")
        .in_path("id", Schema::string(), "The id of the index.")
        .answers(StatusCode::OK, "The index.", Some(Content::json(schema(), example())))
}

pub(super) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let index = broker.index(&asked.caller, asked.piece("id")).await?;
    Ok(representation(MediaType::Json, view(&index).to_text()))
}
