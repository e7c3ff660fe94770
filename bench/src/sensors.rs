//! The entities of the HTTP figures: sensors of six attributes in about 600 bytes, under names drawn at random.

use memchr::memmem;

use crate::load;
use crate::names::{context, mix, word};

/// How many entities are of the first type, which lists ask for.
pub const LISTED: u64 = 100_000;

/// The names of a run.
#[derive(Clone, Debug)]
pub struct Sensors {
    terms: Vec<String>,
    kinds: [String; 2],
    /// The Link header with the @context, ending its line; empty until there is one.
    pub link: String,
}

impl Sensors {
    /// Names that follow from a seed.
    pub fn new(seed: u64) -> Self {
        let terms = (0..5).map(|n| word(seed, n)).collect();
        let kind = |n| format!("T{}", word(seed, n));
        Self { terms, kinds: [kind(10), kind(11)], link: String::new() }
    }

    /// The @context of the names.
    pub fn context(&self) -> String {
        let terms: Vec<&str> = self.terms.iter().chain(&self.kinds).map(String::as_str).collect();
        context(&terms)
    }

    /// Names the @context of this address in all requests.
    pub fn link_to(&mut self, url: &str) {
        self.link =
            format!("Link: <{url}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"\r\n");
    }

    /// The type that lists ask for.
    pub fn listed_kind(&self) -> &str {
        &self.kinds[0]
    }

    /// The path of an entity.
    pub fn path(n: u64) -> String {
        format!("/ngsi-ld/v1/entities/urn:ngsi-ld:Sensor:{n:07}")
    }

    /// The body that changes the one attribute that changes.
    pub fn change(&self, value: u64) -> String {
        format!(r#"{{"{}":{{"type":"Property","value":{value}}}}}"#, self.terms[2])
    }

    fn entity(&self, n: u64) -> String {
        let random = mix(n);
        let (east, north) = ((random % 10_000) as f64 / 10_000.0, (random / 10_000 % 10_000) as f64 / 10_000.0);
        let kind = &self.kinds[usize::from(n >= LISTED)];
        let [name, status, changing, level, room] = [0, 1, 2, 3, 4].map(|at| &self.terms[at]);
        format!(
            r#"{{"id":"urn:ngsi-ld:Sensor:{n:07}","type":"{kind}","{name}":{{"type":"Property","value":"sensor number {n} of the city"}},"{status}":{{"type":"Property","value":"{}"}},"{changing}":{{"type":"Property","value":0,"unitCode":"CEL","observedAt":"2026-11-22T01:00:00Z"}},"{level}":{{"type":"Property","value":{}}},"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{},{}]}}}},"{room}":{{"type":"Relationship","object":"urn:ngsi-ld:Room:{}"}}}}"#,
            ["ok", "late", "dead"][random as usize % 3],
            random % 100,
            135.0 + east,
            35.0 + north,
            n % 1000
        )
    }

    /// A request that upserts the thousand entities from this one on.
    pub fn batch(&self, first: u64) -> Vec<u8> {
        let entities: Vec<String> = (first..first + 1000).map(|n| self.entity(n)).collect();
        let body = format!("[{}]", entities.join(","));
        let mut request = Vec::with_capacity(body.len() + 512);
        load::write_request("POST", "/ngsi-ld/v1/entityOperations/upsert", &self.link, &body, &mut request);
        request
    }

    /// The changing value of each entity in an answer.
    pub fn values<'b>(&self, body: &'b [u8]) -> impl Iterator<Item = (u64, u64)> + use<'b> {
        let marker = format!(r#""{}":{{"type":"Property","value":"#, self.terms[2]).into_bytes();
        let id = memmem::Finder::new(b"\"id\":\"urn:ngsi-ld:Sensor:").into_owned();
        let value = memmem::Finder::new(&marker).into_owned();
        let mut rest = body;
        std::iter::from_fn(move || {
            let n = number_behind(&id, &mut rest)?;
            Some((n, number_behind(&value, &mut rest)?))
        })
    }
}

fn number_behind(finder: &memmem::Finder<'_>, rest: &mut &[u8]) -> Option<u64> {
    let from = finder.find(rest)? + finder.needle().len();
    *rest = rest.get(from..)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number: u64, digit| number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))))
}
