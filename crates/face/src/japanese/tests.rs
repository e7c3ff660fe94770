//! Every fault that the model tells is told in Japanese, and without English prose.

use std::collections::HashMap;
use std::sync::Arc;

use machi_model::context::{ContextError, Document, Limits, Resolution, ScopedContexts, resolve};
use machi_model::entity::render::Languages;
use machi_model::entity::{Corrupt, Fault, InvalidEntity, Kind};
use machi_model::laws::Reason;
use machi_model::query::{
    Coordinates, GeoParameters, GeoQuery, OrderBy, OrderParameters, Pattern, Projection, Q, QueryError, ScopeQuery,
    TemporalParameters, TemporalQuery, TypeExpression,
};
use machi_types::geo::Geometry;
use machi_types::{InvalidIri, Json, Name, Text, json};

use super::{context, entity, query, reason};

fn place(georel: Option<&str>, geometry: &str, coordinates: &str) -> Option<QueryError> {
    let coordinates = Some(Coordinates::Text(coordinates));
    GeoQuery::parse(&GeoParameters { georel, geometry: Some(geometry), coordinates, geoproperty: None }).err()
}

fn order(order_by: &str) -> Option<QueryError> {
    OrderBy::parse(&OrderParameters { order_by: Some(order_by), ..OrderParameters::default() }).err()
}

/// Malformed texts in every language.
fn errors() -> Vec<QueryError> {
    let q = [
        "",
        "z==",
        "z>",
        "z==1..",
        "z==1..\"x\"",
        "z b",
        "(z",
        "z)",
        "z.",
        "z[",
        "z[b",
        "l{",
        "l{z",
        "l{A,b}",
        "x:1",
        "<urn:x",
        "z~=",
        "z~=\"x",
        "z==\"x",
        "z==\"\\x\"",
        "z~=\"(z{1000}){1000}\"",
    ];
    let scopes = ["", "z", "/", "/z/#/b", "/z;/b", "\"/z"];
    let places = [
        (None, "Point", "[1,2]"),
        (Some("at"), "Point", "[1,2]"),
        (Some("near"), "Point", "[1,2]"),
        (Some("near;x"), "Point", "[1,2]"),
        (Some("near;maxDistance=1"), "Point", "[1,2]"),
        (Some("near;maxDistance==0"), "Point", "[1,2]"),
        (Some("within"), "Circle", "[1,2]"),
        (Some("within"), "Point", "[1]"),
        (Some("within"), "Point", "{}"),
        (Some("within"), "Point", "[true,1]"),
        (Some("within"), "Point", "[200,1]"),
        (Some("within"), "Polygon", "[]"),
        (Some("within"), "Polygon", "[[[0,0],[1,1],[0,1],[2,2]]]"),
        (Some("within"), "MultiPolygon", "5"),
        (Some("within"), "MultiLineString", "5"),
        (Some("within"), "LineString", "5"),
    ];
    let all = [
        q.iter().filter_map(|text| Q::parse(text).err()).collect::<Vec<_>>(),
        scopes.iter().filter_map(|text| ScopeQuery::parse(text).err()).collect(),
        ["", "z,", "z{", "z}", "z{b},z"].iter().filter_map(|text| Projection::parse("pick", text).err()).collect(),
        ["", "z;b", "*x", "(z"].iter().filter_map(|text| TypeExpression::parse(text).err()).collect(),
        ["", "z;", "z b", "z;dist-asc"].iter().filter_map(|text| order(text)).collect(),
        places.into_iter().filter_map(|(georel, geometry, text)| place(georel, geometry, text)).collect(),
        Pattern::parse("idPattern", "").err().into_iter().collect(),
    ];
    all.concat()
}

#[track_caller]
fn check(en: &str, ja: &str) {
    assert_eq!(machi_testkit::not_japanese(ja), None, "{en}");
}

