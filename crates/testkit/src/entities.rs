//! Short ways to write entities, attributes and subscriptions, and to read lists of entities.

use serde_json::{Value, json};

/// The IRI under which the core @context of the newest version is known.
pub const CORE_CONTEXT: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";

/// What terms expand to that no @context defines (ETSI GS CIM 009 §5.5.7 and annex B).
pub const DEFAULT_VOCABULARY: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

/// An entity with the members of `rest` beside its id and type.
pub fn entity(id: &str, kind: &str, rest: Value) -> Value {
    let mut members = json!({"id": id, "type": kind});
    if let (Value::Object(members), Value::Object(rest)) = (&mut members, rest) {
        members.extend(rest);
    }
    members
}

/// A Property.
pub fn property(value: impl Into<Value>) -> Value {
    json!({"type": "Property", "value": value.into()})
}

/// A Relationship.
pub fn relationship(object: &str) -> Value {
    json!({"type": "Relationship", "object": object})
}

/// A `GeoProperty` that holds a point.
pub fn point(longitude: f64, latitude: f64) -> Value {
    geo(json!({"type": "Point", "coordinates": [longitude, latitude]}))
}

/// A `GeoProperty` that holds any geometry.
#[expect(clippy::needless_pass_by_value, reason = "it is called with json!(..) at every place")]
pub fn geo(geometry: Value) -> Value {
    json!({"type": "GeoProperty", "value": geometry})
}

/// A subscription to a type that notifies `endpoint`, with the members of `rest` merged in.
pub fn subscription(kind: &str, endpoint: &str, rest: Value) -> Value {
    let mut members = json!({
        "type": "Subscription",
        "entities": [{"type": kind}],
        "notification": {"endpoint": {"uri": endpoint, "accept": "application/json"}},
    });
    merge(&mut members, rest);
    members
}

fn merge(target: &mut Value, source: Value) {
    match (target, source) {
        (Value::Object(target), Value::Object(source)) => {
            for (name, value) in source {
                if value.is_null() {
                    target.remove(&name);
                } else {
                    merge(target.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (target, source) => *target = source,
    }
}

/// The ids of an array of entities, in its order.
#[track_caller]
pub fn ids(list: &Value) -> Vec<String> {
    let Some(list) = list.as_array() else { panic!("not an array of entities: {list}") };
    list.iter().map(|entity| entity["id"].as_str().unwrap_or("(no id)").to_owned()).collect()
}

/// The strings of an array, sorted; what is no string is written as JSON.
#[track_caller]
pub fn sorted(list: &Value) -> Vec<String> {
    let Some(list) = list.as_array() else { panic!("not an array: {list}") };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut texts: Vec<String> = list.iter().map(text).collect();
    texts.sort();
    texts
}
