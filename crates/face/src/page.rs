//! Pages of entities: which one is asked for, and the links to those beside it (ETSI GS CIM 009 §5.5.9, §6.3.10).

use axum::response::Response;
use http::Uri;
use machi_http::Problem;
use machi_http::answer::{AnswerExt, PageLinks};
use machi_http::request::{MediaType, Page, Query, Start};
use machi_store::{Cursor, StoreError};

use crate::wanted::SELECTING;
use crate::{Face, FaceError, PageStart, StableHash};

/// A page that is asked for, and the query that it is of.
#[derive(Clone, Debug)]
pub struct PageRequest {
    page: Page,
    start: PageStart,
    fingerprint: u64,
}

/// What tells one query from another, so that a cursor stays with its own: everything that selects and orders, these
/// other parameters, the @context, and the body.
pub fn fingerprint(query: &Query<'_>, others: &[&str], context: &str, body: &[u8]) -> StableHash {
    const ORDERING: [&str; 4] = ["orderBy", "orderFrom", "orderGeometry", "collation"];
    let mut hash = StableHash::new().with(context.as_bytes()).with(b"\n").with(body);
    for name in SELECTING.iter().chain(&ORDERING).chain(&["attrs"]).chain(others) {
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
    pub fn of(face: &Face, query: &Query<'_>, fingerprint: &StableHash) -> Result<Self, Problem> {
        Self::at(Page::from_query(query, &face.page_limits())?, fingerprint)
    }

    /// The page of a query with this fingerprint that the parameters place.
    pub fn at(page: Page, fingerprint: &StableHash) -> Result<Self, Problem> {
        let fingerprint = fingerprint.finish() as u64;
        let start = match &page.start {
            Start::Offset(offset) => PageStart::at(*offset),
            Start::Cursor(text) => PageStart::decode(text, fingerprint)
                .map_err(|_| Problem::from(FaceError::from(StoreError::InvalidCursor)))?,
        };
        // A page that began at an offset names no row (see `here`).
        let is_at_offset = start.after.as_ref().is_some_and(|after| after.0.is_empty());
        let start = if is_at_offset { PageStart::at(start.passed) } else { start };
        Ok(Self { page, start, fingerprint })
    }

    /// Where it starts.
    pub const fn start(&self) -> &PageStart {
        &self.start
    }

    /// The most entities; 0 where just their number is asked for.
    pub const fn limit(&self) -> usize {
        self.page.limit as usize
    }

    /// Whether the number of all matches is wanted.
    pub const fn is_counted(&self) -> bool {
        self.page.count
    }

    /// A cursor to this very page.
    pub fn here(&self) -> String {
        let after = self.start.after.clone().unwrap_or_else(|| Cursor(Vec::new()));
        let mut here = self.start.clone();
        here.after = Some(after);
        here.encode(self.fingerprint)
    }

    /// Adds the links to the pages beside this one.
    pub fn link(
        &self,
        mut response: Response,
        (uri, media): (&Uri, MediaType),
        next: Option<&PageStart>,
        previous: Option<&PageStart>,
    ) -> Response {
        let links = PageLinks::new(uri, media);
        let limit = self.page.limit.to_string();
        if let Some(next) = next {
            let (name, value) = self.place(next);
            response = response.with_link(links.next(&[("limit", &limit), (name, &value)]));
        }
        if let Some(previous) = previous {
            let (name, value) = self.place(previous);
            response = response.with_link(links.prev(&[("limit", &limit), (name, &value)]));
        }
        response
    }

    /// The parameters that place a page.
    fn place(&self, start: &PageStart) -> (&'static str, String) {
        match start.after {
            Some(_) => ("cursor", start.encode(self.fingerprint)),
            None => ("offset", start.passed.to_string()),
        }
    }
}
