//! `GET /temporal/entities` (ETSI GS CIM 009 §5.7.4, §6.18.3.2)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use machi_face::page::fingerprint;
use machi_face::wanted::{SELECTING, Wanted as WantedEntities, bad, order};
use machi_face::{Asked, Criteria, FaceError, Negotiated, link_context};
use machi_http::answer::AnswerExt;
use machi_http::request::PAGE_PARAMETERS;
use machi_http::{Problem, Text};
use machi_model::context::Context;
use machi_model::query::{Direction, Member, OrderBy, OrderParameters, Query, Step};
use machi_types::Caller;

use super::answer::{Place, answer};
use super::wish::{TELLING, WISHES, Wish, no_links};
use crate::History;
use crate::domain::question::Question;
use crate::service::query::Wanted;

/// The other parameters of Table 6.18.3.2-1.
const OTHERS: [&str; 4] = ["local", "splitEntities", "orderBy", "collation"];

pub(super) async fn handle(State(history): State<Arc<History>>, asked: Asked) -> Result<Response, Problem> {
    let query = asked.parameters(&[&SELECTING[..], &WISHES, &PAGE_PARAMETERS, &OTHERS].concat())?;
    let negotiated = Negotiated::without_geo(&asked.headers)?;
    history.face.check_tenant(&asked.caller).await?;
    query.flag("splitEntities")?;
    let wanted = WantedEntities { scope_is_attribute: true, ..WantedEntities::of_query(&query)? };
    let wish = Wish::of_query(&query)?;
    let link = asked.context_link()?;
    let fingerprint = fingerprint(&query, &TELLING, link.as_deref().unwrap_or_default(), b"");
    let place = Place::of(&history.face, &query, &fingerprint)?;
    let context = link_context(&history.face, &asked.caller, &asked.headers).await?;
    let ordering = OrderParameters {
        order_by: query.get("orderBy"),
        collation: query.get("collation"),
        ..OrderParameters::default()
    };
    let inquiry = Inquiry::of(&wanted, &wish, &ordering, &context, (negotiated, &place))?;
    inquiry.answer(&history, (&asked.caller, &asked.uri), (negotiated, &place)).await
}

/// A query, its names expanded.
#[derive(Debug)]
pub(super) struct Inquiry {
    criteria: Criteria,
    question: Question,
    descends: bool,
}

impl Inquiry {
    /// The query that the parameters come to.
    pub(super) fn of(
        wanted: &WantedEntities<'_>,
        wish: &Wish<'_>,
        ordering: &OrderParameters<'_>,
        context: &Arc<Context>,
        (negotiated, place): (Negotiated, &Place),
    ) -> Result<Self, Problem> {
        let mut question = wish.question(context, negotiated, place.earlier)?;
        if wish.interval()?.is_none() {
            return Err(no_interval());
        }
        let criteria = wanted.criteria(context)?;
        if criteria.q.as_ref().map_or(0, Query::link_depth) > 0 {
            return Err(no_links("q"));
        }
        question.scopes.clone_from(&criteria.scopes);
        let order = order(ordering, wanted.local, context)?;
        Ok(Self { criteria, question, descends: order.map_or(Ok(false), |order| descends(&order))? })
    }

    /// The page that is asked for.
    pub(super) async fn answer(
        self,
        history: &History,
        (caller, uri): (&Caller, &Uri),
        (negotiated, place): (Negotiated, &Place),
    ) -> Result<Response, Problem> {
        let Self { criteria, question, descends } = self;
        let wanted = Wanted {
            start: place.page.start().clone(),
            limit: place.page.limit(),
            is_counted: place.page.is_counted(),
            descends,
        };
        let page = history.query_evolutions(caller, criteria, question.clone(), wanted).await?;
        let response = answer(&history.face, (caller, uri), (negotiated, place), &question, page.told).await?;
        let links = (page.next.as_ref(), page.previous.as_ref());
        let response = place.page.link(response, (uri, negotiated.media), links.0, links.1);
        Ok(match page.count {
            Some(count) => response.with_count(count),
            None => response,
        })
    }
}

/// §5.7.4.4: a query for the past needs an interval.
fn no_interval() -> Problem {
    bad(Text::both(
        "a query for the past needs an interval: timerel and timeAt; of one entity all can be retrieved without",
        "履歴の検索にはtimerelとtimeAtが必要です",
    ))
}

/// §5.7.4.4: evolutions are ordered by their ids alone.
fn descends(order: &OrderBy) -> Result<bool, FaceError> {
    match order.terms.as_slice() {
        [term] if term.path.as_plain() == Some(&Step::Member(Member::Id)) => {
            Ok(term.direction == Direction::Descending)
        }
        _ => Err(FaceError::bad_data(Text::both(
            "orderBy: what entities were in the course of time is ordered by id alone: id;asc or id;desc",
            "orderBy: 履歴の並べ替えはidのみ可能です(id;ascまたはid;desc)",
        ))),
    }
}
