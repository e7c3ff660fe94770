//! What hostile contexts and names cost: never a panic, never more than they weigh.

use std::fmt::Write;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// Far more than any of these takes, and far less than it would with one loop too many.
const SOON: Duration = Duration::from_secs(5);

fn within_time(context: &str, documents: &[(&str, &str)]) -> Result<Arc<Context>, ContextError> {
    let start = Instant::now();
    let resolved = try_with(context, documents);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    resolved
}

#[test]
fn a_hundred_thousand_terms_resolve_in_linear_time() {
    let mut text = String::from("{\"p\": \"https://e.org/\"");
    for n in 0..100_000 {
        write!(text, ", \"t{n}\": \"p:t{n}\"").unwrap();
    }
    text.push('}');
    let context = within_time(&text, &[]).unwrap();
    check(&context, "t99999", "https://e.org/t99999");
    assert_eq!(context.compact_name("https://e.org/unknown"), "p:unknown");
}

#[test]
fn too_many_terms_are_refused() {
    let mut text = String::from("{\"@vocab\": \"https://e.org/\"");
    for n in 0..200_001 {
        write!(text, ", \"t{n}\": null").unwrap();
    }
    text.push('}');
    let error = within_time(&text, &[]).unwrap_err().to_string();
    assert!(error.contains("defines too many terms ([contexts] terms); the limit is 200000"), "{error}");
}

#[test]
fn long_chains_of_prefixes_are_refused() {
    let chain = |order: &mut dyn Iterator<Item = usize>, suffix: &str| {
        let links: Vec<String> = order.map(|n| format!("\"p{}\": \"p{n}:{suffix}\"", n + 1)).collect();
        format!("{{\"p0\": \"https://e.org/\", {}}}", links.join(", "))
    };
    let backwards = within_time(&chain(&mut (0..50_000).rev(), "x/"), &[]).unwrap_err().to_string();
    assert!(backwards.contains("through one another in too long a chain; the limit is 64"), "{backwards}");
    let growing = within_time(&chain(&mut (0..50_000), "x/"), &[]).unwrap_err().to_string();
    assert!(growing.contains("an IRI that is too long; the limit is 1024"), "{growing}");
    within_time(&chain(&mut (0..50_000), ""), &[]).unwrap();
}

#[test]
fn long_iris_cannot_be_multiplied() {
    let mut text = format!("{{\"p\": \"https://e.org/{}/\"", "x".repeat(1000));
    for n in 0..100_000 {
        write!(text, ", \"t{n}\": \"p:\"").unwrap();
    }
    text.push('}');
    let error = within_time(&text, &[]).unwrap_err().to_string();
    assert!(error.contains("too long together"), "{error}");
}

#[test]
fn documents_cannot_be_multiplied() {
    // Each document includes the next twice: 2^9 inclusions, of 10 documents.
    let doubling: Vec<(String, String)> =
        (0..9).map(|n| (format!("https://e.org/{n}"), format!("[\"{0}\", \"{0}\"]", n + 1))).collect();
    let mut documents: Vec<(&str, &str)> = doubling.iter().map(|(url, text)| (url.as_str(), text.as_str())).collect();
    documents.push(("https://e.org/9", "{}"));
    let error = within_time("\"https://e.org/0\"", &documents).unwrap_err().to_string();
    assert!(error.contains("includes too many documents"), "{error}");
}

#[test]
fn scopes_cannot_be_multiplied() {
    let terms: Vec<String> = (0..10_000).map(|n| format!("\"t{n}\": \"https://e.org/{n}\"")).collect();
    let document = format!("{{{}}}", terms.join(", "));
    let scopes: Vec<String> = (0..500)
        .map(|n| format!("\"s{n}\": {{\"@id\": \"https://e.org/s{n}\", \"@context\": [\"https://e.org/d\", null]}}"))
        .collect();
    let error = within_time(&format!("{{{}}}", scopes.join(", ")), &[("https://e.org/d", &document)]).unwrap_err();
    assert!(error.to_string().contains("too many"), "{error}");
}

#[test]
fn scopes_within_scopes_are_checked_to_a_depth() {
    let mut text = String::from("{}");
    for _ in 0..25 {
        text = format!("{{\"a\": {{\"@id\": \"https://e.org/a\", \"@context\": {text}}}}}");
    }
    let error = within_time(&text, &[]).unwrap_err().to_string();
    assert!(error.contains("too deeply; the limit is 16"), "{error}");
}

