//! Errors of the HTTP binding (§5.5.2, §5.5.3, §6.3.2 to §6.3.6, §6.3.20).

use crate::kit::*;

const PATH: &str = "/entities/urn:ngsi-ld:T:x";

// §6.3.2: A method that a resource does not have is 405, with those that it has in Allow.
#[test]
fn a_wrong_method_is_told_with_the_right_ones() {
    let client = city().client();
    let cases = [
        ("PUT", "/entities", "DELETE GET POST"),
        ("POST", "/entities/urn:ngsi-ld:T:x", "DELETE GET PATCH PUT"),
        ("GET", "/entities/urn:ngsi-ld:T:x/attrs", "PATCH POST"),
        ("POST", "/entities/urn:ngsi-ld:T:x/attrs/a", "DELETE PATCH PUT"),
        ("GET", "/entityOperations/upsert", "POST"),
        ("POST", "/types", "GET"),
        ("DELETE", "/attributes/a", "GET"),
        ("PUT", "/subscriptions", "GET POST"),
        ("PUT", "/subscriptions/urn:ngsi-ld:S:1", "DELETE GET PATCH"),
        ("PATCH", "/jsonldContexts", "GET POST"),
    ];
    each(cases.map(|case| (format!("{} {}", case.0, case.1), case)), |(method, path, allowed)| {
        let answer = client.request(method, path).send().expect_status(405);
        let mut allow: Vec<&str> = answer.expect_header("allow").split(',').map(str::trim).collect();
        allow.retain(|method| !matches!(*method, "HEAD" | "OPTIONS"));
        allow.sort_unstable();
        assert_eq!(allow.join(" "), allowed);
    });
}

// §6.2: A path that is no resource of the API is 404.
#[test]
fn an_unknown_path_is_not_found() {
    let client = city().client();
    for path in ["/ngsi-ld/v1/nothing", "/ngsi-ld/v1/entities/urn:ngsi-ld:T:x/nothing", "/ngsi-ld/v2/entities"] {
        client.get(path).send().expect_status(404);
    }
}

// §6.3.4: A body of another media type is 415 without a body, for each operation that takes one.
#[test]
fn another_media_type_is_refused() {
    let tenant = tenant_with([&t("x", json!({"a": property(1)}))]);
    let cases = [
        ("POST", "/entities"),
        ("PATCH", PATH),
        ("PUT", PATH),
        ("POST", "/entities/urn:ngsi-ld:T:x/attrs"),
        ("PATCH", "/entities/urn:ngsi-ld:T:x/attrs/a"),
        ("POST", "/entityOperations/create"),
        ("POST", "/entityOperations/query"),
        ("POST", "/subscriptions"),
        ("POST", "/jsonldContexts"),
    ];
    each(cases.map(|case| (format!("{} {}", case.0, case.1), case)), |(method, path)| {
        for kind in ["text/plain", "application/xml", "application/geo+json", "application/jsonx"] {
            tenant.request(method, path).body(kind, t("y", json!({})).to_string()).send().expect_empty(415);
        }
        tenant.request(method, path).untyped_body(t("y", json!({})).to_string()).send().expect_empty(415);
    });
    let merge_patch = tenant.post("/entities").body("application/merge-patch+json", t("y", json!({})).to_string());
    merge_patch.send().expect_empty(415);
    tenant.expect_absent(&thing("y"));
    let upper = tenant.post("/entities").body("Application/JSON; charset=UTF-8", t("y", json!({})).to_string());
    upper.send().expect_status(201);
}

// §6.3.4: What cannot be answered in an accepted media type is 406 with the list of what could be.
// §6.3.4: GeoJSON is for retrieval and query of entities alone.
#[test]
fn what_is_not_acceptable_is_told_with_what_is() {
    let tenant = tenant_with([&t("x", json!({"a": property(1)}))]);
    for path in [PATH, "/entities?type=T"] {
        let answer = tenant.get(path).accept("text/html").send().expect_status(406);
        for kind in ["application/json", "application/ld+json", "application/geo+json"] {
            assert!(answer.text().contains(kind), "{answer:?}");
        }
    }
    for path in ["/types", "/attributes", "/subscriptions"] {
        let answer = tenant.get(path).accept("application/geo+json").send().expect_status(406);
        assert!(answer.text().contains("application/ld+json"), "{answer:?}");
    }
    for kind in ["application/json;q=0", "image/*", "text/*, application/xml"] {
        tenant.get(PATH).accept(kind).send().expect_status(406);
    }
}

