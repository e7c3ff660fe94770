//! From a client's subscription to the one that is kept: every member checked, every name expanded
//! (ETSI GS CIM 009 §5.2.12, §5.8.1.4, §5.8.2.4).
//!
//! What is kept is JSON again, so that it is shown as it was given, in the names of whoever reads it.

mod endpoint;
mod member;
mod notification;
mod selector;

#[cfg(test)]
mod tests;

use machi_model::entity::NULL;
use machi_model::query::{Coordinates, GeoParameters, GeoQuery, Limits, NameList, Q, ScopeQuery, Step, ValueExpansion};
use machi_types::json::Members;
use machi_types::{Json, Timestamp};

use super::fault::Fault;
use super::names::Expand;
use super::subscription::status;
use super::trigger;

const MEMBERS: &[&str] = &[
    "id",
    "type",
    "entities",
    "notification",
    "notificationTrigger",
    "watchedAttributes",
    "q",
    "geoQ",
    "scopeQ",
    "csf",
    "datasetId",
    "description",
    "expandValues",
    "expiresAt",
    "isActive",
    "jsonKeys",
    "jsonldContext",
    "lang",
    "localOnly",
    "ngsildConformance",
    "splitEntities",
    "subscriptionName",
    "throttling",
    "timeInterval",
];

/// What a list of languages looks like, in Japanese.
const NO_LANGUAGE: &str = "言語の指定ではありません(例: ja、fr-CH,fr;q=0.9,en;q=0.8,*;q=0.5)";

/// What this broker says of a subscription (Table 5.2.12-2: "shall ignore them").
const OUTPUT_ONLY: &[&str] = &["status", "createdAt", "modifiedAt", "deletedAt"];

/// Reads a whole subscription.
pub(crate) fn whole(json: &Json<'_>, expand: Expand<'_>, now: Timestamp) -> Result<Json<'static>, Fault> {
    let members = members(json, expand, now)?;
    if let Some((name, _)) = members.iter().find(|(_, value)| *value == Json::Null) {
        // §5.5.4: an NGSI-LD Null deletes, and there is nothing to be deleted.
        return Err(Fault::at(
            name.clone(),
            "urn:ngsi-ld:null only stands in an update",
            "urn:ngsi-ld:nullは更新でだけ使えます",
        ));
    }
    let subscription = Json::Object(members);
    check(&subscription)?;
    Ok(subscription)
}

/// Reads changes; a member that is null is to be deleted.
pub(crate) fn fragment(json: &Json<'_>, expand: Expand<'_>, now: Timestamp) -> Result<Members<'static>, Fault> {
    members(json, expand, now)
}

/// The subscription with the changes (§5.5.8), made at this time.
pub(crate) fn patched(
    subscription: &Json<'_>,
    fragment: &Members<'static>,
    now: Timestamp,
) -> Result<Json<'static>, Fault> {
    let mut members = subscription.clone().into_owned().as_object().cloned().unwrap_or_default();
    if revives(subscription, fragment, now) {
        members.retain(|(name, _)| name != "isActive");
    }
    for (name, value) in fragment {
        if name == "id" {
            let is_same = subscription.get("id") == Some(value);
            if is_same {
                continue;
            }
            return Err(Fault::at("id", "it cannot be changed", "変更できません"));
        }
        match members.iter_mut().find(|(known, _)| known == name) {
            _ if *value == Json::Null => members.retain(|(known, _)| known != name),
            Some((_, old)) => *old = value.clone(),
            None => members.push((name.clone(), value.clone())),
        }
    }
    let patched = Json::Object(members);
    check(&patched)?;
    Ok(patched)
}

/// §5.8.2.4: with a new expiresAt alone, what had expired is active again, even if it was paused before it expired.
fn revives(subscription: &Json<'_>, fragment: &Members<'_>, now: Timestamp) -> bool {
    let changes = |name: &str| fragment.iter().any(|(changed, _)| changed == name);
    let expires_at = subscription.get("expiresAt").and_then(Json::as_str).and_then(|text| text.parse().ok());
    changes("expiresAt") && !changes("isActive") && status(true, expires_at, now) == "expired"
}

