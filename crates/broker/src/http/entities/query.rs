//! `GET /entities` (ETSI GS CIM 009 §5.7.2, §6.4.3.2)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::contexts::ContextRef;
use machi_face::page::{PageRequest, fingerprint};
use machi_face::wanted::{SELECTING, Wanted, order};
use machi_face::{Asked, Negotiated};
use machi_http::Problem;
use machi_http::request::PAGE_PARAMETERS;
use machi_model::query::{Coordinates, OrderParameters, Query};

use crate::Broker;
use crate::http::page;
use crate::http::representation::{AS_OF, SHOWING, Shown, as_of, check_depth};

/// The other parameters of Table 6.4.3.2-1, and one of our own.
const OTHERS: [&str; 7] = ["local", "splitEntities", "orderBy", "orderFrom", "orderGeometry", "collation", AS_OF];

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let allowed = [&SELECTING[..], &SHOWING, &PAGE_PARAMETERS, &OTHERS].concat();
    let query = asked.parameters(&allowed)?;
    let negotiated = Negotiated::of(&asked.headers)?;
    query.flag("splitEntities")?;
    let link = asked.context_link()?;
    let context_ref = link.as_deref().map_or(ContextRef::Core, ContextRef::Url);
    let wanted = Wanted::of_query(&query)?;
    let shown = Shown::of_query(&query)?;
    let fingerprint = fingerprint(&query, &[], link.as_deref().unwrap_or_default(), b"");
    let page = PageRequest::of(&broker.face, &query, &fingerprint)?;
    let context = broker.face.contexts.resolve(asked.caller.tenant(), context_ref).await?;
    let as_of = as_of(&query)?;
    let representation = shown.representation(&context, negotiated)?.of_past(as_of.is_some());
    let criteria = wanted.criteria(&context)?;
    check_depth("q", criteria.q.as_ref().map_or(0, Query::link_depth), representation.join_level)?;
    let parameters = OrderParameters {
        order_by: query.get("orderBy"),
        order_from: query.get("orderFrom").map(Coordinates::Text),
        order_geometry: query.get("orderGeometry"),
        collation: query.get("collation"),
    };
    let order = order(&parameters, wanted.local, &context)?;
    page::answer(
        &broker,
        (&asked.caller, &asked.uri),
        page::query(&page, criteria, order, (&representation, as_of)),
        &page,
        &representation,
        negotiated,
    )
    .await
}
