//! The last word on an answer: errors in their final form, OPTIONS, and the headers that every answer has.

use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use machi_types::ErrorKind;
use tracing::{debug, error, warn};

use super::access_log::{cut, is_ours};
use super::{Asked, EdgeSettings, cors, gzip, ids};
use crate::problem::Failure;
use crate::request::{PATCH_TYPES, TENANT_HEADER, shortened};
use crate::{Face, Problem, Repeats, Text, answer};

/// On what an answer of the NGSI-LD face depends beside its address.
const VARY: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Link, NGSILD-Tenant, Prefer");
/// What an error depends on beside that.
const VARY_OF_ERRORS: HeaderValue = HeaderValue::from_static("Accept-Language");

pub(super) fn finish(response: Response, asked: &Asked, settings: &EdgeSettings, repeats: &Repeats) -> Response {
    let mut response = settle(response, asked, repeats);
    let status = response.status();
    let headers = response.headers_mut();
    // RFC 9110 §8.6: a 304 tells no length but that of the answer which it spares.
    if status == StatusCode::NOT_MODIFIED {
        headers.remove(header::CONTENT_LENGTH);
    }
    headers.insert(ids::REQUEST_ID, asked.identity.header());
    // ETSI GS CIM 009 §6.3.14: the tenant of the request is also in the answer.
    if let Some(tenant) = &asked.tenant {
        headers.insert(TENANT_HEADER, tenant.clone());
    }
    if asked.face == Face::NgsiLd && matches!(asked.method, Method::GET | Method::HEAD) {
        headers.append(header::VARY, VARY);
        if status.is_client_error() || status.is_server_error() {
            headers.append(header::VARY, VARY_OF_ERRORS);
        }
    }
    cors::apply(headers, asked, &settings.origins);
    if asked.takes_gzip && asked.method != Method::HEAD { gzip::apply(response, settings.gzip_from) } else { response }
}

/// Gives errors their final form; what is no error passes through.
fn settle(mut response: Response, asked: &Asked, repeats: &Repeats) -> Response {
    if let Some(Failure(problem)) = response.extensions_mut().remove::<Failure>() {
        if is_ours(problem.status()) {
            log(&problem, asked, repeats);
        }
        return render(&problem, asked);
    }
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => wrong_method(&response, asked),
        StatusCode::NOT_FOUND if !response.headers().contains_key(header::CONTENT_TYPE) => {
            render(&no_such_path(asked), asked)
        }
        // The router's own refusal of a path that cannot be decoded.
        StatusCode::BAD_REQUEST if is_router_text(&response) => render(&unreadable_path(), asked),
        _ => response,
    }
}

fn render(problem: &Problem, asked: &Asked) -> Response {
    problem.render(asked.face, asked.language, Some(asked.identity.id))
}

/// The cause is told here and nowhere else; one that repeats is told at debug level only.
fn log(problem: &Problem, asked: &Asked, repeats: &Repeats) {
    let Some(cause) = problem.private_cause() else { return };
    let (id, path) = (asked.identity.id, cut(asked.uri.path()));
    match repeats.tell(&cause) {
        Some(_) if problem.status() == StatusCode::INTERNAL_SERVER_ERROR => {
            error!(request.id = %id, http.path = path, cause, "a request met a fault of ours");
        }
        Some(_) => warn!(request.id = %id, http.path = path, cause, "a request could not be served"),
        None => debug!(request.id = %id, http.path = path, cause, "a request met a fault that was told before"),
    }
}

/// RFC 9110 §9.3.7 and §15.5.6: OPTIONS tells what there is; a wrong method is told the same.
fn wrong_method(response: &Response, asked: &Asked) -> Response {
    let routed = response.headers().get(header::ALLOW).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut allow = routed.to_owned();
    if !allow.is_empty() {
        allow.push(',');
    }
    allow.push_str("OPTIONS");
    let takes_patch = allow.split(',').any(|method| method.trim() == "PATCH");
    let mut settled = if asked.method == Method::OPTIONS {
        answer::no_content()
    } else {
        render(&method_not_allowed(asked, &allow), asked)
    };
    let headers = settled.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&allow) {
        headers.insert(header::ALLOW, value);
    }
    if takes_patch && asked.method == Method::OPTIONS {
        headers.insert("accept-patch", HeaderValue::from_static(PATCH_TYPES));
    }
    settled
}

fn method_not_allowed(asked: &Asked, allow: &str) -> Problem {
    let method = shortened(asked.method.as_str());
    let allow = allow.replace(',', ", ");
    Problem::new(
        ErrorKind::MethodNotAllowed,
        Text::both(
            format!("{method} is not possible here; this address takes {allow}"),
            format!("ここでは{method}は使えません。使えるのは{allow}です"),
        ),
    )
}

fn no_such_path(asked: &Asked) -> Problem {
    let path = shortened(asked.uri.path());
    Problem::new(
        ErrorKind::ResourceNotFound,
        Text::both(
            format!(
                "there is nothing at {path}; the NGSI-LD API begins at /ngsi-ld/v1, our own at /machi/v1, described in /openapi.json"
            ),
            format!(
                "{path}には何もありません。NGSI-LD APIは/ngsi-ld/v1、独自APIは/machi/v1にあります(説明は/openapi.json)"
            ),
        ),
    )
}

fn is_router_text(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/plain"))
}

fn unreadable_path() -> Problem {
    Problem::new(
        ErrorKind::BadRequestData,
        Text::both(
            "the path cannot be read: percent-encoded bytes in it must be UTF-8",
            "パスを解釈できません。パーセントエンコーディングはUTF-8でなければなりません",
        ),
    )
}
