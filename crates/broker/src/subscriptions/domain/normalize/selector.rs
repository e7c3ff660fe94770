//! `EntitySelector` (ETSI GS CIM 009 §5.2.33).

use machi_model::query::{Pattern, TypeExpression};
use machi_types::Json;

use super::member;
use crate::subscriptions::domain::fault::Fault;
use crate::subscriptions::domain::names::Expand;

const MEMBERS: &[&str] = &["type", "id", "idPattern"];

/// Checks the selectors and expands their types.
pub(super) fn selectors(path: &str, json: &Json<'_>, expand: Expand<'_>) -> Result<Json<'static>, Fault> {
    let items = member::items(path, json)?;
    let selected =
        items.iter().enumerate().map(|(n, item)| selector(item, expand).map_err(|f| f.below(&format!("{path}[{n}]"))));
    Ok(Json::Array(selected.collect::<Result<_, _>>()?))
}

fn selector(json: &Json<'_>, expand: Expand<'_>) -> Result<Json<'static>, Fault> {
    let members = member::object("", json)?;
    let mut selector = Vec::new();
    for (name, value) in members {
        let value = match &**name {
            "type" | "@type" => ("type", Json::from(types(value, expand)?)),
            "id" | "@id" => ("id", ids(value)?),
            "idPattern" => {
                let text = member::filled("idPattern", value)?;
                Pattern::parse("idPattern", text).map_err(|error| Fault::of_query("idPattern", &error))?;
                ("idPattern", Json::from(text.to_owned()))
            }
            other => {
                member::check_spelling(other, MEMBERS)?;
                continue;
            }
        };
        selector.push((value.0.into(), value.1));
    }
    let selector = Json::Object(selector);
    if selector.get("type").is_none() {
        return Err(Fault::at(
            "type",
            "it is missing; name a type, or \"*\" for any",
            "指定が必要です(型の名前、またはすべてを表す\"*\")",
        ));
    }
    Ok(selector)
}

fn types(json: &Json<'_>, expand: Expand<'_>) -> Result<String, Fault> {
    let text = member::filled("type", json)?;
    let expression = TypeExpression::parse(text).map_err(|error| Fault::of_query("type", &error))?;
    let expanded = expression.expand(expand).map_err(|error| Fault::of_name("type", &error))?;
    Ok(expanded.to_string())
}

/// One id or several; always kept as an array.
fn ids(json: &Json<'_>) -> Result<Json<'static>, Fault> {
    if json.as_str().is_some() {
        return Ok(Json::Array(vec![Json::from(member::iri("id", json)?.to_owned())]));
    }
    let items = member::items("id", json)?;
    let ids = items
        .iter()
        .enumerate()
        .map(|(n, item)| member::iri(&format!("id[{n}]"), item).map(|id| Json::from(id.to_owned())));
    Ok(Json::Array(ids.collect::<Result<_, _>>()?))
}