#[test]
fn deep_nesting_is_refused_while_parsing() {
    let text = format!("{{\"@context\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let error = resolve_text(text.as_bytes(), &(), &Limits::default()).unwrap_err().to_string();
    assert!(error.contains("nest too deeply"), "{error}");
}

#[test]
fn hostile_names_do_not_grow_the_caches() {
    let context = context(r#"{"e": "https://e.org/"}"#);
    for n in 0..10_000 {
        expand(&context, &format!("n{n}"));
        context.compact_name(&format!("https://e.org/n{n}"));
    }
    assert!(context.expanded.bytes() <= 128 << 10 && context.compacted.bytes() <= 128 << 10);
    assert!(context.expanded.len() > 100, "{}", context.expanded.len());
    expand(&context, &"n".repeat(1000));
    let kept = context.expanded.len();
    expand(&context, &"m".repeat(1000));
    assert_eq!(context.expanded.len(), kept, "long names are not kept");
}

#[test]
fn what_a_context_takes_is_known() {
    let small = context(r#"{"a": "https://e.org/a"}"#).bytes();
    assert!((256 << 10..300 << 10).contains(&small), "{small}");
    let mut text = String::from("{\"e\": \"https://e.org/\"");
    for n in 0..10_000 {
        write!(text, ", \"t{n}\": \"e:t{n}\"").unwrap();
    }
    let large = context(&(text + "}")).bytes();
    assert!((3 << 20..10 << 20).contains(&large), "{large}");
}

#[test]
fn contexts_that_terms_open_are_kept_within_a_bound() {
    let mut text = String::from("{\"e\": \"https://e.org/\"");
    for n in 0..300 {
        write!(text, ", \"t{n}\": {{\"@id\": \"e:t{n}\", \"@context\": {{\"e{n}\": \"e:{n}\"}}}}").unwrap();
    }
    let context = context(&(text + "}"));
    let opened: Vec<_> = (0..300).map(|n| context.for_property(&format!("t{n}")).unwrap().into_owned()).collect();
    for (n, scoped) in opened.iter().enumerate() {
        assert_eq!(expand(scoped, &format!("e{n}")), format!("https://e.org/{n}"));
        assert_eq!(scoped.bytes_of_scope() / 1024, 64);
    }
    let is_kept = |n: usize| Arc::ptr_eq(&opened[n], &context.for_property(&format!("t{n}")).unwrap());
    assert!(is_kept(299) && !is_kept(0));
}

#[test]
fn many_names_for_one_iri_cost_nothing_more() {
    let mut text = String::from("{\"e\": \"https://e.org/\"");
    for n in 0..50_000 {
        write!(text, ", \"t{n}\": \"e:\"").unwrap();
    }
    text.push('}');
    let context = within_time(&text, &[]).unwrap();
    let start = Instant::now();
    for n in 0..1000 {
        assert_eq!(context.compact_name(&format!("https://e.org/n{n}")), format!("e:n{n}"));
        context.compact_name(&format!("https://e.org/{n}"));
    }
    assert!(start.elapsed() < SOON);
}

/// Texts made of what means something in a context.
fn context_like() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        Just("@id"),
        Just("@type"),
        Just("@vocab"),
        Just("@base"),
        Just("@context"),
        Just("@container"),
        Just("@import"),
        Just("@prefix"),
        Just("@protected"),
        Just("@list"),
        Just("@future"),
        Just("a"),
        Just("b"),
        Just("a:b"),
        Just("b:"),
        Just(":"),
        Just(""),
        Just("location"),
        Just("https://e.org/"),
        Just("https://e.org/a"),
        Just("https://e.org/d"),
        Just("街"),
    ];
    let leaf = prop_oneof![
        words.clone().prop_map(|word| format!("\"{word}\"")),
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("1.1".to_owned()),
    ];
    leaf.prop_recursive(6, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::btree_map(words.clone(), inner.clone(), 0..6).prop_map(|members| {
                let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
                format!("{{{}}}", members.join(", "))
            }),
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
        ]
    })
}

proptest! {
    #[test]
    fn no_context_makes_it_panic(context in context_like(), document in context_like(), name in ".{0,8}") {
        let text = format!("{{\"@context\": {context}}}");
        let documents = library(&[("https://e.org/d", &document), ("https://e.org/a", &context)]);
        if let Ok(Resolution::Ready(context)) = resolve_text(text.as_bytes(), &documents, &Limits::default()) {
            for name in ["a", "b", "a:b", "b:c", "location", &name] {
                if let Ok(iri) = context.expand_name(name) {
                    let _ = context.compact_name(&iri);
                }
                let _ = context.for_property(name).map(|context| context.expand_name("a"));
                let _ = context.for_type(&[name]).map(|context| context.compact_name("https://e.org/a").into_owned());
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = resolve_text(&bytes, &(), &Limits::default());
        let _ = Document::parse("https://e.org/d", &bytes);
    }
}