// §6.3.4: Of several accepted media types the best is answered; among equals JSON, then JSON-LD, then GeoJSON.
#[test]
fn the_best_accepted_media_type_is_answered() {
    let tenant = tenant_with([&t("x", json!({"a": property(1)}))]);
    let cases = [
        ("*/*", "json"),
        ("application/*", "json"),
        ("application/geo+json, application/ld+json", "ld+json"),
        ("application/ld+json, application/json", "json"),
        ("application/json;q=0.5, application/ld+json", "ld+json"),
        ("application/json;q=0.2, application/geo+json;q=0.9, application/ld+json;q=0.5", "geo+json"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "json"),
        ("text/html, application/ld+json;q=0.1", "ld+json"),
        ("APPLICATION/LD+JSON", "ld+json"),
        ("application/json;q=0, */*", "ld+json"),
        ("*/*;q=0.9, application/ld+json;q=0.8", "json"),
        ("application/ld+json;q=notanumber", "ld+json"),
    ];
    each(cases.map(|case| (case.0, case)), |(accept, kind)| {
        let answer = tenant.get(PATH).accept(accept).send().expect_status(200);
        assert_eq!(answer.media_type(), format!("application/{kind}"));
    });
    assert_eq!(tenant.get(PATH).send().expect_status(200).media_type(), "application/json");
}

// RFC 9110 §12.5.1: An Accept header whose list is empty accepts whatever there is.
#[test]
fn an_empty_accept_header_accepts_everything() {
    let tenant = tenant_with([&t("x", json!({"a": property(1)}))]);
    for path in [PATH, "/entities?type=T", "/types"] {
        for accept in ["", " ", ",", " , "] {
            let answer = tenant.get(path).accept(accept).send().expect_status(200);
            assert_eq!(answer.media_type(), "application/json", "{accept:?}");
        }
    }
    let answer = tenant.get(PATH).accept(", application/ld+json ,").send().expect_status(200);
    assert_eq!(answer.media_type(), "application/ld+json");
}

// §6.3.6: An error is application/json, whatever is accepted.
// §6.3.3: An error has the status of its kind and a body with type, title and detail.
#[test]
fn an_error_is_json_whatever_is_accepted() {
    let tenant = empty_tenant();
    tenant.get("/entities/nonsense").accept("application/ld+json").send().problem("BadRequestData");
    tenant.get("/entities/urn:ngsi-ld:T:unknown").accept("application/geo+json").send().problem("ResourceNotFound");
}

// §6.3.4: A POST, PATCH or PUT without Content-Length is 411 without a body.
#[test]
fn a_body_without_a_length_is_refused() {
    for method in ["POST", "PATCH", "PUT"] {
        let path = if method == "POST" { "/ngsi-ld/v1/entities" } else { "/ngsi-ld/v1/entities/urn:ngsi-ld:T:x" };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        );
        city().raw(head.as_bytes()).expect_empty(411);
    }
}

