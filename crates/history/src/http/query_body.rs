//! `POST /temporal/entityOperations/query` (ETSI GS CIM 009 §5.7.4, §6.24.3.1)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::page::fingerprint;
use machi_face::query_body::{self, flag_member, object_member};
use machi_face::shown::refuse_entity_map;
use machi_face::wanted::{List, Wanted, bad, list_member, text_member, wrong_kind};
use machi_face::{Asked, Negotiated};
use machi_http::request::PAGE_PARAMETERS;
use machi_http::{Problem, Text};
use machi_model::query::{AggregationMethod, OrderParameters, Period, TemporalParameters};
use machi_types::Json;

use super::answer::Place;
use super::query::Inquiry;
use super::wish::Wish;
use crate::History;

/// What stands in the URL: paging, and how the answer is written.
const OTHERS: [&str; 3] = ["local", "format", "options"];

/// The members of a query for the past (§5.2.23, §5.2.44).
const MEMBERS: [&str; 22] = [
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
    "lang",
    "ordering",
    "splitEntities",
    "temporalQ",
    "aggrParams",
    "@context",
];

/// The members of its `temporalQ` (§5.2.21).
const TEMPORAL: [&str; 7] =
    ["timerel", "timeAt", "endTimeAt", "timeproperty", "lastN", "aggrMethods", "aggrPeriodDuration"];

pub(super) async fn handle(State(history): State<Arc<History>>, mut asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[&PAGE_PARAMETERS[..], &OTHERS].concat())?;
    let negotiated = Negotiated::without_geo(&asked.headers)?;
    history.face.check_tenant(&asked.caller).await?;
    let payload = asked.payload(&history.face).await?;
    let json = payload.json()?;
    query_body::check(&json, &MEMBERS)?;
    let context = payload.context(&history.face, &asked.caller, &json).await?;
    let query = asked.parameters(&[&PAGE_PARAMETERS[..], &OTHERS].concat())?;
    let link = asked.context_link()?;
    let fingerprint = fingerprint(&query, &[], link.as_deref().unwrap_or_default(), payload.bytes());
    let place = Place::of(&history.face, &query, &fingerprint)?;
    let wanted = Wanted { scope_is_attribute: true, ..query_body::wanted(&json, query.flag("local")?)? };
    let mut wish = wish(&json)?;
    wish.read_format(&query)?;
    let ordering = query_body::ordering(&json)?;
    let ordering = ordering.as_ref().map_or(OrderParameters::default(), query_body::Ordering::parameters);
    let inquiry = Inquiry::of(&wanted, &wish, &ordering, &context, (negotiated, &place))?;
    inquiry.answer(&history, (&asked.caller, &asked.uri), (negotiated, &place)).await
}

/// What is wanted of the entities that it finds.
fn wish<'a>(json: &'a Json<'_>) -> Result<Wish<'a>, Problem> {
    refuse_entity_map(flag_member(json, "entityMap")?)?;
    flag_member(json, "splitEntities")?;
    refuse_links(json)?;
    let Some(temporal) = object_member(json, "temporalQ", &TEMPORAL)? else { return Err(no_temporal_query()) };
    let (methods, period) = aggregation(json, temporal)?;
    Ok(Wish {
        attrs: list_member(json, "attrs")?,
        pick: list_member(json, "pick")?,
        omit: list_member(json, "omit")?,
        lang: text_member(json, "lang")?,
        datasets: list_member(json, "datasetId")?,
        time: TemporalParameters {
            timerel: text_member(temporal, "timerel")?,
            time_at: text_member(temporal, "timeAt")?,
            end_time_at: text_member(temporal, "endTimeAt")?,
            timeproperty: text_member(temporal, "timeproperty")?,
        },
        last: last(temporal)?,
        methods,
        period,
        ..Wish::default()
    })
}

/// Links are not followed into the past.
fn refuse_links(json: &Json<'_>) -> Result<(), Problem> {
    let joins = text_member(json, "join")?.filter(|join| *join != "@none");
    let member = if json.get("containedBy").is_some() { Some("containedBy") } else { joins.map(|_| "join") };
    member.map_or(Ok(()), |member| {
        Err(bad(Text::both(
            format!("a query for the past does not take \"{member}\": links are not followed into the past"),
            format!("履歴の検索では\"{member}\"を指定できません"),
        )))
    })
}

fn last(temporal: &Json<'_>) -> Result<Option<u64>, Problem> {
    let Some(last) = temporal.get("lastN") else { return Ok(None) };
    match last.as_u64() {
        Some(last) => Ok(Some(last)),
        None => Err(wrong_kind("lastN", "a whole number from 1 on", "1以上の整数", last)),
    }
}

type Aggregation<'a> = (List<'a>, Option<&'a str>);

/// Both places take the methods and the period, as the standard has it in two ways; where both do, they say the same.
fn aggregation<'a>(json: &'a Json<'_>, temporal: &'a Json<'a>) -> Result<Aggregation<'a>, Problem> {
    let Some(parameters) = object_member(json, "aggrParams", &["aggrMethods", "aggrPeriodDuration"])? else {
        return aggregation_of(temporal);
    };
    let (methods, period) = aggregation_of(parameters)?;
    if matches!(methods, List::Absent) {
        return Err(bad(Text::both("aggrParams needs aggrMethods", "aggrParamsにはaggrMethodsが必要です")));
    }
    let (other_methods, other_period) = aggregation_of(temporal)?;
    let differs = (!matches!(other_methods, List::Absent) && !is_same(&methods, &other_methods))
        || other_period.is_some_and(|other| !is_same_period(period.unwrap_or("PT0S"), other));
    if differs {
        return Err(bad(Text::both(
            "aggrParams and temporalQ say different things of how to aggregate; say it in one of them",
            "aggrParamsとtemporalQの集約の指定が異なります。どちらか一方に指定してください",
        )));
    }
    Ok((methods, period))
}

fn aggregation_of<'a>(json: &'a Json<'a>) -> Result<Aggregation<'a>, Problem> {
    let methods = match json.get("aggrMethods") {
        Some(Json::String(text)) => List::Text(text),
        _ => list_member(json, "aggrMethods")?,
    };
    Ok((methods, text_member(json, "aggrPeriodDuration")?))
}

fn is_same(methods: &List<'_>, others: &List<'_>) -> bool {
    let read = |list: &List<'_>| AggregationMethod::parse_items(list.items()).ok();
    read(methods) == read(others)
}

fn is_same_period(period: &str, other: &str) -> bool {
    Period::parse(period).ok() == Period::parse(other).ok()
}

fn no_temporal_query() -> Problem {
    bad(Text::both(
        "a query for the past needs a member \"temporalQ\" with timerel and timeAt",
        "履歴の検索には\"temporalQ\"(timerelとtimeAt)が必要です",
    ))
}
