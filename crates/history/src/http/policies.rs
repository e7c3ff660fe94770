//! `/machi/v1/history/policies`: how long the past of each type is kept.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use machi_face::wanted::{bad, text_member};
use machi_face::{Asked, FaceError, link_context};
use machi_http::answer::{no_content, representation};
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::request::MediaType;
use machi_http::{Problem, Text};
use machi_model::context::Context;
use machi_model::entity::check_name;
use machi_types::{Json, Name};

use super::holds;
use crate::domain::policies::{NoPolicy, Policy, RAW, SUMMED};
use crate::history::History;
use crate::service::retention::Kept;

/// Stands in the path for all types that have no policy of their own.
const OTHERS: &str = "*";

/// What all operations on policies and holds take.
pub(super) fn operation(method: Method, path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new(method, path, id, summary)
        .tag("history")
        .in_header("NGSILD-Tenant", Schema::string(), "The tenant; without it, the default tenant.")
        .in_header("Link", Schema::string(), "The @context of the names; without it, the core context.")
}

fn of_type(operation: Operation) -> Operation {
    let type_text = "The type: a term of the @context, or an IRI, percent-encoded; * for all types without a policy.";
    operation.in_path("type", Schema::string(), type_text)
}

pub(super) fn list() -> Operation {
    operation(Method::GET, "/machi/v1/history/policies", "listPolicies", "How long the past is kept")
        .description(
            "Policies are applied in the background. \"asOfFrom\" tells from when on asOf and the list of changes \
             answer, where policies have taken anything; \"applied\" what was last done since the process began.",
        )
        .answers(StatusCode::OK, "The policies and holds.", Some(Content::json(schema(), example())))
}

pub(super) fn put() -> Operation {
    let path = "/machi/v1/history/policies/{type}";
    let members = members(Vec::new());
    let asked = vec![("raw".into(), Json::from("P30D")), ("hours".into(), "P2Y".into())];
    of_type(operation(Method::PUT, path, "putPolicy", "Say how long the past of a type is kept"))
        .description(
            "Instances stay whole for \"raw\"; after that, where \"minutes\", \"hours\" or \"days\" are given, numbers \
             stay as one instance for each such period, with mean, count, sum, least and greatest number, and of other \
             values the last; after the longest of all of these nothing stays. What is in force stays in any case.",
        )
        .takes(Content::json(members, Json::Object(asked)))
        .answers(StatusCode::CREATED, "It is new.", None)
        .answers(StatusCode::NO_CONTENT, "It is in the place of the one before.", None)
}

pub(super) fn delete() -> Operation {
    let path = "/machi/v1/history/policies/{type}";
    of_type(operation(Method::DELETE, path, "removePolicy", "Remove the policy of a type"))
        .description("What is gone does not come back; what is there stays.")
        .answers(StatusCode::NO_CONTENT, "It is removed.", None)
}

fn members(first: Vec<(&'static str, Schema)>) -> Schema {
    let raw = Schema::string().described("How long instances stay whole: an ISO 8601 duration, or \"forever\".");
    let summed = [
        "How long one instance for each minute stays.",
        "How long one instance for each hour stays.",
        "How long one instance for each day stays.",
    ];
    let schema = Schema::object([first, vec![(RAW, raw)]].concat());
    let of = |schema: Schema, ((name, _), text)| schema.and_maybe(name, Schema::string().described(text));
    SUMMED.into_iter().zip(summed).fold(schema, of)
}

fn schema() -> Schema {
    let of = Schema::string().described("The type, or * for all types without a policy of their own.");
    let time = |text| Schema::format("date-time").described(text);
    let figure = |text| Schema::integer().described(text);
    let applied = Schema::object(vec![
        ("at", time("When.")),
        ("dropped", figure("Instances that are gone for good.")),
        ("summed", figure("Instances that were summed up.")),
        ("summaries", figure("Instances that stand for them.")),
    ]);
    Schema::object(vec![
        ("policies", Schema::array(members(vec![("type", of)])).described("The policies.")),
        ("holds", Schema::array(holds::schema()).described("What is held, whatever the policies say.")),
    ])
    .and_maybe("asOfFrom", time("From when on the city can be told as it was, where policies have taken anything."))
    .and_maybe("applied", applied.described("What was last done since the process began."))
}

fn example() -> Json<'static> {
    let policy = vec![
        ("type".into(), Json::from("AirQualityObserved")),
        ("raw".into(), "P30D".into()),
        ("hours".into(), "P2Y".into()),
    ];
    Json::Object(vec![
        ("policies".into(), Json::Array(vec![Json::Object(policy)])),
        ("holds".into(), Json::Array(vec![holds::example()])),
        ("asOfFrom".into(), "2026-10-23T00:00:00Z".into()),
    ])
}

pub(super) async fn handle_list(State(history): State<Arc<History>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let context = link_context(&history.face, &asked.caller, &asked.headers).await?;
    let kept = history.kept(&asked.caller).await?;
    Ok(representation(MediaType::Json, written(&kept, &context).to_text()))
}

