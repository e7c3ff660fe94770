//! What Japanese readers are told of their mistakes: all of it in Japanese, but for their own input.

mod bodies;
mod contexts;
mod entities;
mod own;
mod queries;
mod subscriptions;
mod verdicts;

use crate::kit::*;

/// Sends a request for a reader of Japanese, and expects an error that is told in Japanese throughout; gives its detail.
#[track_caller]
fn refused_in_japanese(request: Request) -> String {
    let answer = request.header("Accept-Language", "ja").send();
    assert!(answer.status >= 400, "{answer:?}");
    assert_eq!(answer.expect_header("content-language"), "ja", "{answer:?}");
    problem_in_japanese(&answer.json())
}

/// Expects that title and detail of a problem are Japanese, and gives the detail.
#[track_caller]
fn problem_in_japanese(problem: &Value) -> String {
    for member in ["title", "detail"] {
        let text = problem[member].as_str().unwrap_or_default();
        assert_eq!(not_japanese(text), None, "{member} of {problem}");
    }
    problem["detail"].as_str().unwrap_or_default().to_owned()
}

/// The name of a case: the first part of what is sent.
fn named<T: AsRef<str> + Copy>(cases: &[T]) -> Vec<(String, T)> {
    cases.iter().map(|case| (case.as_ref().chars().take(70).collect(), *case)).collect()
}

// §5.5.3: Title and detail are in Japanese for those who ask for it.
#[test]
fn errors_are_told_in_japanese() {
    let tenant = empty_tenant();
    let ask = |language: &str| {
        let answer = tenant.get("/entities/urn:ngsi-ld:T:unknown").header("Accept-Language", language).send();
        answer.problem("ResourceNotFound");
        answer
    };
    for language in ["ja", "ja-JP,en;q=0.5"] {
        let answer = ask(language);
        let japanese = |member: &str| answer.json()[member].as_str().is_some_and(|text| !text.is_ascii());
        assert!(japanese("title") && japanese("detail"), "{answer:?}");
    }
    for language in ["en", "en,ja;q=0.5", "fr", "*", "*;q=0.9, ja;q=0.1"] {
        assert!(ask(language).text().is_ascii());
    }
    // RFC 9110 §12.5.5: a cache must not give one client the language of another.
    let vary: Vec<String> =
        ask("ja").headers.iter().filter(|(name, _)| name == "vary").map(|(_, v)| v.clone()).collect();
    assert!(vary.join(", ").contains("Accept-Language"), "{vary:?}");
}

// §5.5.3: Every kind of error has its title and detail in Japanese for those who ask for it.
#[test]
fn every_kind_of_error_is_told_in_japanese() {
    let tenant = tenant_with([&t("x", json!({"a": property(1)}))]);
    let get = |path: &str| tenant.get(path);
    let post = |path: &str, body: &str| tenant.post(path).body("application/json", body);
    let context = "<http://127.0.0.1:9/c.jsonld>; rel=\"http://www.w3.org/ns/json-ld#context\"";
    let cases = [
        ("InvalidRequest", post("/entities", "{")),
        ("InvalidRequest: parameter", get("/entities?typ=T")),
        ("BadRequestData: id", post("/entities", r#"{"id": "x", "type": "T"}"#)),
        ("BadRequestData: member", post("/entities", r#"{"id": "urn:a:1", "type": "T", "a": {"type": "X"}}"#)),
        ("BadRequestData: duplicate", post("/entities", r#"{"id": "urn:a:1", "id": "urn:a:1"}"#)),
        ("BadRequestData: query", get("/entities?type=T&q=a==")),
        ("BadRequestData: place", get("/entities?type=T&georel=near&geometry=Point&coordinates=[1,2]")),
        ("BadRequestData: too wide", get("/entities")),
        ("BadRequestData: tenant", city().client().get("/types").header("NGSILD-Tenant", "a b")),
        ("BadRequestData: context", post("/jsonldContexts", r#"{"@context": 5}"#)),
        ("BadRequestData: batch", post("/entityOperations/create", "[]")),
        ("BadRequestData: subscription", post("/subscriptions", r#"{"type": "Subscription"}"#)),
        ("AlreadyExists", post("/entities", r#"{"id": "urn:ngsi-ld:T:x", "type": "T"}"#)),
        ("ResourceNotFound: entity", get("/entities/urn:ngsi-ld:T:unknown")),
        ("ResourceNotFound: attribute", tenant.delete("/entities/urn:ngsi-ld:T:x/attrs/b")),
        ("ResourceNotFound: type", get("/types/Unknown")),
        ("ResourceNotFound: subscription", get("/subscriptions/urn:ngsi-ld:S:unknown")),
        ("ResourceNotFound: context", get("/jsonldContexts/unknown")),
        ("ResourceNotFound: path", get("/ngsi-ld/v1/nothing")),
        ("OperationNotSupported", get("/entities?type=T&entityMap=true")),
        ("TooComplexQuery", get(&format!("/entities?type=T&q={}", "(".repeat(50)))),
        ("TooManyResults", get("/entities?type=T&limit=100000")),
        ("LdContextNotAvailable", get("/entities?type=T").header("Link", context)),
        ("MethodNotAllowed", tenant.patch("/entities").json(json!({}))),
        ("NotAcceptable", get("/types").accept("text/html")),
        ("PreconditionFailed", tenant.delete("/entities/urn:ngsi-ld:T:x").header("If-Match", "\"none\"")),
    ];
    each(cases, |request| {
        refused_in_japanese(request);
    });
    let unknown = city().client().get("/types").header("NGSILD-Tenant", "nowhere").header("Accept-Language", "ja");
    assert!(!unknown.send().problem("NonexistentTenant").is_ascii());
}
