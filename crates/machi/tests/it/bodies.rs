//! Bodies as a whole (§5.5.4, §6.3.4): what is no JSON, what is compressed, what has two media types. Nothing is stored.

use crate::kit::*;

const BATCHES: [&str; 5] = ["create", "upsert", "update", "merge", "delete"];

/// Every operation that takes a body, for the entity `kept`.
pub(crate) fn operations() -> Vec<(&'static str, String)> {
    let kept = format!("/entities/{}", thing("kept"));
    let mut operations = vec![
        ("POST", "/entities".to_owned()),
        ("PATCH", kept.clone()),
        ("PUT", kept.clone()),
        ("POST", format!("{kept}/attrs")),
        ("PATCH", format!("{kept}/attrs")),
        ("PATCH", format!("{kept}/attrs/a")),
        ("PUT", format!("{kept}/attrs/a")),
        ("POST", "/subscriptions".to_owned()),
        ("POST", "/jsonldContexts".to_owned()),
        ("POST", "/entityOperations/query".to_owned()),
    ];
    operations.extend(BATCHES.map(|name| ("POST", format!("/entityOperations/{name}"))));
    operations
}

/// A tenant with one entity, and a check that it still holds that one alone.
fn kept() -> (Client, impl Fn()) {
    let entity = t("kept", json!({"a": property(1)}));
    let tenant = tenant_with([&entity]);
    let again = tenant.clone();
    (tenant, move || {
        assert_eq!(again.find(&[("local", "true")]), json!([entity]));
        assert_eq!(again.get("/subscriptions").send().expect_status(200).json(), json!([]));
        assert_eq!(again.get("/jsonldContexts?kind=Hosted").send().expect_status(200).json(), json!([]));
    })
}

// §5.5.4: Every operation tells what is no JSON, as InvalidRequest, from JSON of another shape, as BadRequestData.
#[test]
fn what_is_no_json_is_told_from_what_has_another_shape() {
    let (tenant, check) = kept();
    let broken = ["{", "nope", "\u{feff}{}", "{} x", "[1", "'a'", "{\"a\": NaN}", "\"", "nul"];
    each(operations().into_iter().map(|one| (format!("{} {}", one.0, one.1), one)), |(method, path)| {
        for body in broken {
            let request = tenant.request(method, &path).body("application/json", body);
            let detail = request.send().problem("InvalidRequest");
            assert!(detail.chars().any(|c| c.is_ascii_digit()), "{body}: the detail tells the position: {detail}");
        }
        for body in ["null", "true", "\"text\""] {
            // A bare value is an attribute in the concise representation (§4.5.2.3).
            if path.ends_with("/attrs/a") && body != "null" {
                continue;
            }
            tenant.request(method, &path).body("application/json", body).send().problem("BadRequestData");
        }
    });
    check();
}

// RFC 9110 §8.4: A compressed body is 415 with the codings that are taken, and is never read as if it were plain.
#[test]
fn a_compressed_body_is_refused() {
    let (tenant, check) = kept();
    let entity = t("new", json!({})).to_string();
    each(operations().into_iter().map(|one| (format!("{} {}", one.0, one.1), one)), |(method, path)| {
        for coding in ["gzip", "br", "identity, gzip"] {
            let request = tenant.request(method, &path).header("Content-Encoding", coding);
            let answer = request.body("application/json", entity.clone()).send().expect_empty(415);
            assert_eq!(answer.expect_header("accept-encoding"), "identity");
        }
    });
    check();
    tenant
        .post("/entities")
        .header("Content-Encoding", "identity")
        .body("application/json", entity)
        .send()
        .expect_status(201);
}

// RFC 9110 §8.3: A body with two media types is refused with InvalidRequest.
#[test]
fn two_media_types_are_refused() {
    let entity = t("two", json!({})).to_string();
    let request = format!(
        "POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Type: text/plain\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{entity}",
        entity.len()
    );
    city().raw(request.as_bytes()).problem("InvalidRequest");
    city().client().expect_absent(&thing("two"));
}

// §6.3.5: No operation takes an @context from a wrong place: not two, not one in application/json, not none in JSON-LD.
#[test]
fn no_operation_mixes_the_places_of_a_context() {
    let (tenant, check) = kept();
    let core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld";
    let entity = t("kept", json!({"a": property(2)}));
    let with_context = |body: &Value| {
        let mut body = body.clone();
        body["@context"] = json!(core);
        body
    };
    let has_context = |path: &str| path != "/jsonldContexts" && path != "/entityOperations/delete";
    let operations = operations().into_iter().filter(|(_, path)| has_context(path));
    each(operations.map(|one| (format!("{} {}", one.0, one.1), one)), |(method, path)| {
        let body = match path.as_str() {
            path if path.ends_with("/attrs/a") => property(2),
            path if path.ends_with("/subscriptions") => json!({"type": "Subscription", "entities": [{"type": "T"}]}),
            path if path.ends_with("/query") => json!({"type": "Query", "entities": [{"type": "T"}]}),
            _ => entity.clone(),
        };
        let is_batch = path.starts_with("/entityOperations/") && !path.ends_with("/query");
        let within = |body: Value| if is_batch { json!([body]) } else { body };
        let request = || tenant.request(method, &path);
        request().link(core).ld(within(with_context(&body))).send().problem("BadRequestData");
        for request in [request().json(within(with_context(&body))), request().ld(within(body.clone()))] {
            let answer = request.send();
            if is_batch {
                let error = &answer.expect_status(207).json()["errors"][0]["error"];
                assert_eq!(error["type"], error_type("BadRequestData"));
            } else {
                answer.problem("BadRequestData");
            }
        }
    });
    check();
}
