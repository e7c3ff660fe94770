//! `POST /machi/v1/tenants/{tenant}/restore`

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::{RawPathParams, State};
use axum::response::Response;
use bytes::Bytes;
use http::{Method, StatusCode};
use machi_face::{Asked, FaceError};
use machi_http::Problem;
use machi_http::answer::representation;
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::request::{BodyLimits, BodyStream, MediaType};
use machi_types::Json;

use super::tenant_of;
use crate::{Broker, Counted, Pieces};

pub(super) fn operation() -> Operation {
    let schema = Schema::object(vec![
        ("entities", Schema::integer().described("How many entities came back.")),
        ("others", Schema::integer().described("How many contexts, subscriptions and waiting notifications did.")),
    ]);
    Operation::new(Method::POST, "/machi/v1/tenants/{tenant}/restore", "restoreTenant", "Restore a tenant")
        .tag("tenants")
        .description("Takes an export, also of a tenant with another name. The tenant must hold nothing; it comes back as a whole or not at all, and answers 503 meanwhile. Other tenants are not touched. What was delivered before the export is not sent again.")
        .in_path("tenant", Schema::string(), "The name of the tenant; \"-\" is the default tenant.")
        .takes(Content::of("application/x-ndjson", Schema::string()))
        .answers(StatusCode::CREATED, "It is back.", Some(Content::json(schema, view(Counted { entities: 1200, others: 3 }))))
}

pub(super) async fn handle(
    State(broker): State<Arc<Broker>>,
    pieces: RawPathParams,
    mut asked: Asked,
) -> Result<Response, Problem> {
    let tenant = tenant_of(&pieces, &asked.uri)?;
    // No key bounds it.
    let limits = BodyLimits { largest: u64::MAX, key: "" };
    let body = asked.take_body();
    let body = BodyStream::new(&asked.headers, body, &limits)?;
    let counted = broker.restore_tenant(&tenant, &mut Arriving(body)).await?;
    let mut response = representation(MediaType::Json, view(counted).to_text());
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

fn view(counted: Counted) -> Json<'static> {
    Json::Object(vec![("entities".into(), counted.entities.into()), ("others".into(), counted.others.into())])
}

/// A body as it arrives.
struct Arriving(BodyStream);

impl Pieces for Arriving {
    fn next_piece(&mut self) -> Pin<Box<dyn Future<Output = Result<Option<Bytes>, FaceError>> + Send + '_>> {
        Box::pin(async { self.0.next().await.map_err(|problem| FaceError::Problem(Box::new(problem))) })
    }
}
