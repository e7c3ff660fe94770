//! `POST /machi/v1/dead-letters/{id}/replay`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use machi_face::Asked;
use machi_http::Problem;
use machi_http::answer::status;
use machi_http::openapi::{Operation, Schema};

use super::TENANT;
use crate::Broker;

pub(super) fn operation() -> Operation {
    Operation::new(Method::POST, "/machi/v1/dead-letters/{id}/replay", "replayDeadLetter", "Send a dead letter again")
        .tag("dead letters")
        .description("The notification waits behind those of its subscription that wait already, and is tried as often as a new one. It keeps its id. Where its subscription is gone, it stays a dead letter.")
        .in_header(TENANT, Schema::string(), "The tenant; without it, the default tenant.")
        .in_path("id", Schema::string(), "The id of the notification.")
        .answers(StatusCode::ACCEPTED, "It will be sent.", None)
        .answers(StatusCode::NOT_FOUND, "There is no such dead letter, or its subscription is gone.", None)
}

pub(super) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    broker.replay_dead_letter(&asked.caller, asked.piece("id")).await?;
    Ok(status(StatusCode::ACCEPTED))
}
