//! What the notifications of a subscription look like; the same value is shared by all that look alike.

use machi_http::request::MediaType;
use machi_model::entity::render::{Datasets, Format, Languages};
use machi_model::query::{Projection, Step};
use machi_types::{Json, Name};

use super::endpoint::{media, prefers_plain_json};
use super::fault::Fault;
use super::names::is_expanded;
use super::normalize::version;
use super::trigger::Triggers;

/// The member of a kept subscription that names the @context it came in: the default of `jsonldContext`
/// (§5.8.1.4). It is not shown.
pub(crate) const OWN_CONTEXT: &str = "@context";

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
    /// What is picked of linked entities beside the others: `pick` is for "every Entity within the payload",
    /// `attributes` for those that are subscribed to (§5.2.14.1).
    pub(crate) pick_beside: Option<Projection>,
    pub(crate) omit: Option<Projection>,
    pub(crate) datasets: Option<Datasets>,
    pub(crate) languages: Option<Languages>,
    pub(crate) join: Join,
    /// The attributes that are told of as deleted when their entity is, or all where the list is empty; none where the
    /// end of the entity is what was asked for (§5.8.6).
    pub(crate) gone: Option<Vec<Name>>,
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
        let context = context(subscription).and_then(Json::as_str);
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
            pick_beside: projection(notification, "pick")?,
            omit: projection(notification, "omit")?,
            datasets: texts(subscription, "datasetId").map(Datasets::new),
            languages: languages(subscription)?,
            join: join(notification),
            gone: gone(subscription),
            version: subscription.get("ngsildConformance").and_then(Json::as_str).and_then(version),
        })
    }

    /// Whether pick and omit leave neither id nor type, so that nothing may be left of an entity (§4.21).
    pub(crate) fn may_leave_nothing(&self) -> bool {
        let names = |projection: &Projection, word: &str| {
            let is_it = |step: &Step| matches!(step, Step::Member(member) if member.term() == word);
            projection.members.iter().any(|member| is_it(&member.name))
        };
        let shows = |word| {
            self.pick.as_ref().is_none_or(|pick| names(pick, word))
                && !self.omit.as_ref().is_some_and(|omit| names(omit, word))
        };
        !shows("id") && !shows("type")
    }

    /// What tells this shape from others: the members of the subscription that it was read from.
    pub(crate) fn fingerprint(subscription: &Json<'_>) -> String {
        let mut out = Vec::new();
        let kept = ["datasetId", "lang", "ngsildConformance"].map(|name| subscription.get(name));
        for member in [context(subscription)].into_iter().chain(kept) {
            member.unwrap_or(&Json::Null).write(&mut out);
            out.push(b' ');
        }
        let gone = gone(subscription);
        for name in gone.iter().flatten() {
            out.extend_from_slice(name.as_bytes());
            out.push(b' ');
        }
        out.push(u8::from(gone.is_some()));
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

fn context<'j>(subscription: &'j Json<'_>) -> Option<&'j Json<'j>> {
    subscription.get("jsonldContext").or_else(|| subscription.get(OWN_CONTEXT))
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

fn gone(subscription: &Json<'_>) -> Option<Vec<Name>> {
    let words = texts(subscription, "notificationTrigger")?;
    let triggers = words.filter_map(Triggers::of).fold(Triggers::NONE, Triggers::and);
    if triggers.meet(Triggers::ENTITY_DELETED) || !triggers.meet(Triggers::ATTRIBUTE_DELETED) {
        return None;
    }
    Some(texts(subscription, "watchedAttributes").into_iter().flatten().map(Name::from).collect())
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
