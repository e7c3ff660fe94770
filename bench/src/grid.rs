//! The million entities of the figures on queries: each value follows from the entity's number, so that a plain
//! function says which entities meet a condition.

use crate::load;
use crate::names::{context, mix, word};

/// How many entities point to each other in a row.
pub const FAN_OUT: u64 = 5;
/// How many places a scope tree has.
const SCOPES: u64 = 100;

/// The names of a run.
#[derive(Clone, Debug)]
pub struct Grid {
    /// How many entities there are.
    pub count: u64,
    /// The type.
    pub kind: String,
    /// A text that ten entities share.
    pub group: String,
    /// A number that changes; a part has a second instance, and a sub-attribute.
    pub level: String,
    /// One of two texts.
    pub side: String,
    /// One of two texts, nearly always the other one's opposite; missing in one of twenty entities.
    pub other: String,
    /// Links to five others.
    pub next: String,
    /// The sub-attribute of `level`.
    pub accuracy: String,
}

/// What an entity holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The number in the name of its group.
    pub group: u64,
    /// The number as it was first.
    pub level: f64,
    /// The second instance's number, where there is one.
    pub second: Option<f64>,
    /// Whether its side is the left one.
    pub is_left: bool,
    /// Whether its other side is the upper one, where it has any.
    pub is_upper: Option<bool>,
    /// The place.
    pub place: (f64, f64),
    /// The scope's number, where it has one.
    pub scope: Option<u64>,
    /// The accuracy.
    pub accuracy: u64,
}

impl Grid {
    /// Names that follow from a seed.
    pub fn new(seed: u64, count: u64) -> Self {
        let name = |n| word(seed, n);
        Self {
            count,
            kind: format!("T{}", name(0)),
            group: name(1),
            level: name(2),
            side: name(3),
            other: name(4),
            next: name(5),
            accuracy: name(6),
        }
    }

    /// The @context of the names.
    pub fn context(&self) -> String {
        context(&[&self.kind, &self.group, &self.level, &self.side, &self.other, &self.next, &self.accuracy])
    }

    /// What an entity holds before it changes.
    pub fn cell(&self, n: u64) -> Cell {
        let random = mix(n.wrapping_add(1));
        let is_left = random & 1 == 1;
        let is_odd_one = random >> 1 & 0x3ff == 7;
        let has_other = random >> 11 & 31 != 3;
        Cell {
            group: n % (self.count / 10).max(1),
            level: (random >> 16 & 0xf_ffff) as f64 / 10.0,
            second: (random >> 36).is_multiple_of(16).then_some(200_000.0 + (n % 5000) as f64),
            is_left,
            is_upper: has_other.then_some(is_left == is_odd_one),
            place: (
                135.0 + (mix(n ^ 0xabcd) % 1_000_000) as f64 / 500_000.0,
                35.0 + (mix(n ^ 0x1234) % 1_000_000) as f64 / 500_000.0,
            ),
            scope: (random >> 40).is_multiple_of(8).then_some(n % SCOPES),
            accuracy: random >> 44 & 0xff,
        }
    }

    /// The id of an entity.
    pub fn id(n: u64) -> String {
        format!("urn:ngsi-ld:G:{n}")
    }

    /// The number in an id.
    pub fn number(id: &str) -> Option<u64> {
        id.strip_prefix("urn:ngsi-ld:G:")?.parse().ok()
    }

    /// The entities that one links to.
    pub fn linked(&self, n: u64) -> impl Iterator<Item = u64> + '_ {
        (0..FAN_OUT).map(move |at| mix(n * FAN_OUT + at) % self.count)
    }

    fn entity(&self, n: u64) -> String {
        let cell = self.cell(n);
        let Self { kind, group, level, side, other, next, accuracy, .. } = self;
        let first = format!(
            r#"{{"type":"Property","value":{},"{accuracy}":{{"type":"Property","value":{}}}}}"#,
            cell.level, cell.accuracy
        );
        let levels = match cell.second {
            Some(second) => {
                format!(r#"[{first},{{"type":"Property","value":{second},"datasetId":"urn:ngsi-ld:D:2"}}]"#)
            }
            None => first,
        };
        let scope = cell.scope.map(|scope| format!(r#""scope":"/area/s{scope}/x","#)).unwrap_or_default();
        let upper = cell.is_upper.map(|is_upper| {
            let word = if is_upper { "upper" } else { "lower" };
            format!(r#""{other}":{{"type":"Property","value":"{word}"}},"#)
        });
        let targets: Vec<String> = self.linked(n).map(|target| format!("\"{}\"", Self::id(target))).collect();
        format!(
            r#"{{"id":"{}","type":"{kind}",{scope}"{group}":{{"type":"Property","value":"group {} of the city"}},"{level}":{levels},"{side}":{{"type":"Property","value":"{}"}},{}"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{},{}]}}}},"{next}":{{"type":"Relationship","object":[{}]}}}}"#,
            Self::id(n),
            cell.group,
            if cell.is_left { "left" } else { "right" },
            upper.unwrap_or_default(),
            cell.place.0,
            cell.place.1,
            targets.join(",")
        )
    }

    /// A request that upserts the thousand entities from this one on.
    pub fn batch(&self, first: u64, link: &str) -> Vec<u8> {
        let entities: Vec<String> = (first..(first + 1000).min(self.count)).map(|n| self.entity(n)).collect();
        let body = format!("[{}]", entities.join(","));
        let mut request = Vec::with_capacity(body.len() + 512);
        load::write_request("POST", "/ngsi-ld/v1/entityOperations/upsert", link, &body, &mut request);
        request
    }
}
