//! What is refused, and in which words.

use super::*;

#[test]
fn reverse_properties_are_refused_in_clear_words() {
    let expected = "the inline @context: the term \"children\" is defined by \"@reverse\", which NGSI-LD has no use \
                    for: define the relationship itself by \"@id\"";
    assert_eq!(refusal(r#"{"children": {"@reverse": "https://e.org/parent"}}"#), expected);
    assert_eq!(refusal(r#"{"children": {"@id": "https://e.org/c", "@reverse": "https://e.org/parent"}}"#), expected);
}

/// Checks that each context is refused with its code of JSON-LD.
fn check_codes(cases: &[(&str, &str)]) {
    for (context, code) in cases {
        let error = refusal(context);
        assert!(error.ends_with(&format!("({code})")), "{context}: {error}");
        assert!(error.starts_with("the inline @context: "), "{error}");
    }
}

#[test]
fn each_wrong_entry_of_a_context_has_the_code_of_json_ld() {
    check_codes(&[
        ("1", "invalid local context"),
        ("[[{}]]", "invalid local context"),
        ("[true]", "invalid local context"),
        (r#"{"@version": 1.0}"#, "invalid @version value"),
        (r#"{"@version": "1.1"}"#, "invalid @version value"),
        (r#"{"@propagate": 1}"#, "invalid @propagate value"),
        (r#"{"@protected": "yes"}"#, "invalid @protected value"),
        (r#"{"@base": 1}"#, "invalid base IRI"),
        (r#"{"@base": "relative"}"#, "invalid base IRI"),
        (r#"{"@vocab": 1}"#, "invalid vocab mapping"),
        (r#"{"@vocab": "_:b"}"#, "invalid vocab mapping"),
        (r#"{"@vocab": "https://e.org/a b"}"#, "invalid vocab mapping"),
        (r#"{"@language": 1}"#, "invalid default language"),
        (r#"{"@direction": "up"}"#, "invalid base direction"),
        (r#"{"@import": 1}"#, "invalid @import value"),
        (r#"[{"@protected": true, "a": "https://e.org/a"}, null]"#, "invalid context nullification"),
    ]);
}

#[test]
fn each_wrong_iri_has_the_code_of_json_ld() {
    check_codes(&[
        (r#"{"@id": "https://e.org/a"}"#, "keyword redefinition"),
        (r#"{"@type": {"@container": "@list"}}"#, "keyword redefinition"),
        (r#"{"@type": {}}"#, "keyword redefinition"),
        (r#"{"@context": {}}"#, "keyword redefinition"),
        (r#"{"a": "b:x", "b": "a:y"}"#, "cyclic IRI mapping"),
        (r#"{"a": "a:x"}"#, "cyclic IRI mapping"),
        (r#"{"a": "b", "b": "a"}"#, "cyclic IRI mapping"),
        (r#"{"a": {"@id": 1}}"#, "invalid IRI mapping"),
        (r#"{"a": "_:b"}"#, "invalid IRI mapping"),
        (r#"{"a": "https://e.org/a b"}"#, "invalid IRI mapping"),
        (r#"{"a b": {}}"#, "invalid IRI mapping"),
        (r#"{"n": null, "a": "n"}"#, "invalid IRI mapping"),
        (r#"{"e": "https://e.org/", "e:a": "https://e.org/b"}"#, "invalid IRI mapping"),
        (r#"{"a/b": "https://e.org/b"}"#, "invalid IRI mapping"),
        (r#"{"a": "@context"}"#, "invalid keyword alias"),
    ]);
}

#[test]
fn each_wrong_definition_has_the_code_of_json_ld() {
    check_codes(&[
        (r#"{"": "https://e.org/"}"#, "invalid term definition"),
        (r#"{"a": 1}"#, "invalid term definition"),
        (r#"{"a": ["https://e.org/"]}"#, "invalid term definition"),
        (r#"{"a": {"@id": "https://e.org/a", "other": 1}}"#, "invalid term definition"),
        (r#"{"a": {"@id": "https://e.org/a", "@type": 1}}"#, "invalid type mapping"),
        (r#"{"a": {"@id": "https://e.org/a", "@type": "@set"}}"#, "invalid type mapping"),
        (r#"{"a": {"@id": "https://e.org/a", "@type": "_:b"}}"#, "invalid type mapping"),
        (r#"{"a": {"@id": "https://e.org/a", "@type": "@json", "@container": "@type"}}"#, "invalid type mapping"),
        (r#"{"a": {"@id": "https://e.org/a", "@container": "@value"}}"#, "invalid container mapping"),
        (r#"{"a": {"@id": "https://e.org/a", "@container": null}}"#, "invalid container mapping"),
        (r#"{"a": {"@id": "https://e.org/a", "@container": []}}"#, "invalid container mapping"),
        (r#"{"a": {"@id": "https://e.org/a", "@container": ["@list", "@set"]}}"#, "invalid container mapping"),
        (r#"{"a": {"@id": "https://e.org/a", "@container": ["@id", "@index"]}}"#, "invalid container mapping"),
        (r#"{"a": {"@id": "https://e.org/a", "@index": "b"}}"#, "invalid term definition"),
        (r#"{"a": {"@id": "https://e.org/a", "@container": "@index", "@index": "@id"}}"#, "invalid term definition"),
        (r#"{"a": {"@id": "https://e.org/a", "@nest": "@id"}}"#, "invalid @nest value"),
        (r#"{"a": {"@id": "https://e.org/a", "@language": 1}}"#, "invalid language mapping"),
        (r#"{"a": {"@id": "https://e.org/a", "@direction": 1}}"#, "invalid base direction"),
        (r#"{"a": {"@id": "https://e.org/a", "@prefix": 1}}"#, "invalid @prefix value"),
        (r#"{"a": {"@id": "@id", "@prefix": true}}"#, "invalid term definition"),
        (r#"{"e": "https://e.org/", "e:a": {"@prefix": true}}"#, "invalid term definition"),
        (r#"{"a": {"@id": "https://e.org/a", "@protected": 1}}"#, "invalid @protected value"),
        (r#"[{"@protected": true, "a": "https://e.org/a"}, {"a": "https://e.org/b"}]"#, "protected term redefinition"),
        (r#"{"a": {"@id": "https://e.org/a", "@context": {"b": 1}}}"#, "invalid scoped context"),
    ]);
}

#[test]
fn what_json_ld_passes_over_is_passed_over() {
    let context = context(r#"{"@future": "https://e.org/f", "a": "@future", "@type": {"@container": "@set"}}"#);
    assert_eq!(expand(&context, "a"), "https://uri.etsi.org/ngsi-ld/default-context/a");
    assert!(context.expand_name("@future").is_err());
}

#[test]
fn protected_terms_may_say_the_same_again() {
    let again = context(
        r#"[{"a": {"@id": "https://e.org/a", "@protected": true}, "b": "https://e.org/b"},
            {"a": "https://e.org/a", "b": "https://e.org/c"}]"#,
    );
    check(&again, "b", "https://e.org/c");
    let opened = context(
        r#"[{"@protected": true, "a": {"@id": "https://e.org/a", "@protected": false}}, {"a": "https://e.org/b"}]"#,
    );
    check(&opened, "a", "https://e.org/b");
    assert!(
        refusal(
            r#"[{"@protected": true, "a": "https://e.org/a"}, {"a": "https://e.org/a"}, {"a": "https://e.org/b"}]"#
        )
        .contains("protected")
    );
    let core_like =
        context(r#"[{"@protected": true, "location": "https://e.org/l"}, {"location": "https://e.org/m"}]"#);
    check(&core_like, "location", "https://uri.etsi.org/ngsi-ld/location");
}

#[test]
fn errors_say_whose_fault_it_is() {
    use machi_types::ErrorKind;
    let wrong = try_with("1", &[]).unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::BadRequestData);
    let gone = ContextError::Unavailable {
        url: Name::from("https://e.org/c"),
        reason: machi_types::Text::both("no answer in 5 s", "5秒以内に応答がありません"),
    };
    assert_eq!(gone.kind(), ErrorKind::LdContextNotAvailable);
    assert_eq!(gone.to_string(), "the @context https://e.org/c cannot be loaded: no answer in 5 s");
}
