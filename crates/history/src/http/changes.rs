//! `GET /machi/v1/changes`: what changed between two instants.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use machi_face::wanted::{bad, expander};
use machi_face::{AsOf, Asked, FaceError, japanese, link_context};
use machi_http::answer::representation;
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::request::{MediaType, Query};
use machi_http::{Problem, Text};
use machi_model::context::Context;
use machi_model::query::TypeExpression;
use machi_types::{Iri, Json, Name};

use crate::history::History;
use crate::service::changes::{ChangedEntity, Changes, EntityChange, Span};

const PARAMETERS: [&str; 5] = ["from", "to", "type", "after", "limit"];

pub(super) fn operation() -> Operation {
    let instant = "a date-time in UTC, or a position";
    Operation::new(Method::GET, "/machi/v1/changes", "listChanges", "What changed between two instants")
        .tag("history")
        .description(
            "Entities that came, changed or went, in the order of their ids. What changed and is again what it was is left \
             out; what happened in between is told by the temporal API.",
        )
        .in_header("NGSILD-Tenant", Schema::string(), "The tenant; without it, the default tenant.")
        .in_header("Link", Schema::string(), "The @context of the names; without it, the core context.")
        .needs_query("from", Schema::string().described(instant), "The earlier instant.")
        .in_query("to", Schema::string().described(instant), "The later instant; without it, now.")
        .in_query("type", Schema::string(), "Only entities of these types, written as in NGSI-LD queries.")
        .in_query("after", Schema::string(), "Only entities behind this id: the \"next\" of the page before.")
        .in_query("limit", Schema::integer(), "How many entities at most ([limits] page and largest_page).")
        .answers(StatusCode::OK, "The entities.", Some(Content::json(schema(), example())))
}

fn schema() -> Schema {
    let entity = Schema::object(vec![
        ("id", Schema::string().described("The entity.")),
        ("type", Schema::any().described("Its type, or its types, at the later instant where it is there then.")),
        ("change", Schema::one_of(&["created", "changed", "deleted"]).described("What became of it.")),
    ])
    .and_maybe("attributes", Schema::array(Schema::string()).described("Of one that changed: attributes that differ."))
    .and_maybe("itself", Schema::boolean().described("Of one that changed: whether type, scope or expiresAt differ."));
    Schema::object(vec![
        ("from", Schema::format("date-time").described("The earlier instant.")),
        ("to", Schema::format("date-time").described("The later instant.")),
        ("entities", Schema::array(entity).described("What changed.")),
    ])
    .and_maybe("next", Schema::string().described("There are more: ask again with after=next."))
}

fn example() -> Json<'static> {
    let entity = |id: &'static str, change: &'static str| {
        vec![("id".into(), Json::from(id)), ("type".into(), "Room".into()), ("change".into(), change.into())]
    };
    let mut changed = entity("urn:ngsi-ld:Room:1", "changed");
    changed.push(("attributes".into(), Json::Array(vec!["temperature".into()])));
    changed.push(("itself".into(), Json::Bool(false)));
    let gone = entity("urn:ngsi-ld:Room:2", "deleted");
    Json::Object(vec![
        ("from".into(), "2026-11-22T10:00:00Z".into()),
        ("to".into(), "2026-11-23T10:00:00Z".into()),
        ("entities".into(), Json::Array(vec![Json::Object(changed), Json::Object(gone)])),
    ])
}

pub(super) async fn handle(State(history): State<Arc<History>>, asked: Asked) -> Result<Response, Problem> {
    let parameters = asked.parameters(&PARAMETERS)?;
    let context = link_context(&history.face, &asked.caller, &asked.headers).await?;
    let span = span(&history, &parameters, &context)?;
    let changes = history.changes(&asked.caller, &span).await?;
    Ok(representation(MediaType::Json, written(&changes, &context).to_text()))
}

fn span(history: &History, parameters: &Query<'_>, context: &Context) -> Result<Span, Problem> {
    let Some(from) = parameters.get("from") else {
        return Err(bad(Text::both(
            "from: the earlier instant is missing, such as from=2026-11-22T10:00:00Z",
            "from: 比較の始点となる日時がありません(例: from=2026-11-22T10:00:00Z)",
        )));
    };
    let types = parameters.get("type").map(TypeExpression::parse).transpose().map_err(FaceError::from)?;
    let types = types.map(|types| types.expand(&expander(context))).transpose().map_err(FaceError::from)?;
    let limits = &history.face.config.limits;
    let limit = parameters.number("limit")?.map_or(limits.page_rows, |limit| limit as usize);
    if limit == 0 || limit > limits.page_rows_max {
        let most = limits.page_rows_max;
        return Err(bad(Text::both(
            format!("limit: a number from 1 to {most} is needed ([limits] largest_page)"),
            format!("limit: 1から{most}までの数を指定してください([limits] largest_page)"),
        )));
    }
    Ok(Span {
        from: AsOf::parse("from", from)?,
        to: parameters.get("to").map(|to| AsOf::parse("to", to)).transpose()?,
        types,
        after: parameters.get("after").map(id).transpose()?,
        limit,
    })
}

fn id(text: &str) -> Result<Name, Problem> {
    text.parse::<Iri>().map(Iri::into_name).map_err(|error| {
        bad(Text::both(
            format!("after: \"next\" of the page before is needed, which is an IRI: {error}"),
            format!("after: 前のページの\"next\"(IRI)を指定してください: {}", japanese::iri(&error)),
        ))
    })
}

fn written(changes: &Changes, context: &Context) -> Json<'static> {
    let entities = changes.entities.iter().map(|one| entity(one, context)).collect();
    let mut members = vec![
        ("from".into(), Json::from(changes.from.to_string())),
        ("to".into(), Json::from(changes.to.to_string())),
        ("entities".into(), Json::Array(entities)),
    ];
    if let Some(last) = changes.entities.last().filter(|_| changes.more) {
        members.push(("next".into(), Json::from(last.id.to_string())));
    }
    Json::Object(members)
}

fn entity(changed: &ChangedEntity, context: &Context) -> Json<'static> {
    let compact = |name: &Name| Json::from(context.compact_name(name).into_owned());
    let mut types: Vec<Json<'static>> = changed.types.iter().map(compact).collect();
    let kind = if types.len() == 1 { types.remove(0) } else { Json::Array(types) };
    let change = match changed.change {
        EntityChange::Created => "created",
        EntityChange::Deleted => "deleted",
        EntityChange::Changed { .. } => "changed",
    };
    let mut members = vec![
        ("id".into(), Json::from(changed.id.to_string())),
        ("type".into(), kind),
        ("change".into(), change.into()),
    ];
    if let EntityChange::Changed { attributes, itself } = &changed.change {
        members.push(("attributes".into(), Json::Array(attributes.iter().map(compact).collect())));
        members.push(("itself".into(), Json::Bool(*itself)));
    }
    Json::Object(members)
}
