//! Contexts drawn at random, from terms and values that get into one another's way.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::pyld::{Case, Library, compare, parse};

const CONTEXTS: usize = 400;

#[test]
fn random_contexts_are_read_and_refused_as_with_pyld() {
    let mut runner = TestRunner::deterministic();
    let mut draw = |_| {
        let text = any_context().new_tree(&mut runner).expect("nothing is filtered out").current();
        Case {
            context: parse(&text),
            title: text,
            names: TERMS.iter().chain(["a:b", "e:x", "b:a", "urn:x"].iter()).map(|name| (*name).to_owned()).collect(),
            document: Some(parse(DOCUMENT)),
        }
    };
    let cases: Vec<Case> = (0..CONTEXTS).map(&mut draw).collect();
    let crashes = compare(&Library::new(), &cases);
    assert!(crashes < CONTEXTS / 4, "{crashes}");
}

const TERMS: [&str; 10] = ["a", "b", "c", "e", "e:a", "a:b", "location", "value", "Point", "ngsi-ld:a"];

const DOCUMENT: &str = r#"{
    "id": "urn:x:1",
    "type": ["a", "Point"],
    "a": {"type": "b", "b": 1, "value": {"c": 2, "e:a": "x"}},
    "b": [{"a": 1}, {"c": {"a:b": true}}],
    "c": {"type": "Property", "location": {"a": 1}},
    "e": "text"
}"#;

fn any_context() -> impl Strategy<Value = String> {
    let one = prop::collection::vec(member(), 0..6).prop_map(|members| {
        let mut kept: Vec<String> = Vec::new();
        for (name, value) in members {
            let start = format!("\"{name}\":");
            if kept.iter().all(|member| !member.starts_with(&start)) {
                kept.push(start + &value);
            }
        }
        format!("{{{}}}", kept.join(", "))
    });
    prop::collection::vec(one, 1..3).prop_map(|contexts| format!("[{}]", contexts.join(", ")))
}

fn member() -> impl Strategy<Value = (&'static str, String)> {
    let vocab = prop_oneof![Just("https://e.org/v/"), Just("e:w/"), Just("w#"), Just("")];
    prop_oneof![
        12 => (prop::sample::select(&TERMS[..]), definition()),
        1 => vocab.prop_map(|vocab| ("@vocab", format!("\"{vocab}\""))),
    ]
}

fn definition() -> impl Strategy<Value = String> {
    let iris =
        ["https://e.org/", "https://e.org/a", "https://e.org/a#", "e:a", "a:x/", "b", "c", "location", "ngsi-ld:q"];
    let iri = prop::sample::select(iris.to_vec());
    let part = prop_oneof![
        prop::sample::select(vec!["@id", "@vocab", "@json", "DateTime", "e:T", "b", "@none"])
            .prop_map(|value| ("@type", format!("\"{value}\""))),
        prop::sample::select(vec!["\"@list\"", "\"@set\"", "\"@language\"", "[\"@index\", \"@set\"]"])
            .prop_map(|value| ("@container", value.to_owned())),
        any::<bool>().prop_map(|value| ("@prefix", value.to_string())),
        prop::sample::select(vec!["{\"a\": \"https://e.org/s\"}", "{\"@vocab\": \"https://e.org/t/\"}"])
            .prop_map(|value| ("@context", value.to_owned())),
    ];
    let object =
        (prop::option::of(iri.clone()), prop::collection::btree_map(Just(()), part, 0..2)).prop_map(|(iri, parts)| {
            let id = iri.map(|iri| format!("\"@id\": \"{iri}\""));
            let parts = parts.into_values().map(|(name, value)| format!("\"{name}\": {value}"));
            format!("{{{}}}", id.into_iter().chain(parts).collect::<Vec<_>>().join(", "))
        });
    prop_oneof![4 => iri.prop_map(|iri| format!("\"{iri}\"")), 1 => Just("null".to_owned()), 4 => object]
}