fn members(json: &Json<'_>, expand: Expand<'_>, now: Timestamp) -> Result<Members<'static>, Fault> {
    let given = member::object("", json)?;
    let reader = Reader { given: json, expand, now };
    let mut members = Vec::with_capacity(given.len());
    for (name, value) in given {
        if name == "@context" || OUTPUT_ONLY.contains(&&**name) {
            continue;
        }
        let name = match &**name {
            "@id" => "id",
            "@type" => "type",
            "temporalQ" => return Err(no_history()),
            other => {
                let Some(known) = MEMBERS.iter().find(|known| **known == other) else {
                    member::check_spelling(other, MEMBERS)?;
                    continue;
                };
                known
            }
        };
        let value = if value.as_str() == Some(NULL) { Json::Null } else { reader.member(name, value)? };
        members.push((name.into(), value));
    }
    Ok(members)
}

/// Table 5.2.12-1: temporalQ chooses sources by the history that they keep.
fn no_history() -> Fault {
    Fault::unsupported(
        "temporalQ",
        "it asks for the history of entities, and none is kept here yet; leave it out",
        "エンティティの履歴に対する条件ですが、履歴はまだ保存していません。省いてください",
    )
}

/// Carries what does not change while one subscription is read.
struct Reader<'r, 'a> {
    given: &'r Json<'a>,
    expand: Expand<'r>,
    now: Timestamp,
}

