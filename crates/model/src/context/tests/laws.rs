//! Laws that hold for every context and every name.

use proptest::prelude::*;

use super::*;

/// Contexts of a few terms that get into one another's way.
fn any_context() -> impl Strategy<Value = String> {
    let term = prop_oneof![
        Just("a"),
        Just("b"),
        Just("ab"),
        Just("e"),
        Just("x"),
        Just("location"),
        Just("urn"),
        Just("ngsi-ld")
    ];
    let iri = prop_oneof![
        Just("https://e.org/".to_owned()),
        Just("https://e.org/a".to_owned()),
        Just("https://e.org/a/".to_owned()),
        Just("https://e.org/ab#".to_owned()),
        Just("https://uri.etsi.org/ngsi-ld/".to_owned()),
        Just("https://uri.etsi.org/ngsi-ld/location".to_owned()),
        "https://e\\.org/[a-c]{1,2}/?",
    ];
    let terms = prop::collection::btree_map(term, (iri.clone(), any::<bool>()), 0..6);
    let vocab = prop::option::of(iri);
    (terms, vocab).prop_map(|(terms, vocab)| {
        let mut members: Vec<String> = terms
            .into_iter()
            .map(|(term, (iri, is_prefix))| {
                if is_prefix {
                    format!(r#""{term}": {{"@id": "{iri}", "@prefix": true}}"#)
                } else {
                    format!(r#""{term}": "{iri}""#)
                }
            })
            .collect();
        members.extend(vocab.map(|vocab| format!("\"@vocab\": \"{vocab}\"")));
        format!("{{{}}}", members.join(", "))
    })
}

fn any_iri() -> impl Strategy<Value = String> {
    prop_oneof![
        "https://e\\.org/[a-e/#:]{0,5}",
        "https://uri\\.etsi\\.org/ngsi-ld/(location|hasValue|default-context/|[a-e]{1,3}){1,2}",
        "https://[a-z]{1,3}/[a-z]{0,3}",
    ]
}

proptest! {
    #[test]
    fn expanding_the_short_name_gives_the_iri_again(text in any_context(), iris in prop::collection::vec(any_iri(), 1..8)) {
        let context = context(&text);
        for iri in iris {
            let short = context.compact_name(&iri).into_owned();
            prop_assert_eq!(expand(&context, &short), iri.clone(), "{} in {}", short, text);
            prop_assert!(short.len() <= iri.len() || context.term(&short).is_some() || short.contains(':'));
            prop_assert_eq!(context.compact_name(&iri), short);
        }
    }

    #[test]
    fn compacting_is_stable_over_expanding(text in any_context(), name in "[a-e街]{1,3}(:[a-e]{1,3})?") {
        let context = context(&text);
        let iri = expand(&context, &name);
        let short = context.compact_name(&iri).into_owned();
        let is_confused = iri == name;
        prop_assert!(is_confused || expand(&context, &short) == iri, "{} {} {}", name, iri, short);
    }

    #[test]
    fn the_core_means_the_same_under_every_context(text in any_context()) {
        let context = context(&text);
        for name in ["location", "value", "object", "Property", "id", "ngsi-ld", "ngsi-ld:value"] {
            prop_assert_eq!(expand(&context, name), expand(Context::core(), name));
        }
        prop_assert_eq!(context.compact_name("https://uri.etsi.org/ngsi-ld/location"), "location");
    }

    #[test]
    fn a_context_given_in_parts_is_the_context(text in any_context(), name in "[a-e]{1,2}") {
        let document = [("https://e.org/c", text.as_str())];
        let whole = context(&text);
        let remote = with("[\"https://e.org/c\", {}]", &document);
        prop_assert_eq!(expand(&whole, &name), expand(&remote, &name));
    }
}
