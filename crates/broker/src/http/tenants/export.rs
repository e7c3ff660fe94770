//! `GET /machi/v1/tenants/{tenant}/export`

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawPathParams, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::{Problem, answer};

use super::tenant_of;
use crate::{Broker, Export};

pub(super) fn operation() -> Operation {
    Operation::new(Method::GET, "/machi/v1/tenants/{tenant}/export", "exportTenant", "Export a tenant")
        .tag("tenants")
        .description("Everything of the tenant as of one position, as lines of JSON: a first line with format, tenant and position; a line per context, entity (normalized, with system attributes and full names), notification that waits, and subscription; a last line with counts and the CRC-32 of all lines before it. An answer without that last line was broken off.")
        .in_path("tenant", Schema::string(), "The name of the tenant; \"-\" is the default tenant.")
        .answers(StatusCode::OK, "The lines.", Some(Content::of("application/x-ndjson", Schema::string())))
}

pub(super) async fn handle(
    State(broker): State<Arc<Broker>>,
    pieces: RawPathParams,
    uri: Uri,
) -> Result<Response, Problem> {
    let export = broker.export_tenant(&tenant_of(&pieces, &uri)?).await?;
    let lines = Body::from_stream(unfold(Some(export), next));
    let mut response = answer::status(StatusCode::OK);
    *response.body_mut() = lines;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// An answer that has begun can only be broken off: its last line is then missing.
async fn next(export: Option<Export>) -> Option<(io::Result<Bytes>, Option<Export>)> {
    let mut export = export?;
    match export.next_piece().await {
        Ok(Some(piece)) => Some((Ok(piece), Some(export))),
        Ok(None) => None,
        Err(error) => {
            tracing::error!(%error, "an export was broken off");
            Some((Err(io::Error::other(error)), None))
        }
    }
}
