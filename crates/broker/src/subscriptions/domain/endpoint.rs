//! Where notifications go, ready to be used (ETSI GS CIM 009 §5.2.15).

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use machi_http::request::MediaType;
use machi_types::Json;

use super::fault::Fault;
use super::mqtt_address::MqttAddress;

/// What is longer is as good as never, and no clock counts so far.
const AN_AGE: Duration = Duration::from_hours(100 * 366 * 24);

/// An endpoint.
#[derive(PartialEq)]
pub(crate) struct Endpoint {
    pub(crate) target: Target,
    /// How long a notification may take; the broker's own bound where none is named.
    pub(crate) timeout: Option<Duration>,
    /// How long to rest after a failure, at least.
    pub(crate) cooldown: Option<Duration>,
    /// The machine that is reached: what receivers share that share their fate.
    pub(crate) host: Box<str>,
}

/// By which binding. It holds secrets, such as an `Authorization`, and so no log can show it.
#[derive(PartialEq)]
pub(crate) enum Target {
    /// §6.3.8
    Web { url: Box<str>, headers: HeaderMap },
    /// §7.2
    Mqtt(Box<MqttTarget>),
}

/// A topic and how it is published to.
#[derive(PartialEq)]
pub(crate) struct MqttTarget {
    pub(crate) address: MqttAddress,
    pub(crate) version: MqttVersion,
    pub(crate) quality: Quality,
    /// What `receiverInfo` adds to the metadata.
    pub(crate) metadata: Vec<(String, String)>,
}

/// The version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum MqttVersion {
    V3,
    V5,
}

/// The quality of service, in the words of MQTT, the better the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Quality {
    /// 0
    Fleeting,
    /// 1
    Acknowledged,
    /// 2
    Assured,
}

impl Endpoint {
    /// From a kept endpoint.
    pub(crate) fn read(json: &Json<'_>) -> Result<Self, Fault> {
        let uri = json.get("uri").and_then(Json::as_str).ok_or_else(|| Fault::broken("uri", "it is missing"))?;
        let is_mqtt = uri.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mqtt"));
        let (target, host) = if is_mqtt { mqtt(uri, json)? } else { web(uri, json)? };
        let duration = |name: &str| {
            let millis = json.get(name).and_then(Json::as_f64).filter(|millis| *millis > 0.0);
            millis.map(|millis| Duration::try_from_secs_f64(millis / 1000.0).unwrap_or(AN_AGE).min(AN_AGE))
        };
        Ok(Self { target, timeout: duration("timeout"), cooldown: duration("cooldown"), host })
    }

    /// The address itself: what receivers share that are fast or slow together.
    pub(crate) fn door(&self) -> &str {
        match &self.target {
            Target::Web { url, .. } => url,
            // All topics of an MQTT broker are taken by the broker.
            Target::Mqtt(_) => &self.host,
        }
    }
}

fn web(uri: &str, json: &Json<'_>) -> Result<(Target, Box<str>), Fault> {
    let parsed: http::Uri = uri.parse().map_err(|_| Fault::broken("uri", "it is no address"))?;
    let mut headers = HeaderMap::new();
    for (key, value) in pairs(json, "receiverInfo") {
        let name = key.parse::<HeaderName>().map_err(|_| Fault::broken("receiverInfo", "a key is no header"))?;
        let value = HeaderValue::from_str(value).map_err(|_| Fault::broken("receiverInfo", "a value is no header"))?;
        headers.append(name, value);
    }
    let authority = parsed.authority().map_or("", http::uri::Authority::as_str);
    // What stands before an @ tells nobody which machine it is, and is shown in no log.
    let host = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    Ok((Target::Web { url: uri.into(), headers }, host.into()))
}

