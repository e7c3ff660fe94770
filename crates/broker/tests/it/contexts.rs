//! @contexts: loaded once, kept over restarts, served, listed, deleted; failures harm nobody else.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use machi_face::config::{ContextsConfig, FaceConfig};
use machi_face::contexts::{CONTEXT_TEXTS, CONTEXTS};
use machi_store::{Change, Commit, Decision, Document, Filter, Find, Refusal};
use machi_types::TenantId;
use serde_json::json;

use crate::city::{City, HANGS};

const URL: &str = "https://example.org/context.jsonld";
const TEXT: &str = r#"{"@context":{"temperature":"https://example.org/temperature"}}"#;
const LINK: &str =
    "<https://example.org/context.jsonld>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"";

fn entity(n: u32) -> String {
    format!(r#"{{"id":"urn:x:{n}","type":"T","temperature":{{"type":"Property","value":{n}}}}}"#)
}

fn fault(status: u16, kind: &str) -> (u16, String) {
    (status, kind.to_owned())
}

#[tokio::test]
async fn a_remote_context_is_loaded_once_and_kept_over_a_restart() {
    let city = City::new();
    city.web.put(URL, TEXT);
    for n in 0..3 {
        assert_eq!(city.json("POST", "/entities", &[("link", LINK)], &entity(n)).await.status, 201);
    }
    assert_eq!(city.web.times_asked(), 1);
    assert!(city.values("urn:x:0").await.unwrap().contains_key("https://example.org/temperature"));
    let offline = city.restarted();
    assert_eq!(offline.json("POST", "/entities", &[("link", LINK)], &entity(9)).await.status, 201);
    assert_eq!(offline.web.times_asked(), 0);
}

#[tokio::test]
async fn many_requests_load_one_document_once() {
    let city = Arc::new(City::new());
    city.web.put(URL, TEXT);
    let requests = (0..20).map(|n| {
        let city = city.clone();
        tokio::spawn(async move { city.json("POST", "/entities", &[("link", LINK)], &entity(n)).await.status })
    });
    for request in requests.collect::<Vec<_>>() {
        assert_eq!(request.await.unwrap(), 201);
    }
    assert_eq!(city.web.times_asked(), 1);
}

#[tokio::test]
async fn a_context_that_cannot_be_loaded_fails_its_own_requests_alone() {
    let city = City::new();
    let failed = city.json("POST", "/entities", &[("link", LINK)], &entity(1)).await;
    assert_eq!(failed.fault(), fault(504, "LdContextNotAvailable"), "{}", failed.text());
    assert!(failed.detail().contains(URL), "{}", failed.detail());
    assert_eq!(city.json("POST", "/entities", &[("link", LINK)], &entity(1)).await.status, 504);
    assert_eq!(city.web.times_asked(), 1, "a failure is remembered for a while");
    assert_eq!(city.json("POST", "/entities", &[], &entity(1)).await.status, 201);
    for text in ["<html>", "{}", r#"{"@context":7}"#, r#"{"@context":{"a":{"@reverse":"https://example.org/b"}}}"#] {
        let city = City::new();
        city.web.put(URL, text);
        let reply = city.json("POST", "/entities", &[("link", LINK)], &entity(1)).await;
        assert!([400, 504].contains(&reply.status.as_u16()), "{text}: {}", reply.text());
        city.web.put(URL, TEXT);
        assert!(city.document("", "urn:x:1").await.is_none());
    }
    let inline = r#"{"@context":{"a":{"@reverse":"https://example.org/b"}},"id":"urn:x:2","type":"T"}"#;
    let reply = city.json("POST", "/entities", &[("content-type", "application/ld+json")], inline).await;
    assert_eq!(reply.fault(), fault(400, "BadRequestData"), "{}", reply.text());
}

#[tokio::test]
async fn inline_contexts_may_be_nested_and_remote() {
    let city = City::new();
    city.web.put(URL, r#"{"@context":["https://example.org/base.jsonld",{"b":"https://example.org/b"}]}"#);
    city.web.put("https://example.org/base.jsonld", r#"{"@context":{"a":"https://example.org/a"}}"#);
    let body = format!(
        r#"{{"@context":["{URL}",{{"c":"https://example.org/c"}}],"id":"urn:x:1","type":"T","a":{{"value":1}},"b":{{"value":2}},"c":{{"value":3}}}}"#
    );
    let reply = city.json("POST", "/entities", &[("content-type", "application/ld+json")], &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let values = city.values("urn:x:1").await.unwrap();
    assert_eq!(
        json!(values),
        json!({"@type": ["T"], "https://example.org/a": 1, "https://example.org/b": 2, "https://example.org/c": 3})
    );
}

#[tokio::test]
async fn a_hosted_context_is_served_and_used() {
    let city = City::new();
    let reply = city.json("POST", "/jsonldContexts", &[], TEXT).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let location = reply.header("location").to_owned();
    let path = location.strip_prefix("/ngsi-ld/v1").unwrap().to_owned();
    let served = city.ask("GET", &path, &[]).await;
    assert_eq!((served.status.as_u16(), served.value()), (200, serde_json::from_str(TEXT).unwrap()));
    let link = format!("<http://localhost:8080{location}>; rel=\"http://www.w3.org/ns/json-ld#context\"");
    assert_eq!(city.json("POST", "/entities", &[("link", &link)], &entity(1)).await.status, 201);
    assert_eq!(city.web.times_asked(), 0);
    assert!(city.values("urn:x:1").await.unwrap().contains_key("https://example.org/temperature"));

    let details = city.ask("GET", &format!("{path}?details=true"), &[("host", "city.example")]).await.value();
    assert_eq!(
        (&details["kind"], &details["URL"]),
        (&json!("Hosted"), &json!(format!("http://city.example{location}")))
    );
    assert_eq!(city.ask("DELETE", &format!("{path}?reload=true"), &[]).await.fault(), fault(400, "BadRequestData"));
    assert_eq!(city.ask("DELETE", &path, &[]).await.status, 204);
    assert_eq!(city.ask("GET", &path, &[]).await.fault(), fault(404, "ResourceNotFound"));
    assert_eq!(city.ask("DELETE", &path, &[]).await.fault(), fault(404, "ResourceNotFound"));
    assert_eq!(city.json("POST", "/entities", &[("link", &link)], &entity(2)).await.status, 504);
}

#[tokio::test]
async fn what_is_no_context_is_not_hosted() {
    let city = City::new();
    for (body, kind) in [
        ("", "InvalidRequest"),
        ("{", "InvalidRequest"),
        ("{}", "InvalidRequest"),
        ("[]", "BadRequestData"),
        (r#"{"@context":7}"#, "BadRequestData"),
    ] {
        let reply = city.json("POST", "/jsonldContexts", &[], body).await;
        assert_eq!(reply.fault(), fault(400, kind), "{body}: {}", reply.text());
    }
    assert_eq!(city.ask("GET", "/jsonldContexts", &[]).await.value(), json!([]));
}

#[tokio::test]
async fn copies_are_listed_reloaded_and_dropped_but_never_served() {
    let city = City::new();
    city.web.put(URL, TEXT);
    city.json("POST", "/entities", &[("link", LINK)], &entity(1)).await;
    city.json("POST", "/jsonldContexts", &[], TEXT).await;
    assert_eq!(city.ask("GET", "/jsonldContexts?kind=Cached", &[]).await.value(), json!([URL]));
    assert_eq!(city.ask("GET", "/jsonldContexts", &[]).await.value().as_array().unwrap().len(), 2);
    assert_eq!(city.ask("GET", "/jsonldContexts?kind=cached", &[]).await.status, 400);
    let details = city.ask("GET", "/jsonldContexts?kind=Cached&details=true", &[]).await.value();
    assert_eq!((&details[0]["numberOfHits"], &details[0]["URL"]), (&json!(1), &json!(URL)));
    let path = format!("/jsonldContexts/{}", details[0]["localId"].as_str().unwrap());
    assert_eq!(city.ask("GET", &path, &[]).await.fault(), fault(422, "OperationNotSupported"));

    city.web.put(URL, r#"{"@context":{"temperature":"https://example.org/newer"}}"#);
    assert_eq!(city.ask("DELETE", &format!("{path}?reload=true"), &[]).await.status, 204);
    city.json("POST", "/entities", &[("link", LINK)], &entity(2)).await;
    assert!(city.values("urn:x:2").await.unwrap().contains_key("https://example.org/newer"));
    city.web.put(URL, "broken");
    assert_eq!(
        city.ask("DELETE", &format!("{path}?reload=true"), &[]).await.fault(),
        fault(504, "LdContextNotAvailable")
    );
    assert_eq!(city.json("POST", "/entities", &[("link", LINK)], &entity(3)).await.status, 201);
    assert_eq!(city.ask("DELETE", &path, &[]).await.status, 204);
    assert_eq!(city.ask("GET", "/jsonldContexts?kind=Cached", &[]).await.value(), json!([]));
    assert_eq!(city.json("POST", "/entities", &[("link", LINK)], &entity(4)).await.status, 400);
}

#[tokio::test]
async fn stale_copies_are_loaded_anew_in_the_background() {
    let city = City::new();
    city.web.put(URL, TEXT);
    city.json("POST", "/entities", &[("link", LINK)], &entity(1)).await;
    city.web.put(URL, r#"{"@context":{"temperature":"https://example.org/newer"}}"#);
    city.later(25 * 3600);
    city.json("POST", "/entities", &[("link", LINK)], &entity(2)).await;
    assert!(city.values("urn:x:2").await.unwrap().contains_key("https://example.org/temperature"));
    city.broker.face().contexts.refresh().await.unwrap();
    city.json("POST", "/entities", &[("link", LINK)], &entity(3)).await;
    assert!(city.values("urn:x:3").await.unwrap().contains_key("https://example.org/newer"));
}

#[tokio::test]
async fn tenants_see_their_own_contexts_alone() {
    let city = City::new();
    city.web.put(URL, TEXT);
    let (aoi, ume) = (("ngsild-tenant", "aoi"), ("ngsild-tenant", "ume"));
    city.json("POST", "/entities", &[ume], &entity(1)).await;
    let location = city.json("POST", "/jsonldContexts", &[aoi], TEXT).await.header("location").to_owned();
    city.json("POST", "/entities", &[aoi, ("link", LINK)], &entity(1)).await;
    assert_eq!(city.ask("GET", "/jsonldContexts", &[aoi]).await.value().as_array().unwrap().len(), 2);
    for other in [&[ume][..], &[]] {
        assert_eq!(city.ask("GET", "/jsonldContexts", other).await.value(), json!([]));
        let path = location.strip_prefix("/ngsi-ld/v1").unwrap();
        assert_eq!(city.ask("GET", path, other).await.status, 404);
        assert_eq!(city.ask("DELETE", path, other).await.status, 404);
        let link = format!("<http://localhost{location}>; rel=\"http://www.w3.org/ns/json-ld#context\"");
        let mut headers = other.to_vec();
        headers.push(("link", &link));
        assert_eq!(city.json("POST", "/entities", &headers, &entity(7)).await.status, 504);
    }
    city.ask("DELETE", "/machi/v1/tenants/aoi", &[]).await;
    city.json("POST", "/entities", &[aoi], &entity(1)).await;
    let link = format!("<http://localhost{location}>; rel=\"http://www.w3.org/ns/json-ld#context\"");
    assert_eq!(city.json("POST", "/entities", &[aoi, ("link", &link)], &entity(8)).await.status, 504);
}

#[tokio::test]
async fn preloaded_copies_need_no_network() {
    let city = City::new();
    let path = format!("/machi/v1/contexts?url={URL}");
    assert_eq!(city.json("PUT", &path, &[], TEXT).await.status, 201);
    assert_eq!(city.json("POST", "/entities", &[("link", LINK)], &entity(1)).await.status, 201);
    assert_eq!(city.web.times_asked(), 0);
    assert_eq!(city.json("PUT", &path, &[], "{").await.fault(), fault(400, "BadRequestData"));
    // §4.4: the core contexts are part of the program.
    let core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld";
    for (url, text) in [(core, TEXT), (core, r#"{"@context":5}"#), (URL, r#"{"@context":5}"#)] {
        let path = format!("/machi/v1/contexts?url={url}");
        assert_eq!(city.json("PUT", &path, &[], text).await.fault(), fault(400, "BadRequestData"), "{url} {text}");
    }
    for url in ["here", "ftp://example.org/c.jsonld", "urn:a:b"] {
        let path = format!("/machi/v1/contexts?url={url}");
        assert_eq!(city.json("PUT", &path, &[], TEXT).await.fault(), fault(400, "BadRequestData"), "{url}");
    }
}

#[tokio::test]
async fn servers_that_hang_hold_up_neither_the_house_nor_other_copies() {
    let city = City::new();
    let url = |n: u32| format!("https://example.org/{n}.jsonld");
    for n in 0..24 {
        city.web.put(&url(n), TEXT);
        let link = format!("<{}>; rel=\"http://www.w3.org/ns/json-ld#context\"", url(n));
        assert_eq!(city.json("POST", "/entities", &[("link", &link)], &entity(n)).await.status, 201);
    }
    let expiring = r#"{"id":"urn:x:expiring","type":"T","expiresAt":"2026-11-22T10:00:01Z"}"#;
    assert_eq!(city.json("POST", "/entities", &[], expiring).await.status, 201);
    city.later(25 * 3600);
    (0..24).for_each(|n| city.web.hang(&url(n)));
    let loaded = city.web.times_asked();
    city.broker.keep_house().await.unwrap();
    assert!(city.document("", "urn:x:expiring").await.is_none());
    assert_eq!(city.web.times_asked(), loaded, "the house is kept without a look at other servers");
    let began = Instant::now();
    city.broker.face().contexts.refresh().await.unwrap();
    assert!(began.elapsed() < HANGS * 12, "24 servers were waited for one after the other");
    assert_eq!(city.web.times_asked(), loaded + 24);
    city.broker.face().contexts.refresh().await.unwrap();
    assert_eq!(city.web.times_asked(), loaded + 24, "what failed a moment ago is left alone for a while");
    let link = format!("<{}>; rel=\"http://www.w3.org/ns/json-ld#context\"", url(3));
    assert_eq!(city.json("POST", "/entities", &[("link", &link)], &entity(99)).await.status, 201);
}

#[tokio::test]
async fn a_tenant_hosts_as_many_contexts_as_it_may() {
    let contexts = ContextsConfig { hosted: 2, ..ContextsConfig::default() };
    let city = City::with(FaceConfig { contexts, ..FaceConfig::default() });
    city.web.put(URL, TEXT);
    assert_eq!(city.json("POST", "/entities", &[("link", LINK)], &entity(1)).await.status, 201);
    let first = city.json("POST", "/jsonldContexts", &[], TEXT).await.header("location").to_owned();
    assert_eq!(city.json("POST", "/jsonldContexts", &[], TEXT).await.status, 201, "copies do not count");
    let third = city.json("POST", "/jsonldContexts", &[], TEXT).await;
    assert_eq!(third.fault(), fault(400, "BadRequestData"));
    assert!(third.detail().contains("[contexts] hosted"), "{}", third.detail());
    assert_eq!(city.json("POST", "/jsonldContexts", &[("ngsild-tenant", "aoi")], TEXT).await.status, 201);
    let path = first.strip_prefix("/ngsi-ld/v1").unwrap();
    assert_eq!(city.ask("DELETE", path, &[]).await.status, 204);
    assert_eq!(city.json("POST", "/jsonldContexts", &[], TEXT).await.status, 201);
}

#[tokio::test]
async fn what_is_known_of_a_context_and_its_text_come_and_go_together() {
    let city = City::new();
    city.web.put(URL, TEXT);
    let count = async |collection| {
        let find = Find::new(TenantId::default_tenant(), collection, Filter::All);
        let found = city.store.view().find(find).await.unwrap();
        (found.rows.len(), found.rows.iter().map(|row| row.document.size()).max().unwrap_or(0))
    };
    let terms: Vec<String> = (0..500).map(|n| format!(r#""t{n}":"https://example.org/{n}""#)).collect();
    let long = format!(r#"{{"@context":{{{}}}}}"#, terms.join(","));
    let location = city.json("POST", "/jsonldContexts", &[], &long).await.header("location").to_owned();
    city.json("POST", "/entities", &[("link", LINK)], &entity(1)).await;
    let ((facts, largest), (texts, _)) = (count(CONTEXTS).await, count(CONTEXT_TEXTS).await);
    assert_eq!((facts, texts), (2, 2));
    assert!(largest < 1000, "what is read to list contexts holds no text, and has {largest} bytes");
    city.ask("DELETE", location.strip_prefix("/ngsi-ld/v1").unwrap(), &[]).await;
    assert_eq!((count(CONTEXTS).await.0, count(CONTEXT_TEXTS).await.0), (1, 1));
    let encoded = URL.replace(':', "%3A").replace('/', "%2F");
    assert_eq!(city.ask("DELETE", &format!("/jsonldContexts/{encoded}"), &[]).await.status, 204);
    assert_eq!((count(CONTEXTS).await.0, count(CONTEXT_TEXTS).await.0), (0, 0));
}

#[tokio::test]
async fn a_damaged_context_keeps_nobody_from_the_others() {
    let city = City::new();
    let body = r#"{"@context": {"a": "https://example.org/a"}}"#;
    assert_eq!(city.json("POST", "/jsonldContexts", &[], body).await.status, 201);
    let damaged = |_: Option<&Document>| -> Result<Decision, Refusal> {
        let head = Some(Bytes::from_static(b"{\"kind\":\"Hostile\"}"));
        Ok(Decision::Change(Change { head, ..Change::default() }))
    };
    let commit = Commit::new(TenantId::default_tenant()).with(CONTEXTS, "urn:machi:context:bad".into(), damaged);
    city.store.commit(commit).await.unwrap();
    let listed = city.json("GET", "/jsonldContexts", &[], "").await;
    assert_eq!((listed.status.as_u16(), listed.value().as_array().unwrap().len()), (200, 1), "{}", listed.text());
    assert_eq!(city.json("POST", "/jsonldContexts", &[], body).await.status, 201);
    city.broker.face().contexts.refresh().await.unwrap();
    city.broker.erase_tenant(&TenantId::default_tenant()).await.unwrap();
    let left = Find::new(TenantId::default_tenant(), CONTEXTS, Filter::All);
    assert_eq!(city.store.view().find(left).await.unwrap().rows.len(), 0, "it goes with its tenant");
}
