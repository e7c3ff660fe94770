//! `GET /machi/v1/tenants/{tenant}`

use std::sync::Arc;

use axum::extract::{RawPathParams, State};
use axum::response::Response;
use http::{Method, StatusCode, Uri};
use machi_http::Problem;
use machi_http::answer::representation;
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::request::MediaType;

use super::{example, schema, tenant_of, view};
use crate::Broker;

pub(super) fn operation() -> Operation {
    Operation::new(Method::GET, "/machi/v1/tenants/{tenant}", "measureTenant", "One tenant and its size")
        .tag("tenants")
        .in_path("tenant", Schema::string(), "The name of the tenant; \"-\" is the default tenant.")
        .answers(StatusCode::OK, "The tenant.", Some(Content::json(schema(), example())))
}

pub(super) async fn handle(
    State(broker): State<Arc<Broker>>,
    pieces: RawPathParams,
    uri: Uri,
) -> Result<Response, Problem> {
    let status = broker.tenant(&tenant_of(&pieces, &uri)?).await?;
    Ok(representation(MediaType::Json, view(&status).to_text()))
}
