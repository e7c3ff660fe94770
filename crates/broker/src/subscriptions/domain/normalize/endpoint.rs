//! `Endpoint` and `KeyValuePair` (ETSI GS CIM 009 §5.2.15, §5.2.22).

use http::{HeaderName, HeaderValue, Uri};
use machi_types::Json;

use super::member;
use crate::subscriptions::domain::fault::Fault;
use crate::subscriptions::domain::mqtt_address::MqttAddress;

const MEMBERS: &[&str] = &["uri", "accept", "cooldown", "notifierInfo", "receiverInfo", "timeout"];

/// What the binding itself says; a receiver's own word would contradict it.
const RESERVED: &[&str] = &[
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
];

/// Checks an endpoint.
pub(super) fn endpoint(json: &Json<'_>) -> Result<Json<'static>, Fault> {
    let members = member::object("", json)?;
    let Some(uri) = json.get("uri") else {
        return Err(Fault::at("uri", "it is missing; it says where notifications go"));
    };
    let is_mqtt = address(member::text("uri", uri)?)?;
    let mut endpoint = Vec::new();
    for (name, value) in members {
        let value = match &**name {
            "uri" => value.clone().into_owned(),
            "accept" => accept(value, is_mqtt)?,
            name @ ("cooldown" | "timeout") => {
                member::positive(name, value)?;
                value.clone().into_owned()
            }
            "receiverInfo" => pairs("receiverInfo", value, if is_mqtt { no_check } else { check_header })?,
            "notifierInfo" => pairs("notifierInfo", value, if is_mqtt { check_mqtt } else { no_check })?,
            other => return Err(member::unknown(other, MEMBERS)),
        };
        endpoint.push((name.to_string().into(), value));
    }
    Ok(Json::Object(endpoint))
}

/// Whether the address is one of MQTT.
fn address(uri: &str) -> Result<bool, Fault> {
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https") => web_address(uri).map(|()| false),
        Some("mqtt" | "mqtts") => {
            uri.parse::<MqttAddress>().map_err(|error| Fault::at("uri", error.to_string()))?;
            Ok(true)
        }
        _ => Err(Fault::at("uri", "it must begin with http://, https://, mqtt:// or mqtts://")),
    }
}

fn web_address(uri: &str) -> Result<(), Fault> {
    let parsed: Uri =
        uri.parse().map_err(|_| Fault::at("uri", "it is no address, such as https://example.org/notify"))?;
    let authority = parsed.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    if parsed.host().unwrap_or_default().is_empty() {
        return Err(Fault::at("uri", "it names no host"));
    }
    if authority.contains('@') {
        return Err(Fault::at("uri", "it holds a user name; credentials belong into a header, by receiverInfo"));
    }
    Ok(())
}

fn accept(json: &Json<'_>, is_mqtt: bool) -> Result<Json<'static>, Fault> {
    // Table 7.2-2 has no GeoJSON for MQTT.
    let offered: &[&str] = if is_mqtt {
        &["application/json", "application/ld+json"]
    } else {
        &["application/json", "application/ld+json", "application/geo+json"]
    };
    Ok(Json::from(member::word("accept", json, offered)?))
}

type CheckPair = fn(&str, &str) -> Result<(), String>;

fn pairs(path: &str, json: &Json<'_>, check: CheckPair) -> Result<Json<'static>, Fault> {
    let items = json.as_array().ok_or_else(|| Fault::at(path, "it must be an array of {\"key\": …, \"value\": …}"))?;
    let pair = |(n, item): (usize, &Json<'_>)| {
        let place = format!("{path}[{n}]");
        let part = |name: &str| match item.get(name) {
            Some(value) => member::text(&format!("{place}.{name}"), value).map(str::to_owned),
            None => Err(Fault::at(format!("{place}.{name}"), "it is missing")),
        };
        member::object(&place, item)?;
        let (key, value) = (part("key")?, part("value")?);
        check(&key, &value).map_err(|reason| Fault::at(place.clone(), reason))?;
        Ok(Json::Object(vec![("key".into(), key.into()), ("value".into(), value.into())]))
    };
    Ok(Json::Array(items.iter().enumerate().map(pair).collect::<Result<_, _>>()?))
}

fn no_check(key: &str, _: &str) -> Result<(), String> {
    if key.is_empty() { Err("its key must not be empty".to_owned()) } else { Ok(()) }
}

/// §6.3.8: keys and values "shall adhere to" the rules of HTTP headers.
fn check_header(key: &str, value: &str) -> Result<(), String> {
    let name: HeaderName = key.parse().map_err(|_| "its key must be the name of an HTTP header".to_owned())?;
    HeaderValue::from_str(value).map_err(|_| "its value must be the value of an HTTP header".to_owned())?;
    if RESERVED.contains(&name.as_str()) {
        return Err(format!("the header {name} is set by HTTP itself"));
    }
    Ok(())
}

/// Table 7.2-1.
fn check_mqtt(key: &str, value: &str) -> Result<(), String> {
    match key {
        "MQTT-Version" if !matches!(value, "mqtt3.1.1" | "mqtt5.0") => {
            Err("MQTT-Version must be \"mqtt3.1.1\" or \"mqtt5.0\"".to_owned())
        }
        "MQTT-QoS" if !matches!(value, "0" | "1" | "2") => Err("MQTT-QoS must be \"0\", \"1\" or \"2\"".to_owned()),
        _ => no_check(key, value),
    }
}
