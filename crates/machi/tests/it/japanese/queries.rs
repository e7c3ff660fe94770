//! Queries that are none: parameters, the query languages, regular expressions, places, and queries by POST.

use super::refused_in_japanese;
use crate::kit::*;

#[rustfmt::skip]
const PARAMETERS: &[(&str, &str)] = &[
    ("q", "a=="), ("q", "a>"), ("q", "a==1..\"x\""), ("q", "(a"), ("q", "a."), ("q", "a[b"), ("q", "l{A,b}"), ("q", "<urn:x"),
    ("q", "<urn:a b>"), ("q", "a==\"\\x\""), ("q", "a==\"x"), ("q", "a~="), ("q", "a~=\"x"), ("q", "a~=\"(\""), ("q", "a~=\"[z-a]\""),
    ("q", "a~=\"*\""), ("q", "a~=\"a**\""), ("q", "a~=\"\\1\""), ("q", "a~=\"(?=a)\""), ("q", "a~=\"(z{1000}){1000}\""),
    ("idPattern", "("), ("idPattern", "[a"), ("idPattern", "a{2,1}"), ("idPattern", "\\p{X}"), ("idPattern", "(?y)"), ("idPattern", ""),
    ("idPattern", "(z{1000}){1000}"), ("scopeQ", "z"), ("scopeQ", "/"), ("pick", "z,"), ("pick", "z{b},z"), ("omit", "z{"),
    ("attrs", "a,,b"), ("attrs", "x y"), ("orderBy", "z;"), ("orderBy", "z;dist-asc"), ("collation", "?"), ("lang", "x y"),
    ("lang", "en;q=x"), ("lang", ""), ("format", "x"), ("options", "x"), ("limit", "x"), ("limit", "0"), ("limit", "99999"),
    ("offset", "99999999"), ("count", "x"), ("cursor", "x"), ("join", "x"), ("joinLevel", "x"), ("georel", "within"), ("datasetId", "x"),
    ("id", "x"), ("unknown", "x"), ("containedBy", "x"), ("expandValues", "x y"), ("local", "x"), ("entityMap", "true"),
    ("geometryProperty", "x y"), ("timerel", "before"), ("jsonKeys", "x y"),
];

#[rustfmt::skip]
const PLACES: &[(&str, &str, &str)] = &[
    ("at", "Point", "[1,2]"), ("near", "Point", "[1,2]"), ("near;x", "Point", "[1,2]"), ("near;maxDistance=1", "Point", "[1,2]"),
    ("near;maxDistance==0", "Point", "[1,2]"), ("within", "Circle", "[1,2]"), ("within", "Point", "["), ("within", "Point", "[1]"),
    ("within", "Point", "{}"), ("within", "Polygon", "[]"), ("within", "Polygon", "[[[0,0],[1,1],[0,1],[2,2]]]"),
    ("within", "LineString", "5"), ("within", "MultiPolygon", "true"),
];

// §4.9: What is wrong with a query or a regular expression is told in Japanese to those who ask for it.
#[test]
fn faults_of_queries_are_told_in_japanese() {
    let tenant = empty_tenant();
    let refused = |(name, value): (&str, &str)| {
        refused_in_japanese(tenant.get("/entities").query(&[("type", "T"), (name, value)]))
    };
    each(PARAMETERS.iter().map(|case| (format!("{case:?}"), *case)), |case| drop(refused(case)));
    assert!(
        refused(("idPattern", "[a"))
            .contains("1文字目の指定が正しくありません(正規表現が正しくありません: 文字クラスが")
    );
    assert!(
        refused(("q", "a~=\"b(\"")).contains("6文字目の指定が正しくありません(正規表現が正しくありません: グループの")
    );
    for address in ["/entities?type=%ff", "/entities?type=%2", "/entities?type=T&type=U", "/entities/x", "/types/x%20y"]
    {
        refused_in_japanese(tenant.get(address));
    }
}

// §4.10: What is wrong with a place is told in Japanese to those who ask for it.
#[test]
fn faults_of_places_are_told_in_japanese() {
    let tenant = empty_tenant();
    each(PLACES.iter().map(|case| (format!("{case:?}"), *case)), |(georel, geometry, coordinates)| {
        let query = [("type", "T"), ("georel", georel), ("geometry", geometry), ("coordinates", coordinates)];
        refused_in_japanese(tenant.get("/entities").query(&query));
    });
}

// §5.2.23: What is wrong with a query by POST is told in Japanese to those who ask for it.
#[test]
fn faults_of_queries_by_post_are_told_in_japanese() {
    let tenant = empty_tenant();
    let of = |member: &str, value: Value| json!({"type": "Query", "entities": [{"type": "T"}], member: value});
    let cases = [
        json!({"type": "Query"}),
        json!({"type": "X"}),
        of("entities", json!(5)),
        of("entities", json!([{"type": "T", "idPattern": "("}])),
        of("entities", json!([{"type": "T", "id": "x"}])),
        of("q", json!(5)),
        of("q", json!("a==")),
        of("geoQ", json!({"georel": "near"})),
        of("pick", json!(["x y"])),
        of("temporalQ", json!({"timerel": "before"})),
    ];
    each(cases.map(|case| (case.to_string(), case)), |body| {
        refused_in_japanese(tenant.post("/entityOperations/query").json(body));
    });
}
