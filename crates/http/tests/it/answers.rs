//! What every answer looks like, whichever handler made it.

use std::io::Read;

use flate2::read::GzDecoder;
use machi_http::edge::{EdgeSettings, Origins};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{City, limits, settings};

#[tokio::test]
async fn ids_and_tenants_come_back() {
    let city = City::start();
    let answer = city.get("/ngsi-ld/v1/entities", &["X-Request-Id: trace-7", "NGSILD-Tenant: aoi"]).await;
    assert_eq!((answer.status, answer.text()), (200, "[\"aoi\"]"));
    assert_eq!(answer.header("x-request-id"), Some("trace-7"));
    assert_eq!(answer.header("ngsild-tenant"), Some("aoi"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let fresh = city.get("/ngsi-ld/v1/entities", &[]).await;
    assert_eq!(fresh.header("x-request-id").map(str::len), Some(16));
    assert_eq!(fresh.header("ngsild-tenant"), None);
}

#[tokio::test]
async fn errors_tell_what_is_right_in_the_language_of_the_reader() {
    let city = City::start();
    let answer =
        city.get("/ngsi-ld/v1/entities?limt=5", &["X-Request-Id: 00000000000000ff", "NGSILD-Tenant: aoi"]).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("ngsild-tenant"), Some("aoi"));
    assert_eq!(
        answer.text(),
        r#"{"type":"https://uri.etsi.org/ngsi-ld/errors/InvalidRequest","title":"Invalid request","status":400,"detail":"this operation does not know the query parameter \"limt\"; did you mean \"limit\"?","instance":"urn:machi:request:00000000000000ff"}"#
    );
    let japanese = city.get("/ngsi-ld/v1/entities?limt=5", &["Accept-Language: ja"]).await;
    assert!(japanese.text().contains("の間違いではありませんか"), "{}", japanese.text());
    assert_eq!(japanese.header("content-language"), Some("ja"));
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let city = City::start();
    let missing = city.get("/ngsi-ld/v1/entitties", &[]).await;
    assert_eq!((missing.status, missing.header("content-type")), (404, Some("application/json")));
    assert!(missing.text().contains("errors/ResourceNotFound"), "{}", missing.text());
    let own = city.get("/machi/v1/nothing", &[]).await;
    assert_eq!((own.status, own.header("content-type")), (404, Some("application/problem+json")));

    let wrong = city.ask("DELETE /ngsi-ld/v1/entities HTTP/1.1\r\nhost: city\r\n\r\n").await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("get,head,post,options")));
    assert!(wrong.text().contains("this address takes GET, HEAD, POST, OPTIONS"), "{}", wrong.text());
    let unreadable = city.get("/named/%ff", &[]).await;
    assert_eq!(unreadable.status, 400);
    assert!(unreadable.text().contains("must be UTF-8"), "{}", unreadable.text());
}

#[tokio::test]
async fn head_and_options_are_right() {
    let city = City::start();
    let mut stream = city.connect().await;
    let request = "HEAD /large HTTP/1.1\r\nhost: city\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(
        text.starts_with("HTTP/1.1 200") && text.contains("content-length: 7000") && text.ends_with("\r\n\r\n"),
        "{text}"
    );

    let options = city.ask("OPTIONS /ngsi-ld/v1/entities/urn:a:1 HTTP/1.1\r\nhost: city\r\n\r\n").await;
    assert_eq!(options.status, 204);
    assert_eq!(options.header("allow"), Some("patch,get,head,options"));
    assert_eq!(
        options.header("accept-patch"),
        Some("application/json, application/ld+json, application/merge-patch+json")
    );
    assert_eq!(options.header("content-length"), None);
}

#[tokio::test]
async fn both_spellings_of_a_collection_are_one() {
    let city = City::start();
    assert_eq!(city.get("/ngsi-ld/v1/entities/", &[]).await.status, 200);
    assert_eq!(city.get("/ngsi-ld/v1/entities/?limit=5", &[]).await.status, 200);
}

