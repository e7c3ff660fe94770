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
        return Err(Fault::at("uri", "it is missing; it says where notifications go", "指定が必要です(通知の送信先)"));
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
            other => {
                member::check_spelling(other, MEMBERS)?;
                continue;
            }
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
            uri.parse::<MqttAddress>().map_err(|error| Fault::at("uri", error.to_string(), error.in_japanese()))?;
            Ok(true)
        }
        _ => Err(Fault::at(
            "uri",
            "it must begin with http://, https://, mqtt:// or mqtts://",
            "http://、https://、mqtt://、mqtts://のいずれかで始めてください",
        )),
    }
}

fn web_address(uri: &str) -> Result<(), Fault> {
    let no_address = || {
        Fault::at(
            "uri",
            "it is no address, such as https://example.org/notify",
            "アドレスではありません(例: https://example.org/notify)",
        )
    };
    let parsed: Uri = uri.parse().map_err(|_| no_address())?;
    let authority = parsed.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    if parsed.host().unwrap_or_default().is_empty() {
        return Err(Fault::at("uri", "it names no host", "ホスト名がありません"));
    }
    if authority.contains('@') {
        return Err(Fault::at(
            "uri",
            "it holds a user name; credentials belong into a header, by receiverInfo",
            "ユーザー名が含まれています。認証情報はreceiverInfoでヘッダーに指定してください",
        ));
    }
    // Where a port is no port, nothing of it is left.
    let tells_port = authority.rsplit(']').next().is_some_and(|place| place.contains(':'));
    if tells_port && parsed.port_u16().is_none_or(|port| port == 0) {
        return Err(Fault::at(
            "uri",
            "the port must be a number from 1 to 65535",
            "ポートは1から65535までの数値で指定してください",
        ));
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

const PAIR: &[&str] = &["key", "value"];

/// What is wrong with a pair, in English and Japanese.
type WrongPair = (String, String);
type CheckPair = fn(&str, &str) -> Result<(), WrongPair>;

fn pairs(path: &str, json: &Json<'_>, check: CheckPair) -> Result<Json<'static>, Fault> {
    let items = json.as_array().ok_or_else(|| {
        Fault::at(
            path,
            "it must be an array of {\"key\": …, \"value\": …}",
            "{\"key\": …, \"value\": …}の配列で指定してください",
        )
    })?;
    let pair = |(n, item): (usize, &Json<'_>)| {
        let place = format!("{path}[{n}]");
        let part = |name: &str| match item.get(name) {
            Some(value) => member::text(&format!("{place}.{name}"), value).map(str::to_owned),
            None => Err(Fault::at(format!("{place}.{name}"), "it is missing", "指定が必要です")),
        };
        for (name, _) in member::object(&place, item)? {
            if !PAIR.contains(&&**name) {
                member::check_spelling(name, PAIR).map_err(|fault| fault.below(&place))?;
            }
        }
        let (key, value) = (part("key")?, part("value")?);
        check(&key, &value).map_err(|(en, ja)| Fault::at(place.clone(), en, ja))?;
        Ok(Json::Object(vec![("key".into(), key.into()), ("value".into(), value.into())]))
    };
    Ok(Json::Array(items.iter().enumerate().map(pair).collect::<Result<_, _>>()?))
}

fn wrong(en: &str, ja: &str) -> WrongPair {
    (en.to_owned(), ja.to_owned())
}

fn no_check(key: &str, _: &str) -> Result<(), WrongPair> {
    if key.is_empty() { Err(wrong("its key must not be empty", "keyが空です")) } else { Ok(()) }
}

/// §6.3.8: keys and values "shall adhere to" the rules of HTTP headers.
fn check_header(key: &str, value: &str) -> Result<(), WrongPair> {
    let no_name = |_| wrong("its key must be the name of an HTTP header", "keyはHTTPヘッダー名で指定してください");
    let name: HeaderName = key.parse().map_err(no_name)?;
    HeaderValue::from_str(value).map_err(|_| {
        wrong("its value must be the value of an HTTP header", "valueはHTTPヘッダーの値で指定してください")
    })?;
    if RESERVED.contains(&name.as_str()) {
        return Err((
            format!("the header {name} is set by HTTP itself"),
            format!("{name}ヘッダーはHTTP自身が設定するため、指定できません"),
        ));
    }
    Ok(())
}

/// Table 7.2-1.
fn check_mqtt(key: &str, value: &str) -> Result<(), WrongPair> {
    match key {
        "MQTT-Version" if !matches!(value, "mqtt3.1.1" | "mqtt5.0") => Err(wrong(
            "MQTT-Version must be \"mqtt3.1.1\" or \"mqtt5.0\"",
            "MQTT-Versionは\"mqtt3.1.1\"か\"mqtt5.0\"で指定してください",
        )),
        "MQTT-QoS" if !matches!(value, "0" | "1" | "2") => Err(wrong(
            "MQTT-QoS must be \"0\", \"1\" or \"2\"",
            "MQTT-QoSは\"0\"、\"1\"、\"2\"のいずれかで指定してください",
        )),
        _ => no_check(key, value),
    }
}
