//! What is declared is both served and described.

use axum::extract::State;
use http::{Method, Request, StatusCode};
use machi_types::Json;
use tower_service::Service;

use super::*;

fn api() -> Api {
    let list = Operation::new(Method::GET, "/machi/v1/tenants", "listTenants", "The tenants.")
        .tag("tenants")
        .in_query("limit", Schema::integer(), "The most to list.")
        .answers(
            StatusCode::OK,
            "The tenants.",
            Some(Content::json(Schema::array(Schema::reference("Tenant")), Json::Array(Vec::new()))),
        );
    let erase = Operation::new(Method::DELETE, "/machi/v1/tenants/{tenant}", "eraseTenant", "Erase one.")
        .in_path("tenant", Schema::string(), "Its name.")
        .needs_query("sure", Schema::boolean(), "Whether it is meant.")
        .takes(Content::json(Schema::any(), Json::Null))
        .takes(Content::json(Schema::any(), Json::Null).as_json_ld())
        .answers(StatusCode::NO_CONTENT, "Erased.", None)
        .answers(StatusCode::NOT_FOUND, "There is none.", None);
    Api::new()
        .route(erase, |State(answer): State<StatusCode>| async move { answer })
        .route(list, || async { "[]" })
        .with_state(StatusCode::NO_CONTENT)
}

#[test]
fn the_document_is_in_order_and_complete() {
    let tenant = Component { name: "Tenant", schema: Schema::object(vec![("name", Schema::string())]) };
    let text = document("T", "1", "D", api().operations(), vec![tenant]).to_text();
    let list = r##""/machi/v1/tenants":{"get":{"operationId":"listTenants","tags":["tenants"],"summary":"The tenants.","parameters":[{"name":"limit","in":"query","required":false,"description":"The most to list.","schema":{"type":"integer"}}],"responses":{"200":{"description":"The tenants.","content":{"application/json":{"schema":{"type":"array","items":{"$ref":"#/components/schemas/Tenant"}},"example":[]}}},"default""##;
    assert!(
        text.starts_with(r#"{"openapi":"3.1.0","info":{"title":"T","version":"1","description":"D"},"paths":{"#),
        "{text}"
    );
    assert!(text.contains(list), "{text}");
    for told in [
        r#"{"name":"sure","in":"query","required":true"#,
        r#""requestBody":{"required":true,"content":{"application/json":{"schema":{},"example":null},"application/ld+json":{"schema":{},"example":null}}}"#,
        r#""204":{"description":"Erased."},"#,
        r##""404":{"description":"There is none.","content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}}"##,
    ] {
        assert!(text.contains(told), "{told} in {text}");
    }
    assert!(text.find("listTenants") < text.find("eraseTenant"), "{text}");
    assert!(
        text.contains(r#""Tenant":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}"#),
        "{text}"
    );
}

#[tokio::test]
async fn what_is_described_is_served() {
    let mut router = api().into_router();
    for (method, path, status) in [
        (Method::GET, "/machi/v1/tenants", 200),
        (Method::DELETE, "/machi/v1/tenants/a", 204),
        (Method::GET, "/machi/v1/tenants/a", 405),
    ] {
        let request = Request::builder().method(method).uri(path).body(axum::body::Body::empty()).unwrap();
        assert_eq!(router.call(request).await.unwrap().status(), status, "{path}");
    }
}
