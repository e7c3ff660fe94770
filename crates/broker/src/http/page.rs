//! The answer to a query: a page of entities, and the links to its neighbours (ETSI GS CIM 009 §5.5.9, §6.3.10).

use axum::response::Response;
use http::Uri;
use machi_face::page::PageRequest;
use machi_face::{AsOf, Criteria, Negotiated};
use machi_http::Problem;
use machi_http::answer::AnswerExt;
use machi_model::query::OrderBy;
use machi_types::Caller;

use super::representation;
use crate::Broker;
use crate::domain::representation::Representation;
use crate::service::query::EntityQuery;

/// The query for a page.
pub(super) fn query(
    page: &PageRequest,
    criteria: Criteria,
    order: Option<OrderBy>,
    (representation, as_of): (&Representation, Option<AsOf>),
) -> EntityQuery {
    EntityQuery {
        criteria,
        order,
        limit: page.limit(),
        start: page.start().clone(),
        is_counted: page.is_counted(),
        takes_notes: representation.look().is_some(),
        as_of,
    }
}

/// The answer to a query: a page, and the links to its neighbours.
pub(super) async fn answer(
    broker: &Broker,
    (caller, uri): (&Caller, &Uri),
    query: EntityQuery,
    request: &PageRequest,
    representation: &Representation,
    negotiated: Negotiated,
) -> Result<Response, Problem> {
    let mut page = broker.query_entities(caller, query).await?;
    let body = broker.show_all(&page.sight, std::mem::take(&mut page.rows), representation).await?;
    let context = &representation.context;
    let response = representation::answer(broker, caller.tenant(), negotiated, context, body).await?;
    let response = request.link(response, (uri, negotiated.media), page.next.as_ref(), page.previous.as_ref());
    Ok(match page.count {
        Some(count) => response.with_count(count),
        None => response,
    })
}
