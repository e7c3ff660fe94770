//! `DELETE /machi/v1/tenants/{tenant}`

use std::sync::Arc;

use axum::extract::{RawPathParams, State};
use axum::response::Response;
use http::{Method, StatusCode, Uri};
use machi_http::Problem;
use machi_http::answer::no_content;
use machi_http::openapi::{Operation, Schema};

use super::tenant_of;
use crate::Broker;

pub(super) fn operation() -> Operation {
    Operation::new(Method::DELETE, "/machi/v1/tenants/{tenant}", "eraseTenant", "Erase a tenant for good")
        .tag("tenants")
        .description("Deletes the tenant's entities, subscriptions and contexts. Other tenants are not touched. A backup is the only way back.")
        .in_path("tenant", Schema::string(), "The name of the tenant; \"-\" is the default tenant.")
        .answers(StatusCode::NO_CONTENT, "It is erased.", None)
}

pub(super) async fn handle(
    State(broker): State<Arc<Broker>>,
    pieces: RawPathParams,
    uri: Uri,
) -> Result<Response, Problem> {
    broker.erase_tenant(&tenant_of(&pieces, &uri)?).await?;
    Ok(no_content())
}
