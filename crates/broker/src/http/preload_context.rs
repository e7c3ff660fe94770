//! `PUT /machi/v1/contexts?url=…`: keeps a copy of a remote @context, so that it is never loaded from the network.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use machi_face::Asked;
use machi_face::contexts::CONTEXTS_PATH;
use machi_http::answer::created;
use machi_http::openapi::{Api, Content, Operation, Schema};
use machi_http::{Problem, Text};
use machi_types::{ErrorKind, Iri, Json};

use super::output::location;
use crate::Broker;

/// The endpoint with its description.
pub(super) fn api() -> Api<Arc<Broker>> {
    Api::new().route(operation(), handle)
}

fn operation() -> Operation {
    let terms = Json::Object(vec![("name".into(), Json::from("https://example.org/name"))]);
    let example = Json::Object(vec![("@context".into(), terms)]);
    let body = Content::json(Schema::object(vec![("@context", Schema::any())]), example);
    Operation::new(Method::PUT, "/machi/v1/contexts", "preloadContext", "Keep a copy of a remote @context")
        .tag("contexts")
        .description(
            "The copy is used wherever the URL is named and never goes stale. It replaces one that was loaded before. The core contexts are built in, and take no copy.",
        )
        .needs_query("url", Schema::format("uri"), "The URL under which requests name the @context.")
        .takes(body.as_json_ld())
        .takes(body)
        .answers(StatusCode::CREATED, "It is kept; Location names the copy.", None)
}

async fn handle(State(broker): State<Arc<Broker>>, mut asked: Asked) -> Result<Response, Problem> {
    let url = asked.parameters(&["url"])?.get("url").map(str::parse::<Iri>);
    let Some(Ok(url)) = url else { return Err(no_url()) };
    let text = asked.bytes(&broker.face).await?;
    let id = broker.face.contexts.add_copy(&url, text).await?;
    Ok(created(&location(CONTEXTS_PATH, &id)))
}

fn no_url() -> Problem {
    Problem::new(
        ErrorKind::BadRequestData,
        Text::both(
            "the query parameter \"url\" must be the absolute URL of the @context",
            "クエリパラメーター\"url\"に@contextの絶対URLを指定してください",
        ),
    )
}
