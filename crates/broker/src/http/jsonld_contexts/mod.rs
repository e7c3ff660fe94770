//! `/ngsi-ld/v1/jsonldContexts`: @contexts that are kept and served (ETSI GS CIM 009 §5.13, §6.29, §6.30).

pub(super) mod add;
pub(super) mod delete;
pub(super) mod list;
pub(super) mod serve;

use http::header::HOST;
use machi_face::Asked;
use machi_face::contexts::{CONTEXTS_PATH, ContextInfo};
use machi_types::{Json, Timestamp};

use super::output::location;
use crate::Broker;

/// Where this city is reached, as far as the request or the configuration tells.
pub(super) fn base_url(broker: &Broker, asked: &Asked) -> String {
    if let Some(url) = &broker.config.source.url {
        return url.trim_end_matches('/').to_owned();
    }
    let host = asked.headers.get(HOST).and_then(|host| host.to_str().ok());
    host.map_or_else(String::new, |host| format!("http://{host}"))
}

/// The URL of a context: where a copy came from, or where the context is served.
fn url_of(info: &ContextInfo, base: &str) -> String {
    match &info.facts.url {
        Some(url) => url.as_str().to_owned(),
        None => format!("{base}{}", location(CONTEXTS_PATH, &info.facts.id)),
    }
}

/// What is known about a context (§5.13.3.5).
fn details(info: &ContextInfo, base: &str) -> Json<'static> {
    let time = |time: Timestamp| Json::from(time.to_string());
    let facts = &info.facts;
    let mut members = vec![
        ("URL".into(), Json::from(url_of(info, base))),
        ("localId".into(), Json::from(facts.id.as_str().to_owned())),
        ("kind".into(), Json::from(facts.kind.as_str())),
        ("createdAt".into(), time(facts.created)),
    ];
    if let Some(expires) = facts.expires {
        members.push(("expiresAt".into(), time(expires)));
    }
    if let Some(figures) = info.figures {
        members.push(("lastUsage".into(), time(figures.last)));
        members.push(("numberOfHits".into(), Json::from(figures.hits)));
    }
    Json::Object(members)
}
