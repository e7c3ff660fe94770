//! Requests to our own addresses that cannot be done, and what is no request at all.

use super::{named, problem_in_japanese, refused_in_japanese};
use crate::kit::*;

#[rustfmt::skip]
const ASKED: &[&str] = &[
    "/machi/v1/nothing", "/machi/v1/tiles/T/1/2/0", "/machi/v1/tiles/T/x/0/0", "/machi/v1/tiles/T/23/0/0",
    "/machi/v1/tiles/T/1/0/0?attrs=id", "/machi/v1/tiles/T/1/0/0?geoproperty=a%20b", "/machi/v1/tiles/T/1/0/0?lang=e%20n",
    "/machi/v1/tiles/T/1/0/0?q=level%3E", "/machi/v1/tiles/T/1/0/0?scopeQ=ward", "/machi/v1/tiles/T/1/0/0?zoom=1",
    "/machi/v1/tiles/a%20b/1/0/0", "/machi/v1/live?type=x%20y", "/machi/v1/live?attrs=id", "/machi/v1/live?tenant=a%20b",
    "/machi/v1/live?tenant=nowhere", "/machi/v1/dead-letters?limit=x", "/machi/v1/dead-letters?cursor=x",
    "/machi/v1/dead-letters/unknown", "/machi/v1/deliveries?limit=x", "/machi/v1/indexes?limit=x", "/machi/v1/inboxes/x",
    "/machi/v1/tenants?limit=x", "/machi/v1/tenants/nowhere", "/machi/v1/tenants/a%20b", "/machi/v1/tenants/nowhere/export",
];

#[rustfmt::skip]
const SENT: &[(&str, &str, &str)] = &[
    ("POST", "/machi/v1/indexes", "{"), ("POST", "/machi/v1/indexes", "{}"), ("POST", "/machi/v1/indexes", "{\"path\": \"a\"}"),
    ("POST", "/machi/v1/indexes", "{\"path\": \"a.\"}"), ("POST", "/machi/v1/indexes", "{\"path\": \"a{T,b}\"}"),
    ("POST", "/machi/v1/indexes", "{\"path\": \"a{b}\"}"), ("POST", "/machi/v1/indexes", "{\"path\": \"id\"}"),
    ("DELETE", "/machi/v1/indexes/unknown", ""), ("POST", "/machi/v1/dead-letters/unknown/replay", ""),
    ("POST", "/machi/v1/tenants/restored/restore", "x"), ("POST", "/machi/v1/tenants/restored/restore", "{}"),
    ("POST", "/machi/v1/tenants/a%20b/restore", "x"), ("DELETE", "/machi/v1/tenants/nowhere", ""),
    ("POST", "/machi/v1/contexts", "{"), ("POST", "/machi/v1/contexts?url=x", "{}"),
    ("POST", "/machi/v1/contexts?url=https://a.example/c", "{\"@context\": {\"a\": 1}}"), ("PATCH", "/machi/v1/tenants", ""),
];

#[test]
fn what_our_own_addresses_refuse_is_told_in_japanese() {
    let tenant = empty_tenant();
    each(named(ASKED), |path| drop(refused_in_japanese(tenant.get(path))));
    each(SENT.iter().map(|case| (format!("{case:?}"), *case)), |(method, path, body)| {
        refused_in_japanese(tenant.request(method, path).body("application/json", body));
    });
    // An export whose second line is none, after a first one that is.
    let export = tenant.get(&format!("/machi/v1/tenants/{}/export", tenant.tenant().unwrap_or_default()));
    let export = export.send().expect_status(200).text();
    let first = export.lines().next().unwrap_or_default();
    for line in
        ["x", "{}", r#"{"entity": {"id": "urn:a:1"}}"#, r#"{"entity": {"id": "urn:a:1", "type": "T", "a": null}}"#]
    {
        let restore = city().client().post("/machi/v1/tenants/restored/restore");
        let detail = refused_in_japanese(restore.body("application/x-ndjson", format!("{first}\n{line}\n")));
        assert!(detail.contains('2'), "{line}: {detail}");
    }
}

// RFC 9110 §15.5: What is no request, or too long for one, is told in Japanese to those whose head asks for it.
#[test]
fn what_is_no_request_is_told_in_japanese() {
    const JAPANESE: &str = "HTTP/1.1\r\nAccept-Language: ja\r\nHost: x\r\n";
    let address = "a".repeat(70_000);
    let lines = "a: b\r\n".repeat(200);
    let cases = [
        (400, format!("GET /types?q=a>5 {JAPANESE}\r\n")),
        (400, format!("GET /types {JAPANESE}no header\r\n\r\n")),
        (431, format!("GET /types {JAPANESE}{lines}\r\n")),
        (431, format!("GET /types {JAPANESE}A: {address}\r\n\r\n")),
    ];
    each(cases.map(|case| (case.1.chars().take(100).collect::<String>(), case)), |(status, head)| {
        let answer = city().raw(head.as_bytes()).expect_status(status);
        assert_eq!(answer.expect_header("content-language"), "ja");
        problem_in_japanese(&answer.json());
    });
}
