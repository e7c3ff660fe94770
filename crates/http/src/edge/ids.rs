//! Request ids: the client's where it sends one, otherwise a fresh one.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use machi_types::RequestId;

/// The header that carries the id, both ways.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 128;

/// Gives out request ids.
#[derive(Debug)]
pub(super) struct Ids {
    next: AtomicU64,
    /// Keyed at random at start-up, so that ids of different runs differ.
    random: RandomState,
}

/// How one request is named.
#[derive(Debug)]
pub(super) struct Identity {
    /// The name in logs and problems.
    pub(super) id: RequestId,
    /// The client's own name for it, which is echoed.
    pub(super) given: Option<HeaderValue>,
}

impl Ids {
    pub(super) fn new() -> Self {
        let random = RandomState::new();
        Self { next: AtomicU64::new(random.hash_one("first")), random }
    }

    pub(super) fn of(&self, headers: &HeaderMap) -> Identity {
        match headers.get(REQUEST_ID) {
            Some(value) if is_plain(value) => Identity { id: self.number(value), given: Some(value.clone()) },
            _ => Identity { id: self.fresh(), given: None },
        }
    }

    fn fresh(&self) -> RequestId {
        RequestId(mix(self.next.fetch_add(1, Ordering::Relaxed)))
    }

    /// An id of ours comes back as it is; any other text is named by its hash, the same for the same text.
    fn number(&self, value: &HeaderValue) -> RequestId {
        let text = value.to_str().unwrap_or_default();
        match u64::from_str_radix(text, 16) {
            Ok(number) if text.len() == 16 => RequestId(number),
            _ => RequestId(self.random.hash_one(text)),
        }
    }
}

impl Identity {
    /// The value of the answer's header.
    pub(super) fn header(&self) -> HeaderValue {
        if let Some(given) = &self.given {
            return given.clone();
        }
        let mut text = [0; 16];
        for (place, digit) in text.iter_mut().enumerate() {
            let nibble = (self.id.0 >> (60 - 4 * place)) & 15;
            *digit = b"0123456789abcdef"[nibble as usize];
        }
        HeaderValue::from_bytes(&text).expect("hexadecimal digits are visible ASCII")
    }
}

/// What goes back into a header and into logs is short and plain.
fn is_plain(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= LONGEST
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:@/+=".contains(b))
}

/// Spreads a running number over all bits (the finaliser of `SplitMix64`).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ids: &Ids, text: &'static str) -> Identity {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_static(text));
        ids.of(&headers)
    }

    #[test]
    fn plain_ids_are_echoed_and_others_replaced() {
        let ids = Ids::new();
        assert_eq!(of(&ids, "trace-1").header(), "trace-1");
        assert_eq!(of(&ids, "trace-1").id, of(&ids, "trace-1").id);
        assert_eq!(of(&ids, "00000000000000ff").id, RequestId(255));
        assert_ne!(of(&ids, "a b").header(), "a b");
        let (one, two) = (ids.of(&HeaderMap::new()), ids.of(&HeaderMap::new()));
        assert_ne!(one.id, two.id);
        assert_eq!(one.header(), one.id.to_string());
    }
}
