//! `NotificationParams` (ETSI GS CIM 009 §5.2.14).

use machi_model::query::{NameList, Projection, Step};
use machi_types::Json;

use super::{endpoint, member};
use crate::subscriptions::domain::fault::Fault;
use crate::subscriptions::domain::names::Expand;

const MEMBERS: &[&str] =
    &["endpoint", "attributes", "format", "join", "joinLevel", "omit", "pick", "showChanges", "sysAttrs"];

/// What this broker says of notifications, not the subscriber (§5.2.14.2: "shall ignore them").
const OUTPUT_ONLY: &[&str] = &["lastFailure", "lastNotification", "lastSuccess", "status", "timesFailed", "timesSent"];

/// Checks the parameters and expands their names.
pub(super) fn parameters(json: &Json<'_>, expand: Expand<'_>) -> Result<Json<'static>, Fault> {
    let members = member::object("", json)?;
    let mut parameters = Vec::new();
    for (name, value) in members {
        let value = match &**name {
            "endpoint" => endpoint::endpoint(value).map_err(|fault| fault.below("endpoint"))?,
            "attributes" => attributes(value, expand)?,
            name @ ("pick" | "omit") => projection(if name == "pick" { "pick" } else { "omit" }, value, expand)?,
            "format" => member::word("format", value, &["normalized", "concise", "simplified", "keyValues"])?.into(),
            "join" => member::word("join", value, &["flat", "inline", "@none"])?.into(),
            "joinLevel" => Json::from(member::whole("joinLevel", value)?),
            name @ ("showChanges" | "sysAttrs") => Json::Bool(member::flag(name, value)?),
            name if OUTPUT_ONLY.contains(&name) => continue,
            other => {
                member::check_spelling(other, MEMBERS)?;
                continue;
            }
        };
        parameters.push((name.to_string().into(), value));
    }
    let parameters = Json::Object(parameters);
    check(&parameters)?;
    Ok(parameters)
}

fn check(parameters: &Json<'_>) -> Result<(), Fault> {
    let has = |name: &str| parameters.get(name).is_some();
    if !has("endpoint") {
        return Err(Fault::at(
            "endpoint",
            "it is missing; it says where notifications go",
            "指定が必要です(通知の送信先)",
        ));
    }
    if has("attributes") && (has("pick") || has("omit")) {
        return Err(Fault::at(
            "attributes",
            "it is an older word for pick, and cannot stand beside pick or omit",
            "pickの古い書き方であり、pickやomitと同時には使えません",
        ));
    }
    let is_simplified = matches!(parameters.get("format").and_then(Json::as_str), Some("simplified" | "keyValues"));
    if is_simplified && parameters.get("showChanges").and_then(Json::as_bool) == Some(true) {
        return Err(Fault::at(
            "showChanges",
            "the simplified format has no place for previous values; ask for normalized or concise",
            "simplified形式では変更前の値を表せません。formatをnormalizedかconciseにしてください",
        ));
    }
    overlap(parameters)
}

/// What is picked cannot be left out.
fn overlap(parameters: &Json<'_>) -> Result<(), Fault> {
    let list = |name: &str| parameters.get(name).and_then(Json::as_array).unwrap_or_default();
    match list("omit").iter().find(|item| list("pick").contains(item)) {
        Some(_) => {
            Err(Fault::at("omit", "it names a member that pick names, too", "pickにも同じメンバーが指定されています"))
        }
        None => Ok(()),
    }
}

/// §5.2.14.1: "id, type, scope are not allowed".
fn attributes(json: &Json<'_>, expand: Expand<'_>) -> Result<Json<'static>, Fault> {
    let texts = member::texts("attributes", json)?;
    let list = NameList::parse_items("attributes", texts).map_err(|error| Fault::of_query("attributes", &error))?;
    let list = list.expand(expand).map_err(|error| Fault::of_name("attributes", &error))?;
    let names = list.names.iter().map(|step| match step {
        Step::Attribute(name) => Ok(Json::from(name.as_str().to_owned())),
        Step::Member(member) => Err(member::no_attribute("attributes", member.term())),
    });
    Ok(Json::Array(names.collect::<Result<_, _>>()?))
}

fn projection(name: &'static str, json: &Json<'_>, expand: Expand<'_>) -> Result<Json<'static>, Fault> {
    let texts = member::texts(name, json)?;
    let projection = Projection::parse_items(name, texts).map_err(|error| Fault::of_query(name, &error))?;
    let projection = projection.expand(expand).map_err(|error| Fault::of_name(name, &error))?;
    let one = |member| Json::from(Projection { members: vec![member] }.to_string());
    Ok(Json::Array(projection.members.into_iter().map(one).collect()))
}
