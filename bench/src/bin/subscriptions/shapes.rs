//! Entities, and subscriptions of eight shapes of which each update of an entity matches sixteen.

use machi_types::{Clock, SystemClock};

/// How many shapes there are.
pub(crate) const SHAPES: u64 = 8;
/// How many subscriptions of each shape match one entity.
pub(crate) const EACH: u64 = 2;
/// How long a throttled subscription rests.
pub(crate) const THROTTLING: f64 = 1.0;

/// What is in the city.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Subscriptions of one shape.
    pub(crate) of_shape: u64,
    /// How the names of attributes begin; drawn at random, so that nothing can be tuned to them.
    pub(crate) name: String,
}

impl Plan {
    pub(crate) fn new(subscriptions: u64) -> Self {
        let random = SystemClock.now().micros().cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        Self { of_shape: (subscriptions / SHAPES).next_multiple_of(EACH), name: format!("a{random:x}x") }
    }

    pub(crate) fn subscriptions(&self) -> u64 {
        self.of_shape * SHAPES
    }

    pub(crate) fn entities(&self) -> u64 {
        self.of_shape / EACH
    }

    /// Whether a subscription is due when this entity changes.
    pub(crate) fn matches(&self, subscription: u64, entity: u64) -> bool {
        subscription % self.of_shape / EACH == entity
    }

    /// The subscriptions that an update of this entity matches.
    pub(crate) fn due(&self, entity: u64) -> impl Iterator<Item = u64> {
        let of_shape = self.of_shape;
        (0..SHAPES).flat_map(move |shape| (0..EACH).map(move |which| shape * of_shape + entity * EACH + which))
    }

    pub(crate) fn is_throttled(&self, subscription: u64) -> bool {
        subscription / self.of_shape == 7
    }

    /// Four of five entities are of one type, so that 10,000 of 100,000 subscriptions are an idPattern on it.
    fn kind(&self, entity: u64) -> &'static str {
        if entity < self.entities() * 4 / 5 { "Sensor" } else { "Meter" }
    }

    fn id(&self, entity: u64) -> String {
        format!("urn:ngsi-ld:{}:{entity:05}:x", self.kind(entity))
    }

    /// The path of an entity's attributes.
    pub(crate) fn path(&self, entity: u64) -> String {
        format!("/ngsi-ld/v1/entities/{}/attrs", self.id(entity))
    }

    pub(crate) fn entity(&self, entity: u64) -> String {
        let (name, id, kind) = (&self.name, self.id(entity), self.kind(entity));
        let (east, north) = place(entity);
        format!(
            r#"{{"id":"{id}","type":["{kind}","Kind{entity:05}"],"scope":"/city/d{}/e{entity:05}","{name}{entity:05}":{{"type":"Property","value":0}},"code":{{"type":"Property","value":"code number {entity:05}"}},"level":{{"type":"Property","value":{}}},"status":{{"type":"Property","value":"ok"}},"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[{east},{north}]}}}},"room":{{"type":"Relationship","object":"urn:ngsi-ld:Room:{}"}}}}"#,
            entity % 12,
            entity * 10 + 5,
            entity % 1000
        )
    }

    /// The body of an update that gives the entity its next serial number.
    pub(crate) fn update(&self, entity: u64, serial: u64) -> String {
        format!(r#"{{"{}{entity:05}":{{"type":"Property","value":{serial}}}}}"#, self.name)
    }

    pub(crate) fn subscription(&self, number: u64, uri: &str) -> String {
        let entity = number % self.of_shape / EACH;
        let which = number % EACH;
        let condition = self.condition(number / self.of_shape, entity, which);
        format!(
            r#"{{"id":"urn:ngsi-ld:Subscription:{number}","type":"Subscription",{condition},"notification":{{"endpoint":{{"uri":"{uri}"}}}}}}"#
        )
    }

    fn condition(&self, shape: u64, entity: u64, which: u64) -> String {
        let (name, kind, id) = (&self.name, self.kind(entity), self.id(entity));
        let (east, north) = place(entity);
        let typed = format!(r#""entities":[{{"type":"{kind}"}}]"#);
        match (shape, which) {
            (0, _) => format!(r#""entities":[{{"id":"{id}","type":"{kind}"}}]"#),
            (1, _) => {
                let pattern = pattern(kind, entity, (entity + which) % 4);
                format!(r#""entities":[{{"idPattern":"{pattern}","type":"{kind}"}}]"#)
            }
            (2, 0) => format!(r#""entities":[{{"type":"(Kind{entity:05};{kind})|Never"}}]"#),
            (2, _) => format!(r#""entities":[{{"type":"Kind{entity:05}"}}]"#),
            (3, 0) => format!(r#""watchedAttributes":["{name}{entity:05}"]"#),
            (3, _) => format!(r#"{typed},"watchedAttributes":["{name}{entity:05}","never"]"#),
            (4, 0) => format!(r#"{typed},"q":"code==\"code number {entity:05}\";status==\"ok\"""#),
            (4, _) => format!(r#"{typed},"q":"level>={};level<{}""#, entity * 10, entity * 10 + 10),
            (5, 0) => format!(
                r#"{typed},"geoQ":{{"georel":"near;maxDistance==50","geometry":"Point","coordinates":[{east},{north}]}}"#
            ),
            (5, _) => {
                let (west, right, south, top) = (east - 0.002, east + 0.002, north - 0.002, north + 0.002);
                format!(
                    r#"{typed},"geoQ":{{"georel":"within","geometry":"Polygon","coordinates":[[[{west},{south}],[{right},{south}],[{right},{top}],[{west},{top}],[{west},{south}]]]}}"#
                )
            }
            (6, 0) => format!(r#"{typed},"scopeQ":"/city/d{}/e{entity:05}""#, entity % 12),
            (6, _) => format!(r#"{typed},"scopeQ":"/city/+/e{entity:05}/#""#),
            _ => format!(r#""entities":[{{"id":"{id}","type":"{kind}"}}],"throttling":{THROTTLING}"#),
        }
    }
}

/// Patterns with and without ties, that are a literal and that are more.
fn pattern(kind: &str, entity: u64, form: u64) -> String {
    match form {
        0 => format!("^urn:ngsi-ld:{kind}:{entity:05}:.*"),
        1 => format!("^urn:ngsi-ld:{kind}:{entity:05}:[a-z]+$"),
        2 => format!("{kind}:{entity:05}:"),
        _ => format!(".*:{entity:05}:[xyz]$"),
    }
}

/// Places 0.01 degrees apart.
fn place(entity: u64) -> (f64, f64) {
    (135.0 + (entity % 100) as f64 * 0.01, 35.0 + (entity / 100) as f64 * 0.01)
}
