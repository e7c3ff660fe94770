//! `GET /subscriptions` (ETSI GS CIM 009 §5.8.4, §6.10.3.2)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::{Asked, PageStart};
use machi_http::answer::{AnswerExt, PageLinks};
use machi_http::request::{Page, Start};
use machi_http::{Problem, Text};
use machi_types::ErrorKind;

use super::wants_sys_attrs;
use crate::Broker;
use crate::http::described::Described;
use crate::subscriptions::Shown;

/// All pages are pages of the same list.
const LIST: u64 = 0x7375_6273;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let parameters = asked.parameters(&["options", "limit", "offset", "count", "cursor"])?;
    let sys_attrs = wants_sys_attrs(&parameters)?;
    let described = Described::of(&broker, &asked.caller, &asked.headers).await?;
    let limits = broker.face.page_limits();
    let page = Page::from_query(&parameters, &limits)?;
    let start = start_of(&page)?;
    let offset = if start.after.is_some() { 0 } else { start.passed as usize };
    let place = (start.after.clone(), offset, page.limit as usize);
    let shown = Shown { context: &described.context, sys_attrs };
    let found = broker.subscriptions(&asked.caller, place, page.count, shown).await?;
    let rows = found.items.len() as u64;
    let mut answer = described.answer_list(&broker, &asked.caller, found.items).await?;
    let links = PageLinks::new(&asked.uri, described.media());
    let limit = page.limit.to_string();
    let next = found.next.map(|last| {
        let after = start.passed.saturating_add(rows);
        // §6.3.10: a client that counts its pages by offset goes on counting.
        let is_counted = parameters.get("offset").is_some() && after <= limits.largest_offset;
        if is_counted { PageStart::at(after) } else { start.next(rows, last) }
    });
    if let Some(next) = next {
        let (name, value) = place_of(&next);
        answer = answer.with_link(links.next(&[("limit", &limit), (name, &value)]));
    }
    if page.limit > 0
        && let Some(previous) = start.previous(u64::from(page.limit), limits.largest_offset)
    {
        let (name, value) = place_of(&previous);
        answer = answer.with_link(links.prev(&[("limit", &limit), (name, &value)]));
    }
    Ok(match found.count {
        Some(count) => answer.with_count(count),
        None => answer,
    })
}

/// The parameter that places a page.
fn place_of(start: &PageStart) -> (&'static str, String) {
    match start.after {
        Some(_) => ("cursor", start.encode(LIST)),
        None => ("offset", start.passed.to_string()),
    }
}

fn start_of(page: &Page) -> Result<PageStart, Problem> {
    match &page.start {
        Start::Offset(offset) => Ok(PageStart::at(*offset)),
        Start::Cursor(text) => PageStart::decode(text, LIST).map_err(|_| {
            Problem::new(
                ErrorKind::BadRequestData,
                Text::both(
                    "the cursor does not belong to this list; follow the \"next\" link as it stands in the Link header",
                    "cursorがこの一覧のものではありません。Linkヘッダーの\"next\"をそのまま使ってください",
                ),
            )
        }),
    }
}
