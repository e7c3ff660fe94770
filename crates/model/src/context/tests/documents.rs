//! Contexts that lie in documents.

use super::*;

/// Loads what is needed, round after round, as a caller does; gives the rounds.
fn load(context: &str, web: &Library) -> (Result<Arc<Context>, ContextError>, Vec<Vec<String>>) {
    let mut loaded = Library::new();
    let mut rounds = Vec::new();
    loop {
        match resolve(&json(context), &loaded, &Limits::default()) {
            Err(error) => return (Err(error), rounds),
            Ok(Resolution::Ready(context)) => return (Ok(context), rounds),
            Ok(Resolution::Needs(urls)) => {
                rounds.push(urls.iter().map(ToString::to_string).collect());
                for url in urls {
                    let document = Arc::clone(web.get(&url).unwrap_or_else(|| panic!("nobody has {url}")));
                    loaded.insert(url, document);
                }
            }
        }
    }
}

#[test]
fn documents_are_asked_for_round_by_round() {
    let web = library(&[
        ("https://e.org/c/a.jsonld", r#"["b.jsonld", {"a": "https://e.org/a"}]"#),
        (
            "https://e.org/c/b.jsonld",
            r#"["../d.jsonld", {"b": "https://e.org/b", "s": {"@id": "https://e.org/s", "@context": "s.jsonld"}}]"#,
        ),
        ("https://e.org/d.jsonld", r#"{"@import": "/i.jsonld", "d": "i:d"}"#),
        ("https://e.org/c/s.jsonld", r#"{"t": "https://e.org/t"}"#),
        ("https://e.org/i.jsonld", r#"{"i": "https://e.org/i/", "d": "https://e.org/replaced"}"#),
    ]);
    let (context, rounds) = load(r#"["https://e.org/c/a.jsonld#it", {"z": "https://e.org/z"}]"#, &web);
    let context = context.unwrap();
    assert_eq!(
        rounds,
        [
            vec!["https://e.org/c/a.jsonld"],
            vec!["https://e.org/c/b.jsonld"],
            vec!["https://e.org/d.jsonld", "https://e.org/c/s.jsonld"],
            vec!["https://e.org/i.jsonld"],
        ]
    );
    for name in ["a", "b", "z"] {
        check(&context, name, &format!("https://e.org/{name}"));
    }
    check(&context, "d", "https://e.org/i/d");
    check(&context, "i:x", "https://e.org/i/x");
    let scoped = context.for_property("s").unwrap().into_owned();
    check(&scoped, "t", "https://e.org/t");
}

#[test]
fn what_is_sent_names_the_core_once_and_last() {
    let web: &[(&str, &str)] = &[
        ("https://e.org/c", r#"{"a": "https://e.org/a"}"#),
        ("https://e.org/d/whole", r#"["core.jsonld", {"b": "https://e.org/b"}]"#),
        ("https://e.org/d/core.jsonld", r#"["https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld"]"#),
    ];
    let core = format!("\"{CORE_URL}\"");
    for (given, sent) in [
        (r#""https://e.org/c""#, format!(r#"["https://e.org/c",{core}]"#)),
        (r#"["https://e.org/c"]"#, format!(r#"["https://e.org/c",{core}]"#)),
        (r#"{"a":"https://e.org/a"}"#, format!(r#"[{{"a":"https://e.org/a"}},{core}]"#)),
        (r#""https://e.org/d/whole""#, r#""https://e.org/d/whole""#.to_owned()),
        (
            r#"[{"z":"https://e.org/z"},"https://e.org/d/whole"]"#,
            r#"[{"z":"https://e.org/z"},"https://e.org/d/whole"]"#.to_owned(),
        ),
        // A vocabulary behind the core would win with a reader of JSON-LD.
        (
            &format!(r#"[{core},{{"@vocab":"https://e.org/v/"}}]"#),
            format!(r#"[{core},{{"@vocab":"https://e.org/v/"}},{core}]"#),
        ),
        (
            &format!(r#"[{{"@vocab":"https://e.org/v/"}},{core}]"#),
            format!(r#"[{{"@vocab":"https://e.org/v/"}},{core}]"#),
        ),
        (&core, core.clone()),
        ("[]", core.clone()),
        ("{}", core.clone()),
    ] {
        assert_eq!(with(given, web).in_document().to_text(), sent);
    }
    assert_eq!(Context::core().in_document().to_text(), core);
}

#[test]
fn the_core_contexts_are_never_asked_for() {
    let (context, rounds) = load(
        r#"["https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld", "https://e.org/c"]"#,
        &library(&[("https://e.org/c", r#"["http://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"]"#)]),
    );
    check(&context.unwrap(), "observedAt", "https://uri.etsi.org/ngsi-ld/observedAt");
    assert_eq!(rounds, [["https://e.org/c"]]);
}

#[test]
fn a_document_may_be_included_twice_but_not_in_itself() {
    let twice =
        with(r#"["https://e.org/c", "https://e.org/c"]"#, &[("https://e.org/c", r#"{"a": "https://e.org/a"}"#)]);
    check(&twice, "a", "https://e.org/a");
    let cycle = [("https://e.org/1", "[\"2\"]"), ("https://e.org/2", "[\"1\"]")];
    let error = try_with("\"https://e.org/1\"", &cycle).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the @context https://e.org/2: it includes itself by way of https://e.org/1 (recursive context inclusion)"
    );
}

#[test]
fn errors_name_the_document() {
    let document = [("https://e.org/c", r#"{"a": {"@reverse": "https://e.org/b"}}"#)];
    let error = try_with("\"https://e.org/c\"", &document).unwrap_err().to_string();
    assert!(error.starts_with("the @context https://e.org/c: the term \"a\""), "{error}");
}

#[test]
fn urls_that_cannot_be_loaded_are_refused_unless_they_are_loaded() {
    assert!(refusal("\"c.jsonld\"").contains("the URL \"c.jsonld\" is relative"));
    assert!(refusal("\"file:///etc/passwd\"").contains("starts with http:// or https://"));
    assert!(refusal("\"urn:c\"").contains("starts with http:// or https://"));
    check(&with("\"urn:c\"", &[("urn:c", r#"{"a": "https://e.org/a"}"#)]), "a", "https://e.org/a");
}

#[test]
fn imports_are_one_object_that_imports_nothing() {
    let import = r#"{"@import": "https://e.org/i"}"#;
    for (imported, code) in [
        ("[]", "invalid remote context"),
        ("\"https://e.org/j\"", "invalid remote context"),
        (r#"{"@import": "https://e.org/j"}"#, "invalid context entry"),
    ] {
        let documents = [("https://e.org/i", imported), ("https://e.org/j", "{}")];
        let error = try_with(import, &documents).unwrap_err().to_string();
        assert!(error.ends_with(&format!("({code})")), "{error}");
    }
}

#[test]
fn a_base_counts_only_where_it_is_written_by_the_sender() {
    let documents = [("https://e.org/c", r#"{"@base": "https://other.org/"}"#)];
    let context = with(r#"[{"@base": "https://e.org/b/"}, "https://e.org/c"]"#, &documents);
    assert_eq!(&*context.expand_id("x").unwrap(), "https://e.org/b/x");
}

#[test]
fn documents_are_objects_with_a_context() {
    let parse = |text: &str| Document::parse("https://e.org/c", text.as_bytes());
    let document = parse("\u{feff}{\"@context\": {\"a\": \"b:c\"}, \"more\": 1}").unwrap();
    assert_eq!(document.context().to_text(), r#"{"a":"b:c"}"#);
    assert_eq!(document.url().as_str(), "https://e.org/c");
    for (text, expected) in [
        ("{}", "the document must be an object with a member \"@context\" (invalid remote context)"),
        ("[]", "the document must be an object with a member \"@context\" (invalid remote context)"),
        ("<html>", "the document is no JSON: expected value (line 1, column 1) (loading remote context failed)"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert_eq!(error, format!("the @context https://e.org/c: {expected}"));
    }
}

#[test]
fn too_many_or_too_deep_documents_are_refused() {
    let chain: Vec<(String, String)> =
        (0..12).map(|n| (format!("https://e.org/{n}"), format!("[\"{}\"]", n + 1))).collect();
    let chain: Vec<(&str, &str)> = chain.iter().map(|(url, text)| (url.as_str(), text.as_str())).collect();
    let error = try_with("\"https://e.org/0\"", &chain).unwrap_err().to_string();
    assert!(error.contains("include one another too deeply ([contexts] chain); the limit is 10"), "{error}");
    let many: Vec<String> = (0..101).map(|n| format!("\"https://e.org/{n}\"")).collect();
    let error = refusal(&format!("[{}]", many.join(",")));
    assert!(error.contains("includes too many documents ([contexts] documents); the limit is 100"), "{error}");
}
