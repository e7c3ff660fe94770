//! What the notifications of a subscription look like; the same value is shared by all that look alike.

use machi_http::request::MediaType;
use machi_model::entity::render::{Datasets, Format, Languages};
use machi_model::query::{Projection, Step};
use machi_types::{Json, Name};

use super::endpoint::{media, prefers_plain_json};
use super::fault::Fault;
use super::names::is_expanded;
use super::normalize::version;

/// The look of notifications (ETSI GS CIM 009 §5.2.14).
#[derive(Debug)]
pub(crate) struct Shape {
    /// The @context with which names are shortened.
    pub(crate) context: Name,
    pub(crate) media: MediaType,
    /// Whether a `FeatureCollection` names its @context in a header rather than in the body.
    pub(crate) links_context: bool,
    pub(crate) format: Format,
    pub(crate) sys_attrs: bool,
    pub(crate) shows_changes: bool,
    pub(crate) pick: Option<Projection>,
    pub(crate) omit: Option<Projection>,
    pub(crate) datasets: Option<Datasets>,
    pub(crate) languages: Option<Languages>,
    pub(crate) join: Join,
    /// The version of the standard that the receiver knows, by the number behind its dot.
    pub(crate) version: Option<u16>,
}

/// Whether linked entities come along (§4.5.23).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    No,
    Flat(u64),
    Inline(u64),
}

impl Shape {
    /// From a kept subscription.
    pub(crate) fn read(subscription: &Json<'_>) -> Result<Self, Fault> {
        let empty = Json::Object(Vec::new());
        let notification = subscription.get("notification").unwrap_or(&empty);
        let endpoint = notification.get("endpoint").unwrap_or(&empty);
        let flag = |name: &str| notification.get(name).and_then(Json::as_bool).unwrap_or(false);
        let media = media(endpoint);
        let context = subscription.get("jsonldContext").and_then(Json::as_str);
        Ok(Self {
            context: Name::from(context.unwrap_or(machi_model::context::CORE_URL)),
            media,
            links_context: match media {
                MediaType::Json => true,
                MediaType::JsonLd => false,
                MediaType::GeoJson => prefers_plain_json(endpoint),
            },
            format: format(notification),
            sys_attrs: flag("sysAttrs"),
            shows_changes: flag("showChanges"),
            pick: pick(notification)?,
            omit: projection(notification, "omit")?,
            datasets: texts(subscription, "datasetId").map(Datasets::new),
            languages: languages(subscription)?,
            join: join(notification),
            version: subscription.get("ngsildConformance").and_then(Json::as_str).and_then(version),
        })
    }

    /// What tells this shape from others: the members of the subscription that it was read from.
    pub(crate) fn fingerprint(subscription: &Json<'_>) -> String {
        let mut out = Vec::new();
        for name in ["jsonldContext", "datasetId", "lang", "ngsildConformance"] {
            subscription.get(name).unwrap_or(&Json::Null).write(&mut out);
            out.push(b' ');
        }
        let notification = subscription.get("notification");
        let part = |name: &str| notification.and_then(|notification| notification.get(name)).unwrap_or(&Json::Null);
        for name in ["attributes", "format", "join", "joinLevel", "omit", "pick", "showChanges", "sysAttrs"] {
            part(name).write(&mut out);
            out.push(b' ');
        }
        let endpoint = part("endpoint");
        out.extend_from_slice(media(endpoint).as_str().as_bytes());
        out.push(u8::from(prefers_plain_json(endpoint)));
        String::from_utf8_lossy(&out).into_owned()
    }
}

fn format(notification: &Json<'_>) -> Format {
    match notification.get("format").and_then(Json::as_str) {
        Some("concise") => Format::Concise,
        Some("simplified" | "keyValues") => Format::Simplified,
        _ => Format::Normalized,
    }
}

fn join(notification: &Json<'_>) -> Join {
    let level = notification.get("joinLevel").and_then(Json::as_u64).unwrap_or(1);
    match notification.get("join").and_then(Json::as_str) {
        Some("flat") => Join::Flat(level),
        Some("inline") => Join::Inline(level),
        _ => Join::No,
    }
}

fn languages(subscription: &Json<'_>) -> Result<Option<Languages>, Fault> {
    let text = subscription.get("lang").and_then(Json::as_str);
    text.map(Languages::parse).transpose().map_err(|error| Fault::broken("lang", error.to_string()))
}

/// `pick`, or what `attributes` says in its older words: id and type come with the attributes.
fn pick(notification: &Json<'_>) -> Result<Option<Projection>, Fault> {
    if let Some(pick) = projection(notification, "pick")? {
        return Ok(Some(pick));
    }
    let Some(attributes) = texts(notification, "attributes") else { return Ok(None) };
    let core = ["id", "type", "scope"].map(Name::from);
    let steps =
        core.into_iter().chain(attributes.map(Name::from)).map(|name| match machi_model::query::Member::of(&name) {
            Some(member) => Step::Member(member),
            None => Step::of(name),
        });
    let members = steps.map(|name| machi_model::query::Projected { name, linked: None }).collect();
    Ok(Some(Projection { members }))
}

fn projection(notification: &Json<'_>, name: &'static str) -> Result<Option<Projection>, Fault> {
    let Some(items) = texts(notification, name) else { return Ok(None) };
    let parsed = Projection::parse_items(name, items).map_err(|error| Fault::broken(name, error.to_string()))?;
    parsed.expand(&is_expanded).map(Some).map_err(|reason| Fault::broken(name, reason))
}

fn texts<'j>(json: &'j Json<'_>, name: &str) -> Option<impl Iterator<Item = &'j str>> {
    json.get(name)?.as_array().map(|items| items.iter().filter_map(Json::as_str))
}
