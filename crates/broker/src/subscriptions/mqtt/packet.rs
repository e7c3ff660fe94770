//! The packets of MQTT 3.1.1 and 5 that a publisher needs.
//!
//! Only publishing is spoken here, so that what a broker sends is acknowledgements; what it may say beside is
//! passed over.

use super::terms::Terms;
use crate::subscriptions::domain::endpoint::{MqttVersion, Quality};

/// What a broker's answer may have at most; acknowledgements are tiny.
const LARGEST: usize = 64 << 10;

/// Who we are, and how to stay connected. It holds a secret, and so no log can show it.
#[derive(Clone, Copy)]
pub(super) struct Connect<'c> {
    pub(super) version: MqttVersion,
    pub(super) client_id: &'c str,
    pub(super) user: Option<&'c str>,
    pub(super) password: Option<&'c str>,
    pub(super) keep_alive_seconds: u16,
}

/// A message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Publish<'p> {
    pub(super) version: MqttVersion,
    pub(super) quality: Quality,
    /// Names the message until it is acknowledged; not used at most once.
    pub(super) id: u16,
    pub(super) topic: &'p str,
    pub(super) payload: &'p [u8],
}

/// What a broker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The answer to a connect: 0 is yes, on these terms.
    ConnAck(u8, Terms),
    /// A message arrived (at least once), with a reason.
    PubAck(u16, u8),
    /// A message arrived (exactly once), with a reason.
    PubRec(u16, u8),
    /// A message is done with (exactly once).
    PubComp(u16),
    PingResp,
    /// The broker ends the connection, with a reason.
    Disconnect(u8),
    /// Something that a publisher did not ask for.
    Other,
}

/// What is no MQTT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the broker sent what is no MQTT")]
pub(crate) struct Garbled;

impl Connect<'_> {
    /// MQTT 3.1.1 §3.1, MQTT 5 §3.1.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(64);
        put_text("MQTT", &mut body);
        body.push(level(self.version));
        // A password without a user is allowed from version 5 on; the address cannot give one.
        let flags = 0b10 | if self.user.is_some() { 0x80 } else { 0 } | if self.password.is_some() { 0x40 } else { 0 };
        body.push(flags);
        body.extend_from_slice(&self.keep_alive_seconds.to_be_bytes());
        put_no_properties(self.version, &mut body);
        put_text(self.client_id, &mut body);
        for text in [self.user, self.password].into_iter().flatten() {
            put_text(text, &mut body);
        }
        packet(0x10, &body)
    }
}

impl Publish<'_> {
    /// MQTT 3.1.1 §3.3, MQTT 5 §3.3.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.topic.len() + self.payload.len() + 8);
        put_text(self.topic, &mut body);
        let quality = match self.quality {
            Quality::Fleeting => 0,
            Quality::Acknowledged => 1,
            Quality::Assured => 2,
        };
        if quality > 0 {
            body.extend_from_slice(&self.id.to_be_bytes());
        }
        put_no_properties(self.version, &mut body);
        body.extend_from_slice(self.payload);
        packet(0x30 | quality << 1, &body)
    }
}

/// "I know that you know" (exactly once).
pub(super) fn pubrel(id: u16) -> Vec<u8> {
    packet(0x62, &id.to_be_bytes())
}

pub(super) fn pingreq() -> Vec<u8> {
    packet(0xc0, &[])
}

pub(super) fn disconnect() -> Vec<u8> {
    packet(0xe0, &[])
}

/// Takes the first whole packet out of what was received; nothing if it is not whole yet.
pub(crate) fn hear(received: &mut Vec<u8>) -> Result<Option<Heard>, Garbled> {
    let Some((&kind, rest)) = received.split_first() else { return Ok(None) };
    let Some((length, length_bytes)) = read_length(rest)? else { return Ok(None) };
    if length > LARGEST {
        return Err(Garbled);
    }
    let whole = 1 + length_bytes + length;
    let Some(body) = received.get(1 + length_bytes..whole) else { return Ok(None) };
    let heard = read(kind >> 4, body)?;
    received.drain(..whole);
    Ok(Some(heard))
}

/// What a packet says that was cut off somewhere behind its reason.
pub(super) fn cut_off(received: &[u8]) -> Option<Heard> {
    let (&kind, rest) = received.split_first()?;
    let (_, length_bytes) = read_length(rest).ok()??;
    let body = rest.get(length_bytes..)?;
    match kind >> 4 {
        2 => Some(Heard::ConnAck(*body.get(1)?, Terms::default())),
        14 => Some(Heard::Disconnect(*body.first()?)),
        _ => None,
    }
}

fn read(kind: u8, body: &[u8]) -> Result<Heard, Garbled> {
    let id = || match body {
        [high, low, ..] => Ok(u16::from_be_bytes([*high, *low])),
        _ => Err(Garbled),
    };
    // MQTT 5 leaves the reason out where it is "success".
    let reason = body.get(2).copied().unwrap_or(0);
    Ok(match kind {
        2 => match body.get(1).copied().ok_or(Garbled)? {
            0 => Heard::ConnAck(0, terms(body.get(2..).unwrap_or_default())?),
            // Whatever else a refusal says, its reason is what counts.
            reason => Heard::ConnAck(reason, Terms::default()),
        },
        4 => Heard::PubAck(id()?, reason),
        5 => Heard::PubRec(id()?, reason),
        7 => Heard::PubComp(id()?),
        13 => Heard::PingResp,
        14 => Heard::Disconnect(body.first().copied().unwrap_or(0)),
        0 | 15 => return Err(Garbled),
        _ => Heard::Other,
    })
}

