//! Bodies of subscriptions: what is taken can be read back, changed by itself, and deleted.

use http::StatusCode;

use crate::planted;
use crate::target::{Target, texts};
use crate::targets::world;

pub(crate) const TARGET: Target = Target {
    name: "subscriptions",
    run,
    seeds,
    words: &[
        "\"type\":\"Subscription\"",
        "\"entities\":[",
        "\"idPattern\":",
        "\"watchedAttributes\":[",
        "\"q\":",
        "\"geoQ\":",
        "\"scopeQ\":",
        "\"notification\":{",
        "\"endpoint\":{",
        "\"uri\":",
        "\"accept\":",
        "\"timeInterval\":",
        "\"throttling\":1,",
        "\"expiresAt\":",
        "\"isActive\":",
        "\"notificationTrigger\":[",
        "\"receiverInfo\":[",
        "\"notifierInfo\":[",
        "\"mqtt://h/t\"",
        "\"attributes\":[",
        "\"format\":",
        "\"showChanges\":true",
        "\"@context\"",
        "\"jsonldContext\":",
        "\"sysAttrs\":true",
        "\"lang\":",
        "\"join\":",
        "\"pick\":[",
        "\"omit\":[",
        "\"temporalQ\":",
        "\"datasetId\":[",
    ],
};

const PATH: &str = "/ngsi-ld/v1/subscriptions";

fn run(bytes: &[u8]) {
    world::renew();
    let Some(request) = world::json("POST", PATH, bytes) else { return };
    let created = world::ask(request);
    if created.status != StatusCode::CREATED {
        return;
    }
    let place = created.location.expect("what is created has an address");
    let read = world::ask(world::json("GET", &place, b"").expect("the address is well formed"));
    assert_eq!(read.status, StatusCode::OK, "{}", String::from_utf8_lossy(&read.body));
    let changed = world::ask(world::json("PATCH", &place, bytes).expect("the address is well formed"));
    assert!(!changed.status.is_server_error(), "{}", String::from_utf8_lossy(&changed.body));
    let deleted = world::ask(world::json("DELETE", &place, b"").expect("the address is well formed"));
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{place}");
    let holds = |name: &[u8]| read.body.windows(name.len()).any(|window| window == name);
    planted::fault(holds(b"\"throttling\":"));
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"type":"Subscription","entities":[{"type":"Room"}],"watchedAttributes":["temperature"],"notification":{"endpoint":{"uri":"http://example.org/n"}}}"#,
        r#"{"id":"urn:s:1","type":"Subscription","entities":[{"type":"A|B","idPattern":"^urn:x:.*"}],"q":"a>1","scopeQ":"/a/#","notification":{"attributes":["a"],"format":"concise","endpoint":{"uri":"mqtt://example.org:1883/topic","accept":"application/ld+json","notifierInfo":[{"key":"MQTT-QoS","value":"1"}]}}}"#,
        r#"{"type":"Subscription","entities":[{"id":"urn:x:1","type":"A"}],"geoQ":{"georel":"near;maxDistance==10","geometry":"Point","coordinates":[1,2]},"expiresAt":"2030-01-01T00:00:00Z","notification":{"showChanges":true,"endpoint":{"uri":"https://example.org/n","receiverInfo":[{"key":"a","value":"b"}],"timeout":1000}},"notificationTrigger":["entityCreated","attributeUpdated"]}"#,
        r#"{"type":"Subscription","throttling":0,"entities":[{"type":"A"}],"notification":{"endpoint":{"uri":"http://a.example/n"}}}"#,
        r#"{"type":"Subscription","entities":[{"type":"A"}],"timeInterval":60,"isActive":false,"notification":{"endpoint":{"uri":"http://example.org/n"}}}"#,
    ])
}