fn mqtt(uri: &str, json: &Json<'_>) -> Result<(Target, Box<str>), Fault> {
    let address: MqttAddress = uri
        .parse()
        .map_err(|error: super::mqtt_address::InvalidMqttAddress| Fault::broken("uri", error.to_string()))?;
    let mut target = MqttTarget {
        address,
        // Table 7.2-1: what holds where nothing is said.
        version: MqttVersion::V5,
        quality: Quality::Fleeting,
        metadata: pairs(json, "receiverInfo").map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    };
    for (key, value) in pairs(json, "notifierInfo") {
        match (key, value) {
            ("MQTT-Version", "mqtt3.1.1") => target.version = MqttVersion::V3,
            ("MQTT-QoS", "1") => target.quality = Quality::Acknowledged,
            ("MQTT-QoS", "2") => target.quality = Quality::Assured,
            _ => {}
        }
    }
    let host = format!("mqtt {}:{}", target.address.host.to_ascii_lowercase(), target.address.port);
    Ok((Target::Mqtt(Box::new(target)), host.into()))
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", self.host)
    }
}

fn pairs<'j>(json: &'j Json<'_>, name: &str) -> impl Iterator<Item = (&'j str, &'j str)> {
    let list = json.get(name).and_then(Json::as_array).unwrap_or_default();
    list.iter().filter_map(|pair| Some((pair.get("key")?.as_str()?, pair.get("value")?.as_str()?)))
}

/// The form of the body that an endpoint takes.
pub(crate) fn media(json: &Json<'_>) -> MediaType {
    match json.get("accept").and_then(Json::as_str) {
        Some("application/ld+json") => MediaType::JsonLd,
        Some("application/geo+json") => MediaType::GeoJson,
        _ => MediaType::Json,
    }
}

/// Whether the receiver prefers GeoJSON without a @context (§5.3.1).
pub(crate) fn prefers_plain_json(json: &Json<'_>) -> bool {
    pairs(json, "receiverInfo")
        .any(|(key, value)| key.eq_ignore_ascii_case("prefer") && value.replace(' ', "") == "body=json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_types::json;

    fn endpoint(text: &str) -> Endpoint {
        Endpoint::read(&json::parse(text.as_bytes(), 8).unwrap()).unwrap()
    }

    #[test]
    fn web_endpoints_carry_their_headers() {
        let read = endpoint(
            r#"{"uri":"https://A.example:8443/x?y","timeout":1500,"cooldown":200.5,"receiverInfo":[{"key":"Authorization","value":"Bearer x"}]}"#,
        );
        assert_eq!(&*read.host, "a.example:8443");
        assert_eq!(
            (read.timeout, read.cooldown),
            (Some(Duration::from_millis(1500)), Some(Duration::from_micros(200_500)))
        );
        let Target::Web { headers, .. } = read.target else { panic!("it is on the web") };
        assert_eq!(headers["authorization"], "Bearer x");
    }

    #[test]
    fn mqtt_endpoints_have_the_defaults_of_the_standard() {
        let Target::Mqtt(plain) = endpoint(r#"{"uri":"mqtt://h/t"}"#).target else { panic!("it is MQTT") };
        assert_eq!((plain.version, plain.quality), (MqttVersion::V5, Quality::Fleeting));
        let read = endpoint(
            r#"{"uri":"mqtt://h/t","notifierInfo":[{"key":"MQTT-Version","value":"mqtt3.1.1"},{"key":"MQTT-QoS","value":"2"}]}"#,
        );
        let Target::Mqtt(full) = read.target else { panic!("it is MQTT") };
        assert_eq!((full.version, full.quality), (MqttVersion::V3, Quality::Assured));
    }

    #[test]
    fn what_a_log_can_show_of_an_endpoint_is_its_machine() {
        let info = r#""receiverInfo":[{"key":"Authorization","value":"secret"}]"#;
        for (uri, host) in
            [("mqtt://u:secret@h/t", "mqtt h:1883"), ("http://u:secret@H:80/x", "h:80"), ("http://h/x", "h")]
        {
            let read = endpoint(&format!(r#"{{"uri":"{uri}",{info}}}"#));
            assert_eq!(format!("{read:?}"), format!("Endpoint({host})"));
        }
    }
}
