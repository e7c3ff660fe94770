//! Input that is broken or hostile: each kind has its exact answer, and nothing is stored or changed.

use crate::bodies::operations;
use crate::kit::*;

/// An entity whose one attribute is this text, which need not be JSON.
fn with_value(value: &str) -> String {
    format!(r#"{{"id": "urn:ngsi-ld:T:bad", "type": "T", "a": {{"type": "Property", "value": {value}}}}}"#)
}

/// Sends bodies to every operation that takes one, and expects the same problem of each and nothing changed.
fn refused(problem: &str, cases: Vec<(&'static str, Vec<u8>)>) {
    let kept = t("kept", json!({"a": property(1)}));
    let tenant = tenant_with([&kept]);
    each(cases, |body| {
        let batch = [b"[".as_slice(), &body, b"]"].concat();
        // A batch gives a verdict per entity where its entities can be told apart (§5.6.7.4).
        let is_whole = |path: &str| problem == "InvalidRequest" || !is_batch(path);
        for (method, path) in operations().into_iter().filter(|(_, path)| is_whole(path)) {
            let body = if is_batch(&path) { &batch } else { &body };
            let answer = tenant.request(method, &path).body("application/json", body.clone()).send();
            let detail = answer.problem(problem);
            assert!(detail.chars().any(|c| c.is_ascii_digit()), "{method} {path}: it tells the position: {detail}");
        }
        assert_eq!(tenant.find(&[("local", "true")]), json!([kept]));
        assert_eq!(tenant.get("/subscriptions").send().expect_status(200).json(), json!([]));
        assert_eq!(tenant.get("/jsonldContexts?kind=Hosted").send().expect_status(200).json(), json!([]));
    });
}

fn is_batch(path: &str) -> bool {
    path.starts_with("/entityOperations/") && !path.ends_with("/query")
}

// §5.5.4: A body that is no JSON is InvalidRequest, with the position.
// §4.6.1: JSON is in UTF-8; other bytes are refused.
#[test]
fn malformed_json_is_an_invalid_request() {
    let text = |body: &str| body.as_bytes().to_vec();
    refused(
        "InvalidRequest",
        vec![
            ("cut off", text(r#"{"id": "urn:ngsi-ld:T:bad", "type": "#)),
            ("a trailing comma", text(r#"{"id": "urn:ngsi-ld:T:bad", "type": "T",}"#)),
            ("single quotes", text("{'id': 'urn:ngsi-ld:T:bad'}")),
            ("two documents", text(r#"{"id": "urn:ngsi-ld:T:bad", "type": "T"} {}"#)),
            ("NaN", text(&with_value("NaN"))),
            ("Infinity", text(&with_value("-Infinity"))),
            ("a leading zero", text(&with_value("007"))),
            ("hexadecimal", text(&with_value("0x1F"))),
            ("a number beyond a double", text(&with_value("1e999"))),
            ("a control character", text(&with_value("\"a\u{1}b\""))),
            ("an unknown escape", text(&with_value(r#""\x41""#))),
            ("a lone high surrogate", text(&with_value(r#""\ud800""#))),
            ("a lone low surrogate", text(&with_value(r#""\udc00 x""#))),
            ("reversed surrogates", text(&with_value(r#""\udc00\ud800""#))),
            (
                "bytes that are no UTF-8",
                [text(r#"{"id": "urn:ngsi-ld:T:bad", "type": ""#), vec![0xff, 0xfe], text("\"}")].concat(),
            ),
            ("UTF-16", "{\"id\": 1}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ],
    );
}

// §5.5.4: JSON that cannot be kept without loss is BadRequestData, with the position: duplicate members, too deep nesting.
#[test]
fn json_that_is_ambiguous_or_too_deep_is_bad_data() {
    let nested = |depth: usize| with_value(&format!("{}1{}", "[".repeat(depth), "]".repeat(depth))).into_bytes();
    let objects = with_value(&format!("{}1{}", "{\"a\":".repeat(2000), "}".repeat(2000)));
    refused(
        "BadRequestData",
        vec![
            ("a member twice", br#"{"id": "urn:ngsi-ld:T:bad", "type": "T", "a": 1, "a": 2}"#.to_vec()),
            ("the id twice", br#"{"id": "urn:ngsi-ld:T:bad", "id": "urn:ngsi-ld:T:bad2", "type": "T"}"#.to_vec()),
            ("a member of a value twice", with_value(r#"{"x": 1, "x": 1}"#).into_bytes()),
            ("the same name written in two ways", with_value(r#"{"x": 1, "\u0078": 1}"#).into_bytes()),
            ("arrays in arrays", nested(1000)),
            ("arrays without end", nested(100_000)),
            ("objects in objects", objects.into_bytes()),
        ],
    );
}

// §5.5.4: An empty body is no JSON.
#[test]
fn an_empty_body_is_an_invalid_request() {
    let tenant = empty_tenant();
    tenant.post("/entities").body("application/json", "").send().problem("InvalidRequest");
    tenant.post("/subscriptions").body("application/json", "").send().problem("InvalidRequest");
}

// §4.6.3: Numbers and texts that can be kept are kept: large and small ones, escapes, all planes of Unicode.
#[test]
fn unusual_but_valid_values_are_kept() {
    let values = [
        "9007199254740991",
        "-9007199254740991",
        "1e300",
        "-0.5",
        "5e-324",
        r#""""#,
        r#""\u0000""#,
        r#""\ud83d\ude00""#,
        r#""\/\b\f\n\r\t""#,
    ];
    each(values.map(|value| (value, value)), |value| {
        let tenant = tenant();
        tenant.post("/entities").body("application/json", with_value(value)).send().expect_status(201);
        let sent: Value = serde_json::from_str(value).expect("JSON");
        assert_eq!(tenant.retrieve(&thing("bad"))["a"]["value"], sent);
    });
}

// §5.2.1: Ids are URIs; IRIs beyond ASCII are too.
#[test]
fn ids_that_are_no_iris_are_refused() {
    let tenant = tenant();
    let ids = [
        "",
        "x",
        "x y:z",
        "1a:b",
        ":x",
        "urn:",
        "urn:a<b",
        "urn:a\"b",
        "urn:a\\b",
        "urn:a\u{0}b",
        "urn:a`b",
        "urn:a{b}",
        "urn:a|b",
        "urn:a^b",
        "urn:a%",
        "urn:a%2",
        "urn:a%zz",
        "urn:[a]",
        "http://[a/b",
    ];
    each(ids.map(|id| (format!("{id:?}"), id)), |id| {
        tenant.post("/entities").json(entity(id, "T", json!({}))).send().problem("BadRequestData");
    });
    let id = "urn:ngsi-ld:街:1";
    tenant.create(&entity(id, "T", json!({})));
    assert_eq!(tenant.retrieve(&encoded(id))["id"], id);
}

// §6.3.4: What is no HTTP request is InvalidRequest, with what is wrong; a head with too many lines is 431.
#[test]
fn broken_requests_are_answered() {
    let city = city();
    let large = format!("GET /ngsi-ld/v1/types HTTP/1.1\r\nHost: x\r\n{}\r\n", "a: b\r\n".repeat(1000));
    let length = "POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: many\r\n\r\n";
    let unencoded = "GET /ngsi-ld/v1/entities?type=T&q=a>20 HTTP/1.1\r\nHost: x\r\n\r\n";
    let cases = [("\r\n\r\nnonsense\r\n\r\n", "9112"), ("GET\r\n\r\n", "9112"), (length, "9112"), (unencoded, "%3E")];
    each(cases.map(|case| (case.0, case)), |(request, reason)| {
        let detail = city.raw(request.as_bytes()).problem("InvalidRequest");
        assert!(detail.contains(reason), "{detail}");
    });
    let answer = city.raw(large.as_bytes()).expect_status(431);
    assert_eq!(answer.json()["type"], "urn:machi:errors:RequestHeadTooLarge");
    city.client().get("/types").send().expect_status(200);
}

// §4.9: What a URL cannot hold is percent-encoded in it; raw quotation marks and angle brackets are answered 400, and harm nobody.
#[test]
fn raw_quotation_marks_and_angle_brackets_are_refused() {
    let city = city();
    for q in ["temperature>20", "temperature<20", "name==\"x\""] {
        let request = format!("GET /ngsi-ld/v1/entities?type=T&q={q} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_eq!(city.raw(request.as_bytes()).status, 400, "{q}");
    }
    let encoded = "GET /ngsi-ld/v1/entities?type=T&q=temperature%3E20 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(city.raw(encoded.as_bytes()).status, 200);
}

// §6.3.20: A query string that is malformed is refused, not guessed at.
#[test]
fn malformed_query_strings_are_refused() {
    let tenant = empty_tenant();
    for query in ["type=%ff", "type=T&q=%C3%28"] {
        tenant.get(&format!("/entities?{query}")).send().expect_status(400);
    }
    let long = format!("/entities?type={}", "T,".repeat(4000) + "T");
    let answer = tenant.get(&long).send();
    assert!(matches!(answer.status, 200 | 400 | 403 | 414 | 431), "{answer:?}");
}
