//! `/machi/v1/indexes`: indexes for conditions that no default index answers: on sub-attributes, on the inside
//! of JSON values, and patterns.

mod add;
mod list;
mod remove;
mod retrieve;

use std::sync::Arc;

use machi_http::openapi::{Api, Schema};
use machi_types::Json;

use crate::Broker;
use crate::service::indexes::AddedIndex;

const TENANT: &str = "NGSILD-Tenant";
const PATH: &str = "/machi/v1/indexes/";

/// The endpoints of this resource.
pub(super) fn api() -> Api<Arc<Broker>> {
    Api::new()
        .route(list::operation(), list::handle)
        .route(add::operation(), add::handle)
        .route(retrieve::operation(), retrieve::handle)
        .route(remove::operation(), remove::handle)
}

/// An index as clients see it.
fn view(index: &AddedIndex) -> Json<'static> {
    let (documents, of, is_ready) =
        index.status.as_ref().map_or((0, 0, false), |status| (status.documents, status.of, status.is_complete));
    Json::Object(vec![
        ("id".into(), Json::from(index.id.as_str().to_owned())),
        ("path".into(), index.path.clone().into()),
        ("patterns".into(), Json::Bool(index.definition.is_for_patterns)),
        ("attribute".into(), Json::from(index.definition.attribute.as_str().to_owned())),
        ("state".into(), if is_ready { "ready" } else { "building" }.into()),
        ("entitiesDone".into(), documents.into()),
        ("entities".into(), of.into()),
        ("createdAt".into(), index.created_at.to_string().into()),
    ])
}

fn schema() -> Schema {
    Schema::object(vec![
        ("id", Schema::string().described("Its id.")),
        ("path", Schema::string().described("The path as it was asked for.")),
        ("patterns", Schema::boolean().described("Whether texts are kept whole, for ~= and !~=.")),
        ("attribute", Schema::format("uri").described("The attribute, expanded.")),
        ("state", Schema::string().described("\"building\", or \"ready\" once it answers queries.")),
        ("entitiesDone", Schema::integer().described("How many entities are in it.")),
        ("entities", Schema::integer().described("How many there are.")),
        ("createdAt", Schema::format("date-time").described("When it was asked for.")),
    ])
}

fn example() -> Json<'static> {
    Json::Object(vec![
        ("id".into(), "urn:machi:index:0123456789abcdef0123456789abcdef".into()),
        ("path".into(), "temperature.accuracy".into()),
        ("patterns".into(), Json::Bool(false)),
        ("attribute".into(), "https://uri.etsi.org/ngsi-ld/default-context/temperature".into()),
        ("state".into(), "building".into()),
        ("entitiesDone".into(), 43_000_u64.into()),
        ("entities".into(), 120_000_u64.into()),
        ("createdAt".into(), "2026-11-22T01:00:00Z".into()),
    ])
}
