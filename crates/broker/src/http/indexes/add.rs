//! `POST /machi/v1/indexes`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::header::LOCATION;
use http::{HeaderValue, Method, StatusCode};
use machi_face::Asked;
use machi_http::answer::representation;
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::request::MediaType;
use machi_http::{Problem, Text};
use machi_types::{ErrorKind, Json};

use super::{PATH, TENANT, example, schema, view};
use crate::Broker;
use crate::http::output::location;
use crate::service::indexes::definition;

pub(super) fn operation() -> Operation {
    let path = Schema::string().described("A path as q writes it: temperature.accuracy, address[city], name.");
    let patterns = Schema::boolean().described("Keep texts whole, for ~= and !~=; false where nothing is said.");
    let members = Schema::object(vec![("path", path)]).and_maybe("patterns", patterns);
    let asked = Json::Object(vec![("path".into(), "temperature.accuracy".into())]);
    let body = Content::json(members, asked);
    Operation::new(Method::POST, "/machi/v1/indexes", "addIndex", "Build an index in the background")
        .tag("indexes")
        .description(
            "For conditions on a sub-attribute or on the inside of a JSON value, and with \"patterns\" for ~= on long texts. Names are expanded by the @context of the Link header. Queries use the index as soon as its state is \"ready\".",
        )
        .in_header(TENANT, Schema::string(), "The tenant; without it, the default tenant.")
        .takes(body.clone())
        .takes(body.as_json_ld())
        .answers(StatusCode::CREATED, "It is being built.", Some(Content::json(schema(), example())))
        .answers(StatusCode::OK, "It was there before.", Some(Content::json(schema(), example())))
}

pub(super) async fn handle(State(broker): State<Arc<Broker>>, mut asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let payload = asked.payload(&broker.face).await?;
    let json = payload.json()?;
    let context = payload.context(&broker.face, &asked.caller, &json).await?;
    let (path, is_for_patterns) = wanted(&json)?;
    let definition = definition(path, is_for_patterns, &|name| context.expand_name(name))?;
    let (index, is_new) = broker.add_index(&asked.caller, path, definition).await?;
    let mut response = representation(MediaType::Json, view(&index).to_text());
    if is_new {
        *response.status_mut() = StatusCode::CREATED;
        if let Ok(place) = HeaderValue::from_str(&location(PATH, &index.id)) {
            response.headers_mut().insert(LOCATION, place);
        }
    }
    Ok(response)
}

/// The members of the body.
fn wanted<'j>(json: &'j Json<'_>) -> Result<(&'j str, bool), Problem> {
    let known = ["path", "patterns", "@context"];
    let unknown = json.as_object().and_then(|members| members.iter().find(|(name, _)| !known.contains(&&**name)));
    if let Some((name, _)) = unknown {
        return Err(bad(Text::both(
            format!("\"{name}\" is no member of an index; there are \"path\" and \"patterns\""),
            format!("\"{name}\"は索引のメンバーではありません。\"path\"と\"patterns\"を指定できます"),
        )));
    }
    let path = json.get("path").and_then(Json::as_str).ok_or_else(|| {
        bad(Text::both(
            "the member \"path\" must be a text such as \"temperature.accuracy\"",
            "メンバー\"path\"に\"temperature.accuracy\"のような文字列を指定してください",
        ))
    })?;
    let patterns = match json.get("patterns") {
        None => Some(false),
        Some(json) => json.as_bool(),
    };
    let patterns = patterns.ok_or_else(|| {
        bad(Text::both("the member \"patterns\" must be true or false", "メンバー\"patterns\"はtrueかfalseです"))
    })?;
    Ok((path, patterns))
}

fn bad(detail: Text) -> Problem {
    Problem::new(ErrorKind::BadRequestData, detail)
}
