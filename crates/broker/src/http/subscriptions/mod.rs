//! `/ngsi-ld/v1/subscriptions`: who is told of what (ETSI GS CIM 009 §5.8, §6.10, §6.11).

pub(super) mod create;
pub(super) mod delete;
pub(super) mod query;
pub(super) mod retrieve;
pub(super) mod update;

use axum::response::Response;
use machi_http::Problem;
use machi_http::answer::{AnswerExt, context_link_value, representation};
use machi_http::request::{MediaType, Query};
use machi_model::context::CORE_URL;
use machi_types::Json;

/// The path of the subscriptions.
const SUBSCRIPTIONS_PATH: &str = "/ngsi-ld/v1/subscriptions/";

/// Whether `options` asks for the times of creation and change (§6.3.11).
fn wants_sys_attrs(parameters: &Query<'_>) -> Result<bool, Problem> {
    Ok(parameters.words("options", &["sysAttrs"])?.contains(&"sysAttrs"))
}

/// One subscription or several, with the @context that their names are short in: in the body, or in a header
/// (§6.3.6).
fn in_context(media: MediaType, items: Vec<Json<'static>>, is_list: bool, context: Option<&str>) -> Response {
    let context = context.unwrap_or(CORE_URL);
    let with_context = |item: Json<'static>| match (media, item) {
        (MediaType::JsonLd, Json::Object(mut members)) => {
            members.push(("@context".into(), context.to_owned().into()));
            Json::Object(members)
        }
        (_, item) => item,
    };
    let mut items: Vec<Json<'static>> = items.into_iter().map(with_context).collect();
    let body = match items.pop() {
        Some(only) if !is_list => only,
        last => {
            items.extend(last);
            Json::Array(items)
        }
    };
    let answer = representation(media, body.to_text());
    match (media, context_link_value(context)) {
        (MediaType::Json, Some(link)) => answer.with_link(link),
        _ => answer,
    }
}