pub(super) async fn handle_put(State(history): State<Arc<History>>, mut asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let context = link_context(&history.face, &asked.caller, &asked.headers).await?;
    let of = type_of(&asked, &context)?;
    let payload = asked.payload(&history.face).await?;
    let json = payload.json()?;
    check_members(&json, &[RAW, SUMMED[0].0, SUMMED[1].0, SUMMED[2].0])?;
    for name in [RAW].into_iter().chain(SUMMED.map(|(name, _)| name)) {
        text_member(&json, name)?;
    }
    let policy = Policy::parse(of, &|name| json.get(name).and_then(Json::as_str)).map_err(no_policy)?;
    let is_new = history.put_policy(&asked.caller, policy).await?;
    Ok(done(is_new))
}

pub(super) async fn handle_delete(State(history): State<Arc<History>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let context = link_context(&history.face, &asked.caller, &asked.headers).await?;
    let of = type_of(&asked, &context)?;
    history.remove_policy(&asked.caller, of).await?;
    Ok(no_content())
}

/// The answer to a PUT.
pub(super) fn done(is_new: bool) -> Response {
    let mut response = no_content();
    if is_new {
        *response.status_mut() = StatusCode::CREATED;
    }
    response
}

fn type_of(asked: &Asked, context: &Context) -> Result<Option<Name>, Problem> {
    let text = asked.piece("type");
    if text == OTHERS { Ok(None) } else { expanded("type", text, context).map(Some) }
}

/// The IRI that a name stands for.
pub(super) fn expanded(place: &str, text: &str, context: &Context) -> Result<Name, Problem> {
    check_name(text).map_err(|_| {
        let text: String = text.chars().take(120).collect();
        bad(Text::both(
            format!("{place}: \"{text}\" is no name; a name is a term of the @context, prefix:name or an IRI"),
            format!(
                "{place}: \"{text}\"は名前として使えません。@contextの語、prefix:name、IRIのいずれかを指定してください"
            ),
        ))
    })?;
    Ok(context.expand_name(text).map_err(FaceError::from)?)
}

/// Refuses a body that is no object, or has other members than these.
pub(super) fn check_members(json: &Json<'_>, known: &[&str]) -> Result<(), Problem> {
    let Some(members) = json.as_object() else {
        return Err(bad(Text::both("the body must be a JSON object", "本文はJSONオブジェクトでなければなりません")));
    };
    let unknown = members.iter().find(|(name, _)| !known.contains(&&**name));
    unknown.map_or(Ok(()), |(name, _)| {
        let (name, known): (String, String) = (name.chars().take(120).collect(), known.join(", "));
        Err(bad(Text::both(
            format!("the member \"{name}\" is unknown here; there are {known}"),
            format!("メンバー\"{name}\"は指定できません。指定できるもの: {known}"),
        )))
    })
}

fn no_policy(error: NoPolicy) -> Problem {
    bad(match error {
        NoPolicy::NoDuration(member) => Text::both(
            format!("\"{member}\" must be an ISO 8601 duration such as P30D or P1Y, or \"forever\""),
            format!("\"{member}\"にはISO 8601の期間(例: P30D、P1Y)か\"forever\"を指定してください"),
        ),
        NoPolicy::NotLonger(member) => Text::both(
            format!(
                "\"{member}\" must last longer than what comes before it; all durations count from the observation"
            ),
            format!("\"{member}\"は、その前の段階より長い期間でなければなりません(いずれも観測時刻からの期間です)"),
        ),
        NoPolicy::BehindForever(member) => Text::both(
            format!("\"{member}\" would begin after what lasts forever"),
            format!("\"{member}\"の前の段階が\"forever\"のため、指定できません"),
        ),
    })
}

fn written(kept: &Kept, context: &Context) -> Json<'static> {
    let policy = |policy: &Policy| {
        let of = policy.of.as_ref().map_or(OTHERS.to_owned(), |of| context.compact_name(of).into_owned());
        let rest = policy.members().into_iter().map(|(name, text)| (name.into(), Json::from(text)));
        Json::Object(std::iter::once(("type".into(), Json::from(of))).chain(rest).collect())
    };
    let policies = kept.policies.policies.iter().map(policy).collect();
    let mut members =
        vec![("policies".into(), Json::Array(policies)), ("holds".into(), holds::written(&kept.policies, context))];
    if let Some(since) = kept.known_since {
        members.push(("asOfFrom".into(), Json::from(since.to_string())));
    }
    if let Some(applied) = kept.applied {
        let done = applied.retained;
        members.push((
            "applied".into(),
            Json::Object(vec![
                ("at".into(), Json::from(applied.at.to_string())),
                ("dropped".into(), done.dropped.into()),
                ("summed".into(), done.summed.into()),
                ("summaries".into(), done.summaries.into()),
            ]),
        ));
    }
    Json::Object(members)
}
