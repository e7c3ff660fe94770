//! `/subscriptions` as a resource: created, shown, changed, listed, deleted.

use serde_json::json;

use super::quick;
use crate::city::City;

const PLAIN: &str = r#"{"id":"urn:s:1","type":"Subscription","entities":[{"type":"T"}],"notification":{"endpoint":{"uri":"http://a.example/n"}}}"#;

#[tokio::test]
async fn a_subscription_is_created_shown_and_deleted() {
    let city = City::with(quick());
    let reply = city.json("POST", "/subscriptions", &[], PLAIN).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["location"]),
        (201, &"/ngsi-ld/v1/subscriptions/urn:s:1".parse().unwrap())
    );
    let again = city.json("POST", "/subscriptions", &[], PLAIN).await;
    assert_eq!(again.fault(), (409, "AlreadyExists".to_owned()));
    let shown = city.shown("urn:s:1").await;
    assert_eq!(shown["status"], "active");
    assert_eq!(shown["entities"], json!([{"type": "T"}]));
    assert_eq!(shown["notificationTrigger"], json!(["attributeCreated", "attributeUpdated"]));
    assert!(shown.get("createdAt").is_none());
    let reply = city.ask("GET", "/subscriptions/urn:s:1?options=sysAttrs", &[("accept", "application/ld+json")]).await;
    assert!(
        reply.value()["createdAt"].is_string()
            && reply.value()["modifiedAt"].is_string()
            && reply.value()["@context"].is_string()
    );
    assert_eq!(city.ask("DELETE", "/subscriptions/urn:s:1", &[]).await.status, 204);
    for method in ["GET", "DELETE"] {
        assert_eq!(city.ask(method, "/subscriptions/urn:s:1", &[]).await.fault(), (404, "ResourceNotFound".to_owned()));
    }
    assert_eq!(
        city.json("PATCH", "/subscriptions/urn:s:1", &[], "{}").await.fault(),
        (404, "ResourceNotFound".to_owned())
    );
    for method in ["GET", "DELETE"] {
        assert_eq!(city.ask(method, "/subscriptions/none", &[]).await.fault(), (400, "BadRequestData".to_owned()));
    }
    assert_eq!(city.ask("GET", "/subscriptions?x=1", &[]).await.fault(), (400, "InvalidRequest".to_owned()));
}

#[tokio::test]
async fn what_is_wrong_is_told_and_nothing_is_kept() {
    let city = City::with(quick());
    let mut bad: serde_json::Value = serde_json::from_str(PLAIN).unwrap();
    bad["throttling"] = json!(-1);
    let reply = city.json("POST", "/subscriptions", &[], &bad.to_string()).await;
    assert_eq!(reply.fault(), (400, "BadRequestData".to_owned()));
    assert_eq!(reply.detail(), "the subscription is not valid: throttling: it must be greater than 0, and is -1");
    assert_eq!(city.json("POST", "/subscriptions", &[], "{").await.fault(), (400, "InvalidRequest".to_owned()));
    assert_eq!(city.ask("GET", "/subscriptions", &[]).await.value(), json!([]));
    let unknown = city.ask("GET", "/subscriptions", &[("ngsild-tenant", "nobody")]).await;
    assert_eq!(unknown.fault(), (404, "NonexistentTenant".to_owned()));
    let mut bad: serde_json::Value = serde_json::from_str(PLAIN).unwrap();
    bad["jsonldContext"] = json!("https://nowhere.example/c.jsonld");
    assert_eq!(city.json("POST", "/subscriptions", &[], &bad.to_string()).await.fault().1, "LdContextNotAvailable");
}

