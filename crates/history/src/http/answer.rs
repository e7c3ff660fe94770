//! From what was told to an answer: 200, or 206 with the time that it covers and a link to what follows (ETSI GS CIM 009
//! §6.3.10).

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, Uri, header};
use machi_face::page::PageRequest;
use machi_face::{Face, FaceError, Negotiated, StableHash};
use machi_http::Problem;
use machi_http::answer::{AnswerExt, PageLinks};
use machi_http::request::{Page, Query, Start};
use machi_store::StoreError;
use machi_types::{Caller, Timestamp};

use crate::domain::question::Question;
use crate::service::answer::Told;

/// Which part of a list, and of its time, is asked for.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) page: PageRequest,
    /// Where an earlier answer was cut.
    pub(super) earlier: Option<Timestamp>,
}

impl Place {
    /// Reads the paging parameters. A cursor that goes on in time names the page that was cut, and where.
    pub(super) fn of(face: &Face, query: &Query<'_>, fingerprint: &StableHash) -> Result<Self, Problem> {
        let mut page = Page::from_query(query, &face.page_limits())?;
        let Start::Cursor(text) = &page.start else {
            return Ok(Self { page: PageRequest::at(page, fingerprint)?, earlier: None });
        };
        let Some((edge, here)) = text.split_once('.') else {
            return Ok(Self { page: PageRequest::at(page, fingerprint)?, earlier: None });
        };
        let micros = u64::from_str_radix(edge, 16).map_err(|_| FaceError::from(StoreError::InvalidCursor))?;
        page.start = Start::Cursor(here.to_owned());
        let earlier = Some(Timestamp::from_micros(micros.cast_signed()));
        Ok(Self { page: PageRequest::at(page, fingerprint)?, earlier })
    }

    fn cursor(&self, edge: Timestamp) -> String {
        format!("{:x}.{}", edge.micros().cast_unsigned(), self.page.here())
    }
}

/// The answer with what was told.
pub(super) async fn answer(
    face: &Face,
    (caller, uri): (&Caller, &Uri),
    (negotiated, place): (Negotiated, &Place),
    question: &Question,
    told: Told,
) -> Result<Response, Problem> {
    let context = &question.representation.context;
    let (body, is_amended) = (Bytes::from(told.body), told.is_amended);
    let mut response = negotiated.answer(face, caller.tenant(), context, body, is_amended).await?;
    if let Some(range) = told.range {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let value = HeaderValue::from_str(&range.to_string()).map_err(|_| FaceError::Bug("a range is plain text"))?;
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    Ok(match told.edge {
        Some(edge) => {
            let relation = if question.last.is_some() { "intervalbefore" } else { "intervalafter" };
            let cursor = place.cursor(edge);
            response.with_link(PageLinks::new(uri, negotiated.media).to(relation, &[("cursor", &cursor)]))
        }
        None => response,
    })
}
