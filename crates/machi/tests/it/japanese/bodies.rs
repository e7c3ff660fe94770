//! Bodies that are no JSON, and batches that are wrong as a whole or in their items.

use super::{named, problem_in_japanese, refused_in_japanese};
use crate::bodies::operations;
use crate::kit::*;

#[rustfmt::skip]
const NO_JSON: &[&str] = &[
    "{", "[", "{\"id\"", "{\"id\" 1}", "{\"id\": 1 2}", "{\"id\": }", "{\"id\": 1,}", "{'id': 1}", "{id: 1}", "nul", "{} {}",
    "{\"id\": 007}", "{\"id\": 1.}", "{\"id\": 1e999}", "{\"id\": NaN}", "{\"id\": \"\\x\"}", "{\"id\": \"\\ud800\"}",
    "{\"id\": \"\\udc00x\"}", "{\"id\": \"\\u12\"}", "{\"id\": \"a\u{1}\"}", "{\"id\": \"a",
];

// §5.5.4: What is no JSON is told in Japanese to those who ask for it, with its position.
#[test]
fn faults_of_json_are_told_in_japanese() {
    let tenant = tenant_with([&t("kept", json!({"a": property(1)}))]);
    let send = |(method, path): &(&str, String), body: &[u8]| {
        refused_in_japanese(tenant.request(method, path).body("application/json", body))
    };
    each(named(NO_JSON), |body| {
        for operation in &operations() {
            let detail = send(operation, body.as_bytes());
            assert!(
                detail.contains("行目") || detail.contains("バイト目"),
                "{operation:?} tells the position: {detail}"
            );
        }
    });
    for operation in &operations() {
        send(operation, b"");
    }
    let create = ("POST", "/entities".to_owned());
    assert!(send(&create, b"{\"id\": \"\xff\"}").contains("UTF-8"));
    assert!(send(&create, br#"{"id": 1, "id": 2}"#).contains("メンバー\"id\"が1つのオブジェクトに2回あります(1行目、"));
    assert!(send(&create, "[".repeat(200).as_bytes()).contains("入れ子が深すぎます"));
}

const NO_BATCHES: &[&str] =
    &["{}", "[{}", "[{},]", "[{}{}]", "[{}] x", "[{]", "[null]", "[]", "[{\"id\": 1,}]", "[{\"id\": nul}]", "x", "5"];

// §5.6.7.4: What makes a whole batch wrong is told in Japanese to those who ask for it.
#[test]
fn faults_of_whole_batches_are_told_in_japanese() {
    let tenant = empty_tenant();
    each(named(NO_BATCHES), |body| {
        refused_in_japanese(tenant.post("/entityOperations/upsert").body("application/json", body));
    });
}

#[rustfmt::skip]
const ITEMS: &[&str] = &[
    "5", "{}", "{\"id\": \"x\", \"type\": \"T\"}", "{\"id\": \"urn:t:1\"}", "{\"id\": \"urn:t:1\", \"id\": \"urn:t:2\"}",
    "{\"id\": \"urn:t:1\", \"type\": \"T\", \"a\": null}", "{\"id\": \"urn:t:1\", \"type\": \"T\", \"a\": {\"type\": \"X\"}}",
    "{\"id\": \"urn:t:1\", \"type\": \"T\", \"location\": {\"type\": \"Point\", \"coordinates\": [200, 1]}}",
    "{\"id\": \"urn:t:1\", \"type\": \"T\", \"@context\": {\"a\": 1}}",
];

// §5.2.17: The error of each item is told in Japanese to those who ask for it, and Content-Language says so.
#[test]
fn faults_of_items_are_told_in_japanese() {
    let tenant = tenant_with([&t("x", json!({"a": property(1)}))]);
    let failed = |request: Request| {
        let answer = request.header("Accept-Language", "ja").send().expect_status(207);
        assert_eq!(answer.expect_header("content-language"), "ja", "{answer:?}");
        let body = answer.json();
        let errors = body["errors"].as_array().expect("a 207 has errors");
        errors.iter().for_each(|error| drop(problem_in_japanese(&error["error"])));
        errors.len()
    };
    for operation in ["create", "upsert", "update", "merge"] {
        each(named(ITEMS), |item| {
            // What one operation takes stands beside what none does.
            let request = tenant.post(&format!("/entityOperations/{operation}"));
            failed(request.body("application/json", format!("[{item}, 5]")));
        });
    }
    assert_eq!(failed(tenant.post("/entityOperations/delete").json(json!(["urn:t:none", 5, "x"]))), 3);
}
