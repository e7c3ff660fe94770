//! What is filed of an entity, and under which names.

use machi_model::entity::{CoreTerms, Input, parse_entity};
use machi_store::evaluate::for_each_facet;
use machi_store::{Document, DocumentNo, NameTable, Names};
use machi_types::{Name, json};

use super::*;
use crate::domain::change::Prepared;

const DEFAULT: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

/// The facets of an entity as `name instance value`, short and sorted; those that the store adds are left out.
fn facets(text: &str) -> Vec<String> {
    let names = NameTable::default();
    let json = json::parse(text.as_bytes(), 64).unwrap();
    let entity = parse_entity(&json, &CoreTerms, Input::WHOLE).unwrap();
    let document = stored(&Prepared::new(&entity), &names);
    let mut found = Vec::new();
    for_each_facet(&document, &DeriveEntities, &names, &mut |facet| {
        let value = match facet.value {
            FacetValue::Tag(tag) => format!("tag {}", names.text(tag)),
            FacetValue::Geometry(geometry) => format!("{geometry:?}"),
            other => format!("{other:?}"),
        };
        let text = format!("{} {} {value}", names.text(facet.name), names.text(facet.instance));
        found.push(text.replace(DEFAULT, "").replace("  ", " "));
    });
    found.retain(|text| !["@id", "@created", "@modified"].iter().any(|own| text.starts_with(own)));
    found.sort_unstable();
    found
}

fn stored(prepared: &Prepared, names: &dyn Names) -> Document {
    let change = prepared.replace(names);
    let at = machi_store::apply::At { commit: 1, time: Timestamp::from_micros(1) };
    let applied = machi_store::apply::change(None, &Name::from("urn:x:1"), DocumentNo(0), change, at);
    applied.document.unwrap()
}

fn with(members: &str) -> Vec<String> {
    let all = facets(&format!(r#"{{"id":"urn:x:1","type":"T",{members}}}"#));
    all.into_iter().filter(|text| text != "@type tag T").collect()
}

#[test]
fn the_head_tells_types_scopes_and_expiry() {
    assert_eq!(
        facets(r#"{"id":"urn:x:1","type":["T","U"],"scope":["/a/b","/a"],"expiresAt":"1970-01-01T00:00:01Z"}"#),
        [
            "@expires Time(Timestamp(1000000))",
            "@scope tag /#",
            "@scope tag /a",
            "@scope tag /a/#",
            "@scope tag /a/b",
            "@scope tag /a/b/#",
            "@type tag T",
            "@type tag U",
        ]
    );
}

#[test]
fn values_are_filed_by_their_kind() {
    for (value, expected) in [
        ("5", vec!["a Exists", "a Number(5.0)"]),
        ("true", vec!["a Exists", "a Flag(true)", "a tag @flag"]),
        (r#""x""#, vec!["a Exists", r#"a Text("x")"#, "a tag @text"]),
        (r#"["x",5]"#, vec!["a Exists", "a Number(5.0)", r#"a Text("x")"#, "a tag @many"]),
        (r#"{"value":{"x":5}}"#, vec!["a Exists", "a tag @many"]),
        (
            r#""1970-01-01T00:00:01Z""#,
            vec![r#"@text:a Text("1970-01-01T00:00:01Z")"#, "a Exists", "a Time(Timestamp(1000000))", "a tag @time"],
        ),
        (
            r#""1970-01-02""#,
            vec!["@date:a Time(Timestamp(86400000000))", "a Exists", r#"a Text("1970-01-02")"#, "a tag @day"],
        ),
        (
            r#""00:00:01Z""#,
            vec!["@time:a Time(Timestamp(1000000))", "a Exists", r#"a Text("00:00:01Z")"#, "a tag @day"],
        ),
        (
            r#"{"languageMap":{"en":"x","ja":["y"]}}"#,
            vec!["a Exists", r#"a Text("x")"#, r#"a Text("y")"#, "a tag LanguageProperty"],
        ),
        (
            r#"{"languageMap":{"ja":"x","en":"y"}}"#,
            vec!["a Exists", r#"a Text("x")"#, r#"a Text("y")"#, "a tag @languages:ja,en", "a tag LanguageProperty"],
        ),
        (r#"{"vocab":"x"}"#, vec!["a Exists", r#"a Text("x")"#, "a tag @text", "a tag VocabProperty"]),
        (
            r#"{"object":["urn:x:2","urn:x:3"]}"#,
            vec!["a Exists", r#"a Link("urn:x:2")"#, r#"a Link("urn:x:3")"#, "a tag Relationship"],
        ),
        (r#"{"type":"Point","coordinates":[1,2]}"#, vec!["a Exists", "a Point[1,2]", "a tag GeoProperty"]),
    ] {
        assert_eq!(with(&format!(r#""a":{value}"#)), expected, "{value}");
    }
}

#[test]
fn instances_and_expiries_are_told_apart_section_by_section() {
    assert_eq!(
        with(
            r#""a":[{"value":1,"expiresAt":"1970-01-01T00:00:01Z"},
                {"value":1,"datasetId":"urn:d:1","expiresAt":"1970-01-01T00:00:01Z","s":{"value":2,"expiresAt":"1970-01-01T00:00:02Z"}}]"#
        ),
        [
            "@dataset urn:d:1 tag a",
            "@expires a Time(Timestamp(1000000))",
            "@expires a urn:d:1 Time(Timestamp(1000000))",
            "@expires:part a urn:d:1 Time(Timestamp(2000000))",
            "a Exists",
            "a Number(1.0)",
            "a urn:d:1 Exists",
            "a urn:d:1 Number(1.0)",
        ]
    );
}

#[test]
fn damaged_bytes_have_no_facets() {
    let names = NameTable::default();
    let key = SectionKey::new(names.intern("a"), NameNo::NONE);
    for bytes in [&b""[..], b"\xff", b"\x01\x01\x00\x80"] {
        DeriveEntities.head(&names, bytes, &mut |facet| panic!("{facet:?}"));
        DeriveEntities.section(&names, key, bytes, &mut |facet| panic!("{facet:?}"));
    }
}