#[test]
fn faults_of_queries_are_japanese_throughout() {
    let errors = errors();
    assert!(errors.len() > 50, "{}", errors.len());
    for error in errors {
        check(&error.to_string(), &query(&error));
    }
    for parameters in [
        TemporalParameters { time_at: Some("x"), ..TemporalParameters::default() },
        TemporalParameters { timerel: Some("x"), ..TemporalParameters::default() },
        TemporalParameters { timerel: Some("before"), ..TemporalParameters::default() },
        TemporalParameters { timerel: Some("before"), time_at: Some("x"), ..TemporalParameters::default() },
        TemporalParameters { timeproperty: Some("x"), ..TemporalParameters::default() },
    ] {
        let error = TemporalQuery::parse(&parameters).unwrap_err();
        check(&error.to_string(), &query(&error));
    }
    let most = QueryError::TooLong { language: "q", limit: 5 };
    check(&most.to_string(), &query(&most));
    let languages = Languages::parse("x y").unwrap_err();
    check(&languages.to_string(), &super::languages(&languages));
}

#[test]
fn every_fault_of_an_entity_is_japanese_throughout() {
    let text = || "x".to_owned();
    let not_a_point = Geometry::from_json(&Json::from("5")).unwrap_err();
    let unknown =
        ContextError::Unavailable { url: "https://a.example/c".into(), reason: Text::both("gone", "ありません") };
    let faults = [
        Fault::Form { found: "a number", expected: ("a string", "文字列").into() },
        Fault::Missing("id"),
        Fault::NoValue,
        Fault::Iri(InvalidIri::NoScheme(text())),
        Fault::Iri(InvalidIri::Empty(text())),
        Fault::Iri(InvalidIri::TooLong { text: text(), limit: 5 }),
        Fault::Iri(InvalidIri::Character { text: text(), character: ' ' }),
        Fault::Iri(InvalidIri::Percent(text())),
        Fault::Iri(InvalidIri::Misplaced { text: text(), character: '[' }),
        Fault::Name { name: text(), character: Some(' ') },
        Fault::Name { name: text(), character: None },
        Fault::Expansion { name: text(), reason: Box::new(unknown) },
        Fault::Reserved(text()),
        Fault::SameName(text()),
        Fault::SameDataset(text()),
        Fault::SecondDefault,
        Fault::DateTime(text()),
        Fault::Date(text()),
        Fault::Time(text()),
        Fault::Scope(text()),
        Fault::TooMany(1001),
        Fault::Language(text()),
        Fault::UnknownKind(text()),
        Fault::Prohibited { member: "object", kind: Kind::Property },
        Fault::NotLangString,
        Fault::NeedsGeoProperty(text()),
        Fault::Geometry(Box::new(not_a_point)),
        Fault::JsonNull,
        Fault::Null,
        Fault::EmbeddedContext,
        Fault::Depth,
        Fault::SeveralInstances,
        Fault::MixedInstances,
    ];
    for fault in faults {
        let error = InvalidEntity { pointer: "/a/0".to_owned(), fault };
        check(&error.to_string(), &entity(&error));
    }
}

#[test]
fn every_reason_of_a_law_is_japanese_throughout() {
    let json = json::parse(b"{", 5).unwrap_err();
    let geometry = Geometry::from_json(&Json::from("{}")).unwrap_err();
    let (before, after) = (Kind::Property, Kind::Relationship);
    for told in [
        Reason::AlreadyExists,
        Reason::NoScope,
        Reason::NoValue,
        Reason::OtherValue(Kind::GeoProperty),
        Reason::OtherKind { before, after },
        Reason::Prohibited { member: "object", kind: before },
        Reason::NotLangString,
        Reason::NoLanguage,
        Reason::Geometry(Box::new(geometry)),
        Reason::Json(json),
        Reason::Corrupt(Corrupt::Text),
    ] {
        check(&told.to_string(), &reason(&told));
    }
}