#[tokio::test]
async fn pages_of_other_sites_may_call() {
    let city = City::start();
    let simple = city.get("/ngsi-ld/v1/entities", &["Origin: https://a.example"]).await;
    assert_eq!(simple.header("access-control-allow-origin"), Some("*"));
    assert!(simple.header("access-control-expose-headers").unwrap().contains("link"));
    let preflight = city
        .ask("OPTIONS /ngsi-ld/v1/entities HTTP/1.1\r\nhost: city\r\norigin: https://a.example\r\naccess-control-request-method: POST\r\naccess-control-request-headers: ngsild-tenant\r\n\r\n")
        .await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-methods"), Some("get, head, post, put, patch, delete"));
    assert_eq!(preflight.header("access-control-allow-headers"), Some("ngsild-tenant"));
    assert_eq!(city.get("/ngsi-ld/v1/entities", &[]).await.header("access-control-allow-origin"), None);

    let origins = Origins { named: vec!["https://a.example".parse().unwrap()], ..Origins::default() };
    let strict = City::start_with(limits(), EdgeSettings { origins, ..settings() });
    let known = strict.get("/healthz", &["Origin: https://a.example"]).await;
    assert_eq!(known.header("access-control-allow-origin"), Some("https://a.example"));
    let unknown = strict.get("/healthz", &["Origin: https://b.example"]).await;
    assert_eq!(unknown.header("access-control-allow-origin"), None);
    let upgrade =
        strict.get("/socket", &["Origin: https://b.example", "Connection: upgrade", "Upgrade: websocket"]).await;
    assert_eq!(upgrade.status, 403);
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing_of_our_own() {
    let city = City::start();
    let ask = async |method: &str, path: &str, host: &str, more: &str| {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n{more}\r\n{{}}"
        );
        city.ask(&head).await
    };
    let foreign = "origin: https://a.example\r\n";
    let preflight = "origin: https://a.example\r\naccess-control-request-method: DELETE\r\n";
    let asked = ask("OPTIONS", "/machi/v1/things", "127.0.0.1", preflight).await;
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (204, None));
    assert_eq!(asked.header("access-control-allow-methods"), None);
    // Requests that a browser sends without asking first: a form, and a script that does not care for the answer.
    for page in [foreign, "origin: null\r\n", "origin: http://127.0.0.1:5173\r\n"] {
        let refused = ask("POST", "/machi/v1/things", "127.0.0.1:8080", page).await;
        assert_eq!(refused.status, 403, "{page}");
        assert!(refused.text().contains("[server] origins"), "{}", refused.text());
    }
    // Our own page, whatever its name, and whoever is no browser.
    for (host, page) in [
        ("127.0.0.1:8080", "origin: http://127.0.0.1:8080\r\n"),
        ("localhost", "origin: http://localhost\r\n"),
        ("city", "origin: https://city\r\n"),
        ("127.0.0.1", ""),
    ] {
        assert_eq!(ask("POST", "/machi/v1/things", host, page).await.status, 201, "{host} {page}");
    }
    // A page whose name leads here all of a sudden has the origin that it asks for.
    let rebound = "origin: http://evil.example:8080\r\n";
    for (method, page) in [("POST", rebound), ("GET", ""), ("DELETE", "")] {
        let refused = ask(method, "/machi/v1/things", "evil.example:8080", page).await;
        assert_eq!(refused.status, 403, "{method}");
        assert!(refused.text().contains("the name evil.example:8080"), "{}", refused.text());
    }
    for open in ["/healthz", "/ngsi-ld/v1/entities"] {
        assert_eq!(ask("GET", open, "city.example.jp", "").await.status, 200, "{open}");
    }
    let mine = Origins { named: vec!["https://a.example".parse().unwrap()], ..Origins::any() };
    let city = City::start_with(limits(), EdgeSettings { origins: mine, ..settings() });
    let head = format!(
        "POST /machi/v1/things HTTP/1.1\r\nhost: a.example\r\ncontent-type: application/json\r\ncontent-length: 2\r\n{foreign}\r\n{{}}"
    );
    let named = city.ask(&head).await;
    assert_eq!((named.status, named.header("access-control-allow-origin")), (201, Some("https://a.example")));
}

#[tokio::test]
async fn where_only_named_pages_may_ask_no_other_name_is_taken() {
    let city = City::start_with(limits(), EdgeSettings { origins: Origins::default(), ..settings() });
    let get = async |host: &str| city.ask(&format!("GET /ngsi-ld/v1/entities HTTP/1.1\r\nhost: {host}\r\n\r\n")).await;
    assert_eq!((get("127.0.0.1").await.status, get("evil.example").await.status), (200, 403));
}

#[tokio::test]
async fn large_answers_are_compressed_on_request() {
    let city = City::start();
    let answer = city.get("/large", &["Accept-Encoding: gzip"]).await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    GzDecoder::new(&*answer.body).read_to_string(&mut text).unwrap();
    assert_eq!(text, "[1,2,3]".repeat(1000));
    assert_eq!(city.get("/large", &[]).await.header("content-encoding"), None);
    assert_eq!(city.get("/healthz", &["Accept-Encoding: gzip"]).await.header("content-encoding"), None);
}

#[tokio::test]
async fn versions_are_not_sent_twice() {
    let city = City::start();
    let first = city.get("/ngsi-ld/v1/entities/urn:a:1", &[]).await;
    assert_eq!(first.header("etag"), Some("\"1\""));
    let again = city.get("/ngsi-ld/v1/entities/urn:a:1", &["If-None-Match: \"1\""]).await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn a_panic_is_one_answer_and_the_city_goes_on() {
    let city = City::start();
    let broken = city.get("/panic", &[]).await;
    assert_eq!(broken.status, 500);
    assert!(!broken.text().contains("breaks"), "{}", broken.text());
    assert_eq!(city.get("/healthz", &[]).await.status, 200);
    assert!(city.figure("machi_http_requests_total{method=\"GET\",status=\"5xx\"}") >= 1);
}
