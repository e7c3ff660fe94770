//! Names to IRIs and back.

use super::*;

const DEFAULT: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

#[test]
fn without_a_context_names_are_core_terms_or_lie_in_the_default_vocabulary() {
    let core = Context::core();
    check(core, "location", "https://uri.etsi.org/ngsi-ld/location");
    check(core, "value", "https://uri.etsi.org/ngsi-ld/hasValue");
    check(core, "title", "http://purl.org/dc/terms/title");
    check(core, "Point", "https://purl.org/geojson/vocab#Point");
    check(core, "id", "@id");
    check(core, "type", "@type");
    check(core, "temperature", &format!("{DEFAULT}temperature"));
    check(core, "気温", &format!("{DEFAULT}気温"));
    check(core, "https://example.org/x", "https://example.org/x");
    check(core, "urn:x:y", "urn:x:y");
    check(core, "ngsi-ld:somethingNew", "https://uri.etsi.org/ngsi-ld/somethingNew");
    assert_eq!(expand(core, "@type"), "@type");
    assert_eq!(expand(core, "ngsi-ld:location"), "https://uri.etsi.org/ngsi-ld/location");
}

#[test]
fn a_context_that_says_nothing_is_the_core_itself() {
    for text in ["null", "[]", "{}", "\"http://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld\"", "[null]"] {
        assert!(context(text).is_core(), "{text}");
    }
    let core = context("[\"https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld\"]");
    assert!(core.is_core());
    assert_eq!(core.url(), Some(CORE_URL));
    assert!(!context("{\"a\": \"https://e.org/a\"}").is_core());
}

#[test]
fn the_core_wins_wherever_it_stands() {
    let core_url = format!("\"{CORE_URL}\"");
    let user =
        r#"{"location": "https://e.org/location", "Property": "https://e.org/P", "speed": "https://e.org/speed"}"#;
    for text in [user.to_owned(), format!("[{core_url}, {user}]"), format!("[{user}, {core_url}]")] {
        let context = context(&text);
        check(&context, "location", "https://uri.etsi.org/ngsi-ld/location");
        check(&context, "Property", "https://uri.etsi.org/ngsi-ld/Property");
        check(&context, "speed", "https://e.org/speed");
        assert_eq!(context.compact_name("https://e.org/location"), "https://e.org/location");
    }
}

#[test]
fn prefixes_are_terms_whose_iri_ends_openly_or_that_say_so() {
    let context = context(
        r#"{
            "ex": "https://e.org/ns#",
            "closed": "https://e.org/closed",
            "opened": {"@id": "https://e.org/opened", "@prefix": true},
            "long": {"@id": "https://e.org/long/"},
            "speed": "ex:speed",
            "ex:odd": {"@type": "@id"}
        }"#,
    );
    check(&context, "ex:x", "https://e.org/ns#x");
    check(&context, "speed", "https://e.org/ns#speed");
    check(&context, "ex:odd", "https://e.org/ns#odd");
    check(&context, "closed:x", "closed:x");
    check(&context, "opened:x", "https://e.org/openedx");
    check(&context, "long:x", "long:x");
    check(&context, "ex://x", "ex://x");
    assert_eq!(*context.term("ex:odd").unwrap().coercion(), Coercion::Id);
    assert!(context.term("ex").unwrap().is_prefix());
    assert!(!context.term("long").unwrap().is_prefix());
}

