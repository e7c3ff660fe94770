//! `/machi/v1/tenants`: the tenants of this city, for whoever provides it. The default tenant is written `-`.

mod erase;
mod export;
mod list;
mod measure;
mod restore;

use std::sync::Arc;

use axum::extract::RawPathParams;
use http::Uri;
use machi_http::openapi::{Api, Schema};
use machi_http::request::Query;
use machi_http::{Problem, Text};
use machi_store::TenantStatus;
use machi_types::{ErrorKind, Json, TenantId};

use crate::Broker;
use crate::collections::ENTITIES;

/// The endpoints of this resource.
pub(super) fn api() -> Api<Arc<Broker>> {
    Api::new()
        .route(list::operation(), list::handle)
        .route(measure::operation(), measure::handle)
        .route(erase::operation(), erase::handle)
        .route(export::operation(), export::handle)
        .route(restore::operation(), restore::handle)
}

/// The tenant that a path names; none of these operations has parameters.
fn tenant_of(pieces: &RawPathParams, uri: &Uri) -> Result<TenantId, Problem> {
    without_parameters(uri)?;
    let name = pieces.iter().find(|(name, _)| *name == "tenant").map_or("", |(_, value)| value);
    if name == TenantId::DEFAULT_WORD {
        return Ok(TenantId::default_tenant());
    }
    name.parse().map_err(|error| {
        Problem::new(
            ErrorKind::BadRequestData,
            Text::both(
                format!("the path names no tenant: {error}; the default tenant is written \"-\""),
                "パスのテナント名が正しくありません。既定のテナントは\"-\"で表します",
            ),
        )
    })
}

fn without_parameters(uri: &Uri) -> Result<(), Problem> {
    Query::parse(uri.query(), &[]).map(|_| ())
}

/// A tenant as clients see it.
fn view(status: &TenantStatus) -> Json<'static> {
    let count =
        |collection: &str| status.documents.iter().find(|(name, _)| **name == *collection).map_or(0, |(_, n)| *n);
    let held = status.documents.iter().filter(|(_, count)| *count > 0);
    let documents = held.map(|(name, count)| (name.as_str().to_owned().into(), Json::from(*count))).collect();
    let name = status.tenant.word();
    Json::Object(vec![
        ("tenant".into(), Json::from(name.to_owned())),
        ("entities".into(), Json::from(count(ENTITIES.0))),
        ("documents".into(), Json::Object(documents)),
        ("bytes".into(), Json::from(status.bytes)),
    ])
}

fn schema() -> Schema {
    Schema::object(vec![
        ("tenant", Schema::string().described("Its name; \"-\" for the default tenant.")),
        ("entities", Schema::integer().described("How many entities it has.")),
        ("documents", Schema::partial_object(Vec::new()).described("How many documents it has, by collection.")),
        ("bytes", Schema::integer().described("The bytes of their contents.")),
    ])
}

fn example() -> Json<'static> {
    let documents = Json::Object(vec![("entities".into(), Json::from(1200)), ("subscriptions".into(), Json::from(3))]);
    Json::Object(vec![
        ("tenant".into(), Json::from("aoi")),
        ("entities".into(), Json::from(1200)),
        ("documents".into(), documents),
        ("bytes".into(), Json::from(734_003)),
    ])
}
