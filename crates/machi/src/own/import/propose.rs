//! `POST /machi/v1/import/proposal`

use std::io::Cursor;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use machi_connect::{Format, propose};
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::{Problem, answer};

use super::asked::Asked;
use super::load::{encoding_of, unreadable};
use super::upload::{Told, Upload};
use super::{Importing, taking_a_file};

pub(super) fn operation() -> Operation {
    let operation = Operation::new(
        Method::POST,
        "/machi/v1/import/proposal",
        "proposeMapping",
        "Propose a mapping for a file",
    )
    .description("Writes a mapping to begin with, from the header of a CSV or the properties of a GeoJSON and some rows, as `machi import --propose` does. Nothing is imported, and the beginning of a file will do.");
    taking_a_file(operation).answers(
        StatusCode::OK,
        "A mapping file.",
        Some(Content::of("application/toml", Schema::string())),
    )
}

pub(super) async fn handle(State(importing): State<Arc<Importing>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let mut upload = Upload::new(&parts.headers, body, importing.largest)?;
    match written(&parts, &mut upload).await {
        Ok(mapping) => Ok(answer::of_type(HeaderValue::from_static("application/toml"), mapping)),
        Err(problem) => Err(upload.leave(problem).await),
    }
}

async fn written(parts: &Parts, upload: &mut Upload) -> Result<String, Problem> {
    let asked = Asked::of(parts, &["encoding"])?;
    let Told { media, mut head, .. } = upload.file().await?;
    let format = media.format(&head);
    if !upload.has_ended() && format == Format::Csv {
        // The last row is cut off somewhere, and half a row would mislead.
        let whole = head.iter().rposition(|byte| *byte == b'\n').map_or(head.len(), |end| end + 1);
        head.truncate(whole);
    }
    while upload.next().await?.is_some() {}
    let encoding = asked.encoding.or(media.encoding).or_else(|| encoding_of(&head));
    propose(Box::new(Cursor::new(head)), format, encoding).map_err(|error| unreadable(&error))
}
