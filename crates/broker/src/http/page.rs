//! Pages of entities: which one is asked for, and the links to those beside it (ETSI GS CIM 009 §5.5.9, §6.3.10).

use axum::response::Response;
use http::Uri;
use machi_face::wanted::SELECTING;
use machi_face::{Criteria, FaceError, Negotiated, StableHash};
use machi_http::Problem;
use machi_http::answer::{AnswerExt, PageLinks};
use machi_http::request::{Page, PageLimits, Query, Start};
use machi_model::query::OrderBy;
use machi_store::StoreError;
use machi_types::Caller;

use super::representation;
use crate::Broker;
use crate::domain::cursor::PageStart;
use crate::domain::representation::Representation;
use crate::service::query::EntityQuery;

/// A page that is asked for, and the query that it is of.
#[derive(Clone, Debug)]
pub(super) struct PageRequest {
    page: Page,
    start: PageStart,
    fingerprint: u64,
}

/// What tells one query from another, so that a cursor stays with its own: everything that selects and orders,
/// the @context, and the body.
pub(super) fn fingerprint(query: &Query<'_>, context: &str, body: &[u8]) -> StableHash {
    const ORDERING: [&str; 4] = ["orderBy", "orderFrom", "orderGeometry", "collation"];
    let mut hash = StableHash::new().with(context.as_bytes()).with(b"\n").with(body);
    for name in SELECTING.iter().chain(&ORDERING).chain(&["attrs"]) {
        if let Some(value) = query.get(name) {
            hash.take(b"\n");
            hash.take(name.as_bytes());
            hash.take(b"=");
            hash.take(value.as_bytes());
        }
    }
    hash
}

impl PageRequest {
    /// Reads the paging parameters of a query.
    pub(super) fn of(broker: &Broker, query: &Query<'_>, fingerprint: &StableHash) -> Result<Self, Problem> {
        let limits = &broker.face.config.limits;
        let page = Page::from_query(
            query,
            &PageLimits {
                default: u32::try_from(limits.page_rows).unwrap_or(u32::MAX),
                largest: u32::try_from(limits.page_rows_max).unwrap_or(u32::MAX),
                largest_offset: limits.offset_max as u64,
            },
        )?;
        let fingerprint = fingerprint.finish() as u64;
        let start = match &page.start {
            Start::Offset(offset) => PageStart::at(*offset),
            Start::Cursor(text) => PageStart::decode(text, fingerprint)
                .map_err(|_| Problem::from(FaceError::from(StoreError::InvalidCursor)))?,
        };
        Ok(Self { page, start, fingerprint })
    }

    /// The query for this page.
    pub(super) fn query(
        &self,
        criteria: Criteria,
        order: Option<OrderBy>,
        representation: &Representation,
    ) -> EntityQuery {
        EntityQuery {
            criteria,
            order,
            limit: self.page.limit as usize,
            start: self.start.clone(),
            is_counted: self.page.count,
            takes_notes: representation.look().is_some(),
        }
    }

    /// The parameters that place a page.
    fn place(&self, start: &PageStart) -> (&'static str, String) {
        match start.after {
            Some(_) => ("cursor", start.encode(self.fingerprint)),
            None => ("offset", start.passed.to_string()),
        }
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
    let mut response = representation::answer(broker, caller.tenant(), negotiated, context, body).await?;
    let links = PageLinks::new(uri, negotiated.media);
    let limit = request.page.limit.to_string();
    if let Some(next) = &page.next {
        let (name, value) = request.place(next);
        response = response.with_link(links.next(&[("limit", &limit), (name, &value)]));
    }
    if let Some(previous) = &page.previous {
        let (name, value) = request.place(previous);
        response = response.with_link(links.prev(&[("limit", &limit), (name, &value)]));
    }
    Ok(match page.count {
        Some(count) => response.with_count(count),
        None => response,
    })
}
