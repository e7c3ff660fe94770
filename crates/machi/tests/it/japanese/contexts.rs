//! @contexts that are wrong, that cannot be had, and that are named in a Link header that is none.

use super::{named, refused_in_japanese};
use crate::kit::*;

#[rustfmt::skip]
const WRONG: &[&str] = &[
    "1", "[true]", "[[{}]]", r#""relative""#, r#""ftp://a.example/c""#, r#"{"@version": 1.0}"#, r#"{"@propagate": 1}"#,
    r#"{"@protected": "yes"}"#, r#"{"@base": 1}"#, r#"{"@vocab": 1}"#, r#"{"@language": 1}"#, r#"{"@direction": "up"}"#,
    r#"{"@import": 1}"#, r#"[{"@protected": true, "a": "https://e.org/a"}, null]"#, r#"{"@id": "https://e.org/a"}"#,
    r#"{"a": "b:x", "b": "a:y"}"#, r#"{"a": {"@id": 1}}"#, r#"{"a": "_:b"}"#, r#"{"a": "https://e.org/a b"}"#,
    r#"{"n": null, "a": "n"}"#, r#"{"a/b": "https://e.org/b"}"#, r#"{"a": "@context"}"#, r#"{"": "https://e.org/"}"#,
    r#"{"a": 1}"#, r#"{"a": {"@reverse": "https://e.org/a"}}"#, r#"{"a": {"@id": "https://e.org/a", "other": 1}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@type": 1}}"#, r#"{"a": {"@id": "https://e.org/a", "@type": "@set"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@type": "@json", "@container": "@type"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@container": "@value"}}"#, r#"{"a": {"@id": "https://e.org/a", "@index": "b"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@nest": "@id"}}"#, r#"{"a": {"@id": "https://e.org/a", "@language": 1}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@direction": 1}}"#, r#"{"a": {"@id": "https://e.org/a", "@prefix": 1}}"#,
    r#"{"e": "https://e.org/", "e:a": {"@prefix": true}}"#, r#"{"a": {"@id": "https://e.org/a", "@protected": 1}}"#,
    r#"[{"@protected": true, "a": "https://e.org/a"}, {"a": "https://e.org/b"}]"#,
    r#"{"a": {"@id": "https://e.org/a", "@context": {"b": 1}}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@context": {"location": "https://e.org/l"}}}"#,
];

// §5.5.6: What is wrong with an @context is told in Japanese to those who ask for it.
#[test]
fn faults_of_contexts_are_told_in_japanese() {
    let tenant = tenant();
    each(named(WRONG), |context| {
        let document = format!(r#"{{"@context": {context}}}"#);
        refused_in_japanese(tenant.post("/jsonldContexts").body("application/json", document));
        let entity = format!(r#"{{"id": "urn:t:1", "type": "T", "@context": {context}}}"#);
        refused_in_japanese(tenant.post("/entities").body("application/ld+json", entity));
    });
    let null = r#"{"id": "urn:t:1", "type": "T", "a": 1, "@context": {"a": null}}"#;
    let detail = refused_in_japanese(tenant.post("/entities").body("application/ld+json", null));
    assert!(detail.contains("nullに割り当てられて"), "{detail}");
}

// §5.5.6: Why an @context cannot be had is told in Japanese to those who ask for it.
#[test]
fn contexts_that_cannot_be_had_are_told_in_japanese() {
    let (tenant, receiver) = (tenant(), Receiver::start());
    let urls = [
        receiver.serve_page("/page.jsonld", 200, &[("Content-Type", "text/html")], "<html>"),
        receiver.serve_page("/empty.jsonld", 200, &[("Content-Type", "application/ld+json")], "{}"),
        receiver.url("/gone.jsonld"),
        format!("{}/ngsi-ld/v1/jsonldContexts/urn:machi:context:unknown", city().url()),
        "http://127.0.0.1:9/c.jsonld".to_owned(),
        "http://10.0.0.1/c.jsonld".to_owned(),
        "http://no-such-host.invalid/c.jsonld".to_owned(),
    ];
    each(urls.map(|url| (url.clone(), url)), |url| {
        refused_in_japanese(tenant.get("/entities?type=T").link(&url));
        refused_in_japanese(tenant.post("/entities").ld(json!({"id": "urn:t:1", "type": "T", "@context": url})));
    });
}

// §6.3.5: What is wrong with the Link header is told in Japanese to those who ask for it.
#[test]
fn faults_of_the_link_header_are_told_in_japanese() {
    const RELATION: &str = "rel=\"http://www.w3.org/ns/json-ld#context\"";
    let tenant = empty_tenant();
    let values =
        ["x", "<a", "<a> rel=x", "<a>; rel=\"x", &format!("<a>; {RELATION}"), &format!("<urn:a b>; {RELATION}")];
    let two = format!("<urn:a:1>; {RELATION}, <urn:a:2>; {RELATION}");
    each(named(&[&values[..], &[&two]].concat()), |value| {
        refused_in_japanese(tenant.get("/entities?type=T").header("Link", value));
    });
}
