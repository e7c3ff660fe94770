//! Requests that are nearly right: well-formed ones, of which a part is changed at random.
//!
//! Where a request ends stays true, so that each has one answer; everything else may be anything.

use crate::kit::*;

/// A well-formed request: method, path, headers and body. `#` stands for a small number.
type Sample = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];
const LD: &[(&str, &str)] = &[("Content-Type", "application/ld+json"), ("Accept", "application/ld+json")];
const MERGE: &[(&str, &str)] = &[("Content-Type", "application/merge-patch+json"), ("NGSILD-Tenant", "t1")];
const NONE: &[(&str, &str)] = &[];

#[rustfmt::skip]
const SAMPLES: &[Sample] = &[
    ("GET", "/ngsi-ld/v1/entities/urn:m:#", &[("Accept", "application/ld+json"), ("If-None-Match", "\"7\"")], ""),
    ("GET", "/ngsi-ld/v1/entities/urn:m:#?options=sysAttrs&pick=id,type,a&lang=ja", NONE, ""),
    ("GET", "/ngsi-ld/v1/entities?type=T&limit=#&count=true", NONE, ""),
    ("GET", "/ngsi-ld/v1/entities?type=T&q=a%3E#;b!=%22x%22&orderBy=a;desc", &[("Accept", "application/geo+json")], ""),
    ("GET", "/ngsi-ld/v1/entities?q=(a.c%7E=%22%5Ex%22%7Cb==1..#)&scopeQ=/s/%23&format=simplified&offset=#", NONE, ""),
    ("GET", "/ngsi-ld/v1/entities?georel=near;maxDistance==#00&geometry=Point&coordinates=%5B139,35%5D", NONE, ""),
    ("GET", "/ngsi-ld/v1/entities?idPattern=%5Eurn:m:#.*&join=inline&joinLevel=2&options=concise", NONE, ""),
    ("GET", "/ngsi-ld/v1/types?details=true", &[("Accept-Language", "ja")], ""),
    ("GET", "/ngsi-ld/v1/attributes/a", &[("Prefer", "ngsi-ld=1.5")], ""),
    ("GET", "/ngsi-ld/v1/subscriptions?limit=#", NONE, ""),
    ("GET", "/ngsi-ld/v1/jsonldContexts?details=true", NONE, ""),
    ("POST", "/ngsi-ld/v1/entities", JSON, r#"{"id":"urn:m:#","type":"T","a":{"type":"Property","value":#,"observedAt":"2026-01-01T00:00:00Z"},"location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[139.#,35]}}}"#),
    ("POST", "/ngsi-ld/v1/entities", LD, r#"{"id":"urn:m:#","type":["T","U"],"scope":"/s/a","n":{"languageMap":{"ja":"街","en":"city"}},"r":{"object":"urn:m:#"},"@context":[{"n":"https://a.example/n"}]}"#),
    ("PATCH", "/ngsi-ld/v1/entities/urn:m:#", MERGE, r#"{"a":{"value":{"x":#,"y":"urn:ngsi-ld:null"}},"v":{"vocab":"A"},"j":{"json":[1,null]}}"#),
    ("PATCH", "/ngsi-ld/v1/entities/urn:m:#/attrs", JSON, r#"{"a":{"type":"Property","value":#}}"#),
    ("PATCH", "/ngsi-ld/v1/entities/urn:m:#/attrs/a", JSON, r#"{"value":#}"#),
    ("POST", "/ngsi-ld/v1/entities/urn:m:#/attrs?options=noOverwrite", JSON, r#"{"b":[{"value":"x","datasetId":"urn:d:#"},{"value":#}]}"#),
    ("PUT", "/ngsi-ld/v1/entities/urn:m:#", JSON, r#"{"id":"urn:m:#","type":"T","a":#,"b":{"value":"x","unitCode":"CEL","c":{"value":"xyz"}}}"#),
    ("DELETE", "/ngsi-ld/v1/entities/urn:m:#/attrs/b?datasetId=urn:d:#", NONE, ""),
    ("DELETE", "/ngsi-ld/v1/entities/urn:m:#", NONE, ""),
    ("POST", "/ngsi-ld/v1/entityOperations/upsert?options=update", JSON, r#"[{"id":"urn:m:#","type":"T","a":#},{"id":"urn:m:#","type":"T","l":{"valueList":[1,"b",true]}}]"#),
    ("POST", "/ngsi-ld/v1/entityOperations/create", JSON, r#"[{"id":"urn:m:#","type":"T"},{"id":"urn:m:#","type":"T","expiresAt":"2030-01-01T00:00:00Z"}]"#),
    ("POST", "/ngsi-ld/v1/entityOperations/merge", JSON, r#"[{"id":"urn:m:#","a":#}]"#),
    ("POST", "/ngsi-ld/v1/entityOperations/delete", JSON, r#"["urn:m:#","urn:m:#"]"#),
    ("POST", "/ngsi-ld/v1/entityOperations/query?limit=#", JSON, r#"{"type":"Query","entities":[{"type":"T"}],"q":"a>#","geoQ":{"georel":"within","geometry":"Polygon","coordinates":[[[139,35],[140,35],[140,36],[139,35]]]}}"#),
    ("POST", "/ngsi-ld/v1/subscriptions", JSON, r#"{"id":"urn:s:#","type":"Subscription","entities":[{"type":"T","idPattern":"^urn:m:#"}],"watchedAttributes":["a"],"q":"a>#","throttling":#,"notification":{"format":"concise","endpoint":{"uri":"http://127.0.0.1:9/x","cooldown":60000}}}"#),
    ("PATCH", "/ngsi-ld/v1/subscriptions/urn:s:#", JSON, r#"{"isActive":false,"scopeQ":"/s/a"}"#),
    ("DELETE", "/ngsi-ld/v1/subscriptions/urn:s:#", NONE, ""),
    ("POST", "/ngsi-ld/v1/jsonldContexts", JSON, r#"{"@context":{"a":"https://a.example/#","p":{"@id":"a:p","@type":"@vocab"}}}"#),
    ("GET", "/machi/v1/tenants", NONE, ""),
    ("GET", "/machi/v1/dead-letters?limit=#", NONE, ""),
    ("HEAD", "/ngsi-ld/v1/entities/urn:m:#", NONE, ""),
];

/// What is put somewhere because some parser knows it.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "\"", "\\", "{", "}", "[", "]", ",", ":", ";", "|", "(", ")", "%00", "%ff", "%", "&", "=", "#", "?", "/", "..",
    "null", "true", "-1", "0", "1e999", "9223372036854775808", "0.1", "NaN", "\"urn:ngsi-ld:null\"", "\\ud800", "\u{0}",
    "\u{202e}", "街", "@context", "\"@context\":[{\"@vocab\":\"x\"}],", "\"id\":\"urn:m:1\",", "\"type\":", "\"value\":",
    "\"datasetId\":\"urn:d:1\",", "==", "~=", "!", "^(a+)+$", "[0-9", "urn:x", "http://", "2026-13-01T00:00:00Z",
    "[[[[[[[[", "\"coordinates\":[1e9,0],", "W/\"1\"", "*", "application/json", "limit=0", "offset=99999999999", "cursor=AQ",
];

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Creates what the samples ask about.
pub(super) fn furnish(client: &Client) {
    for number in 0..20 {
        let rest = json!({"a": property(number), "b": property("x"), "location": point(139.5, 35.5), "scope": "/s/a"});
        client.create(&entity(&format!("urn:m:{number}"), "T", rest));
    }
}

/// A stream of requests that its seed determines.
pub(super) struct Mutator {
    dice: Dice,
}

impl Mutator {
    pub(super) fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed) }
    }

    /// The bytes of the next request.
    pub(super) fn next_request(&mut self) -> Vec<u8> {
        let (method, path, headers, body) = self.dice.pick(SAMPLES);
        let mut method = method.to_owned();
        let mut path = self.filled(path);
        let mut body = self.filled(body);
        let mut headers: Vec<(String, Vec<u8>)> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        // Of what is left whole, or is changed in its values alone, most reaches the store.
        let changes = if self.dice.chance(40) { 0 } else { 1 + self.dice.below(4) };
        for _ in 0..changes {
            match self.dice.below(10) {
                0 => self.dice.pick(METHODS).clone_into(&mut method),
                1..=3 => self.mutate(&mut path),
                4 if !headers.is_empty() => {
                    let chosen = self.dice.below(headers.len() as u64) as usize;
                    self.mutate(&mut headers[chosen].1);
                }
                4 => headers.push(("Accept".to_owned(), b"application/ld+json".to_vec())),
                _ => self.mutate(&mut body),
            }
        }
        assembled(&method, &path, &headers, &body)
    }

    /// The sample with a number for each `#`.
    fn filled(&mut self, sample: &str) -> Vec<u8> {
        let mut text = String::with_capacity(sample.len() + 8);
        for piece in sample.split_inclusive('#') {
            match piece.strip_suffix('#') {
                Some(piece) => {
                    text.push_str(piece);
                    text.push_str(&self.dice.below(20).to_string());
                }
                None => text.push_str(piece),
            }
        }
        text.into_bytes()
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.dice.below(bytes.len() as u64 + 1) as usize;
        let end = (at + self.dice.below(12) as usize).min(bytes.len());
        match self.dice.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.dice.below(8),
            1 if at < bytes.len() => bytes[at] = self.dice.below(256) as u8,
            2 => drop(bytes.drain(at..end)),
            3 => {
                let again: Vec<u8> = bytes[at..end].repeat(1 + self.dice.below(60) as usize);
                bytes.splice(at..at, again);
            }
            4 => bytes.truncate(at),
            5 => bytes[at..end].reverse(),
            _ => {
                let word = self.dice.pick(WORDS).bytes();
                bytes.splice(at..at, word);
            }
        }
    }
}

/// A request that ends where it says.
fn assembled(method: &str, path: &[u8], headers: &[(String, Vec<u8>)], body: &[u8]) -> Vec<u8> {
    let on_one_line = |bytes: &[u8]| {
        bytes.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }).collect::<Vec<u8>>()
    };
    let mut request = format!("{method} ").into_bytes();
    request.extend(on_one_line(path));
    request.extend_from_slice(b" HTTP/1.1\r\nHost: city\r\n");
    for (name, value) in headers {
        request.extend_from_slice(name.as_bytes());
        request.extend_from_slice(b": ");
        request.extend(on_one_line(value));
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    request.extend_from_slice(body);
    request
}
