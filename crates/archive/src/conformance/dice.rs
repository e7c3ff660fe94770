//! Invents entities, instances and removals, the same ones for the same seed.

use std::sync::Arc;

use bytes::Bytes;
use machi_model::entity::{Attribute, Instance as Body, JsonText, Kind, Observed, encode_instance};
use machi_types::{Name, Timestamp};

use crate::{Head, Instance, InstanceKey, Origin, Series};

/// A city's first second.
pub(super) const EPOCH: i64 = 1_790_000_000_000_000;
pub(super) const SECOND: i64 = 1_000_000;

/// Throws numbers.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below a bound.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    pub(super) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    pub(super) fn pick<'p, T>(&mut self, from: &'p [T]) -> &'p T {
        &from[self.below(from.len() as u64) as usize]
    }

    pub(super) fn entity(&mut self) -> Name {
        format!("urn:ngsi-ld:Thing:{}", self.below(9)).into()
    }

    /// One of few attributes, the first of them being numbers for the most part.
    pub(super) fn attribute(&mut self) -> Name {
        format!("https://example.org/{}", self.pick(&["a", "b", "c", "d"])).into()
    }

    pub(super) fn dataset(&mut self) -> Option<Name> {
        self.one_in(4).then(|| format!("urn:ngsi-ld:Dataset:{}", self.below(2)).into())
    }

    pub(super) fn series(&mut self) -> Series {
        Series { entity: self.entity(), attribute: self.attribute(), dataset: self.dataset() }
    }

    /// A time of few, so that many are the same; some lie far away.
    pub(super) fn time(&mut self) -> Timestamp {
        let micros = match self.below(40) {
            0 => -62_135_596_800 * SECOND,
            1 => 253_402_300_799 * SECOND,
            2 => EPOCH + self.below(1_000) as i64,
            _ => EPOCH + self.below(50) as i64 * SECOND,
        };
        Timestamp::from_micros(micros)
    }

    /// The time of the commit of this number.
    pub(super) fn commit(number: u64) -> Timestamp {
        Timestamp::from_micros(EPOCH + 1_000 * SECOND + number as i64 * 1_000)
    }

    pub(super) fn instance(&mut self, series: &Series, commit: Timestamp, place: u32) -> Instance {
        let deleted_at = self.one_in(12).then(|| self.time());
        let observed = (deleted_at.is_none() && !self.one_in(6)).then(|| self.time());
        let body = self.body(series, observed);
        Instance {
            key: InstanceKey { created_at: commit, place },
            modified_at: commit,
            observed_at: observed,
            deleted_at,
            origin: *self.pick(&[Origin::Change, Origin::Change, Origin::Amendment]),
            body: Bytes::from(encode_instance(&body)),
        }
    }

    fn body(&mut self, series: &Series, observed: Option<Timestamp>) -> Body {
        let (kind, value) =
            if series.attribute.ends_with('a') { (Kind::Property, self.number()) } else { self.value() };
        let mut body = Body::new(kind, JsonText::parse(&value).expect("the dice write JSON"));
        body.observed_at = observed.map(|time| self.observed(time));
        let has_unit = kind.has_unit() && self.one_in(2);
        body.unit_code = has_unit.then(|| Name::from(*self.pick(&["CEL", "MTR"])));
        if self.one_in(10) {
            body.expires_at = Some(self.time());
        }
        if self.one_in(8) {
            let mut sub = Body::new(Kind::Property, JsonText::string("good"));
            sub.created_at = self.one_in(2).then(|| self.time());
            body.attributes.push(Attribute { name: "https://example.org/quality".into(), instances: vec![sub] });
        }
        body
    }

    /// A time as clients write it, sometimes with more digits than it needs.
    fn observed(&mut self, time: Timestamp) -> Observed {
        let written = Observed::from(time);
        if !self.one_in(5) || time.micros() % SECOND != 0 {
            return written;
        }
        let mut text = Vec::new();
        written.write(&mut text);
        let text = String::from_utf8(text).expect("a time is ASCII").replace('Z', ".000Z");
        text.parse().unwrap_or(written)
    }

    fn number(&mut self) -> String {
        match self.below(12) {
            0 => "1.50".to_owned(),
            1 => "1e3".to_owned(),
            2 => "12345678901234567890".to_owned(),
            3 => "-0.0".to_owned(),
            4 => self.below(1000).to_string(),
            _ => format!("{}.{}", self.below(40), self.below(9) + 1),
        }
    }

    /// A place of few.
    pub(super) fn place(&mut self) -> (f64, f64) {
        (139.0 + self.below(5) as f64, 35.0 + self.below(5) as f64)
    }

    fn value(&mut self) -> (Kind, String) {
        let choice = self.below(14);
        let (kind, value) = match choice {
            0 => (Kind::Property, "\"日本\""),
            1 => (Kind::Property, "true"),
            2 => (Kind::Property, "[1,2,\"x\"]"),
            3 => (Kind::Property, "{\"b\":1,\"a\":[null]}"),
            4 => {
                let (x, y) = self.place();
                return (Kind::GeoProperty, format!("{{\"type\":\"Point\",\"coordinates\":[{x},{y}]}}"));
            }
            5 => (Kind::Relationship, "\"urn:ngsi-ld:Thing:1\""),
            6 => (Kind::Relationship, "[\"urn:ngsi-ld:Thing:1\",\"urn:ngsi-ld:Thing:2\"]"),
            7 => (Kind::LanguageProperty, "{\"en\":\"Lab\",\"ja\":\"実験室\"}"),
            8 => (Kind::JsonProperty, "{\"@id\":1}"),
            9 => (Kind::VocabProperty, "\"https://example.org/on\""),
            10 => (Kind::ListProperty, "[1.0,2]"),
            11 => (Kind::ListRelationship, "[\"urn:ngsi-ld:Thing:3\"]"),
            _ => return (Kind::Property, self.number()),
        };
        (kind, value.to_owned())
    }

    pub(super) fn head(&mut self, commit: Timestamp) -> Head {
        let is_gone = self.one_in(5);
        let types: Arc<[Name]> = match (is_gone, self.below(4)) {
            (true, _) => Arc::default(),
            (false, 0) => Arc::from(["https://example.org/Room".into(), "https://example.org/Lab".into()]),
            (false, 1) => Arc::from(["https://example.org/Lab".into()]),
            (false, _) => Arc::from(["https://example.org/Room".into()]),
        };
        Head {
            modified_at: commit,
            created_at: self.time(),
            deleted_at: is_gone.then_some(commit),
            expires_at: self.one_in(6).then(|| self.time()),
            origin: *self.pick(&[Origin::Change, Origin::Amendment, Origin::Forgotten]),
            types,
        }
    }
}
