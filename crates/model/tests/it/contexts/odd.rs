//! Contexts made to be odd: one for each feature, and for each mistake.

use super::pyld::{Case, Library, compare, parse};

const DOCUMENTS: &[(&str, &str)] = &[
    ("https://e.org/c/plain", r#"{"e": "https://e.org/", "remote": "e:remote"}"#),
    ("https://e.org/c/array", r#"["plain", {"more": "e:more"}, "sub/deep"]"#),
    (
        "https://e.org/c/sub/deep",
        r#"{"@import": "https://e.org/c/import", "deep": "i:deep", "imported": "e:replaced"}"#,
    ),
    ("https://e.org/c/import", r#"{"i": "https://e.org/i/", "imported": "i:imported"}"#),
    ("https://e.org/c/importing", r#"{"@import": "https://e.org/c/import"}"#),
    ("https://e.org/c/scoped", r#"{"name": "https://e.org/scopedName"}"#),
];

const NAMES: &[&str] = &[
    "a",
    "b",
    "c",
    "e",
    "e:x",
    "a:x",
    "b:x",
    "x:y",
    "http://x/y",
    "location",
    "value",
    "Property",
    "id",
    "type",
    "ngsi-ld:x",
    "geojson:x",
    "remote",
    "more",
    "deep",
    "imported",
    "name",
    "@type",
    "@id",
    "街",
    "x/y",
    "a:b:c",
    "title",
];

/// Contexts that are in order, each with a document, or with none.
const GOOD: &[(&str, &str)] = &[
    ("{}", r#"{"id": "urn:x:1", "type": "T", "a": {"type": "Property", "value": 1}}"#),
    (r#"{"a": "https://e.org/a"}"#, ""),
    (r#"{"e": "https://e.org/", "a": "e:a", "b": {"@id": "e:b", "@type": "@id"}, "e:x": {"@type": "e:T"}}"#, ""),
    (r#"{"a": "b", "b": {"@id": "c:x"}, "c": "e:y/", "e": "https://e.org/"}"#, ""),
    (r#"{"a": "https://e.org/a", "b": {"@id": "https://e.org/b", "@prefix": true}}"#, ""),
    (r#"{"a": "https://e.org/a#", "b": {"@id": "https://e.org/b/"}, "c": "https://e.org/c?"}"#, ""),
    (r#"{"@vocab": "https://e.org/v/"}"#, r#"{"id": "urn:x:1", "a": {"type": "Property", "value": {"b": {"c": 1}}}}"#),
    (r#"[{"@vocab": "https://e.org/v/"}, {"@vocab": "w#"}]"#, ""),
    (r#"[{"e": "https://e.org/"}, {"@vocab": "e:w/"}]"#, ""),
    (r#"{"@vocab": "", "a": {}}"#, ""),
    (
        r#"{"@vocab": "https://e.org/v/", "a": {"@type": "@id"}, "b": {"@id": "c", "@type": "T"}}"#,
        r#"{"id": "urn:x:1", "type": ["T", "a"], "a": 1, "b": 2, "c": {"type": "Property", "value": {"a": 3, "e": 4}}}"#,
    ),
    (
        r#"[{"@vocab": "https://e.org/v/"}, "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld", {"a": {"@type": "@id"}}]"#,
        r#"{"a": 1, "b": 2}"#,
    ),
    (
        r#"["https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld", {"@vocab": "https://e.org/v/", "a": {"@type": "@id"}}]"#,
        r#"{"a": 1, "b": 2}"#,
    ),
    (
        r#"{"@vocab": "https://e.org/v/", "T": {"@context": {"@vocab": "https://e.org/t/"}}, "a": {"@context": {"b": {"@type": "@id"}}}}"#,
        r#"{"type": "T", "b": 1, "a": {"b": 2, "c": 3}}"#,
    ),
    (
        r#"{"a": null, "b": {"@id": null}, "@vocab": "https://e.org/v/"}"#,
        r#"{"id": "urn:x:1", "a": 1, "b": 2, "c": 3}"#,
    ),
    (r#"[{"a": "https://e.org/1"}, {"a": "https://e.org/2", "b": "a"}]"#, ""),
    (r#"{"a": "@id", "b": "@type", "c": "type"}"#, r#"{"a": "urn:x:1", "b": "T", "x": {"c": "Property"}}"#),
    (r#"{"location": "https://e.org/location", "a": "location"}"#, ""),
    (r#"{"data": "https://e.org/data#", "a": "data:a"}"#, ""),
    (
        r#"{"a": "ngsi-ld:a", "b": {"@id": "geojson:b", "@type": "DateTime"}}"#,
        r#"{"a": 1, "b": "2026-01-01T00:00:00Z"}"#,
    ),
    (r#"{"@base": "https://e.org/b/", "a": {"@type": "@id"}}"#, ""),
    (
        r#"{"a": {"@container": "@list"}, "b": {"@container": "@set", "@type": "@vocab"}}"#,
        r#"{"a": [{"b": "c"}, {"c": 1}], "b": ["x"]}"#,
    ),
    (
        r#"{"a": {"@container": "@language"}, "b": {"@container": ["@language", "@set"]}}"#,
        r#"{"a": {"ja": "街"}, "b": {"en": ["town"]}}"#,
    ),
    (
        r#"{"a": {"@container": "@index"}, "b": {"@container": "@index", "@index": "c"}}"#,
        r#"{"a": {"k1": {"x": 1}, "k2": {"y": 1}}}"#,
    ),
    (r#"{"a": {"@type": "@json"}}"#, r#"{"a": {"not": {"a": "name"}}}"#),
    (r#"{"a": {"@type": "@none"}, "b": {"@container": "@type"}, "c": {"@container": ["@graph", "@id"]}}"#, ""),
    (r#"{"a": {"@language": "ja", "@direction": "rtl", "@nest": "b"}, "@language": "en", "@direction": "ltr"}"#, ""),
    (r#"{"@type": {"@container": "@set", "@protected": true}, "@version": 1.1}"#, ""),
    (r#"{"@future": "https://e.org/f", "a": "@future"}"#, ""),
    (r#"[{"@protected": true, "a": "https://e.org/a"}, {"a": "https://e.org/a", "b": "https://e.org/b"}]"#, ""),
    (r#"[{"a": "https://e.org/a"}, null, {"b": "https://e.org/b"}]"#, ""),
    (r#""https://e.org/c/plain""#, ""),
    (r#"["https://e.org/c/array", {"a": "e:a"}]"#, ""),
    (r#"{"@import": "https://e.org/c/plain", "a": "e:a", "remote": null}"#, ""),
    (r#"["https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld", {"a": "https://e.org/a"}]"#, ""),
    (r#"[{"a": "https://e.org/a"}, "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.jsonld"]"#, ""),
    (
        r#"{"name": "https://e.org/name", "T": {"@id": "https://e.org/T", "@context": {"name": "https://e.org/nameT"}}}"#,
        r#"{"type": "T", "name": {"type": "Property", "value": 1, "name": 2, "a": {"type": "T", "name": 3}}}"#,
    ),
    (
        r#"{"name": "https://e.org/name", "T": {"@id": "https://e.org/T", "@context": {"@propagate": true, "name": "https://e.org/nameT"}}}"#,
        r#"{"type": "T", "name": {"type": "Property", "name": {"name": 1}}}"#,
    ),
    (
        r#"{"name": "https://e.org/name",
            "B": {"@id": "https://e.org/B", "@context": {"name": "https://e.org/nameB", "b": "https://e.org/bB"}},
            "A": {"@id": "https://e.org/A", "@context": {"name": "https://e.org/nameA", "a": "https://e.org/aA"}}}"#,
        r#"{"type": ["B", "A"], "name": {"name": 1}, "a": {"a": 1}, "b": 2}"#,
    ),
    (
        r#"{"name": "https://e.org/name", "a": {"@id": "https://e.org/a", "@context": {"name": "https://e.org/nameA"}}}"#,
        r#"{"name": 1, "a": {"name": 2, "b": {"name": 3, "a": {"name": 4}}}}"#,
    ),
    (
        r#"{"name": "https://e.org/name", "a": {"@id": "https://e.org/a", "@context": {"@propagate": false, "name": "https://e.org/nameA"}}}"#,
        r#"{"a": {"name": 2, "b": {"name": 3, "a": {"name": 4, "c": {"name": 5}}}}}"#,
    ),
    (
        r#"{"name": "https://e.org/name", "T": {"@id": "https://e.org/T", "@context": {"a": {"@id": "https://e.org/a", "@context": {"name": "https://e.org/nameA"}}}}}"#,
        r#"{"type": "T", "a": {"name": 1, "a": {"name": 2}}, "b": {"a": {"name": 3}}}"#,
    ),
    (
        r#"{"name": "https://e.org/name", "a": {"@id": "https://e.org/a", "@context": "https://e.org/c/scoped"}, "b": {"@id": "https://e.org/b", "@context": ["https://e.org/c/scoped", {"b": "https://e.org/b2"}]}}"#,
        r#"{"name": 1, "a": {"name": 2}, "b": {"name": 3, "b": 4}}"#,
    ),
    (
        r#"{"@protected": true, "name": "https://e.org/name", "a": {"@id": "https://e.org/a", "@context": {"name": "https://e.org/nameA"}}}"#,
        r#"{"name": 1, "a": {"name": 2}}"#,
    ),
];

/// Contexts that are wrong in ways that NGSI-LD sees as JSON-LD does.
const BAD: &[&str] = &[
    "1",
    "[true]",
    "[[{}]]",
    r#"{"@version": 1.0}"#,
    r#"{"@propagate": "yes"}"#,
    r#"{"@base": 1}"#,
    r#"{"@vocab": 1}"#,
    r#"{"@language": 1}"#,
    r#"{"@direction": "up"}"#,
    r#"{"@import": 1}"#,
    r#"{"@import": "https://e.org/c/importing"}"#,
    r#"{"": "https://e.org/"}"#,
    r#"{"a": 1}"#,
    r#"{"a": {"@id": "https://e.org/a", "other": 1}}"#,
    r#"{"@id": "https://e.org/a"}"#,
    r#"{"@type": {"@container": "@list"}}"#,
    r#"{"a": "b:x", "b": "a:y"}"#,
    r#"{"a": "a:x"}"#,
    r#"{"a": "b", "b": "a"}"#,
    r#"{"a": {"@id": 1}}"#,
    r#"{"e": "https://e.org/", "e:a": "https://e.org/b"}"#,
    r#"{"a/b": "https://e.org/b"}"#,
    r#"{"a": "@context"}"#,
    r#"{"a": {"@id": "https://e.org/a", "@type": 1}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@type": "@set"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@type": "@json", "@container": "@type"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@container": "@value"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@container": ["@list", "@set"]}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@container": ["@index", "@language"]}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@index": "b"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@nest": "@id"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@language": 1}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@direction": "up"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@prefix": 1}}"#,
    r#"{"a": {"@id": "@id", "@prefix": true}}"#,
    r#"[{"@protected": true, "a": "https://e.org/a"}, {"a": "https://e.org/b"}]"#,
    r#"[{"@protected": true, "a": "https://e.org/a"}, null]"#,
    r#"{"a": {"@id": "https://e.org/a", "@context": {"b": 1}}}"#,
];

#[test]
fn odd_contexts_are_read_and_refused_as_with_pyld() {
    let library: Library = DOCUMENTS.iter().map(|(url, text)| ((*url).to_owned(), parse(text))).collect();
    let good = GOOD.iter().map(|(context, document)| case(context, document));
    let bad = BAD.iter().map(|context| case(context, ""));
    assert_eq!(compare(&library, &good.chain(bad).collect::<Vec<_>>()), 0);
}

fn case(context: &str, document: &str) -> Case {
    Case {
        title: context.to_owned(),
        context: parse(context),
        names: NAMES.iter().map(|name| (*name).to_owned()).collect(),
        document: (!document.is_empty()).then(|| parse(document)),
    }
}
