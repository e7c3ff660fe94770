//! `PATCH /entities/{entityId}` (ETSI GS CIM 009 §5.6.17, §6.5.3.4)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_http::request::Query;
use machi_http::{Problem, Text};
use machi_model::entity::{Input, Observed, is_language_tag};
use machi_types::ErrorKind;

use super::{read_fragment, unless_missing};
use crate::Broker;
use crate::http::output;
use crate::service::merge::MergeOptions;

/// The words that say the body is in the simplified representation.
const SIMPLIFIED: [&str; 2] = ["simplified", "keyValues"];

pub(in crate::http) async fn handle(State(broker): State<Arc<Broker>>, mut asked: Asked) -> Result<Response, Problem> {
    let id = asked.entity_id()?;
    let types = asked.type_parameter(&["format", "lang", "local", "observedAt", "options"])?;
    let (input, options) = how(&asked.parameters(&["format", "lang", "local", "observedAt", "options", "type"])?)?;
    let read = read_fragment(&broker, &mut asked, &types, input).await;
    let (fragment, target) = unless_missing(&broker, &asked.caller, &id, read).await?;
    let written = broker.merge_entity(&asked.caller, &id, fragment, options, target).await?;
    Ok(output::written(&id, &written, asked.language))
}

/// Table 6.5.3.4-1: `format` comes before `options`.
fn how(parameters: &Query<'_>) -> Result<(Input, MergeOptions), Problem> {
    let options = parameters.words("options", &SIMPLIFIED)?;
    let format = parameters.words("format", &SIMPLIFIED)?;
    let is_simplified = !format.is_empty() || !options.is_empty();
    let input = if is_simplified { Input::MERGE.simplified() } else { Input::MERGE };
    let observed_at = parameters.get("observedAt").map(time).transpose()?;
    let lang = parameters.get("lang").map(language).transpose()?;
    Ok((input, MergeOptions { observed_at, lang, simplified: is_simplified }))
}

/// A key of a `languageMap` (§4.5.18.2): unlike the `lang` of a query, no list of ranges.
fn language(text: &str) -> Result<String, Problem> {
    if is_language_tag(text) {
        return Ok(text.to_owned());
    }
    Err(Problem::new(
        ErrorKind::BadRequestData,
        Text::both(
            "the query parameter \"lang\" must be one language tag (RFC 5646), such as ja or pt-BR, or @none",
            "クエリパラメーター\"lang\"はjaやpt-BRのような言語タグ(RFC 5646)1つか@noneでなければなりません",
        ),
    ))
}

fn time(text: &str) -> Result<Observed, Problem> {
    text.parse().map_err(|()| {
        Problem::new(
            ErrorKind::BadRequestData,
            Text::both(
                "the query parameter \"observedAt\" must be a date-time in UTC, such as 2026-11-22T10:00:00Z",
                "クエリパラメーター\"observedAt\"は2026-11-22T10:00:00Zのような日時でなければなりません",
            ),
        )
    })
}