// §6.3.4: Nor does one that comes chunk by chunk say its length: 411, whatever tenant it names; a batch is streamed.
#[test]
fn a_body_in_chunks_is_refused_unless_it_is_a_batch() {
    let chunked = |start: &str, body: &str| {
        let head = "Host: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close";
        let request = format!("{start}\r\n{head}\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        city().raw(request.as_bytes())
    };
    let entity = r#"{"id":"urn:ngsi-ld:T:chunked","type":"T"}"#;
    for start in [
        "POST /ngsi-ld/v1/entities/ HTTP/1.1",
        "POST /ngsi-ld/v1/entities HTTP/1.1\r\nNGSILD-Tenant: chunked-nowhere",
        "PATCH /ngsi-ld/v1/entities/urn:ngsi-ld:T:chunked/attrs/ HTTP/1.1",
        "PATCH /ngsi-ld/v1/entities/urn:ngsi-ld:T:chunked/attrs/a HTTP/1.1",
        "PUT /ngsi-ld/v1/entities/urn:ngsi-ld:T:chunked HTTP/1.1",
        "POST /ngsi-ld/v1/subscriptions HTTP/1.1",
    ] {
        chunked(start, entity).expect_empty(411);
    }
    let start = "POST /ngsi-ld/v1/entityOperations/upsert HTTP/1.1\r\nNGSILD-Tenant: chunked-somewhere";
    chunked(start, &format!("[{entity}]")).expect_status(201);
}

// §6.3.2: A body that is larger than is allowed is 413.
#[test]
fn a_body_that_is_too_large_is_refused() {
    let head = "POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                Content-Length: 1099511627776\r\nConnection: close\r\n\r\n";
    city().raw(head.as_bytes()).expect_status(413);
}

// §6.3.5: An @context comes from the body with application/ld+json, from a Link with application/json, never from both.
#[test]
fn contexts_in_the_wrong_place_are_refused() {
    let receiver = Receiver::start();
    let url = receiver.serve("/c.jsonld", json!({"@context": {}}));
    let tenant = empty_tenant();
    let plain = || t("y", json!({"a": property(1)}));
    let with_context = || {
        let mut entity = plain();
        entity["@context"] = json!([url]);
        entity
    };
    let post = || tenant.post("/entities");
    post().json(with_context()).send().problem("BadRequestData");
    post().link(&url).json(with_context()).send().problem("BadRequestData");
    post().ld(plain()).send().problem("BadRequestData");
    post().link(&url).ld(with_context()).send().problem("BadRequestData");
    tenant.expect_absent(&thing("y"));
    post().ld(with_context()).send().expect_status(201);
}

// §6.3.5: Links with other relations are no @context; two of an @context are refused.
#[test]
fn only_one_link_names_a_context() {
    let tenant = tenant_with([&t("x", json!({}))]);
    let other = "<http://127.0.0.1:9/c>; rel=\"next\"; type=\"application/ld+json\"";
    tenant.get(PATH).header("Link", other).send().expect_status(200);
    let one = "<http://127.0.0.1:9/c>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"";
    tenant.get(PATH).header("Link", &format!("{one}, {one}")).send().problem("BadRequestData");
}

// §6.3.20: A parameter that the operation does not have is InvalidRequest; the detail names it.
#[test]
fn unknown_parameters_are_refused_by_name() {
    let tenant = tenant_with([&t("x", json!({"a": property(1)}))]);
    let cases = [
        ("GET", "/entities?type=T"),
        ("DELETE", "/entities?type=T"),
        ("GET", "/entities/urn:ngsi-ld:T:x?local=true"),
        ("DELETE", "/entities/urn:ngsi-ld:T:x?type=T"),
        ("DELETE", "/entities/urn:ngsi-ld:T:x/attrs/a?deleteAll=true"),
        ("GET", "/types?details=true"),
        ("GET", "/attributes?details=true"),
        ("GET", "/subscriptions?limit=5"),
        ("GET", "/jsonldContexts?details=true"),
    ];
    each(cases.map(|case| (format!("{} {}", case.0, case.1), case)), |(method, path)| {
        let detail = tenant.request(method, &format!("{path}&colour=red")).send().problem("InvalidRequest");
        assert!(detail.contains("colour"), "{detail}");
    });
    tenant.post("/entities?colour=red").json(t("y", json!({}))).send().problem("InvalidRequest");
    tenant.get("/entities?type=T&type=U").send().expect_status(400);
    finds(&tenant, &[("type", "T")], "x");
}

// §6.3.6: A 204 has no Content-Length.
#[test]
fn a_204_has_no_length() {
    let tenant = tenant_with([&t("x", json!({}))]);
    let answer = tenant.delete(PATH).send().expect_empty(204);
    assert_eq!((answer.header("content-length"), answer.header("content-type")), (None, None));
}

// §6.3.4: HEAD answers as GET does, without a body.
#[test]
fn head_answers_as_get_does() {
    let tenant = tenant_with([&t("x", json!({}))]);
    let answer = tenant.request("HEAD", PATH).send().expect_empty(200);
    assert_eq!(answer.media_type(), "application/json");
}

#[test]
fn the_mistakes_of_callers_do_not_fill_the_log() {
    let city = City::start(env!("CARGO_BIN_EXE_machi"));
    let client = city.client();
    for number in 0..100 {
        let answer = client.get("/types").link(&format!("http://127.0.0.1:9/{number}.jsonld")).send();
        assert_eq!(answer.status, 504, "{answer:?}");
        client.get(&format!("/entities?{number}")).send().expect_status(400);
    }
    let warnings: Vec<String> = city.log().lines().filter(|line| !line.contains("INFO")).map(str::to_owned).collect();
    assert!(warnings.is_empty(), "{warnings:#?}");
}
