//! `GET /subscriptions` (ETSI GS CIM 009 §5.8.4, §6.10.3.2)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_http::answer::{AnswerExt, PageLinks};
use machi_http::request::{MediaType, Page, PageLimits, Start, accept};
use machi_http::{Problem, Text};
use machi_types::ErrorKind;

use super::{in_context, wants_sys_attrs};
use crate::Broker;
use crate::domain::cursor::PageStart;
use crate::http::input::{Asked, link_context};
use crate::subscriptions::Shown;

/// All pages are pages of the same list.
const LIST: u64 = 0x7375_6273;

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    let parameters = asked.parameters(&["options", "limit", "offset", "count", "cursor"])?;
    let sys_attrs = wants_sys_attrs(&parameters)?;
    let media = accept(&asked.headers, MediaType::STANDARD)?;
    let limits = &broker.config.limits;
    let limits = PageLimits {
        default: limits.page_rows as u32,
        largest: limits.page_rows_max as u32,
        largest_offset: limits.offset_max as u64,
    };
    let page = Page::from_query(&parameters, &limits)?;
    let start = start_of(&page)?;
    let context = link_context(&broker, &asked.caller, &asked.headers).await?;
    let offset = if start.after.is_some() { 0 } else { start.passed as usize };
    let place = (start.after.clone(), offset, page.limit as usize);
    let found = broker.subscriptions(&asked.caller, place, page.count, Shown { context: &context, sys_attrs }).await?;
    let rows = found.items.len() as u64;
    let mut answer = in_context(media, found.items, true, asked.context_link()?.as_deref());
    let links = PageLinks::new(&asked.uri, media);
    let limit = page.limit.to_string();
    if let Some(last) = found.next {
        let cursor = start.next(rows, last).encode(LIST);
        answer = answer.with_link(links.next(&[("limit", &limit), ("cursor", &cursor)]));
    }
    if page.limit > 0
        && let Some(previous) = start.previous(u64::from(page.limit), limits.largest_offset)
    {
        let value = if previous.after.is_some() { previous.encode(LIST) } else { previous.passed.to_string() };
        let name = if previous.after.is_some() { "cursor" } else { "offset" };
        answer = answer.with_link(links.prev(&[("limit", &limit), (name, &value)]));
    }
    Ok(match found.count {
        Some(count) => answer.with_count(count),
        None => answer,
    })
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
