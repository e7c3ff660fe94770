//! Where an MQTT notification goes: `mqtt[s]://[user][:password]@host[:port]/topic[/subtopic]*` (ETSI GS CIM 009 §7.2).

use std::fmt;
use std::str::FromStr;

use machi_http::percent;

/// The address of a topic.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MqttAddress {
    pub(crate) is_encrypted: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) topic: String,
}

/// Why a text is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidMqttAddress {
    #[error("it must look like mqtt://host:1883/topic or mqtts://user:password@host:8883/topic")]
    Form,
    #[error("the port must be a number from 1 to 65535")]
    Port,
    #[error("it names no topic; one follows the host, as in mqtt://host/topic")]
    NoTopic,
    #[error("a topic to publish to holds neither + nor #, nor control characters")]
    Topic,
}

impl InvalidMqttAddress {
    /// The same in Japanese.
    pub(crate) fn in_japanese(self) -> &'static str {
        match self {
            Self::Form => "mqtt://host:1883/topicやmqtts://user:password@host:8883/topicの形で指定してください",
            Self::Port => "ポートは1から65535までの数値で指定してください",
            Self::NoTopic => "トピックがありません。mqtt://host/topicのようにホストの後に指定してください",
            Self::Topic => "発行先のトピックに+、#、制御文字は使えません",
        }
    }
}

impl FromStr for MqttAddress {
    type Err = InvalidMqttAddress;

    fn from_str(text: &str) -> Result<Self, InvalidMqttAddress> {
        use InvalidMqttAddress as Fault;
        let (scheme, rest) = text.split_once("://").ok_or(Fault::Form)?;
        let is_encrypted = match scheme.to_ascii_lowercase().as_str() {
            "mqtt" => false,
            "mqtts" => true,
            _ => return Err(Fault::Form),
        };
        let (authority, path) = rest.split_once('/').ok_or(Fault::NoTopic)?;
        let (credentials, place) = match authority.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, authority),
        };
        let (host, port) = split_port(place)?;
        let (user, password) = match credentials.map(|text| text.split_once(':').unwrap_or((text, ""))) {
            None | Some(("", "")) => (None, None),
            Some((user, "")) => (Some(decoded(user)?), None),
            Some((user, password)) => (Some(decoded(user)?), Some(decoded(password)?)),
        };
        let topic = decoded(path)?;
        if topic.is_empty() {
            return Err(Fault::NoTopic);
        }
        if topic.len() > 60_000 || topic.contains(['+', '#']) || topic.contains(char::is_control) {
            return Err(Fault::Topic);
        }
        let port = port.unwrap_or(if is_encrypted { 8883 } else { 1883 });
        Ok(Self { is_encrypted, host: host.to_owned(), port, user, password, topic })
    }
}

fn decoded(text: &str) -> Result<String, InvalidMqttAddress> {
    percent::decode_path(text).map(std::borrow::Cow::into_owned).map_err(|_| InvalidMqttAddress::Form)
}

/// The host, an IPv6 one in its brackets, and the port.
fn split_port(place: &str) -> Result<(&str, Option<u16>), InvalidMqttAddress> {
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (place, None),
    };
    let is_host = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '@'));
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    if !is_host || (host.contains(':') && !is_bracketed) {
        return Err(InvalidMqttAddress::Form);
    }
    match port.map(|port| port.parse::<u16>().ok().filter(|port| *port > 0)) {
        None => Ok((host, None)),
        Some(Some(port)) => Ok((host, Some(port))),
        Some(None) => Err(InvalidMqttAddress::Port),
    }
}

impl fmt::Debug for MqttAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MqttAddress({}:{}/{})", self.host, self.port, self.topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_standard_has_them() {
        let full: MqttAddress = "mqtts://ao%40i:p%3Aw@broker.example:8884/city/aoi/temp".parse().unwrap();
        assert!(full.is_encrypted);
        assert_eq!((full.host.as_str(), full.port, full.topic.as_str()), ("broker.example", 8884, "city/aoi/temp"));
        assert_eq!((full.user.as_deref(), full.password.as_deref()), (Some("ao@i"), Some("p:w")));
        let plain: MqttAddress = "mqtt://127.0.0.1/t".parse().unwrap();
        assert_eq!((plain.port, plain.user, plain.is_encrypted), (1883, None, false));
        assert_eq!("mqtts://[::1]/t".parse::<MqttAddress>().unwrap().port, 8883);
        assert_eq!("mqtt://[::1]:99/t".parse::<MqttAddress>().unwrap().host, "[::1]");
    }

    #[test]
    fn what_is_no_address_is_refused_with_its_reason() {
        use InvalidMqttAddress as Fault;
        for (text, fault) in [
            ("mqtt://host", Fault::NoTopic),
            ("mqtt://host/", Fault::NoTopic),
            ("mqtt:///t", Fault::Form),
            ("mqtt://ho st/t", Fault::Form),
            ("mqtt://host:0/t", Fault::Port),
            ("mqtt://host:x/t", Fault::Port),
            ("mqtt://host/a/+/b", Fault::Topic),
            ("mqtt://host/a%23", Fault::Topic),
            ("http://host/t", Fault::Form),
            ("mqtt", Fault::Form),
        ] {
            assert_eq!(text.parse::<MqttAddress>(), Err(fault), "{text}");
        }
    }

    #[test]
    fn a_password_is_in_no_log() {
        let address: MqttAddress = "mqtt://u:secret@host/t".parse().unwrap();
        assert!(!format!("{address:?}").contains("secret"));
    }
}