#[test]
fn names_without_a_definition_lie_in_the_vocabulary_of_the_core() {
    let vocab = context(r#"{"@vocab": "https://e.org/v/", "taken": "https://e.org/t"}"#);
    check(&vocab, "speed", &format!("{DEFAULT}speed"));
    check(&vocab, "location", "https://uri.etsi.org/ngsi-ld/location");
    assert_eq!(vocab.compact_name("https://e.org/v/speed"), "https://e.org/v/speed");
    // §5.5.7: compaction is that of JSON-LD, and the core context has a prefix for this.
    check(&vocab, "ngsi-ld:default-context/taken", &format!("{DEFAULT}taken"));
    assert_eq!(vocab.compact_name("https://e.net/speed"), "https://e.net/speed");
}

#[test]
fn what_a_context_defines_leans_on_its_own_vocabulary() {
    let defined = |vocab: &str| context(&format!(r#"[{vocab}, {{"a": {{"@type": "@id"}}, "b": {{"@id": "w/b"}}}}]"#));
    let own = defined(r#"{"@vocab": "https://e.org/v/"}"#);
    check(&own, "a", "https://e.org/v/a");
    check(&own, "b", "https://e.org/v/w/b");
    check(&defined(r#"{"@vocab": "https://e.org/v/"}, {"@vocab": null}"#), "a", &format!("{DEFAULT}a"));
    check(&defined(r#"{"@vocab": "https://e.org/v/"}, {"@vocab": "w/"}"#), "a", "https://e.org/v/w/a");
    check(&defined(r#"{"ex": "https://e.org/"}, {"@vocab": "ex:w/"}"#), "a", "https://e.org/w/a");
    check(&defined(&format!(r#"{{"@vocab": "https://e.org/v/"}}, "{CORE_URL}""#)), "a", &format!("{DEFAULT}a"));
}

#[test]
fn terms_are_found_through_one_another_in_any_order() {
    let context = context(r#"{"c": "b", "b": {"@id": "a:x"}, "a": "p:y/", "p": "https://e.org/"}"#);
    assert_eq!(expand(&context, "c"), "https://e.org/y/x");
    assert_eq!(context.compact_name("https://e.org/y/x"), "b", "of two equally short names the least");
}

#[test]
fn later_contexts_redefine_and_null_takes_away() {
    let later = context(r#"[{"a": "https://e.org/1", "b": "https://e.org/b"}, {"a": "https://e.org/2", "b": null}]"#);
    check(&later, "a", "https://e.org/2");
    let error = later.expand_name("b").unwrap_err();
    assert_eq!(error.to_string(), "the name \"b\" is mapped to null by the @context, so it has no meaning");
    let reset = context(r#"[{"a": "https://e.org/1"}, null, {"b": "https://e.org/b"}]"#);
    check(&reset, "a", &format!("{DEFAULT}a"));
    check(&reset, "b", "https://e.org/b");
}

#[test]
fn keywords_may_have_other_names() {
    let context = context(r#"{"identifier": "@id", "kind": "type", "@type": {"@container": "@set"}}"#);
    assert_eq!(expand(&context, "identifier"), "@id");
    assert_eq!(expand(&context, "kind"), "@type");
    assert_eq!(context.compact_name("@type"), "type", "answers say type and id alone");
}

#[test]
fn names_that_stand_for_no_iri_are_refused() {
    let context = context(r#"{"ex": "https://e.org/"}"#);
    for (name, reason) in [
        ("", "the name \"\" is empty"),
        ("@foo", "the name \"@foo\" looks like a keyword of JSON-LD, and is none"),
        ("a b", "the name \"a b\" stands for no IRI"),
        ("ex:<x>", "the name \"ex:<x>\" stands for no IRI"),
        ("_:b0", "the name \"_:b0\" stands for no IRI"),
    ] {
        let error = context.expand_name(name).unwrap_err();
        assert!(error.to_string().starts_with(reason), "{error}");
        assert_eq!(error.kind(), machi_types::ErrorKind::BadRequestData);
    }
    let long = "x ".repeat(10_000);
    assert!(context.expand_name(&long).unwrap_err().to_string().len() < 1000);
}

#[test]
fn of_many_names_the_shortest_and_then_the_least_is_given() {
    let context = context(
        r#"{"temperature": "https://e.org/t", "temp": "https://e.org/t", "tmpb": "https://e.org/t",
            "e": "https://e.org/", "eo": {"@id": "https://e.org/", "@prefix": true}, "deep": "https://e.org/deep/"}"#,
    );
    assert_eq!(context.compact_name("https://e.org/t"), "temp");
    assert_eq!(context.compact_name("https://e.org/other"), "e:other");
    assert_eq!(context.compact_name("https://e.org/deep/x"), "deep:x");
    check(&context, "deep:xy/z", "https://e.org/deep/xy/z");
    check(&context, "e:a-b", "https://e.org/a-b");
    assert_eq!(context.compact_name("https://e.org///a"), "https://e.org///a", "e://a would be an IRI");
    assert_eq!(context.compact_name("https://e.org/"), "e");
}

#[test]
fn what_a_prefix_would_change_cannot_be_shortened() {
    let context = context(r#"{"ex": "https://e.org/", "ex:a": "https://e.org/a", "urn": "https://e.org/urn/"}"#);
    assert_eq!(context.compact_name("https://e.org/a"), "ex:a");
    assert_eq!(expand(&context, "urn:x"), "https://e.org/urn/x");
    assert_eq!(context.compact_name("urn:x"), "urn:x", "JSON-LD has no way to write this one");
}

#[test]
fn identifiers_know_prefixes_and_the_base_but_no_terms() {
    let context = context(r#"{"@base": "https://e.org/d/", "ex": "https://e.org/ns#", "room": "https://e.org/room"}"#);
    for (id, expected) in [
        ("urn:ngsi-ld:Room:1", "urn:ngsi-ld:Room:1"),
        ("ex:1", "https://e.org/ns#1"),
        ("room", "https://e.org/d/room"),
        ("../x", "https://e.org/x"),
    ] {
        assert_eq!(&*context.expand_id(id).unwrap(), expected);
    }
    assert!(Context::core().expand_id("room").is_err());
    assert!(Context::core().expand_id("").is_err());
}

#[test]
fn terms_say_how_values_are_read_and_arranged() {
    let context = context(
        r#"{
            "xsd": "http://www.w3.org/2001/XMLSchema#",
            "when": {"@id": "https://e.org/when", "@type": "DateTime"},
            "count": {"@id": "https://e.org/count", "@type": "xsd:integer"},
            "link": {"@id": "https://e.org/link", "@type": "@id"},
            "word": {"@id": "https://e.org/word", "@type": "@vocab"},
            "raw": {"@id": "https://e.org/raw", "@type": "@json"},
            "any": {"@id": "https://e.org/any", "@type": "@none"},
            "steps": {"@id": "https://e.org/steps", "@container": "@list"},
            "label": {"@id": "https://e.org/label", "@container": ["@language", "@set"]},
            "byKey": {"@id": "https://e.org/byKey", "@container": "@index", "@index": "key"},
            "byType": {"@id": "https://e.org/byType", "@container": "@type"},
            "graphs": {"@id": "https://e.org/graphs", "@container": ["@graph", "@id", "@set"]},
            "tag": {"@id": "https://e.org/tag", "@language": "ja", "@direction": "ltr", "@nest": "more"}
        }"#,
    );
    let coercion = |term: &str| context.term(term).unwrap().coercion().clone();
    assert_eq!(coercion("when"), Coercion::Datatype(Name::from("https://uri.etsi.org/ngsi-ld/DateTime")));
    assert_eq!(coercion("count"), Coercion::Datatype(Name::from("http://www.w3.org/2001/XMLSchema#integer")));
    assert_eq!(coercion("link"), Coercion::Id);
    assert_eq!(coercion("word"), Coercion::Vocab);
    assert_eq!(coercion("raw"), Coercion::Json);
    assert_eq!(coercion("any"), Coercion::Untyped);
    assert_eq!(coercion("byType"), Coercion::Id);
    let container = |term: &str| context.term(term).unwrap().container();
    assert!(container("steps").is_list());
    assert!(container("label").is_language() && container("label").is_set());
    assert!(container("byKey").is_index());
    assert!(container("graphs").is_graph() && container("graphs").is_id() && !container("graphs").is_type());
    assert_eq!(container("tag"), Container::default());
}

#[test]
fn a_context_keeps_what_it_was_made_from() {
    let text = r#"[{"a":"https://e.org/a"},"https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.jsonld"]"#;
    assert_eq!(context(text).source().to_text(), text);
    let earlier = context(r#""https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.7.jsonld""#);
    assert_eq!(earlier.url(), Some("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.7.jsonld"));
    check(&earlier, "VocabularyProperty", "https://uri.etsi.org/ngsi-ld/VocabularyProperty");
    check(&earlier, "Snapshot", "https://uri.etsi.org/ngsi-ld/Snapshot");
    assert!(format!("{earlier:?}").contains("v1.7"));
}

#[test]
fn contexts_are_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(Context::core());
}
