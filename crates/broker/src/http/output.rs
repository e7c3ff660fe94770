//! From what a service came to, to an answer (ETSI GS CIM 009 §6.3.6).

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use machi_http::answer::{AnswerExt, context_link_value, created, no_content};
use machi_http::request::{Etag, MediaType};
use machi_http::{Language, percent};
use machi_model::context::CORE_URL;

use crate::service::write::Written;
use machi_face::once::{BatchResult, Effect};

/// The path of the entities.
const ENTITIES_PATH: &str = "/ngsi-ld/v1/entities/";

/// The answer to a write of one entity.
pub(super) fn written(id: &str, written: &Written, language: Language) -> Response {
    let response = match &written.effect {
        Effect::Created => created(&location(ENTITIES_PATH, id)),
        Effect::Changed | Effect::Deleted => no_content(),
        Effect::Partly(result) => multi_status(result.to_json(language).to_text().into_bytes(), language),
        Effect::Batch(result) => batch(result),
    };
    match (&written.effect, written.version) {
        (Effect::Created | Effect::Changed | Effect::Partly(_), Some(version)) => {
            response.with_etag(&Etag::of_version(version))
        }
        _ => response,
    }
}

/// The path of something below a collection.
pub(super) fn location(path: &str, id: &str) -> String {
    let mut location = path.to_owned();
    percent::encode_into(id, &mut location);
    location
}

/// 207 with what became of the entities of a batch, in the language in which its verdicts were written.
pub(super) fn batch(result: &BatchResult) -> Response {
    let mut body = Vec::with_capacity(result.size());
    result.write(&mut body);
    multi_status(body, result.language)
}

/// 207; its body is `application/json` with full names, whatever was asked for (§6.3.6).
fn multi_status(body: Vec<u8>, language: Language) -> Response {
    with_body(StatusCode::MULTI_STATUS, body).with_language(language)
}

/// An answer with a JSON body.
pub(super) fn with_body(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MediaType::Json.as_str()));
    response
}

/// Adds the link to the core context where the answer is plain JSON.
pub(super) fn linked_to_core(media: MediaType, response: Response) -> Response {
    match (media, context_link_value(CORE_URL)) {
        (MediaType::Json, Some(link)) => response.with_link(link),
        _ => response,
    }
}
