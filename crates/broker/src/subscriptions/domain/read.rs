//! From a kept subscription, whose names are full, to the form that matching and delivery use.

use std::borrow::Cow;
use std::sync::Arc;

use machi_http::percent;
use machi_model::query::{Pattern, Q, ScopeQuery, Step, TypeExpression};
use machi_store::Names;
use machi_types::{Json, Name, Timestamp};

use super::counters::Counters;
use super::endpoint::Endpoint;
use super::fault::Fault;
use super::names::is_expanded;
use super::normalize::geo_query;
use super::shape::Shape;
use super::shared::Shared;
use super::subscription::{GeoCondition, Ids, Selector, Subscription, SubscriptionKey, Timing};
use super::trigger::Triggers;

/// The attribute that a geoquery is about where it names none (§4.7.1).
const DEFAULT_GEO_PROPERTY: &str = "https://uri.etsi.org/ngsi-ld/location";

/// What surrounds a kept subscription.
pub(crate) struct Kept<'k> {
    pub(crate) key: SubscriptionKey,
    pub(crate) json: &'k Json<'k>,
    /// When it came to be.
    pub(crate) created_at: Timestamp,
    /// When it was last defined.
    pub(crate) defined_at: Timestamp,
    pub(crate) counters: Arc<Counters>,
}

/// Reads a kept subscription.
pub(crate) fn read(kept: Kept<'_>, names: &dyn Names, shared: &mut Shared) -> Result<Subscription, Fault> {
    let json = kept.json;
    let flag = |name: &str| json.get(name).and_then(Json::as_bool);
    let expires_at = json.get("expiresAt").and_then(Json::as_str).and_then(|text| text.parse().ok());
    let attribute = |name: &str| names.intern(name);
    let query = match text(json, "q") {
        Some(q) => Some(shared.queries.get(q, || {
            let parsed = Q::parse(q).map_err(|error| Fault::of_query("q", &error))?;
            let expanded = parsed.expand(&is_expanded).map_err(|reason| Fault::broken("q", reason))?;
            Ok(expanded.or_texts(&decoded))
        })?),
        None => None,
    };
    let scope = match text(json, "scopeQ") {
        Some(scope) => Some(
            shared.scopes.get(scope, || ScopeQuery::parse(scope).map_err(|error| Fault::of_query("scopeQ", &error)))?,
        ),
        None => None,
    };
    let empty = Json::Object(Vec::new());
    let endpoint = json.get("notification").and_then(|notification| notification.get("endpoint")).unwrap_or(&empty);
    Ok(Subscription {
        selectors: selectors(json)?,
        watched: texts(json, "watchedAttributes").map(attribute).collect(),
        triggers: triggers(json),
        q: query,
        geo: geo(json, names)?.map(Arc::new),
        scope,
        is_active: flag("isActive").unwrap_or(true),
        expires_at,
        timing: timing(json),
        shape: shared.shapes.get(&Shape::fingerprint(json), || Shape::read(json))?,
        endpoint: shared.endpoints.get(&endpoint.to_text(), || Endpoint::read(endpoint))?,
        created_at: kept.created_at,
        defined_at: kept.defined_at,
        counters: kept.counters,
        key: kept.key,
    })
}

/// What a text is where somebody encoded it as in a URL. §4.9 asks for that only there; clients that write one `q` for
/// both places do it in bodies, too.
fn decoded(text: &str) -> Option<String> {
    percent::decode_path(text).map(Cow::into_owned).ok().filter(|plain| plain != text)
}

fn selectors(json: &Json<'_>) -> Result<Box<[Selector]>, Fault> {
    let list = json.get("entities").and_then(Json::as_array).unwrap_or_default();
    list.iter().map(selector).collect()
}

fn selector(json: &Json<'_>) -> Result<Selector, Fault> {
    let types =
        TypeExpression::parse(text(json, "type").unwrap_or("*")).map_err(|error| Fault::of_query("type", &error))?;
    let types = types.expand(&is_expanded).map_err(|reason| Fault::broken("type", reason))?;
    let ids = match (json.get("id"), text(json, "idPattern")) {
        // §5.2.33: "id takes precedence over idPattern".
        (Some(_), _) => Ids::Of(texts(json, "id").map(Name::from).collect()),
        (None, Some(pattern)) => {
            Ids::Matching(Pattern::parse("idPattern", pattern).map_err(|error| Fault::of_query("idPattern", &error))?)
        }
        (None, None) => Ids::Any,
    };
    Ok(Selector { types, ids })
}

fn triggers(json: &Json<'_>) -> Triggers {
    let named = texts(json, "notificationTrigger").filter_map(Triggers::of).fold(Triggers::NONE, Triggers::and);
    if named.is_empty() { Triggers::DEFAULT } else { named }
}

fn geo(json: &Json<'_>, names: &dyn Names) -> Result<Option<GeoCondition>, Fault> {
    let Some(members) = json.get("geoQ") else { return Ok(None) };
    let mut query = geo_query(members)?.expand(&is_expanded).map_err(|reason| Fault::broken("geoQ", reason))?;
    if members.get("geoproperty").is_none() {
        query.property = Step::of(Name::from(DEFAULT_GEO_PROPERTY));
    }
    match &query.property {
        Step::Attribute(name) => Ok(Some(GeoCondition { attribute: names.intern(name), query })),
        Step::Member(_) => Err(Fault::broken("geoQ.geoproperty", "it names no attribute")),
    }
}

fn timing(json: &Json<'_>) -> Timing {
    let micros = |name: &str| {
        let seconds = json.get(name).and_then(Json::as_f64).filter(|seconds| *seconds > 0.0)?;
        // A double holds these exactly enough; what is longer than an age is as good as never.
        Some(((seconds * 1e6) as i64).clamp(1, i64::MAX / 4))
    };
    match (micros("timeInterval"), micros("throttling")) {
        (Some(period), _) => Timing::Periodic(period),
        (None, Some(rest)) => Timing::Throttled(rest),
        (None, None) => Timing::OnChange,
    }
}

fn text<'j>(json: &'j Json<'_>, name: &str) -> Option<&'j str> {
    json.get(name)?.as_str()
}

fn texts<'j>(json: &'j Json<'_>, name: &str) -> impl Iterator<Item = &'j str> {
    json.get(name).and_then(Json::as_array).unwrap_or_default().iter().filter_map(Json::as_str)
}