impl Reader<'_, '_> {
    fn member(&self, name: &'static str, value: &Json<'_>) -> Result<Json<'static>, Fault> {
        Ok(match name {
            "id" | "jsonldContext" => Json::from(member::iri(name, value)?.to_owned()),
            "type" => kind(value)?,
            "entities" => selector::selectors(name, value, self.expand)?,
            "notification" => notification::parameters(value, self.expand).map_err(|fault| fault.below(name))?,
            "notificationTrigger" => triggers(value)?,
            "watchedAttributes" => self.watched(value)?,
            "q" | "csf" => self.query(name, value)?,
            "geoQ" => self.geo_query(value)?,
            "scopeQ" => scope_query(value)?,
            "datasetId" => datasets(value)?,
            "expandValues" | "jsonKeys" => {
                NameList::parse(name, member::filled(name, value)?).map_err(|error| Fault::of_query(name, &error))?;
                value.clone().into_owned()
            }
            "lang" => {
                let text = member::filled(name, value)?;
                machi_model::entity::render::Languages::parse(text)
                    .map_err(|error| Fault::at(name, error.to_string(), NO_LANGUAGE))?;
                value.clone().into_owned()
            }
            "expiresAt" => self.expiry(value)?,
            "ngsildConformance" => conformance(value)?,
            "throttling" | "timeInterval" => {
                member::positive(name, value)?;
                value.clone().into_owned()
            }
            "isActive" | "localOnly" | "splitEntities" => Json::Bool(member::flag(name, value)?),
            _ => Json::from(member::text(name, value)?.to_owned()),
        })
    }

    fn watched(&self, value: &Json<'_>) -> Result<Json<'static>, Fault> {
        const NAME: &str = "watchedAttributes";
        let list = NameList::parse_items(NAME, member::texts(NAME, value)?).map_err(|e| Fault::of_query(NAME, &e))?;
        let list = list.expand(self.expand).map_err(|error| Fault::of_name(NAME, &error))?;
        let names = list.names.iter().map(|step| match step {
            Step::Attribute(name) => Ok(Json::from(name.as_str().to_owned())),
            Step::Member(member) => Err(member::no_attribute(NAME, member.term())),
        });
        Ok(Json::Array(names.collect::<Result<_, _>>()?))
    }

    fn query(&self, name: &'static str, value: &Json<'_>) -> Result<Json<'static>, Fault> {
        let text = member::filled(name, value)?;
        let q = Q::parse_as(name, text, &Limits::default()).map_err(|error| Fault::of_query(name, &error))?;
        let list = |parameter: &'static str| match self.given.get(parameter).and_then(Json::as_str) {
            Some(text) => NameList::parse(parameter, text).map_err(|error| Fault::of_query(parameter, &error)),
            None => Ok(NameList::default()),
        };
        let values = ValueExpansion { expand_values: list("expandValues")?, json_keys: list("jsonKeys")? };
        let expanded = q.expand_with_values(self.expand, &values).map_err(|error| Fault::of_name(name, &error))?;
        Ok(Json::from(expanded.to_string()))
    }

    /// The geoquery as it was given, its property expanded.
    fn geo_query(&self, value: &Json<'_>) -> Result<Json<'static>, Fault> {
        let parsed = geo_query(value)?;
        let expanded = parsed.expand(self.expand).map_err(|error| Fault::of_name("geoQ.geoproperty", &error))?;
        let members = member::object("geoQ", value)?;
        let kept = members.iter().filter(|(name, _)| name != "geoproperty" && name != "type").cloned();
        let mut kept: Members<'static> =
            kept.map(|(name, value)| (name.into_owned().into(), value.into_owned())).collect();
        match expanded.property {
            Step::Attribute(name) if value.get("geoproperty").is_some() => {
                kept.push(("geoproperty".into(), Json::from(name.as_str().to_owned())));
            }
            // What nobody named is `location`, whatever a @context says (§5.2.13).
            Step::Attribute(_) => {}
            Step::Member(_) => {
                return Err(Fault::at(
                    "geoQ.geoproperty",
                    "it must name a GeoProperty",
                    "GeoPropertyの名前を指定してください",
                ));
            }
        }
        Ok(Json::Object(kept))
    }

    /// §5.8.1.4: "a moment before the current date and time" is refused.
    fn expiry(&self, value: &Json<'_>) -> Result<Json<'static>, Fault> {
        let time = member::time("expiresAt", value)?;
        if time <= self.now {
            return Err(Fault::at(
                "expiresAt",
                format!("it lies in the past; it is {} now", self.now),
                format!("過去の日時です(現在は{})", self.now),
            ));
        }
        Ok(Json::from(time.to_string()))
    }
}

fn kind(value: &Json<'_>) -> Result<Json<'static>, Fault> {
    match member::text("type", value)? {
        "Subscription" | "https://uri.etsi.org/ngsi-ld/Subscription" => Ok("Subscription".into()),
        _ => Err(Fault::at("type", "it must be \"Subscription\"", "\"Subscription\"を指定してください")),
    }
}

fn triggers(value: &Json<'_>) -> Result<Json<'static>, Fault> {
    const NAME: &str = "notificationTrigger";
    let words = trigger::WORDS.map(|(word, _)| word);
    let items = member::items(NAME, value)?;
    let read =
        items.iter().enumerate().map(|(n, item)| member::word(&format!("{NAME}[{n}]"), item, &words).map(Json::from));
    Ok(Json::Array(read.collect::<Result<_, _>>()?))
}

/// The members of a geoquery, in the words of the language.
pub(super) fn geo_query<'j>(value: &'j Json<'_>) -> Result<GeoQuery<machi_model::query::Word>, Fault> {
    for (name, _) in member::object("geoQ", value)? {
        const KNOWN: &[&str] = &["georel", "geometry", "coordinates", "geoproperty", "type"];
        if !KNOWN.contains(&&**name) {
            member::check_spelling(name, KNOWN).map_err(|fault| fault.below("geoQ"))?;
        }
    }
    let part = |name: &str| -> Result<Option<&'j str>, Fault> {
        value.get(name).map(|part| member::filled(&format!("geoQ.{name}"), part)).transpose()
    };
    let parameters = GeoParameters {
        georel: part("georel")?,
        geometry: part("geometry")?,
        coordinates: value.get("coordinates").map(Coordinates::Json),
        geoproperty: part("geoproperty")?,
    };
    let missing =
        || Fault::at("geoQ", "it needs georel, geometry and coordinates", "georel、geometry、coordinatesが必要です");
    GeoQuery::parse(&parameters).map_err(|error| Fault::of_query("geoQ", &error))?.ok_or_else(missing)
}

fn scope_query(value: &Json<'_>) -> Result<Json<'static>, Fault> {
    let text = member::filled("scopeQ", value)?;
    ScopeQuery::parse(text).map_err(|error| Fault::of_query("scopeQ", &error))?;
    Ok(Json::from(text.to_owned()))
}

fn datasets(value: &Json<'_>) -> Result<Json<'static>, Fault> {
    let items = member::items("datasetId", value)?;
    let one = |(n, item): (usize, &Json<'_>)| {
        let place = format!("datasetId[{n}]");
        let text = if item.as_str() == Some("@none") { "@none" } else { member::iri(&place, item)? };
        Ok(Json::from(text.to_owned()))
    };
    Ok(Json::Array(items.iter().enumerate().map(one).collect::<Result<_, Fault>>()?))
}

/// `major.minor`
fn conformance(value: &Json<'_>) -> Result<Json<'static>, Fault> {
    let text = member::text("ngsildConformance", value)?;
    match version(text) {
        Some(_) => Ok(Json::from(text.to_owned())),
        None => Err(Fault::at(
            "ngsildConformance",
            "it must be a version such as \"1.6\"",
            "\"1.6\"のようなバージョンを指定してください",
        )),
    }
}

/// The number behind the dot of version 1.
pub(super) fn version(text: &str) -> Option<u16> {
    let (major, rest) = text.split_once('.')?;
    let minor = rest.split('.').next()?;
    minor.parse().ok().filter(|_| major == "1")
}

/// What one member means for another (§5.2.12).
fn check(subscription: &Json<'_>) -> Result<(), Fault> {
    let has = |name: &str| subscription.get(name).is_some();
    if !has("type") {
        return Err(Fault::at(
            "type",
            "it is missing; it must be \"Subscription\"",
            "指定が必要です(\"Subscription\")",
        ));
    }
    if !has("notification") {
        return Err(Fault::at(
            "notification",
            "it is missing; it says where notifications go",
            "指定が必要です(通知の送信先と形式)",
        ));
    }
    let is_local = subscription.get("localOnly").and_then(Json::as_bool) == Some(true);
    if !has("entities") && !is_local && (has("timeInterval") || !has("watchedAttributes")) {
        let (en, ja) = if has("timeInterval") {
            (
                "a subscription with timeInterval needs entities, unless localOnly is true",
                "timeIntervalを使う場合はentitiesが必要です(localOnlyがtrueの場合を除く)",
            )
        } else {
            (
                "entities or watchedAttributes must be there, unless localOnly is true",
                "entitiesかwatchedAttributesが必要です(localOnlyがtrueの場合を除く)",
            )
        };
        return Err(Fault::at("entities", en, ja));
    }
    for other in ["watchedAttributes", "throttling"] {
        if has("timeInterval") && has(other) {
            return Err(Fault::at(
                other,
                "it cannot stand beside timeInterval, which notifies whether anything changes or not",
                "timeIntervalとは同時に使えません(timeIntervalは変更の有無によらず通知します)",
            ));
        }
    }
    check_any_type(subscription)
}

/// §5.2.33: type "*" implies local scope, which "shall not be explicitly set to be false".
fn check_any_type(subscription: &Json<'_>) -> Result<(), Fault> {
    let is_not_local = subscription.get("localOnly").and_then(Json::as_bool) == Some(false);
    let selectors = subscription.get("entities").and_then(Json::as_array).unwrap_or_default();
    let asks_for_any = selectors.iter().any(|selector| selector.get("type").and_then(Json::as_str) == Some("*"));
    if is_not_local && asks_for_any {
        return Err(Fault::at(
            "localOnly",
            "the type \"*\" is for entities that are stored here, so that it cannot be false",
            "型\"*\"はこのブローカーのエンティティだけを対象とするため、falseにはできません",
        ));
    }
    Ok(())
}