/// The properties behind an answer to a connect; MQTT 3.1.1 has none.
fn terms(bytes: &[u8]) -> Result<Terms, Garbled> {
    match read_length(bytes)? {
        None if bytes.is_empty() => Ok(Terms::default()),
        None => Err(Garbled),
        Some((length, before)) => Terms::read(bytes.get(before..before + length).ok_or(Garbled)?),
    }
}

/// A length of one to four bytes, the lowest seven bits first.
fn read_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, Garbled> {
    let mut length = 0;
    for (n, byte) in bytes.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * n);
        if byte & 0x80 == 0 {
            return Ok(Some((length, n + 1)));
        }
    }
    if bytes.len() >= 4 { Err(Garbled) } else { Ok(None) }
}

fn level(version: MqttVersion) -> u8 {
    match version {
        MqttVersion::V3 => 4,
        MqttVersion::V5 => 5,
    }
}

fn put_no_properties(version: MqttVersion, out: &mut Vec<u8>) {
    if version == MqttVersion::V5 {
        out.push(0);
    }
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    // INVARIANT: what is put here was bounded where it was read: topics, users and passwords of an address.
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(text.as_bytes().get(..usize::from(length)).unwrap_or_default());
}

fn packet(head: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(body.len() + 5);
    packet.push(head);
    let mut left = body.len();
    loop {
        let seven = (left & 0x7f) as u8;
        left >>= 7;
        packet.push(if left > 0 { seven | 0x80 } else { seven });
        if left == 0 {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packets_are_written_as_the_standards_have_them() {
        let connect = Connect {
            version: MqttVersion::V3,
            client_id: "m",
            user: Some("u"),
            password: Some("p"),
            keep_alive_seconds: 30,
        };
        assert_eq!(
            connect.encode(),
            [0x10, 19, 0, 4, b'M', b'Q', b'T', b'T', 4, 0xc2, 0, 30, 0, 1, b'm', 0, 1, b'u', 0, 1, b'p']
        );
        let newer = Connect { version: MqttVersion::V5, user: None, password: None, ..connect };
        assert_eq!(newer.encode(), [0x10, 14, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 30, 0, 0, 1, b'm']);
        let publish =
            Publish { version: MqttVersion::V5, quality: Quality::Acknowledged, id: 258, topic: "a/b", payload: b"x" };
        assert_eq!(publish.encode(), [0x32, 9, 0, 3, b'a', b'/', b'b', 1, 2, 0, b'x']);
        let once = Publish { version: MqttVersion::V3, quality: Quality::Fleeting, ..publish };
        assert_eq!(once.encode(), [0x30, 6, 0, 3, b'a', b'/', b'b', b'x']);
        assert_eq!(pubrel(7), [0x62, 2, 0, 7]);
        let long = Publish { payload: &[0; 300], ..once };
        assert_eq!(long.encode().get(..3), Some([0x30, 0xb1, 0x02].as_slice()));
    }

    #[test]
    fn answers_are_heard_piece_by_piece() {
        let whole = [0x20, 2, 0, 0, 0x40, 2, 0, 7, 0x50, 3, 0, 8, 0x97, 0x70, 2, 0, 8, 0xd0, 0, 0xe0, 1, 0x8e];
        let (mut received, mut heard) = (Vec::new(), Vec::new());
        for byte in whole {
            received.push(byte);
            heard.extend(hear(&mut received).unwrap());
        }
        let expected = [
            Heard::ConnAck(0, Terms::default()),
            Heard::PubAck(7, 0),
            Heard::PubRec(8, 0x97),
            Heard::PubComp(8),
            Heard::PingResp,
            Heard::Disconnect(0x8e),
        ];
        let few = Terms { receive_maximum: 20, ..Terms::default() };
        assert_eq!(hear(&mut vec![0x20, 6, 0, 0, 3, 0x21, 0, 20]), Ok(Some(Heard::ConnAck(0, few))));
        assert_eq!(heard, expected);
        let refusal = vec![0x20, 5, 0, 0x87, 2, 0x99, 0];
        assert_eq!(hear(&mut refusal.clone()), Ok(Some(Heard::ConnAck(0x87, Terms::default()))));
        assert_eq!(cut_off(&refusal[..4]), Some(Heard::ConnAck(0x87, Terms::default())));
        assert_eq!((cut_off(&refusal[..3]), cut_off(&[0x40, 2, 0])), (None, None));
        assert_eq!(cut_off(&[0xe0, 2, 0x8e]), Some(Heard::Disconnect(0x8e)));
        assert_eq!(hear(&mut vec![0x40, 1, 0]), Err(Garbled));
        assert_eq!(hear(&mut vec![0x40, 0xff, 0xff, 0xff, 0xff]), Err(Garbled));
        assert_eq!(hear(&mut vec![0x30, 0xff, 0xff, 0x7f]), Err(Garbled));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let mut received = bytes;
            let _ = cut_off(&received);
            while let Ok(Some(_)) = hear(&mut received) {}
        }
    }
}
