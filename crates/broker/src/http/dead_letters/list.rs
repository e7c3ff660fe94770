//! `GET /machi/v1/dead-letters`

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

use super::{TENANT, example, piece, schema, view};
use crate::Broker;

pub(super) fn operation() -> Operation {
    Operation::new(Method::GET, "/machi/v1/dead-letters", "listDeadLetters", "Notifications that were given up")
        .tag("dead letters")
        .description("A notification is given up when its receiver has refused it as often as the configuration says. The oldest come first.")
        .in_header(TENANT, Schema::string(), "The tenant; without it, the default tenant.")
        .in_query("subscription", Schema::string(), "Only those of this subscription.")
        .in_query("limit", Schema::integer(), "How many at most; 20 where nothing is said, 1000 at most.")
        .in_query("offset", Schema::integer(), "How many are passed over first.")
        .answers(
            StatusCode::OK,
            "The dead letters, without their content.",
            Some(Content::json(Schema::array(schema(false)), Json::Array(vec![example(false)]))),
        )
}

pub(super) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let parameters = asked.parameters(&["subscription", "limit", "offset"])?;
    let (offset, limit) = piece(&parameters)?;
    let letters = broker.dead_letters(&asked.caller, parameters.get("subscription"), offset, limit).await?;
    let list = Json::Array(letters.iter().map(|letter| view(letter, false)).collect());
    Ok(representation(MediaType::Json, list.to_text()))
}
