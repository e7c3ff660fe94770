//! Answers of which a part failed: why, in the language of the reader, and in which language it is said.

use super::problem_in_japanese;
use crate::kit::*;

const PATH: &str = "/entities/urn:ngsi-ld:T:x";

/// Expects that whatever a write did not do is told in Japanese.
#[track_caller]
fn told_in_japanese(request: Request) -> Answer {
    let answer = request.header("Accept-Language", "ja").send();
    match answer.status {
        204 => {}
        207 => {
            assert_eq!(answer.expect_header("content-language"), "ja", "{answer:?}");
            for not in answer.json()["notUpdated"].as_array().into_iter().flatten() {
                assert_eq!(not_japanese(not["reason"].as_str().unwrap_or_default()), None, "{answer:?}");
            }
        }
        _ => drop(problem_in_japanese(&answer.json())),
    }
    answer
}

// §5.2.19: Why an attribute was not updated is told in Japanese to those who ask for it, and Content-Language says so.
#[test]
fn reasons_of_what_was_not_updated_are_told_in_japanese() {
    let texts = json!({"languageMap": {"en": "x"}});
    let rest = json!({"a": property(1), "l": texts, "r": relationship("urn:a:1"), "location": point(1.0, 2.0)});
    let tenant = tenant_with([&t("x", rest)]);
    let changes = [
        ("a", json!({"type": "Relationship", "object": "urn:a:1"})),
        ("a", json!({"object": "urn:a:1"})),
        ("l", json!("x")),
        ("l", json!({"type": "LanguageProperty", "value": 5})),
        ("l", json!({"languageMap": {"en": "y"}, "valueType": "z"})),
        ("r", json!(5)),
        ("location", json!({"type": "GeoProperty", "value": {"type": "Polygon"}})),
        ("location", json!({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1]}})),
        ("b", json!({"unitCode": "CEL"})),
    ];
    let mut told = 0;
    for (name, value) in changes {
        for (path, body) in [
            (PATH.to_owned(), json!({name: value})),
            (format!("{PATH}/attrs"), json!({name: value})),
            (format!("{PATH}/attrs/{name}"), value.clone()),
        ] {
            told += usize::from(told_in_japanese(tenant.patch(&path).json(body)).status != 204);
        }
    }
    assert!(told >= 15, "{told} of these changes were refused");
}

// RFC 9110 §8.5: An answer that is repeated tells its reasons in the language of whoever repeats it.
#[test]
fn reasons_are_kept_in_both_languages() {
    let tenant = tenant_with([&t("x", json!({"a": property(1)}))]);
    let append = || {
        let path = format!("{PATH}/attrs?options=noOverwrite");
        tenant.post(&path).header("Idempotency-Key", "one").json(json!({"a": property(2)}))
    };
    let first = told_in_japanese(append());
    assert_eq!(first.status, 207);
    let english = append().send().expect_status(207);
    assert_eq!(english.header("content-language"), None);
    assert!(english.text().is_ascii() && english.text().contains("noOverwrite"), "{english:?}");
    assert_eq!(told_in_japanese(append()).text(), first.text());
}

// RFC 9110 §8.5: The verdicts of a batch say in which language they are; repeated, they stay as they were.
#[test]
fn a_batch_says_in_which_language_it_tells_what_failed() {
    let tenant = empty_tenant();
    let ask = |language: &str, key: &str| {
        let request = tenant.post("/entityOperations/create").json(json!([t("x", json!({})), 5]));
        request.header("Accept-Language", language).header("Idempotency-Key", key).send().expect_status(207)
    };
    let japanese = ask("ja", "one");
    assert_eq!(japanese.header("content-language"), Some("ja"));
    let again = ask("en", "one");
    assert_eq!((again.header("content-language"), again.text()), (Some("ja"), japanese.text()));
    let english = ask("en", "two");
    assert_eq!(english.header("content-language"), None);
    assert!(english.text().is_ascii(), "{english:?}");
}
