//! What clients read of problems, and what they never read.

use std::io;

use axum::response::IntoResponse;
use http_body_util::BodyExt;
use machi_types::{ErrorKind, RequestId};

use super::*;

async fn body_of(response: axum::response::Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_body_holds_type_title_detail_and_the_request() {
    let problem = Problem::new(
        ErrorKind::ResourceNotFound,
        ("urn:ngsi-ld:Room:1 was not found", "urn:ngsi-ld:Room:1はありません"),
    );
    let response = problem.render(Face::NgsiLd, Language::English, Some(RequestId(255)));
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(
        body_of(response).await,
        r#"{"type":"https://uri.etsi.org/ngsi-ld/errors/ResourceNotFound","title":"Resource not found","status":404,"detail":"urn:ngsi-ld:Room:1 was not found","instance":"urn:machi:request:00000000000000ff"}"#
    );
}

#[tokio::test]
async fn japanese_readers_get_japanese() {
    let problem = Problem::new(ErrorKind::ResourceNotFound, Text::both("no such room", "その部屋はありません"));
    let response = problem.render(Face::Own, Language::Japanese, None);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["content-language"], "ja");
    let body = body_of(response).await;
    assert!(body.contains(r#""title":"見つかりません""#) && body.contains("その部屋はありません"), "{body}");
}

#[tokio::test]
async fn the_private_cause_is_for_the_log_alone() {
    let problem = Problem::internal(io::Error::other("secret path"));
    assert_eq!(problem.private_cause().as_deref(), Some("secret path"));
    let body = body_of(problem.into_response()).await;
    assert!(!body.contains("secret"), "{body}");
}

#[tokio::test]
async fn the_standard_wants_some_statuses_without_a_body() {
    for kind in [ErrorKind::LengthRequired, ErrorKind::UnsupportedMediaType] {
        let problem = Problem::new(kind, ("said to our own face only", "独自の窓口でだけ伝える内容"));
        let bare = problem.render(Face::NgsiLd, Language::English, None);
        assert!(bare.headers().get("content-type").is_none());
        assert_eq!(body_of(bare).await, "");
        let own = body_of(problem.render(Face::Own, Language::English, None)).await;
        assert!(own.contains("said to our own face only"));
    }
}

#[test]
fn statuses_are_those_of_the_standard() {
    for (kind, status) in [
        (ErrorKind::BadRequestData, 400),
        (ErrorKind::InvalidRequest, 400),
        (ErrorKind::AlreadyExists, 409),
        (ErrorKind::ResourceNotFound, 404),
        (ErrorKind::NonexistentTenant, 404),
        (ErrorKind::OperationNotSupported, 422),
        (ErrorKind::TooComplexQuery, 403),
        (ErrorKind::TooManyResults, 403),
        (ErrorKind::LdContextNotAvailable, 504),
        (ErrorKind::NoMultiTenantSupport, 501),
        (ErrorKind::InternalError, 500),
        (ErrorKind::MethodNotAllowed, 405),
        (ErrorKind::NotAcceptable, 406),
        (ErrorKind::LengthRequired, 411),
        (ErrorKind::PreconditionFailed, 412),
        (ErrorKind::RequestEntityTooLarge, 413),
        (ErrorKind::UnsupportedMediaType, 415),
        (ErrorKind::Unavailable, 503),
        (ErrorKind::GatewayTimeout, 504),
    ] {
        let problem = Problem::new(kind, ("x", "エックス"));
        assert_eq!(problem.status(), status, "{kind:?}");
        assert!(!problem.title(Language::Japanese).is_ascii(), "{kind:?}");
    }
}

#[test]
fn retry_after_is_rounded_up_to_whole_seconds() {
    let problem =
        Problem::new(ErrorKind::Unavailable, ("busy", "混雑しています")).retry_after(Duration::from_millis(1200));
    assert_eq!(problem.into_response().headers()["retry-after"], "2");
}

#[test]
fn a_long_name_is_cut_and_the_sentence_around_it_is_not() {
    let name = "a".repeat(100_000);
    let told = |en: String, ja: String| {
        let problem = Problem::new(ErrorKind::BadRequestData, Text::both(en, ja));
        let detail = |language| problem.to_json(language).get("detail").and_then(Json::as_str).map(str::to_owned);
        (detail(Language::English).unwrap(), detail(Language::Japanese).unwrap())
    };
    let (en, ja) = told(format!("the attribute {name} is not there"), format!("属性{name}はありません"));
    let cut = "a".repeat(160);
    assert_eq!((en, ja), (format!("the attribute {cut}… is not there"), format!("属性{cut}…はありません")));
    let sentence = "長い文です。".repeat(40);
    assert_eq!(told(String::new(), sentence.clone()).1, sentence);
    for hostile in ["街".repeat(100_000), "aあ ".repeat(100_000)] {
        let (en, _) = told(hostile, String::new());
        assert!(en.len() < 8000 && en.ends_with('…'), "{}", en.len());
    }
}
