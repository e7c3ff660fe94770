//! `POST /entityOperations/query` (ETSI GS CIM 009 §5.7.2, §6.23.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::page::{PageRequest, fingerprint};
use machi_face::query_body;
use machi_face::wanted::order;
use machi_face::{Asked, Negotiated};
use machi_http::Problem;
use machi_http::request::PAGE_PARAMETERS;
use machi_model::query::Query;

use crate::Broker;
use crate::http::page;
use crate::http::representation::{AS_OF, Shown, as_of, check_depth};

/// The members of a query (§5.2.23; temporal queries go to another operation).
const MEMBERS: [&str; 21] = [
    "type",
    "entities",
    "q",
    "geoQ",
    "scopeQ",
    "attrs",
    "omit",
    "pick",
    "csf",
    "containedBy",
    "datasetId",
    "expandValues",
    "entityMap",
    "entityMapLifetime",
    "jsonKeys",
    "join",
    "joinLevel",
    "lang",
    "ordering",
    "splitEntities",
    "@context",
];

/// What stands in the URL: paging, and how the answer is written (§6.3.7, §6.3.10, §6.3.15, §6.3.18).
const OTHERS: [&str; 5] = ["local", "format", "options", "geometryProperty", AS_OF];

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, mut asked: Asked) -> Result<Response, Problem> {
    let negotiated = Negotiated::of(&asked.headers)?;
    let payload = asked.payload(&broker.face).await?;
    let json = payload.json()?;
    query_body::check(&json, &MEMBERS)?;
    let context = payload.context(&broker.face, &asked.caller, &json).await?;
    let link = asked.context_link()?;
    let query = asked.parameters(&[&PAGE_PARAMETERS[..], &OTHERS].concat())?;
    let fingerprint = fingerprint(&query, &[], link.as_deref().unwrap_or_default(), payload.bytes());
    let page = PageRequest::of(&broker.face, &query, &fingerprint)?;
    let wanted = query_body::wanted(&json, query.flag("local")?)?;
    let mut shown = Shown::of_body(&json)?;
    shown.geometry_property = query.get("geometryProperty");
    shown.read_format(&query)?;
    let as_of = as_of(&query)?;
    let representation = shown.representation(&context, negotiated)?.of_past(as_of.is_some());
    let criteria = wanted.criteria(&context)?;
    check_depth("q", criteria.q.as_ref().map_or(0, Query::link_depth), representation.join_level)?;
    let order = match query_body::ordering(&json)? {
        Some(wish) => order(&wish.parameters(), wanted.local, &context)?,
        None => None,
    };
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
