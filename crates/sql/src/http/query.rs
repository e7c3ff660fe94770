//! `POST /machi/v1/sql`: one query, answered in the form that the client asks for.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use datafusion::arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use futures_util::stream::unfold;
use http::{HeaderValue, Method, StatusCode, header};
use machi_face::wanted::{bad, text_member};
use machi_face::{Asked, link_context};
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::{Problem, Text, answer};
use machi_types::Json;

use super::format::{Format, Writer};
use crate::sql::Query;
use crate::{Answer, Fault, Sql, SqlError};

/// Until so many bytes are written, what goes wrong is told with a status of its own.
const HELD: usize = 1 << 20;

pub(super) fn operation() -> Operation {
    let query = Schema::string().described("One statement that reads: SELECT, WITH, VALUES or EXPLAIN.");
    let parameters = Schema::array(Schema::any())
        .described("What stands for $1, $2 and so on: numbers, texts, truth values and null.");
    let asked =
        vec![("query".into(), Json::from("SELECT id, \"temperature\" FROM \"Room\" WHERE \"temperature\" > $1"))];
    let asked = asked.into_iter().chain([("parameters".into(), Json::Array(vec![20.into()]))]).collect();
    let row = vec![("id".into(), Json::from("urn:ngsi-ld:Room:1")), ("temperature".into(), 21.into())];
    Operation::new(Method::POST, "/machi/v1/sql", "querySql", "Ask the city in SQL")
        .tag("sql")
        .description(
            "Reads the entities as they are, a table for each type, and their past, the table history, and changes \
             nothing. The Accept header chooses JSON, text/csv or application/vnd.apache.arrow.stream. An answer that \
             breaks off, without the end that its form has, is not whole.",
        )
        .in_header("NGSILD-Tenant", Schema::string(), "The tenant; without it, the default tenant.")
        .in_header("Link", Schema::string(), "The @context of the names; without it, the core context.")
        .takes(Content::json(
            Schema::object(vec![("query", query)]).and_maybe("parameters", parameters),
            Json::Object(asked),
        ))
        .answers(
            StatusCode::OK,
            "The rows: here as JSON, each an object of its columns.",
            Some(Content::json(Schema::array(Schema::any()), Json::Array(vec![Json::Object(row)]))),
        )
}

pub(super) async fn handle(State(sql): State<Arc<Sql>>, mut asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let format = Format::wanted(&asked.headers)?;
    sql.face.check_tenant(&asked.caller).await.map_err(Problem::from)?;
    let context = link_context(&sql.face, &asked.caller, &asked.headers).await?;
    let payload = asked.payload(&sql.face).await?;
    let json = payload.json()?;
    let (text, parameters) = read(&json)?;
    let answer = sql.answer(&asked.caller, Query { text, parameters, context, client: None }).await?;
    let telling = Telling::begin(answer, format).await?;
    let mut response = answer::status(StatusCode::OK);
    *response.body_mut() = Body::from_stream(unfold(Some(telling), next));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, format.content_type());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn read(json: &Json<'_>) -> Result<(String, Vec<ScalarValue>), Problem> {
    let Some(members) = json.as_object() else {
        return Err(bad(Text::both("the body must be a JSON object", "本文はJSONオブジェクトでなければなりません")));
    };
    if let Some((name, _)) = members.iter().find(|(name, _)| !["query", "parameters"].contains(&&**name)) {
        let name: String = name.chars().take(120).collect();
        return Err(bad(Text::both(
            format!("the member \"{name}\" is unknown here; there are query and parameters"),
            format!("メンバー\"{name}\"は指定できません。指定できるもの: query, parameters"),
        )));
    }
    let query = text_member(json, "query")?.ok_or_else(|| {
        bad(Text::both(
            "\"query\" is missing: one statement of SQL, such as SELECT count(*) FROM history",
            "\"query\"がありません。SQL文を1つ指定してください(例: SELECT count(*) FROM history)",
        ))
    })?;
    let parameters = match json.get("parameters") {
        None => Vec::new(),
        Some(Json::Array(items)) => items.iter().map(parameter).collect::<Result<_, _>>()?,
        Some(_) => return Err(no_parameter()),
    };
    Ok((query.to_owned(), parameters))
}

fn parameter(json: &Json<'_>) -> Result<ScalarValue, Problem> {
    match json {
        Json::Null => Ok(ScalarValue::Null),
        Json::Bool(flag) => Ok(ScalarValue::Boolean(Some(*flag))),
        Json::String(text) => Ok(ScalarValue::Utf8(Some(text.to_string()))),
        Json::Number(_) => match json.as_u64().and_then(|whole| i64::try_from(whole).ok()) {
            Some(whole) => Ok(ScalarValue::Int64(Some(whole))),
            None => Ok(ScalarValue::Float64(json.as_f64())),
        },
        Json::Array(_) | Json::Object(_) => Err(no_parameter()),
    }
}

fn no_parameter() -> Problem {
    bad(Text::both(
        "\"parameters\" must be an array of numbers, texts, truth values and null",
        "\"parameters\"は数値、文字列、真偽値、nullの配列でなければなりません",
    ))
}

/// An answer while it is written.
struct Telling {
    answer: Answer,
    writer: Writer,
    is_end: bool,
}

impl Telling {
    /// Writes until there is enough to begin the answer with, or all of it.
    async fn begin(answer: Answer, format: Format) -> Result<Self, SqlError> {
        let writer = Writer::new(format, answer.schema()).map_err(|error| unwritable(&error))?;
        let mut telling = Self { answer, writer, is_end: false };
        while !telling.is_end && telling.writer.len() < HELD {
            telling.go_on().await?;
        }
        Ok(telling)
    }

    async fn go_on(&mut self) -> Result<(), SqlError> {
        let written = if let Some(batch) = self.answer.next().await? {
            self.writer.write(&batch)
        } else {
            self.is_end = true;
            self.writer.finish()
        };
        written.map_err(|error| unwritable(&error))
    }
}

fn unwritable(error: &ArrowError) -> SqlError {
    SqlError::refused(
        Fault::Value,
        format!("the answer cannot be written in this form: {error}"),
        format!("結果をこの形式で出力できません: {error}"),
    )
}

/// An answer that has begun can only be broken off.
async fn next(telling: Option<Telling>) -> Option<(io::Result<Bytes>, Option<Telling>)> {
    let mut telling = telling?;
    loop {
        let written = telling.writer.take();
        if !written.is_empty() {
            return Some((Ok(written.into()), Some(telling)));
        }
        if telling.is_end {
            return None;
        }
        if let Err(error) = telling.go_on().await {
            return Some((Err(io::Error::other(error)), None));
        }
    }
}