/// Contexts that are wrong, each in a way of its own.
const CONTEXTS: &[&str] = &[
    "1",
    r#""relative""#,
    r#""ftp://a.example/c""#,
    r#"{"@version": 1.0}"#,
    r#"{"@propagate": 1}"#,
    r#"{"@protected": "yes"}"#,
    r#"{"@base": 1}"#,
    r#"{"@vocab": 1}"#,
    r#"{"@language": 1}"#,
    r#"{"@direction": "up"}"#,
    r#"{"@import": 1}"#,
    r#"[{"@protected": true, "a": "https://e.org/a"}, null]"#,
    r#"{"@id": "https://e.org/a"}"#,
    r#"{"a": {"@reverse": "https://e.org/a"}}"#,
    r#"{"a": "b:x", "b": "a:y"}"#,
    r#"{"a": {"@id": 1}}"#,
    r#"{"a": "https://e.org/a b"}"#,
    r#"{"n": null, "a": "n"}"#,
    r#"{"a/b": "https://e.org/b"}"#,
    r#"{"a": "@context"}"#,
    r#"{"": "https://e.org/"}"#,
    r#"{"a": 1}"#,
    r#"{"a": {"@id": "https://e.org/a", "other": 1}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@type": 1}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@type": "@set"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@type": "@json", "@container": "@type"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@container": "@value"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@index": "b"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@nest": "@id"}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@language": 1}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@direction": 1}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@prefix": 1}}"#,
    r#"{"e": "https://e.org/", "e:a": {"@prefix": true}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@protected": 1}}"#,
    r#"[{"@protected": true, "a": "https://e.org/a"}, {"a": "https://e.org/b"}]"#,
    r#"{"a": {"@id": "https://e.org/a", "@context": {"b": 1}}}"#,
    r#"{"a": {"@id": "https://e.org/a", "@context": {"location": "https://e.org/l"}}}"#,
    r#""https://a.example/itself""#,
    r#"{"@import": "https://a.example/imports"}"#,
    r#"["https://a.example/1", "https://a.example/2", "https://a.example/3"]"#,
];

#[test]
fn every_fault_of_a_context_is_japanese_throughout() {
    let document = |(url, text): (&str, &str)| (url.into(), Arc::new(Document::parse(url, text.as_bytes()).unwrap()));
    let documents: HashMap<Name, Arc<Document>> = [
        ("https://a.example/itself", r#"{"@context": "https://a.example/itself"}"#),
        ("https://a.example/imports", r#"{"@context": {"@import": "https://a.example/itself"}}"#),
        ("https://a.example/1", r#"{"@context": {"a": "https://e.org/a"}}"#),
        ("https://a.example/2", r#"{"@context": {"b": "https://e.org/b"}}"#),
        ("https://a.example/3", r#"{"@context": {"c": "https://e.org/c"}}"#),
    ]
    .map(document)
    .into();
    let limits = Limits { documents: 2, ..Limits::default() };
    for text in CONTEXTS {
        let error = resolve(&json::parse(text.as_bytes(), 64).unwrap(), &documents, &limits).expect_err(text);
        check(&error.to_string(), &context(&error));
    }
    for text in ["{", "5", "{}"] {
        let error = Document::parse("https://a.example/c", text.as_bytes()).unwrap_err();
        check(&error.to_string(), &context(&error));
    }
    let resolved = |text: &str| match resolve(&json::parse(text.as_bytes(), 64).unwrap(), &(), &Limits::default()) {
        Ok(Resolution::Ready(context)) => context,
        other => panic!("{text}: {other:?}"),
    };
    let narrow = [
        (Limits { terms: 1, ..limits }, r#"{"a": "https://e.org/a", "b": "https://e.org/b"}"#),
        (Limits { scoped: ScopedContexts::Refuse, ..limits }, r#"{"a": {"@id": "https://e.org/a", "@context": {}}}"#),
        (Limits { depth: 0, ..limits }, r#""https://a.example/1""#),
    ];
    for (limits, text) in narrow {
        let error = resolve(&json::parse(text.as_bytes(), 64).unwrap(), &documents, &limits).expect_err(text);
        check(&error.to_string(), &context(&error));
    }
    let names = resolved(r#"{"gone": null, "p": "https://e.org/"}"#);
    for name in ["", "@nothing", "gone", "https://e.org/a b"] {
        let error = names.expand_name(name).expect_err(name);
        check(&error.to_string(), &context(&error));
    }
}
