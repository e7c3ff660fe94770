//! Subscriptions that are none.

use super::refused_in_japanese;
use crate::kit::*;

// §5.2.12: What is wrong with a subscription is told in Japanese to those who ask for it.
#[test]
fn faults_of_subscriptions_are_told_in_japanese() {
    let tenant = empty_tenant();
    let of = |member: &str, value: Value| subscription("T", "http://127.0.0.1:9/x", json!({member: value}));
    let notifying = |member: &str, value: Value| {
        of("notification", json!({"endpoint": {"uri": "http://127.0.0.1:9/x"}, member: value}))
    };
    let cases = [
        json!({}),
        json!({"type": "Subscription"}),
        of("entities", json!(5)),
        of("entities", json!([{"type": "x y"}])),
        of("entities", json!([{"type": "T", "idPattern": "("}])),
        of("entities", json!([{"type": "T", "id": "x"}])),
        of("q", json!("a==")),
        of("q", json!(5)),
        of("scopeQ", json!("x")),
        of("geoQ", json!({"georel": "near"})),
        of("geoQ", json!({"georel": "within", "geometry": "Point", "coordinates": [1]})),
        of("throttling", json!("x")),
        of("watchedAttributes", json!([])),
        of("watchedAttributes", json!(["x y"])),
        of("wachedAttributes", json!(["a"])),
        of("lang", json!("x y")),
        of("isActive", json!(5)),
        of("expiresAt", json!("x")),
        of("expiresAt", json!("2000-01-01T00:00:00Z")),
        of("notificationTrigger", json!(["x"])),
        of("temporalQ", json!({"timerel": "before"})),
        of("id", json!("x")),
        notifying("endpoint", json!({"uri": "x"})),
        notifying("endpoint", json!({"uri": "mqtt://h"})),
        notifying("attributes", json!(["x y"])),
        notifying("format", json!("x")),
    ];
    each(cases.map(|case| (case.to_string(), case)), |body| {
        refused_in_japanese(tenant.post("/subscriptions").json(body));
    });
    refused_in_japanese(tenant.get("/subscriptions/x"));
    refused_in_japanese(tenant.patch("/subscriptions/urn:ngsi-ld:S:none").json(json!({"isActive": false})));
}
