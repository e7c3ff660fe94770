//! A kept subscription as its readers see it (ETSI GS CIM 009 §5.2.12, §5.2.14.2).

use machi_model::entity::Terms;
use machi_types::json::Members;
use machi_types::{Json, Timestamp};

use super::counters::Figures;
use super::names::compacted;
use super::shape::OWN_CONTEXT;
use super::subscription::status;
use super::trigger;

/// What surrounds the definition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'a> {
    pub(crate) figures: Figures,
    /// The address of the @context of the answer, where it has one.
    pub(crate) context: Option<&'a str>,
    pub(crate) now: Timestamp,
    /// When it was created and modified, where that is asked for.
    pub(crate) times: Option<(Timestamp, Timestamp)>,
}

/// The subscription with its names as short as the terms have them.
pub(crate) fn present(definition: &Json<'_>, around: &Around<'_>, terms: &dyn Terms) -> Json<'static> {
    let flag = |name: &str| definition.get(name).and_then(Json::as_bool);
    let expires_at = definition.get("expiresAt").and_then(Json::as_str).and_then(|text| text.parse().ok());
    let mut members: Members<'static> = Vec::new();
    let mut ordered: Vec<_> = definition.as_object().into_iter().flatten().collect();
    // Whatever order they came in, a subscription begins with what it is.
    ordered.sort_by_key(|(name, _)| match &**name {
        "id" => 0,
        "type" => 1,
        _ => 2,
    });
    for (name, value) in ordered {
        let value = match &**name {
            "entities" => each(value, |selector| entity_selector(selector, terms)),
            "watchedAttributes" => each(value, |name| short(name, terms)),
            "q" | "csf" => query(value, terms),
            "geoQ" => with(value, "geoproperty", |name| short(name, terms)),
            "notification" => notification(value, &around.figures, terms),
            // §5.8.1.4: where no jsonldContext was given it is the @context of the subscription, which need not be
            // said to whoever reads in that @context.
            OWN_CONTEXT => {
                if definition.get("jsonldContext").is_none() && value.as_str() != around.context {
                    members.push(("jsonldContext".into(), value.clone().into_owned()));
                }
                continue;
            }
            _ => value.clone().into_owned(),
        };
        members.push((name.to_string().into(), value));
    }
    if definition.get("notificationTrigger").is_none() {
        members.push(("notificationTrigger".into(), each_word(trigger::DEFAULT_WORDS)));
    }
    members.push(("status".into(), status(flag("isActive").unwrap_or(true), expires_at, around.now).into()));
    if let Some((created, modified)) = around.times {
        members.push(("createdAt".into(), created.to_string().into()));
        members.push(("modifiedAt".into(), modified.to_string().into()));
    }
    Json::Object(members)
}

fn entity_selector(selector: &Json<'_>, terms: &dyn Terms) -> Json<'static> {
    let shortened = with(selector, "type", |types| match types.as_str() {
        Some(text) => compacted(text, terms, false).into(),
        None => types.clone().into_owned(),
    });
    // One id stands alone, as it mostly was given.
    with(&shortened, "id", |ids| match ids.as_array() {
        Some([only]) => only.clone().into_owned(),
        _ => ids.clone().into_owned(),
    })
}

fn notification(value: &Json<'_>, figures: &Figures, terms: &dyn Terms) -> Json<'static> {
    let shortened = with(value, "attributes", |names| each(names, |name| short(name, terms)));
    let shortened = with(&shortened, "pick", |items| each(items, |item| query(item, terms)));
    let shortened = with(&shortened, "omit", |items| each(items, |item| query(item, terms)));
    let mut members = match shortened {
        Json::Object(members) => members,
        _ => Vec::new(),
    };
    if let Some(is_ok) = figures.is_ok() {
        members.push(("status".into(), if is_ok { "ok" } else { "failed" }.into()));
    }
    for (name, count) in [("timesSent", figures.sent), ("timesFailed", figures.failed)] {
        // Table 5.2.14.2-1: "Greater than 0".
        if count > 0 {
            members.push((name.into(), count.into()));
        }
    }
    let times = [
        ("lastNotification", figures.last_notification),
        ("lastSuccess", figures.last_success),
        ("lastFailure", figures.last_failure),
    ];
    members.extend(times.into_iter().filter_map(|(name, time)| Some((name.into(), time?.to_string().into()))));
    Json::Object(members)
}

fn query(text: &Json<'_>, terms: &dyn Terms) -> Json<'static> {
    text.as_str().map_or(Json::Null, |text| compacted(text, terms, true).into())
}

fn short(name: &Json<'_>, terms: &dyn Terms) -> Json<'static> {
    name.as_str().map_or(Json::Null, |name| terms.name(name).into_owned().into())
}

fn each_word(words: [&'static str; 2]) -> Json<'static> {
    Json::Array(words.map(Json::from).into())
}

fn each(list: &Json<'_>, one: impl FnMut(&Json<'_>) -> Json<'static>) -> Json<'static> {
    Json::Array(list.as_array().unwrap_or_default().iter().map(one).collect())
}

/// The object with one of its members rewritten.
fn with(object: &Json<'_>, name: &str, rewrite: impl Fn(&Json<'_>) -> Json<'static>) -> Json<'static> {
    let members = object.as_object().into_iter().flatten().map(|(known, value)| {
        let value = if known == name { rewrite(value) } else { value.clone().into_owned() };
        (known.to_string().into(), value)
    });
    Json::Object(members.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_model::entity::CoreTerms;
    use machi_types::json;

    #[test]
    fn names_are_short_and_numbers_stand_where_the_standard_has_them() {
        let definition = r#"{"id":"urn:s:1","type":"Subscription","entities":[{"type":"<D/T>|<D/U>","id":["urn:e:1"]}],"watchedAttributes":["D/a"],"q":"<D/a>>5","geoQ":{"georel":"within","geoproperty":"https://uri.etsi.org/ngsi-ld/location"},"notification":{"pick":["id","<D/b>{<D/c>}"],"endpoint":{"uri":"http://a/"}}}"#;
        let definition = definition.replace("D/", "https://uri.etsi.org/ngsi-ld/default-context/");
        let definition = json::parse(definition.as_bytes(), 16).unwrap();
        let figures = Figures {
            sent: 2,
            last_notification: Some(Timestamp::from_micros(0)),
            last_success: Some(Timestamp::from_micros(0)),
            ..Figures::default()
        };
        let around = Around { figures, context: None, now: Timestamp::from_micros(5), times: None };
        let text = present(&definition, &around, &CoreTerms).to_text();
        assert_eq!(
            text,
            r#"{"id":"urn:s:1","type":"Subscription","entities":[{"type":"T|U","id":"urn:e:1"}],"watchedAttributes":["a"],"q":"a>5","geoQ":{"georel":"within","geoproperty":"location"},"notification":{"pick":["id","b{c}"],"endpoint":{"uri":"http://a/"},"status":"ok","timesSent":2,"lastNotification":"1970-01-01T00:00:00Z","lastSuccess":"1970-01-01T00:00:00Z"},"notificationTrigger":["attributeCreated","attributeUpdated"],"status":"active"}"#
        );
    }
}
