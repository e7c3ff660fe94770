//! The built-in core contexts against the published ones.

use std::path::{Path, PathBuf};

use machi_types::json::{self, DEFAULT_DEPTH};

use super::*;

/// The folder of published contexts beside the checkout, where there is one.
fn published() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|folder| folder.join("shared/data/contexts")).find(|folder| folder.is_dir())
}

#[test]
fn every_term_of_every_version_is_as_published() {
    let Some(folder) = published() else {
        println!("SKIPPED: the folder ../shared/data/contexts is missing");
        return;
    };
    for minor in table::VERSIONS {
        let text = std::fs::read_to_string(folder.join(format!("ngsi-ld-core-context-v1.{minor}.jsonld"))).unwrap();
        // Some of the files have their URL as a first line.
        let (_, text) = text.split_at(text.find('{').unwrap());
        let published = json::parse(text.as_bytes(), DEFAULT_DEPTH).unwrap();
        let url = format!("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.{minor}.jsonld");
        let ours = core_document(&url).unwrap();
        compare(published.get("@context").unwrap(), ours.get("@context").unwrap(), &format!("v1.{minor}"));
    }
}

/// Compares two values whatever the order of their members.
fn compare(expected: &machi_types::Json<'_>, found: &machi_types::Json<'_>, place: &str) {
    let (Some(expected), Some(found)) = (expected.as_object(), found.as_object()) else {
        return match (expected.as_array(), found.as_array()) {
            (Some(expected), Some(found)) if expected.len() == found.len() => {
                expected.iter().zip(found).for_each(|(expected, found)| compare(expected, found, place));
            }
            _ => assert_eq!(expected, found, "{place}"),
        };
    };
    for (name, value) in expected {
        let found = found.iter().find(|(other, _)| other == name);
        compare(value, &found.unwrap_or_else(|| panic!("{place} lacks {name}")).1, &format!("{place} {name}"));
    }
    let extra = found.iter().find(|(name, _)| expected.iter().all(|(other, _)| other != name));
    assert_eq!(extra, None, "{place}");
}

#[test]
fn core_contexts_are_known_by_their_urls() {
    let url = |rest: &str| format!("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context{rest}");
    for (rest, expected) in [
        (".jsonld", Some(Edition::Latest)),
        ("-v1.9.jsonld", Some(Edition::Latest)),
        ("-v1.3.jsonld", Some(Edition::Earlier(3))),
        ("-v1.5.jsonld", Some(Edition::Earlier(5))),
        ("-v1.10.jsonld", None),
        ("-v2.0.jsonld", None),
        ("-v1.jsonld", None),
        (".json", None),
    ] {
        assert_eq!(edition(&url(rest)), expected, "{rest}");
    }
    assert_eq!(edition("http://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"), Some(Edition::Latest));
    assert_eq!(edition("https://example.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"), None);
    assert!(core_document(&url(".jsonld")).is_some());
    assert!(core_urls().any(|known| known == CORE_URL) && core_urls().all(|url| core_document(&url).is_some()));
    assert!(core_document(&url("-v1.5.jsonld")).is_none(), "nothing was published");
}

#[test]
fn each_core_term_is_the_one_short_name_of_its_iri() {
    for (name, term) in &CORE.terms {
        assert_eq!(name_of(term.iri.as_deref().unwrap()), Some(*name));
    }
    assert_eq!(CORE.by_iri.len(), CORE.terms.len());
}

#[test]
fn core_terms_say_how_their_values_are_read() {
    let time = Coercion::Datatype(Name::from("https://uri.etsi.org/ngsi-ld/DateTime"));
    assert_eq!(term("observedAt").unwrap().coercion, time);
    assert_eq!(term("object").unwrap().coercion, Coercion::Id);
    assert_eq!(term("vocab").unwrap().coercion, Coercion::Vocab);
    assert_eq!(term("json").unwrap().coercion, Coercion::Json);
    assert!(term("languageMap").unwrap().container.is_language());
    assert!(term("valueList").unwrap().container.is_list());
    assert!(term("features").unwrap().container.is_set());
    assert!(term("dataset").unwrap().container.is_index());
    assert_eq!(term("VocabularyProperty").map(Term::iri), None, "it was in version 1.7 alone");
    assert_eq!(dropped_since(7).map(|(name, _)| name).collect::<Vec<_>>(), ["VocabularyProperty"]);
}