#[tokio::test]
async fn changes_are_merged_member_by_member() {
    let city = City::with(quick());
    city.json("POST", "/subscriptions", &[], PLAIN).await;
    let patch = |body: &'static str| city.json("PATCH", "/subscriptions/urn:s:1", &[], body);
    assert_eq!(patch(r#"{"isActive":false,"q":"a>5","description":"x"}"#).await.status, 204);
    let shown = city.shown("urn:s:1").await;
    assert_eq!((&shown["status"], &shown["q"], &shown["description"]), (&json!("paused"), &json!("a>5"), &json!("x")));
    assert_eq!(
        patch(r#"{"isActive":true,"q":"urn:ngsi-ld:null","expiresAt":"2026-11-22T10:00:10Z"}"#).await.status,
        204
    );
    let shown = city.shown("urn:s:1").await;
    assert_eq!((&shown["status"], shown.get("q")), (&json!("active"), None));
    city.later(20);
    assert_eq!(city.shown("urn:s:1").await["status"], "expired");
    assert_eq!(patch(r#"{"isActive":true}"#).await.status, 204);
    assert_eq!(city.shown("urn:s:1").await["status"], "expired");
    assert_eq!(patch(r#"{"expiresAt":"2020-01-01T00:00:00Z"}"#).await.fault(), (400, "BadRequestData".to_owned()));
    assert_eq!(patch(r#"{"expiresAt":"2027-01-01T00:00:00Z"}"#).await.status, 204);
    assert_eq!(city.shown("urn:s:1").await["status"], "active");
    for bad in [r#"{"notification":"urn:ngsi-ld:null"}"#, r#"{"id":"urn:s:2"}"#, r#"{"type":"urn:ngsi-ld:null"}"#] {
        assert_eq!(patch(bad).await.fault(), (400, "BadRequestData".to_owned()), "{bad}");
    }
}

#[tokio::test]
async fn the_list_has_pages_and_a_count() {
    let city = City::with(quick());
    for n in 0..5 {
        city.json("POST", "/subscriptions", &[], &PLAIN.replace("urn:s:1", &format!("urn:s:{n}"))).await;
    }
    let mut path = "/subscriptions?limit=2&count=true".to_owned();
    let mut seen = Vec::new();
    loop {
        let reply = city.ask("GET", &path, &[]).await;
        assert_eq!(reply.headers["ngsild-results-count"], "5");
        seen.extend(reply.value().as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let links = reply.headers.get_all("link").iter().map(|link| link.to_str().unwrap().to_owned());
        let next = links.into_iter().find(|link| link.contains("rel=\"next\""));
        let Some(next) = next else { break };
        path = next.split(['<', '>']).nth(1).unwrap().strip_prefix("/ngsi-ld/v1").unwrap().to_owned();
    }
    assert_eq!(seen, ["urn:s:0", "urn:s:1", "urn:s:2", "urn:s:3", "urn:s:4"]);
    let reply = city.ask("GET", "/subscriptions?limit=0&count=true", &[]).await;
    assert_eq!((reply.value(), &reply.headers["ngsild-results-count"]), (json!([]), &"5".parse().unwrap()));
    let other = city.ask("GET", "/subscriptions?cursor=x", &[]).await;
    assert_eq!(other.fault(), (400, "BadRequestData".to_owned()));
}

#[tokio::test]
async fn a_context_without_a_url_is_given_one() {
    let city = City::with(quick());
    let body = r#"{"@context":{"T":"https://example.org/T"},"id":"urn:s:1","type":"Subscription","entities":[{"type":"T"}],"notification":{"endpoint":{"uri":"http://a.example/n"}}}"#;
    let reply = city
        .json("POST", "/subscriptions", &[("content-type", "application/ld+json"), ("host", "city.example")], body)
        .await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let shown = city.shown("urn:s:1").await;
    assert_eq!(shown["entities"][0]["type"], "https://example.org/T");
    let url = shown["jsonldContext"].as_str().unwrap();
    let path = url.strip_prefix("http://city.example/ngsi-ld/v1").unwrap();
    let context = city.ask("GET", path, &[]).await;
    assert_eq!(context.value()["@context"]["T"], "https://example.org/T");
}
