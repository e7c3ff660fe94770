//! `/machi/v1/history/holds`: what of the past must stay as it is, whatever the policies say.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use machi_face::wanted::{bad, list_member, text_member};
use machi_face::{Asked, japanese, link_context};
use machi_http::answer::{no_content, representation};
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::request::MediaType;
use machi_http::{Problem, Text};
use machi_model::context::Context;
use machi_types::{Iri, Json, Name};

use super::policies::{check_members, done, expanded, operation};
use crate::domain::policies::{LegalHold, Policies};
use crate::history::History;

/// How long the name of a hold may be, and its reason.
const LONGEST_NAME: usize = 64;
const LONGEST_REASON: usize = 1000;
const ENDPOINT: &str = "/machi/v1/history/holds/{hold}";

fn named(operation: Operation) -> Operation {
    let text = "The name of the hold: 1 to 64 characters of A-Z a-z 0-9 _ - .";
    operation.in_path("hold", Schema::string(), text)
}

pub(super) fn list() -> Operation {
    let answer = Content::json(Schema::array(schema()), Json::Array(vec![example()]));
    operation(Method::GET, "/machi/v1/history/holds", "listHolds", "What of the past is held").answers(
        StatusCode::OK,
        "The holds, by name.",
        Some(answer),
    )
}

pub(super) fn put() -> Operation {
    let body = Schema::object(vec![("reason", Schema::string().described("Why."))])
        .and_maybe("types", Schema::array(Schema::string()).described("The past of entities of these types."))
        .and_maybe("ids", Schema::array(Schema::format("uri")).described("The past of these entities."));
    let asked =
        vec![("reason".into(), Json::from("case 2026-117")), ("types".into(), Json::Array(vec!["Gate".into()]))];
    named(operation(Method::PUT, ENDPOINT, "putHold", "Hold something of the past"))
        .description(
            "What is held is neither dropped nor summed up, and requests to delete it are refused. Without types and \
             ids, all of the tenant is held.",
        )
        .takes(Content::json(body, Json::Object(asked)))
        .answers(StatusCode::CREATED, "It is new.", None)
        .answers(StatusCode::NO_CONTENT, "It is in the place of the one before, since when it was.", None)
}

pub(super) fn delete() -> Operation {
    named(operation(Method::DELETE, ENDPOINT, "removeHold", "Lift a hold"))
        .description("The policies are then applied again.")
        .answers(StatusCode::NO_CONTENT, "It is lifted.", None)
}

pub(super) fn schema() -> Schema {
    Schema::object(vec![
        ("name", Schema::string().described("Its name.")),
        ("reason", Schema::string().described("Why.")),
        ("since", Schema::format("date-time").described("Since when.")),
    ])
    .and_maybe("types", Schema::array(Schema::string()).described("The types whose entities it holds."))
    .and_maybe("ids", Schema::array(Schema::format("uri")).described("The entities that it holds."))
}

pub(super) fn example() -> Json<'static> {
    Json::Object(vec![
        ("name".into(), Json::from("case-117")),
        ("reason".into(), "case 2026-117".into()),
        ("since".into(), "2026-11-22T10:00:00Z".into()),
        ("types".into(), Json::Array(vec!["Gate".into()])),
    ])
}

pub(super) async fn handle_list(State(history): State<Arc<History>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let context = link_context(&history.face, &asked.caller, &asked.headers).await?;
    let kept = history.kept(&asked.caller).await?;
    Ok(representation(MediaType::Json, written(&kept.policies, &context).to_text()))
}

pub(super) async fn handle_put(State(history): State<Arc<History>>, mut asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let context = link_context(&history.face, &asked.caller, &asked.headers).await?;
    let name = name(&asked)?;
    let payload = asked.payload(&history.face).await?;
    let json = payload.json()?;
    check_members(&json, &["reason", "types", "ids"])?;
    let reason = text_member(&json, "reason")?.map(str::trim).unwrap_or_default();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(bad(Text::both(
            format!("\"reason\" must say why, in 1 to {LONGEST_REASON} characters"),
            format!("\"reason\"に理由を1～{LONGEST_REASON}文字で指定してください"),
        )));
    }
    let types = list_member(&json, "types")?.items().into_iter().map(|text| expanded("types", text, &context));
    let hold = LegalHold {
        name,
        reason: reason.to_owned(),
        since: history.face.clock.now(),
        types: types.collect::<Result<_, _>>()?,
        ids: list_member(&json, "ids")?.items().into_iter().map(id).collect::<Result<_, _>>()?,
    };
    let is_new = history.put_hold(&asked.caller, hold).await?;
    Ok(done(is_new))
}

pub(super) async fn handle_delete(State(history): State<Arc<History>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    history.remove_hold(&asked.caller, name(&asked)?).await?;
    Ok(no_content())
}

fn name(asked: &Asked) -> Result<Name, Problem> {
    let text = asked.piece("hold");
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if text.is_empty() || text.len() > LONGEST_NAME || !text.bytes().all(is_name) {
        return Err(bad(Text::both(
            format!("the name of a hold has 1 to {LONGEST_NAME} characters of A-Z a-z 0-9 _ - ."),
            format!("保全の名前は、A-Z a-z 0-9 _ - . からなる1～{LONGEST_NAME}文字です"),
        )));
    }
    Ok(Name::from(text))
}

fn id(text: &str) -> Result<Name, Problem> {
    text.parse::<Iri>().map(Iri::into_name).map_err(|error| {
        bad(Text::both(
            format!("ids: an entity is named by its IRI: {error}"),
            format!("ids: エンティティIDがIRIではありません: {}", japanese::iri(&error)),
        ))
    })
}

/// Holds as clients see them.
pub(super) fn written(policies: &Policies, context: &Context) -> Json<'static> {
    let hold = |hold: &LegalHold| {
        let mut members = vec![
            ("name".into(), Json::from(hold.name.to_string())),
            ("reason".into(), hold.reason.clone().into()),
            ("since".into(), hold.since.to_string().into()),
        ];
        let types: Vec<_> = hold.types.iter().map(|name| context.compact_name(name).into_owned().into()).collect();
        let ids: Vec<_> = hold.ids.iter().map(|id| Json::from(id.to_string())).collect();
        for (name, all) in [("types", types), ("ids", ids)] {
            if !all.is_empty() {
                members.push((name.into(), Json::Array(all)));
            }
        }
        Json::Object(members)
    };
    Json::Array(policies.holds.iter().map(hold).collect())
}
